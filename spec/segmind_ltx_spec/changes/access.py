"""Rules for where the service is and how callers prove who they are. The generator knows neither."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from segmind_ltx_spec.changes.collect import (
    BREAKING,
    BY_HAND,
    COMPATIBLE,
    INFORMATIONAL,
    NONE,
    TOLD_IN_HTTP,
    Collector,
    stable,
)
from segmind_ltx_spec.changes.document import At, Document, is_list, is_object
from segmind_ltx_spec.changes.provenance import compare_source
from segmind_ltx_spec.changes.verdicts import Verdicts

SCHEMES: Final = "#/components/securitySchemes/"
_LOCAL: Final = "It is an address on the caller's own machine, for the sandbox; the service has others."
_ON_THE_WIRE: Final = ("type", "in", "name", "scheme", "bearerFormat", "flows", "openIdConnectUrl")


def compare_security(found: Collector, old_operation: At, new_operation: At) -> None:
    """Judge the ways to authenticate one operation. What a scheme is called inside the document does not matter."""
    old, new = _security(found.old, old_operation), _security(found.new, new_operation)
    before, after = _alternatives(found.old, old), _alternatives(found.new, new)
    names = {name for some in before.values() for name in some} & {name for some in after.values() for name in some}
    for name in sorted(names):  # Here, so that the change carries the operations that it reaches.
        schemes = found.old.find(f"{SCHEMES}{name}"), found.new.find(f"{SCHEMES}{name}")
        if None not in schemes:
            _scheme(found, *schemes)
    if set(before) == set(after):
        return
    place = (old, new) if old is not None or new is not None else (found.old.root, found.new.root)
    gone, more = [one for one in before if one not in after], [one for one in after if one not in before]
    if "" in more and not gone:
        gone_verdicts = Verdicts(COMPATIBLE, NONE, BREAKING)
        found.emit("security-optional", *place, gone_verdicts, "No key is needed.", values=(_value(old), _value(new)))
    elif gone and more and len(gone) == len(more) == 1 and _same_names(before[gone[0]], after[more[0]]):
        # The schemes have the same names. If they have other contents `_scheme` has said so; roles are left.
        if _roles(old) != _roles(new):
            words = "The roles or scopes that a key needs are others."
            verdicts = Verdicts(BREAKING, NONE, BREAKING)
            found.emit("security-roles-changed", *place, verdicts, words, values=(_value(old), _value(new)))
    elif gone:
        words = "Callers that prove who they are in the old way are refused."
        verdicts = Verdicts(BREAKING, BY_HAND, BREAKING)
        if not after or after.keys() == {""}:
            verdicts, words = Verdicts(COMPATIBLE, NONE, BREAKING), "No key is needed."
        rule = "security-replaced" if more else "security-removed"
        upgrade = verdicts.http is BREAKING
        found.emit(rule, *place, verdicts, words, values=(_value(old), _value(new)), upgrade=upgrade)
    else:
        required = before.keys() == {""} or not before
        verdicts = Verdicts(BREAKING, BY_HAND, BREAKING) if required else Verdicts(COMPATIBLE, NONE, BREAKING)
        words = "There is one more way to prove who calls." if not required else "Calls without a key are refused."
        found.emit("security-added", *place, verdicts, words, values=(_value(old), _value(new)))


def _security(document: Document, operation: At) -> At | None:
    for owner in (operation, document.root):
        if "security" in owner.value:
            return document.child(owner, "security")
    return None


def _roles(at: At | None) -> str:
    return stable(at.value) if at is not None else ""


def _value(at: At | None) -> Any:
    return None if at is None else at.value


def _alternatives(document: Document, at: At | None) -> dict[str, list[str]]:
    """The ways to authenticate, by what is on the wire, each with the names of its schemes; "" for none at all."""
    found: dict[str, list[str]] = {}
    for one in at.value if at is not None and is_list(at.value) else []:
        names: list[str] = sorted(one) if is_object(one) else [str(one)]
        parts: list[str] = []
        for name in names:
            scheme = document.find(f"{SCHEMES}{name}")
            wire = {key: scheme.value.get(key) for key in _ON_THE_WIRE} if scheme is not None else name
            scopes: Any = one[name] if is_object(one) else None
            parts.append(stable([wire, scopes]))
        found[" ".join(parts)] = names
    return found


def _same_names(old: list[str], new: list[str]) -> bool:
    return old == new


def compare_schemes(found: Collector) -> None:
    """Judge the schemes themselves: a header that has another name, a key that goes elsewhere."""
    sides = [document.find(SCHEMES.rstrip("/")) for document in (found.old, found.new)]
    before, after = (
        {name: document.follow(at) for name, at in document.children(side)} if side is not None else {}
        for document, side in zip((found.old, found.new), sides, strict=True)
    )
    for name in [one for one in before if one not in after]:
        unused = _unused(found.old, name)
        if unused:
            words = "Nothing refers to it."
            found.emit("scheme-removed", before[name], None, TOLD_IN_HTTP, words)
    for name in [one for one in after if one not in before]:
        if _unused(found.new, name):
            found.emit("scheme-added", None, after[name], TOLD_IN_HTTP, "Nothing refers to it.")
    for name, old in before.items():
        if name in after:
            _scheme(found, old, after[name])


def _unused(document: Document, name: str) -> bool:
    """Whether no operation, and not the document as a whole, names a scheme."""
    lists: list[Any] = [document.api.get("security")]
    for item in document.api["paths"].values():
        if is_object(item):
            lists += [one.get("security") for one in item.values() if is_object(one)]
    return not any(is_object(one) and name in one for some in lists if is_list(some) for one in some)


def _scheme(found: Collector, old: At | None, new: At | None) -> None:
    if old is None or new is None:
        return
    replaced = old.value.get("type") != new.value.get("type")
    if replaced:
        words = "The key is given in another way; the client's hand-written code sends it as before."
        wire = [{key: one.value[key] for key in _ON_THE_WIRE if key in one.value} for one in (old, new)]
        verdicts = Verdicts(BREAKING, BY_HAND, BREAKING)
        found.emit("key-scheme-changed", old, new, verdicts, words, values=(wire[0], wire[1]), upgrade=True)
    for key in {**old.value, **new.value}:
        before = found.old.child(old, key) if key in old.value else None
        after = found.new.child(new, key) if key in new.value else None
        if before is not None and after is not None and stable(before.value) == stable(after.value):
            continue
        if key in _ON_THE_WIRE:
            if replaced:
                continue
            names = [str(at.value).lower() if at is not None else None for at in (before, after)]
            if key == "name" and names[0] == names[1] and old.value.get("in") == "header":
                found.emit("redundant-keyword", before, after, Verdicts(), "Header names do not differ by case.")
                continue
            what = {"name": "The key has another name", "in": "The key goes elsewhere"}.get(
                key, "The key is given otherwise"
            )
            words = f"{what}; the client's hand-written code sends it as before, and is refused with 401."
            rule = {"name": "key-renamed", "in": "key-moved"}.get(key, "key-scheme-changed")
            found.emit(rule, before, after, Verdicts(BREAKING, BY_HAND, BREAKING), words, upgrade=True)
        elif key == "description":
            found.emit("description-changed", before, after, TOLD_IN_HTTP, "Only people read it.")
        elif key == "x-source":
            compare_source(found, before, after)
        else:
            found.unjudged(before, after, f"no rule knows {key} of a security scheme")


def compare_servers(found: Collector, old: At | None, new: At | None) -> None:
    """Judge the base URLs: one that went breaks those who call it, the client's own default among them."""
    before, after = _servers(found.old, old), _servers(found.new, new)
    gone, more = [url for url in before if url not in after], [url for url in after if url not in before]
    default = next(iter(before), None)
    if len(gone) == len(more) == 1 and _on_this_machine(gone[0]) == _on_this_machine(more[0]):
        pair = before[gone[0]], after[more[0]]
        verdicts, words = _lost(gone[0], default)
        upgrade = verdicts.python is BY_HAND
        found.emit("server-changed", *pair, verdicts, words, values=(gone[0], more[0]), upgrade=upgrade)
        _server(found, *pair)
    else:
        for url in gone:
            verdicts, words = _lost(url, default)
            found.emit("server-removed", before[url], None, verdicts, words, upgrade=verdicts.python is BY_HAND)
        for url in more:
            verdicts, words = Verdicts(COMPATIBLE, NONE, NONE), "There is one more address to call."
            if _on_this_machine(url):
                verdicts, words = Verdicts(INFORMATIONAL, NONE, NONE), _LOCAL
            found.emit("server-added", None, after[url], verdicts, words)
    for url, at in before.items():
        if url in after:
            _server(found, at, after[url])
    if not gone and not more and list(before) != list(after) and list(before)[:1] != list(after)[:1]:
        pair = old or found.old.root, new or found.new.root
        verdicts = Verdicts(COMPATIBLE, BY_HAND, NONE)
        found.emit(
            "server-order-changed", *pair, verdicts, "Another address is the first.", values=(list(before), list(after))
        )


