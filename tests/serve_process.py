"""The service in a process of its own, as people start it."""

from __future__ import annotations

import contextlib
import os
import signal
import ssl
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.documented import assert_documented
from tests.waiting import PATIENCE_S, wait_for

for _step in ("connect", "read", "write", "pool"):  # for all that tests ask without a Server, too
    setattr(httpx._config.DEFAULT_TIMEOUT_CONFIG, _step, PATIENCE_S)


@dataclass
class Server:
    """One that runs; ``client`` asks it."""

    address: str
    client: httpx.Client
    process: subprocess.Popen[str]
    faults: bool = False  # a test may mean them

    def api(self, method: str, path: str, **how) -> httpx.Response:
        return self.client.request(method, f"/api/v1{path}", **how)

    def get(self, path: str, **parameters) -> dict:
        return self._documented(self.api("GET", path, params=parameters), 200)

    def post(self, path: str, body: object, status: int = 200) -> dict:
        return self._documented(self.api("POST", path, json=body), status)

    def _documented(self, answer: httpx.Response, status: int) -> dict:
        assert answer.status_code == status, answer.text
        request = answer.request
        path = request.url.path.removeprefix(httpx.URL(self.address).path)
        assert_documented(request.method, path, status, answer.json())
        return answer.json()

    def upload(self, path: Path, name: str | None = None) -> httpx.Response:
        with path.open("rb") as f:
            return self.api(
                "POST", "/clips", files={"file": (name or path.name, f)}, headers={"X-Segue": "1"}
            )

    def ended(self, job: str, timeout_s: float = PATIENCE_S) -> dict:
        """The job once it is through."""

        def ended() -> dict | None:
            found = self.get(f"/jobs/{job}")["job"]
            return found if found["state"] in ("done", "failed", "cancelled") else None

        return wait_for(ended, timeout_s)


@contextlib.contextmanager
def serving(
    *arguments: object, module: str = "segue", verify: ssl.SSLContext | bool = True, **environment: str
) -> Iterator[Server]:
    """``segue ARGUMENTS`` until the block is through; then Ctrl-C must end it with 0."""
    command = [sys.executable, "-X", "faulthandler", "-m", module, *map(str, arguments)]
    root = Path(__file__).resolve().parents[1]
    paths = os.pathsep.join([str(root), str(root / "src"), os.environ.get("PYTHONPATH", "")])
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": paths} | environment,
    )
    try:
        assert process.stdout
        line = process.stdout.readline()
        if not line:
            raise AssertionError(process.communicate()[1])
        address = line.split()[0].rstrip("/")
        with httpx.Client(base_url=address, timeout=PATIENCE_S, verify=verify) as client:
            _wait(client, process)
            server = Server(address, client, process)
            yield server
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=PATIENCE_S)
        assert process.returncode == 0, errors
        assert server.faults or "Traceback" not in errors, errors
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()


def _wait(client: httpx.Client, process: subprocess.Popen[str]) -> None:
    def answers() -> bool:
        if process.poll() is not None:
            raise AssertionError(process.communicate()[1])
        with contextlib.suppress(httpx.TransportError):
            client.get("/nothing-here")
            return True
        return False

    wait_for(answers)
