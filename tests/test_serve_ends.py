"""What services that end or are killed leave, and what they say to who still asks."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import httpx
import pytest
from starlette.requests import ClientDisconnect

from segue.serve.http.disconnects import while_connected
from segue.serve.http.thread_pool import Pool
from tests.waiting import PATIENCE_S, wait_for


def start(*arguments: object, folder: Path) -> tuple[subprocess.Popen[str], str]:
    command = [sys.executable, "-m", "segue", *map(str, arguments), "--no-open", "--port", "0"]
    environment = os.environ | {"TMPDIR": str(folder), "SEGUE_PULL": "0"}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    assert process.stdout
    address = process.stdout.readline().split()[0].rstrip("/")

    def answers() -> bool:
        with contextlib.suppress(httpx.TransportError):
            return httpx.get(f"{address}/api/v1/health").status_code == 200
        return False

    wait_for(answers)
    return process, address


def end(process: subprocess.Popen[str], number: signal.Signals) -> int:
    process.send_signal(number)
    process.communicate(timeout=PATIENCE_S)
    return process.returncode


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="kills with signals")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_service_that_ends_leaves_nothing(scanned: Path, tmp_path: Path, number: signal.Signals):
    process, _ = start("-l", scanned, "serve", folder=tmp_path)
    assert len(list(tmp_path.glob("segue-serve-*"))) == 1
    assert end(process, number) == 0
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="kills with signals")
def test_clips_of_a_killed_service_are_removed_and_those_of_others_stay(
    scanned: Path, tmp_path: Path, music: dict[str, Path]
):
    killed, address = start("-l", scanned, "serve", folder=tmp_path)
    with music["low0"].open("rb") as f:
        answer = httpx.post(
            f"{address}/api/v1/clips", files={"file": f}, headers={"X-Segue": "1"}, timeout=PATIENCE_S
        )
    assert answer.status_code == 201
    (left,) = tmp_path.glob("segue-serve-*")
    end(killed, signal.SIGKILL)
    assert list((left / "clips").iterdir())
    foreign = tmp_path / "segue-serve-foreign"
    foreign.mkdir()  # no service of ours made it
    (tmp_path / "segue-serve-link").symlink_to(foreign)
    first, _ = start("-l", scanned, "serve", folder=tmp_path)
    assert not left.exists()
    (own,) = set(tmp_path.glob("segue-serve-*")) - {foreign, tmp_path / "segue-serve-link"}
    second, _ = start("-l", scanned, "serve", folder=tmp_path)
    assert own.exists()
    assert foreign.exists()
    assert {end(first, signal.SIGINT), end(second, signal.SIGINT)} == {0}


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="kills with signals")
def test_workers_end_with_the_service_that_started_them(scanned: Path, tmp_path: Path):
    process, address = start("-l", scanned, "serve", "--workers", 2, folder=tmp_path)
    assert end(process, signal.SIGKILL) == -signal.SIGKILL

    def is_gone() -> bool:
        try:
            httpx.get(f"{address}/api/v1/health")
        except httpx.ConnectError:
            return True
        except httpx.TransportError:  # it is about to end, or has no time
            return False
        return False

    assert wait_for(is_gone)


def test_a_pool_does_not_wait_for_a_thread_that_is_stuck():
    async def ask() -> tuple[bool, int]:
        pool, go_on, begun = Pool("test", 2), threading.Event(), threading.Event()

        def stuck() -> None:
            begun.set()
            go_on.wait()

        stuck_work = asyncio.create_task(pool.run(stuck))
        await asyncio.to_thread(begun.wait)
        goodbyes: list[int] = []
        ended = await asyncio.to_thread(pool.close, lambda: goodbyes.append(1), 0.1)
        go_on.set()
        await stuck_work
        return ended, len(goodbyes)

    ended, _ = asyncio.run(ask())
    assert not ended


def test_a_pool_that_closes_begins_nothing_and_each_thread_says_goodbye():
    async def ask() -> None:
        pool, goodbyes = Pool("test", 3), []
        assert await pool.run(int, "5") == 5
        assert pool.close(lambda: goodbyes.append(threading.get_ident()))
        assert len(set(goodbyes)) == 3

    asyncio.run(ask())


def test_work_that_nobody_waits_for_does_not_begin():
    """A client that has left gives its place in the queue back."""

    class Gone:
        async def receive(self) -> dict[str, str]:
            return {"type": "http.disconnect"}

    async def ask() -> None:
        pool, go_on, done = Pool("test", 1), threading.Event(), []
        first = asyncio.create_task(pool.run(go_on.wait))
        await asyncio.sleep(0)
        with pytest.raises(ClientDisconnect):
            await while_connected(Gone(), pool.run(done.append, 1))  # type: ignore[arg-type]
        go_on.set()
        await first
        await pool.run(int)
        assert done == []
        pool.close(lambda: None)

    asyncio.run(ask())