def _lost(url: str, default: str | None) -> tuple[Verdicts, str]:
    """What it means that an address is no longer listed; the client's default is the first one."""
    if _on_this_machine(url):
        return Verdicts(INFORMATIONAL, NONE, NONE), _LOCAL
    words = "Callers of the old address are not answered"
    if url == default:
        return Verdicts(BREAKING, BY_HAND, NONE), f"{words}; the client's default address is hand-written."
    return Verdicts(BREAKING, NONE, NONE), f"{words}."


def _on_this_machine(url: str) -> bool:
    return urlsplit(url).hostname in {"localhost", "127.0.0.1", "::1"}


def _servers(document: Document, at: At | None) -> dict[str, At]:
    if at is None or not is_list(at.value):
        return {}
    every = [document.child(at, index) for index in range(len(at.value))]
    return {_same_address(one.value): one for one in every if is_object(one.value)}


def _same_address(server: Mapping[str, Any]) -> str:
    """Return an address in one form: with its defaults filled in, no slash at its end and no capitals in its host."""
    url = str(server.get("url"))
    variables: Any = server.get("variables")
    for name, one in variables.items() if is_object(variables) else ():
        url = url.replace(f"{{{name}}}", str(one.get("default")) if is_object(one) else "")
    parts = urlsplit(url)
    return parts._replace(scheme=parts.scheme.lower(), netloc=parts.netloc.lower()).geturl().rstrip("/")


def _choices(variables: At | None) -> bool:
    """Whether a part of an address has more than one value."""
    parts: Any = variables.value if variables is not None else {}
    return is_object(parts) and any(not is_object(one) or len(one.get("enum") or [0, 1]) > 1 for one in parts.values())


def _server(found: Collector, old: At, new: At) -> None:
    for key in {**old.value, **new.value}:
        before = found.old.child(old, key) if key in old.value else None
        after = found.new.child(new, key) if key in new.value else None
        if before is not None and after is not None and stable(before.value) == stable(after.value):
            continue
        if key in {"description", "name"}:
            found.emit("description-changed", before, after, TOLD_IN_HTTP, "Only people read it.")
        elif key == "url":
            found.emit("redundant-keyword", before, after, Verdicts(), "It is the same address.")
        elif key == "variables":
            words = "Parts of the address can be chosen; their defaults give the address that is compared."
            choice = any(_choices(at) for at in (before, after))
            verdicts = Verdicts(INFORMATIONAL, NONE, NONE) if choice else Verdicts()
            found.emit("server-variables-changed", before, after, verdicts, words)
        else:
            found.unjudged(before, after, f"no rule knows {key} of a server")
