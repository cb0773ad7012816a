"""The commands with curl of docs/http.md, run as they stand there."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from segue.library import Library
from tests.serve_process import serving

PAGE = Path(__file__).resolve().parents[1] / "docs" / "http.md"
# Each answer on lines of its own, and the first that is an error ends the script.
CURL = 'set -euo pipefail\ncurl() { command curl -sS --fail-with-body -w "\\n" "$@"; }\n'
_MISSING = [name for name in ("bash", "curl", "jq") if shutil.which(name) is None]


def commands() -> str:
    """The block of the section, as one script."""
    section = PAGE.read_text("utf-8").split("### With curl\n")[1]
    return re.findall(r"```sh\n(.*?)```", section, re.DOTALL)[0]


@pytest.mark.slow
@pytest.mark.skipif(bool(_MISSING), reason=f"there is no {' nor '.join(_MISSING)} here")
def test_the_commands_with_curl_work_as_they_stand(demo_music: Path, tmp_path: Path):
    for artist in ("Iron Vesper", "Wren Ashgrove"):
        shutil.copytree(demo_music / artist, tmp_path / "music" / artist)
    with Library.open(tmp_path / "library", create=True, embedders=["descriptors"]) as library:
        assert library.scan(tmp_path / "music").added == 8
    with serving("-l", tmp_path / "library", "serve", "--no-open", "--port", 0) as server:
        script = commands().replace("http://localhost:8765", server.address)
        assert script.count(server.address) == 1
        done = subprocess.run(
            ["bash", "-c", CURL + script], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
    answers = [json.loads(line) for line in done.stdout.splitlines() if line]
    health, found, similar, playlist, why, kept, job, like_clip = answers
    assert health["tracks"] == 8
    assert [match["track"]["artist"] for match in found["matches"]] == ["Iron Vesper"] * 3
    assert len(similar["matches"]) == 3
    assert playlist["matches"]
    assert why["text"]
    assert (kept["name"], job["job"]["kind"]) == ("Evening", "scan")
    assert (tmp_path / "oath.flac").read_bytes()[:4] == b"fLaC"
    assert like_clip["matches"][0]["track"]["title"] == "Eternal Oath"
