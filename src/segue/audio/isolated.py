"""Tries in a process of its own whether a file crashes the decoder."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from segue.audio.limits import DecodingStoppedError
from segue.errors import DamagedAudioError

_LOOK_S = 0.05  # between looks at the process
_PATIENCE_S = 600.0  # that it has; decoding has limits of its own
_START = (
    "import json, sys; request = json.loads(sys.stdin.buffer.readline()); sys.path[:] = request['path']; "
    "from segue.audio import isolated; isolated.main(request['file'])"
)
_WINDOWS_CRASH = 0xC0000000  # and above: exit codes that stand for exceptions of the processor


def refuse_crashing(path: str, stop: threading.Event) -> None:
    """Decode the file in another process, and throw the sound away.

    Raises
    ------
    DamagedAudioError
        Where that process died of it, or did not end.
    DecodingStoppedError
        Once ``stop`` is set.
    """
    if getattr(sys, "frozen", False):  # there is no interpreter to be started
        return
    request = {"path": [entry or str(Path.cwd()) for entry in sys.path], "file": path}
    process = subprocess.Popen(
        [sys.executable, "-P", "-c", _START],
        stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    with process:
        try:
            if process.stdin:
                with contextlib.suppress(BrokenPipeError):  # dead already: its code says of what
                    process.stdin.write(json.dumps(request).encode() + b"\n")
                    process.stdin.close()
            code = _wait(process, stop)
        finally:
            process.kill()
    if code is None:
        raise DamagedAudioError(f"the decoder did not end within {_PATIENCE_S:.0f} s", path)
    if code < 0 or code >= _WINDOWS_CRASH:
        raise DamagedAudioError(f"crashed the decoder ({_name(code)})", path)


def _wait(process: subprocess.Popen[bytes], stop: threading.Event) -> int | None:
    ends_at = time.monotonic() + _PATIENCE_S
    while time.monotonic() < ends_at:
        try:
            return process.wait(_LOOK_S)
        except subprocess.TimeoutExpired:
            if stop.is_set():
                raise DecodingStoppedError from None
    return None


def _name(code: int) -> str:
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"code {code:#x}"


def main(path: str) -> None:
    """Be the other process; what the file is refused for is told by the one who asks."""
    from segue import audio
    from segue.audio.metadata import read_metadata
    from segue.errors import AudioError

    read_metadata(path, pictures=True)
    with contextlib.suppress(AudioError):
        audio.load(path)
    os._exit(0)
