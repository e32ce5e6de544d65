"""Generate another contract with the generator's own environment, which takes a quarter of a minute to make."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from segmind_ltx_spec.changes import Document, compare, generator
from segmind_ltx_spec.changes.generator import cache_folder
from segmind_ltx_spec.changes.python_side import add_python
from segmind_ltx_spec.changes.sources import Source
from segmind_ltx_spec.changes.verdicts import Verdict

pytest.importorskip("openapi_python_client", reason="the generator is not installed here")


@pytest.fixture(scope="module", autouse=True)
def one_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A cache of this module's own, so that the contract at hand is generated once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


def test_generated_packages_are_compared(contract: Document, edit: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both packages are made and imported; the rules had foreseen what they show, and a second run reads the cache."""
    new = edit(
        ["first", "#/components/schemas/Ltx2FastRequest/properties/resolution", None],
        ["set", "#/components/schemas/VideoFile/properties/file_size/type", "string"],
        ["delete", "#/components/schemas/VideoFile/properties/file_size/minimum"],
    )
    before = compare(contract, new)
    after = add_python(before, Source(contract), Source(new))
    assert [change.rule for change in after.changes] == [change.rule for change in before.changes]
    assert after.verdicts.python is Verdict.BREAKING
    assert list((cache_folder() / "surfaces").iterdir())
    monkeypatch.setattr(generator, "_generate", None)
    assert add_python(before, Source(contract), Source(new)) == after


def test_contract_that_cannot_be_generated(contract: Document, edit: Any) -> None:
    """If the generator refuses the new contract, somebody has to do something by hand."""
    new = edit(["set", "#/components/schemas/LtxVideoRequest/properties/steps/default", 51])
    found = add_python(compare(contract, new), Source(contract), Source(new))
    assert found.verdicts.python is Verdict.BY_HAND
    assert "51" in found.changes[0].why or "51" in found.changes[1].why
