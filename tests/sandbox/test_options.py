"""Test the options: each choice that the documents leave open can be made, and the README lists them."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

import segmind_ltx_sandbox
from segmind_ltx_sandbox import VALID, ManualClock, create_app, key_of
from segmind_ltx_sandbox.__main__ import main
from segmind_ltx_sandbox.options import OPTIONS, listed_options, settings
from segmind_ltx_spec import load

pytestmark = pytest.mark.anyio
PRO = load().models["ltx-2-pro"]
README = Path(str(segmind_ltx_sandbox.__file__)).with_name("README.md")
CHOICES = [f"{option.name}={value}" for option in OPTIONS for value in option.choices]


@pytest.mark.parametrize("choice", CHOICES)
async def test_choice_gives_a_sandbox(choice: str) -> None:
    """Every value of every option starts a sandbox that accepts a submit and runs the job."""
    clock = ManualClock()
    app = create_app(clock=clock, speed=1, **settings([choice]))
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://s", headers={"x-api-key": VALID}) as api:
        submitted = await api.post(PRO.v2, json={"prompt": "A heron lifts off."})
        assert submitted.is_success
        clock.advance(3 * PRO.seconds)
        path = f"/v2/requests/{quote(str(submitted.json()['request_id']), safe='')}"
        status = await api.get(f"{path}/status")
        assert status.status_code in {200, 429, 502, 504}


async def seen(choices: list[str], key: str, payload: dict[str, Any]) -> int:
    """Return the status of a POST."""
    transport = httpx.ASGITransport(app=create_app(clock=ManualClock(), **settings(choices)))
    async with httpx.AsyncClient(transport=transport, base_url="http://s") as api:
        return (await api.post(PRO.v2, json=payload, headers={"x-api-key": key})).status_code


async def test_order_of_refusals_is_chosen() -> None:
    """A request with two faults is refused for the one that is checked first."""
    wrong: dict[str, Any] = {"prompt": 7}
    poor = key_of("no_credits")
    assert [await seen([], key, wrong) for key in ("", poor)] == [401, 406]
    assert [await seen(["refusal-order=body-first"], key, wrong) for key in ("", poor)] == [400, 400]
    assert [await seen(["refusal-order=credits-last"], key, wrong) for key in ("", poor)] == [401, 400]
    for order in ("body-first", "credits-last"):
        good = {"prompt": "A heron lifts off."}
        assert [await seen([f"refusal-order={order}"], key, good) for key in ("", poor, VALID)] == [401, 406, 200]


async def test_options_are_combined() -> None:
    """Several options work together, and with a deviation."""
    app = create_app(
        clock=ManualClock(), **settings(["submit-status=202", "id-form=short", "urls=relative"], "no-poll-url")
    )
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://s", headers={"x-api-key": VALID}) as api:
        submitted = await api.post(PRO.v2, json={"prompt": "A heron lifts off."})
    assert submitted.status_code == 202
    body = submitted.json()
    assert body["response_url"] == f"/v2/requests/{body['request_id']}"
    assert len(body["request_id"]) < 8
    assert "poll_url" not in body


@pytest.mark.parametrize(
    ("choices", "words"),
    [
        (["colour=red"], "one of: submit-status"),
        (["output"], "NAME=VALUE"),
        (["output=xml"], "not one of url, list, object, none"),
        (["id-form=short", "id-form=long"], "decide the same thing"),
    ],
)
def test_wrong_option_names_what_is_allowed(choices: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A wrong option ends the command with 2 and says what is allowed."""
    arguments = [word for choice in choices for word in ("--option", choice)]
    assert main(["--port", "0", *arguments]) == 2
    assert words in capsys.readouterr().err


def test_readme_lists_every_option(capsys: pytest.CaptureFixture[str]) -> None:
    """The README's table has every option with its values, the default first, and ``--options`` lists the same."""
    rows = [
        f"| `{option.name}` | {', '.join(f'`{value}`' for value in option.choices)} | {option.summary} |"
        for option in OPTIONS
    ]
    assert [row for row in README.read_text(encoding="utf-8").splitlines() if row in rows] == rows
    assert main(["--options"]) == 0
    assert capsys.readouterr().out.splitlines() == list(listed_options())
