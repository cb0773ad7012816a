"""How much memory the service of a library takes after all kinds of questions; `--help` tells the rest.

It starts a service of its own, with one worker, and ends it. Two figures are told: memory of its own, which
no file stands behind, and pages of mapped files that no other process maps, which the system takes back when
it wants them.
"""

from __future__ import annotations

import argparse
import contextlib
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx

_ADDRESS = re.compile(r"http://[\d.]+:\d+")


def memory(pid: int) -> str:
    """MB of a process: of its own, and of mapped files that no other process maps."""
    kb = dict(re.findall(r"(\w+): +(\d+) kB", Path(f"/proc/{pid}/smaps_rollup").read_text()))
    return f"{int(kb['Anonymous']) / 1000:8.0f} MB{int(kb['Private_Clean']) / 1000:8.0f} MB mapped"


def _questions(client: httpx.Client, n: int, seeds: int) -> Iterator[str]:
    ids: list[str] = []
    for i in range(seeds // 100):
        page = {"limit": 100, "offset": i * n * 100 // seeds, "sort": "artist"}
        ids += [track["id"] for track in client.get("/tracks", params=page).json()["tracks"]]
    yield f"{len(ids)} tracks of all of the list"
    for track in ids:
        client.post("/similar", json={"seeds": [track], "k": 10})
    yield f"what is like {len(ids)} tracks"
    for path in ("/library", "/facets", "/search/grouped?q=b", "/tracks?q=blue", "/search?q=calm"):
        client.get(path)
    yield "library, facets, searches"
    for genre in [one["name"] for one in client.get("/facets").json()["genres"]][:10]:
        client.get("/tracks", params={"genre": genre, "sort": "title", "offset": 1000})
        client.post("/similar", json={"seeds": [ids[0]], "k": 10, "where": {"genre": genre}})
        client.post("/similar", json={"seeds": [ids[-1]], "k": 10, "same_artist": False})
    yield "ten genres"
    client.post("/suggested-playlist", json={"seeds": [ids[0]], "k": 25})
    client.post("/radio", json={"seeds": [ids[0]], "k": 25})
    client.post("/journey", json={"start": ids[0], "end": ids[-1], "k": 12})
    yield "a playlist, a radio, a journey"
    client.get("/search", params={"q": "blue"})  # loads the model of the extra, where that is installed
    yield 'a search by meaning (the extra "words")'


@contextlib.contextmanager
def serving(library: Path) -> Iterator[tuple[httpx.Client, int]]:
    """A service of its own for a library: a client, and the number of its process."""
    command = [sys.executable, "-m", "segue", "-l", str(library), "serve", "--no-open", "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        assert process.stdout is not None
        address = next(m[0] for line in process.stdout if (m := _ADDRESS.search(line)))
        retrying = httpx.HTTPTransport(retries=20)  # until it listens
        headers = {"X-Segue": "1"}
        with httpx.Client(
            base_url=f"{address}/api/v1", headers=headers, timeout=600, transport=retrying
        ) as client:
            yield client, process.pid
    finally:
        process.terminate()
        process.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("library", type=Path)
    parser.add_argument("--seeds", type=int, default=3000, help="tracks that are asked about")
    args = parser.parse_args()
    with serving(args.library) as (client, process):
        n = client.get("/health").json()["tracks"]
        print(f"{n} tracks\n{'up':44}{memory(process)}")
        for what in _questions(client, n, args.seeds):
            print(f"{what:44}{memory(process)}", flush=True)


if __name__ == "__main__":
    main()
