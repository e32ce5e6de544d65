"""Interpreters and processes in which the client cannot be used say so in a sentence."""

from __future__ import annotations

import _thread
import pickle
import subprocess
import sys
import textwrap

import pytest

from segmind_ltx import AsyncClient, Client, ConfigurationError

KEY = "SG_0123456789abcdef"


@pytest.mark.parametrize("kind", [Client, AsyncClient])
def test_interpreter_without_daemon_threads_is_refused(kind: type, monkeypatch: pytest.MonkeyPatch) -> None:
    """An isolated subinterpreter allows no daemon threads; the error says what to use instead."""
    monkeypatch.setattr(_thread, "daemon_threads_allowed", lambda: False, raising=False)
    with pytest.raises(ConfigurationError, match="use threads or processes"):
        kind(KEY)


@pytest.mark.parametrize("kind", [Client, AsyncClient])
def test_client_is_not_pickled(kind: type) -> None:
    """A client cannot be sent to a spawned process; its error is a TypeError, as pickle expects, without the key."""
    with pytest.raises(TypeError) as caught:
        pickle.dumps(kind(KEY))
    assert KEY not in str(caught.value)


AT_EXIT = """
    import atexit, sys
    import segmind_ltx
    client = segmind_ltx.Client("SG_0123456789abcdef", "http://127.0.0.1:9", max_submit_retries=0)

    @atexit.register
    def last():
        try:
            client.submit("ltx-video", prompt="x")
        except segmind_ltx.SegmindLtxError as error:
            print(type(error).__name__, error)
"""


def test_call_at_exit_is_an_error_of_ours() -> None:
    """An interpreter that shuts down allows no thread: nothing is sent, and the error says so."""
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(AT_EXIT)], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.stderr == ""
    assert done.stdout.startswith("APIConnectionError")
    assert "Nothing is billed" in done.stdout
