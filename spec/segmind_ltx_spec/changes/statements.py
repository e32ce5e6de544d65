"""What a sentence states, as far as a program can tell: durations, numbers, names, negations, and the words left.

Two sentences with the same words in another order or form say the same. If only neutral words differ they are taken
to say the same as well; if a word that carries meaning differs, a person has to read both.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Final, NamedTuple

_NOT: Final = "not "
_THOUSANDS: Final = re.compile(r"(?<=\d),(?=\d{3}\b)")


def _listed(words: str) -> list[str]:
    return words.split()


UNITS: Final = {
    "second": 1,
    "minute": 60,
    "hour": 3600,
    "day": 86400,
    "week": 604800,
    "month": 2592000,
    "year": 31536000,
}
_SHORT: Final = {"s": "seconds", "min": "minutes", "h": "hours", "d": "days"}
_SIMPLE: Final[dict[str, float]] = {
    word: value
    for value, word in enumerate(
        _listed(
            """
zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
seventeen eighteen nineteen twenty
"""
        )
    )
} | {
    "thirty": 30,
    "forty": 40,
    "forty-eight": 48,
    "forty-five": 45,
    "fifty": 50,
    "sixty": 60,
    "ninety": 90,
    "a": 1,
    "an": 1,
    "half": 0.5,
}
NUMBERS: Final[dict[str, float]] = _SIMPLE | {
    f"{tens}-{ones}": _SIMPLE[tens] + _SIMPLE[ones]
    for tens in ("twenty", "thirty", "forty", "fifty", "sixty", "ninety")
    for ones in ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
}
NEGATIONS: Final = frozenset(
    _listed(
        """
no not never none nothing neither nor without cannot unless except
"""
    )
)
_DENIALS: Final = re.compile(
    r"(?i)\b(?:leav(?:es?|ing)(?: (?:the|its|an?))?(?: \w+)? out|omit(?:s|ted)?|hid(?:es?|den)"
    r"|lacks?|withholds?|conceals?|fails? to|misses)\b"
)
"""Verbs that say that something is not there."""
_CONDITION: Final = re.compile(r"(?i)^(?:if|when|once) ([^,]+),|\b(?:if|when|once) (.+)$")
_PAIR: Final = re.compile(r"([\w.-]+) (?:and|or) (?:(?:to|of|in|by|from|with|the|an?) )*([\w.-]+)")
MEANING: Final = frozenset(
    _listed(
        """
accepted accept refused refuse rejected allowed forbidden must may can might always only any every all each
other another same different differ free billed bill charged charge charges paid cost random chosen default
public private signed key header query bearer cookie before after again once twice more less least most
longer shorter unique both either final first last stable changes expires expired kept lost ignored effect
error detail output video json bytes plain text html retried repeated blocked failed credits limit id alias
host url location required optional
millisecond milliseconds second seconds minute minutes hour hours day days similar exact exactly nearest submit
epoch relative absolute
"""
    )
)
"""Words that make a difference if one sentence has them and the other has not."""
_FILLERS: Final = frozenset(
    _listed(
        """
