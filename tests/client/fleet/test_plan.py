"""Plans: one row for each label, versions, accounts, and what a person settles."""

from __future__ import annotations

import asyncio
from contextlib import closing

import psycopg
import pytest

from segmind_ltx import ConfigurationError, ParameterError
from segmind_ltx._config import read_api_key
from segmind_ltx._fleet.account import check_account, parse_rate
from segmind_ltx._fleet.database import Database
from segmind_ltx._fleet.plan import price_key
from segmind_ltx._fleet.procrastinate_engine import enqueue
from segmind_ltx._fleet.rows import Rows
from segmind_ltx._fleet.status import doubt_since, resume, settle
from segmind_ltx._postgres import schema
from segmind_ltx._postgres.connection import open_schema
from segmind_ltx_api.contract import MODELS
from segmind_ltx_sandbox.service.scenarios import VALID, key_of
from support.fleet import made_up_items

from .conftest import BASE, LedgerUnderTest

pytestmark = pytest.mark.postgres


def test_batch_planned_twice_has_each_row_once(ledger: LedgerUnderTest) -> None:
    """A second plan adds what is new, with one entry in the queue for each row."""
    assert ledger.plan(made_up_items(3)) == (1, 3, 0)
    assert ledger.plan(made_up_items(5)) == (1, 2, 3)
    assert ledger.query("SELECT count(*) FROM jobs UNION ALL SELECT count(*) FROM procrastinate_jobs") == [(5,), (5,)]


def test_label_with_another_request_is_refused(ledger: LedgerUnderTest) -> None:
    """A name stands for one request in a batch; nothing is planned if one has changed."""
    ledger.plan(made_up_items(2))
    changed = made_up_items(4)
    changed[1] = changed[1]._replace(digest="another", request={"prompt": "another"})
    with pytest.raises(ParameterError, match=r"line 1: 000001\.mp4"):
        ledger.plan(changed)
    assert ledger.query("SELECT count(*) FROM jobs") == [(2,)]


def test_two_batches_may_have_equal_labels(ledger: LedgerUnderTest) -> None:
    """Another target is another batch."""
    ledger.plan(made_up_items(2), target="one")
    assert ledger.plan(made_up_items(2), target="two") == (2, 2, 0)


@pytest.mark.parametrize(("version", "words"), [(99, "install the newer"), (0, "--migrate")])
def test_other_version_is_refused(ledger: LedgerUnderTest, version: int, words: str) -> None:
    """A ledger of a newer or older version is refused with what to do."""
    ledger.query("UPDATE ledger_version SET version = %s", version)
    with pytest.raises(ConfigurationError, match=words):
        open_schema(ledger.url)


def test_older_ledger_is_migrated_when_asked(ledger: LedgerUnderTest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each version's statements run in one transaction, and the ledger is of this version afterwards."""
    ledger.plan(made_up_items(1))
    ledger.query("UPDATE ledger_version SET version = 0")
    with pytest.raises(ConfigurationError, match="has no migration from it"):
        open_schema(ledger.url, migrate=True)
    monkeypatch.setitem(schema.MIGRATIONS, 0, "ALTER TABLE jobs ADD COLUMN added INTEGER DEFAULT 7")
    open_schema(ledger.url, migrate=True).close()
    assert ledger.query("SELECT j.added, v.version FROM jobs j, ledger_version v") == [(7, schema.VERSION)]


def test_unsafe_server_is_refused(ledger: LedgerUnderTest) -> None:
    """A server that may lose commits in a crash gets no paid job."""
    name = ledger.url.rpartition("/")[2]
    with psycopg.connect(ledger.url, autocommit=True) as connection:
        connection.execute(f'ALTER DATABASE "{name}" SET synchronous_commit = off'.encode())
    with pytest.raises(ConfigurationError, match="synchronous_commit = off"):
        open_schema(ledger.url)


def test_key_of_another_account_is_refused(ledger: LedgerUnderTest) -> None:
    """Only the account of the first key works on a ledger, and the key is in no table."""
    with closing(open_schema(ledger.url)) as connection:
        with pytest.raises(ConfigurationError, match="--new-key"):
            check_account(connection, read_api_key(key_of("other")), BASE)
        with pytest.raises(ConfigurationError, match="SEGMIND_BASE_URL"):
            check_account(connection, read_api_key(VALID), "https://elsewhere.example")
        check_account(connection, read_api_key(key_of("other")), BASE, new_key=True)
    assert VALID not in repr(ledger.query("SELECT * FROM account"))


def test_price_depends_on_what_is_asked_for() -> None:
    """Texts and seeds do not change the kind of a request; a duration and the presence of an image do."""
    model = MODELS["ltx-2-pro"]
    base = {"prompt": "a", "duration": 6}
    assert price_key(model, base) == price_key(model, {**base, "prompt": "b"})
    assert price_key(model, base) != price_key(model, {**base, "duration": 8})


@pytest.mark.parametrize("rate", ["0/1", "a/1", "5", "1/0", "-1/5"])
def test_rate_that_is_none_is_refused(rate: str) -> None:
    """A rate is a number of submits and of seconds."""
    with pytest.raises(ParameterError, match="submits/seconds"):
        parse_rate(rate)


def _settle(ledger: LedgerUnderTest, number: int, exists: str | None) -> str:
    async def run() -> str:
        async with await Database(ledger.url).single() as connection:
            return await settle(connection, enqueue, number, exists=exists)

    return asyncio.run(run())


def test_settled_row_is_fetched_or_submitted(ledger: LedgerUnderTest) -> None:
    """With an id a row is fetched; without one it is submitted again, with its money back, after some minutes."""
    ledger.plan(made_up_items(3))

    async def make_uncertain(rows: Rows) -> None:
        for number in (1, 2):
            await rows.begin(number, "a")
            await rows.begin(number, "b")

    ledger.with_rows(make_uncertain)
    assert [row.number for row in ledger.status().ambiguous] == [1, 2]
    assert "fetched" in _settle(ledger, 1, "the-id")
    with pytest.raises(ParameterError, match="may yet appear"):
        _settle(ledger, 2, None)
    ledger.query("UPDATE jobs SET begun = begun - 700 WHERE number = 2")
    assert "submitted again" in _settle(ledger, 2, None)
    with pytest.raises(ParameterError, match="row 3 is todo"):
        _settle(ledger, 3, None)
    assert ledger.query("SELECT state, request_id FROM jobs ORDER BY number") == [
        ("accepted", "the-id"),
        ("todo", None),
        ("todo", None),
    ]
    assert ledger.query("SELECT reserved FROM batches") == [(57_000,)]


def test_restored_ledger_is_doubted(ledger: LedgerUnderTest) -> None:
    """After a restore nothing is submitted, and each row that may have been is listed, until a person resumes."""
    ledger.plan(made_up_items(2))
    with closing(open_schema(ledger.url)) as connection:
        assert doubt_since(connection, 0.0) == 2
        assert ledger.status().stopped is not None
        resume(connection)
    status = ledger.status()
    assert status.stopped is None
    assert len(status.ambiguous) == 2
