"""Videos are saved in a folder or an object store, whole or not at all."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from segmind_ltx import ConfigurationError, DownloadError
from segmind_ltx._config import check_options, read_api_key
from segmind_ltx._core.results import VideoFacts
from segmind_ltx._fleet.calls import FleetDriver, Slots
from segmind_ltx._fleet.outputs import Outputs, existing_names, open_target
from segmind_ltx_sandbox.service.outputs import VideoCache
from segmind_ltx_sandbox.testing import running_sandbox
from support.fleet import made_up_items
from support.fleet_sandbox import VIDEO

from .conftest import LedgerUnderTest
from .test_worker import work


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Generator[str]:
    """Yield the address of a bucket of moto's server, which stands for s3."""
    server_module = pytest.importorskip("moto.server")
    pytest.importorskip("s3fs")
    for name, value in (("AWS_ACCESS_KEY_ID", "made-up"), ("AWS_SECRET_ACCESS_KEY", "made-up")):
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    server: Any = server_module.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
        system, _ = open_target("s3://videos")
        system.mkdir("videos")
        yield "s3://videos/run-7"
    finally:
        server.stop()


@pytest.mark.postgres
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning")
def test_worker_saves_in_an_object_store(ledger: LedgerUnderTest, bucket: str) -> None:
    """With --out s3://… each row names its object, and the object is the video."""
    ledger.plan(made_up_items(3), target=bucket)
    with running_sandbox(speed=1000, videos=VideoCache(lambda _: VIDEO)) as sandbox:
        work(ledger, sandbox)
    files = [row[0] for row in ledger.query("SELECT file FROM jobs ORDER BY number")]
    assert files == [f"{bucket}/00000{number}.mp4" for number in range(3)]
    assert existing_names(bucket) == {"000000.mp4", "000001.mp4", "000002.mp4"}
    system, path = open_target(files[0])
    assert system.cat_file(path) == VIDEO


def test_target_without_its_package_is_refused() -> None:
    """An address that nothing installed can open is refused with what to install."""
    with pytest.raises(ConfigurationError, match="Install the package"):
        open_target("no-such-store://bucket")


def test_new_target_holds_no_names(tmp_path: Path) -> None:
    """A folder that is not there yet, or an empty store, has no files."""
    assert existing_names(str(tmp_path / "new")) == set()
    assert existing_names("memory://nowhere") == set()


def test_lost_download_leaves_nothing(tmp_path: Path) -> None:
    """If a video cannot be downloaded, no file has its name, and the error carries the job's id."""

    async def save() -> None:
        client = check_options(
            "http://127.0.0.1:1",
            read_api_key("key"),
            headers=None,
            timeout=1,
            max_retries=0,
            max_submit_retries=0,
            resend_on=(),
            clock=None,
            logger=None,
        )
        driver = FleetDriver(client)
        try:
            facts = VideoFacts(request_id="an-id", model=None, url="http://127.0.0.1:1/x.mp4")
            await Outputs().save(driver, facts, str(tmp_path), "a.mp4")
        finally:
            await driver.close()

    with pytest.raises(DownloadError, match="an-id"):
        asyncio.run(save())
    assert list(tmp_path.iterdir()) == []


def test_oldest_result_is_saved_first() -> None:
    """Of the jobs that wait for a download, the one submitted first gets the next free slot."""
    order: list[float] = []

    async def hold(slots: Slots, begun: float) -> None:
        async with slots.taken(begun):
            order.append(begun)

    async def run() -> None:
        slots = Slots(1)
        async with slots.taken(0.0):
            waiting = [asyncio.create_task(hold(slots, begun)) for begun in (30.0, 10.0, 20.0)]
            for _ in range(3):
                await asyncio.get_running_loop().run_in_executor(None, lambda: None)
        await asyncio.gather(*waiting)

    asyncio.run(run())
    assert order == [10.0, 20.0, 30.0]


@pytest.mark.postgres
def test_metrics_read_the_ledger(ledger: LedgerUnderTest) -> None:
    """A scrape has jobs by state, money, the rate and the oldest result; without a ledger it says so."""
    metrics = pytest.importorskip("segmind_ltx._fleet.metrics")
    ledger.plan(made_up_items(4), budget=1_000_000)

    class Handler:
        submitted, saved = 2, 1

    def scrape(url: str) -> dict[tuple[str, str], float]:
        found = metrics.FleetCollector(url, Handler()).collect()
        return {
            (sample.name, "".join(sample.labels.values())): sample.value
            for metric in found
            for sample in metric.samples
        }

    samples = scrape(ledger.url)
    assert samples["segmind_ltx_jobs", "videostodo"] == 4
    assert samples["segmind_ltx_usd", "videosbudget"] == 1
    assert samples["segmind_ltx_ledger_up", ""] == 1
    assert samples["segmind_ltx_worker_submitted", ""] == 2
    assert scrape("postgresql://ltx@127.0.0.1:1/none")["segmind_ltx_ledger_up", ""] == 0
    with pytest.raises(ConfigurationError, match="HOST"):
        metrics.serve_metrics("9464x", ledger.url, Handler())