a an the is are be been being was were has have had of to in on at by with for from as that this these those
it its and or so then there here where when if which who whom whose what will would shall should do does did
about into out up than too also just very such still yet under over until within during because since while
though own them they he she we you i me my our your their his her
"""
    )
)


class Statement(NamedTuple):
    """The parts of a sentence."""

    seconds: tuple[float, ...]
    facts: tuple[str, ...]
    """Numbers, names in capitals or with a hyphen or underscore, and what is negated, in their order."""
    words: frozenset[str]


def read_statement(sentence: str) -> Statement:
    """Take a sentence apart."""
    text = _THOUSANDS.sub("", " ".join(sentence.split()))
    seconds, rest = _durations(text)
    facts: list[str] = []
    words: set[str] = set()
    negated = False
    rest = re.sub(r"n't\b", " not", rest.replace("\u2019", "'"))
    rest = re.sub(r"(?i)\bno matter\b", "however", rest)
    rest = _DENIALS.sub("not included", rest)
    for token in re.findall(r"[A-Za-z0-9][\w.:/~-]*", rest):
        plain = token.strip(".:/-")
        low = plain.lower()
        if low in NEGATIONS:
            negated = True
            continue
        if low in _FILLERS:
            continue
        if low in NUMBERS:
            fact = f"{NUMBERS[low]:g}"
        elif re.search(r"\d|_|-", plain) or (plain.isupper() and len(plain) > 1):
            fact = low
        else:
            words.add(_stem(low))
            fact = ""
        if negated:  # What is negated matters, not only that something is.
            facts.append(_NOT + (fact or _stem(low)))
        elif fact:
            facts.append(fact)
        negated = False
    if negated:
        facts.append(_NOT)
    return Statement(tuple(seconds), tuple(facts), frozenset(words))


def same_meaning(old: str, new: str) -> bool:
    """Whether two sentences say the same, as far as this module can tell."""
    before, after = read_statement(old), read_statement(new)
    if before.seconds != after.seconds or not _same_order(before.facts, after.facts):
        return False
    if _condition(old) and _condition(new) and _condition(old) != _condition(new) and before.words == after.words:
        return False  # What happens and what it depends on have changed places.
    if _pairs_crossed(old, new):
        return False
    return not (before.words ^ after.words) & _STEMS


def _same_order(old: tuple[str, ...], new: tuple[str, ...]) -> bool:
    """Whether the facts come in the same order, apart from a part of the sentence that was moved to its front.

    "From QUEUED to PROCESSING" is not "from PROCESSING to QUEUED".
    """
    if sorted(old) != sorted(new):
        return False
    before, after = (tuple(one for one in side if not one.startswith(_NOT)) for side in (old, new))
    if len(before) < 3:
        return before == after
    return any(before[place:] + before[:place] == after for place in range(len(before)))


def _condition(sentence: str) -> frozenset[str]:
    """Return the words of a sentence's condition; empty if it has none."""
    found = _CONDITION.search(" ".join(sentence.split()))
    said = read_statement(found[1] or found[2]) if found else None
    return frozenset(said.facts) | said.words if said else frozenset()


def _pairs_crossed(old: str, new: str) -> bool:
    """Whether some of the pairs that "and" joins changed their order, and others did not: who does what is another."""
    before, after = _PAIR.findall(old), _PAIR.findall(new)
    turned = [(one, (one[1], one[0]) in after) for one in before if one in after or (one[1], one[0]) in after]
    return len(turned) > 1 and len({was for _, was in turned}) > 1


def _durations(text: str) -> tuple[list[float], str]:
    """The spans of time in a text, in seconds, and the text without them."""
    found: list[float] = []
    if re.search(r"(?i)\b(?:for ever|forever|indefinitely)\b", text):
        found.append(math.inf)
        text = re.sub(r"(?i)\b(?:for ever|forever|indefinitely)\b", " ", text)
    text = re.sub(r"(?i)\b(?:a|one) (hour|day|week) and a half\b", r"1.5 \1s", text)
    text = re.sub(
        r"(?i)\b([a-z]+) and a half (?=hours|days|weeks|minutes)",
        lambda match: f"{NUMBERS[match[1].lower()] + 0.5:g} " if match[1].lower() in NUMBERS else match[0],
        text,
    )
    text = re.sub(r"\b(\d+)\s?(h|min|d|s)\b", lambda match: f"{match[1]} {_SHORT[match[2]]}", text)
    text = re.sub(r"(?i)\bat least (?=\S+ (?:seconds?|minutes?|hours?|days?|weeks?)\b)", "", text)

    def taken(match: re.Match[str]) -> str:
        amount, unit = match.group(1).lower(), match.group(2).lower()
        number = NUMBERS[amount] if amount in NUMBERS else float(amount)
        found.append(number * UNITS[unit])
        return " "

    numbers = "|".join([r"\d+(?:\.\d+)?", *sorted(NUMBERS, key=len, reverse=True)])
    pattern = rf"(?i)\b({numbers})[ -](?:of )?(?:an? )?({'|'.join(UNITS)})s?\b"
    return found, re.sub(pattern, taken, text)


def _stem(word: str) -> str:
    if word == "goes":
        return "go"
    for ending in ("ing", "able", "ies", "ed", "es", "s", "e"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word


def _stems(words: frozenset[str]) -> Iterator[str]:
    for word in words:
        yield _stem(word)


_STEMS: Final = frozenset(_stems(MEANING))
