"""The echo server for the Python clients: started once, stopped by its process at the end."""

import os
import pathlib
import socket
import subprocess
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[4]
REFERENCE = os.environ.get("WARREN_ECHO_REFERENCE") == "1"


def _command() -> list[str]:
    if REFERENCE:
        return ["node", str(ROOT / "tests/e2e/echo/reference/echo.mjs")]
    return [os.environ.get("WARREN_ECHO_BIN", str(ROOT / "build/release/bin/warren-echo"))]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _wait_until_it_listens(process: subprocess.Popen, port: int) -> None:
    until = time.monotonic() + 10
    while time.monotonic() < until:
        if process.poll() is not None:
            raise RuntimeError(f"the echo server ended at start with {process.returncode}")
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.02)
    raise RuntimeError("the echo server does not listen")


@pytest.fixture(scope="session")
def echo_url():
    port = _free_port()
    # A leaving polling client may wait for its open poll (see leave() in the tests): a short heartbeat bounds that.
    flags = ["--port", str(port), "--shards", "4", "--ping-interval", "1000", "--ping-timeout", "5000"]
    process = subprocess.Popen([*_command(), *flags])
    try:
        _wait_until_it_listens(process, port)
        yield f"http://127.0.0.1:{port}"
        assert process.poll() is None, "the echo server had died"
        process.terminate()
        assert process.wait(timeout=10) == 0
    finally:
        process.kill()
        process.wait()
