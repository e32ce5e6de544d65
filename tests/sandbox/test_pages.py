"""Test the pages: their content, and that they load nothing from another host."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import httpx
import pytest

import segmind_ltx_sandbox
from segmind_ltx_sandbox import SCENARIOS
from segmind_ltx_spec import load

pytestmark = pytest.mark.anyio

STATIC = Path(segmind_ltx_sandbox.__file__).with_name("static")


class Links(HTMLParser):
    """Collects the links of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002  the base class's
        self.found += [value or "" for name, value in attrs if name in {"src", "href", "action", "srcset", "data"}]


async def test_front_page_says_what_it_is(anonymous: httpx.AsyncClient) -> None:
    """The front page says that no model runs, and lists the keys, the models and an example."""
    response = await anonymous.get("/")
    assert response.status_code == 200
    text = re.sub(r"\s+", " ", response.text)
    for words in ("runs no model", "needs no key from the vendor", "not Segmind's", "curl http://sandbox.test/v2/"):
        assert words in text
    for scenario in SCENARIOS:
        assert scenario.key in text
        assert scenario.summary.split(".")[0] in text
    for slug in load().models:
        assert slug in text
    assert {"/docs", "/openapi.json"} <= set(links(response.text))


@pytest.mark.parametrize("page", ["/", "/docs"])
async def test_page_loads_from_own_origin(anonymous: httpx.AsyncClient, page: str) -> None:
    """A page links to its own origin only, and every link works."""
    response = await anonymous.get(page)
    found = links(response.text)
    assert found
    for link in found:
        if link == "data:,":
            continue
        assert link.startswith("/"), link
        assert not link.startswith("//"), link
        assert (await anonymous.get(link)).status_code == 200, link
    assert response.headers["content-security-policy"].startswith("default-src 'self';")


def links(html: str) -> list[str]:
    parser = Links()
    parser.feed(html)
    return parser.found


async def test_scripts_and_styles_name_no_other_host() -> None:
    """Scripts and styles load nothing from another host."""
    for file in (STATIC / "docs.js", STATIC / "style.css", STATIC / "swagger-ui" / "swagger-ui.css"):
        text = re.sub(r"/\*.*?\*/", "", file.read_text(encoding="utf-8"), flags=re.DOTALL)
        assert not re.findall(r"url\((?![\"']?data:)|@import|https?://(?!www\.w3\.org/)", text), file
    assert "validatorUrl: null" in (STATIC / "docs.js").read_text(encoding="utf-8")


async def test_vendored_files_have_licence() -> None:
    """The vendored files include their licence and notices."""
    names = {file.name for file in (STATIC / "swagger-ui").iterdir()}
    assert {"LICENSE", "NOTICE", "swagger-ui-bundle.js.LICENSE.txt", "VENDORED.md"} <= names


async def test_openapi_names_this_server(anonymous: httpx.AsyncClient) -> None:
    """``/openapi.json`` is the contract with the sandbox as its only server."""
    document = (await anonymous.get("/openapi.json")).json()
    assert [server["url"] for server in document["servers"]] == ["http://sandbox.test"]
    assert document["paths"].keys() == load().document["paths"].keys()
    assert document["components"] == load().document["components"]
    assert load().document["servers"][0]["url"] != "http://sandbox.test"


async def test_unknown_page_is_404(anonymous: httpx.AsyncClient) -> None:
    """An unknown path outside the API returns 404, also if it tries to leave the folder of static files."""
    for path in ("/nope", "/static/nope.js", "/static/../keys.py", "/static/..%2fkeys.py"):
        response = await anonymous.get(path)
        assert response.status_code == 404, path
        assert response.json()["error"]
