"""Do inputs that a fuzzer steers into new code crash, hang or confuse our own readers?

Atheris (libFuzzer for Python) watches which branches of ``segue`` an input takes, keeps those that take new
ones, and changes them further. It begins with the good files of ``benchmarks/hostile_seeds.py``. Each reader
may say no (an error of Segue's own) or read what is there. Sounds are left out: what reads them is mostly
FFmpeg's and libsndfile's code, which this cannot watch.

Needs Linux and ``pip install atheris`` (Python 3.11 to 3.13).
Usage: python -m benchmarks.fuzz [--seconds N] [--only KIND] [--keep FOLDER]
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import re
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path
from typing import Any

LONGEST_S = 20
MOST_MB = 6000
_SOUNDS = ("sound", "conversion", "outlines", "FFmpeg")


def fuzz(kind: str, folder: Path, options: list[str]) -> None:
    """Fuzz one reader in this process, which libFuzzer ends."""
    import atheris

    with atheris.instrument_imports(include=["segue"]):
        from benchmarks.hostile_seeds import READERS

    warnings.simplefilter("ignore")
    reader = next(one for one in (make(folder) for make in READERS) if one.kind == kind)
    corpus, path = folder / "corpus", folder / f"input{reader.ending}"
    corpus.mkdir()
    for i, seed in enumerate(reader.seeds):
        (corpus / str(i)).write_bytes(seed)

    def read(data: bytes) -> None:
        path.write_bytes(data)
        with contextlib.suppress(reader.refusals):
            reader.read(path)

    longest = max(map(len, reader.seeds))
    limits = [f"-timeout={LONGEST_S}", f"-rss_limit_mb={MOST_MB}", f"-max_len={2 * longest}"]
    atheris.Setup(["fuzz", *options, *limits, f"-artifact_prefix={folder}/", str(corpus)], read)
    atheris.Fuzz()


def kinds() -> list[str]:
    from benchmarks.hostile_seeds import READERS

    with tempfile.TemporaryDirectory() as folder:
        made = [make(Path(folder)).kind for make in READERS]
    return [kind for kind in made if not kind.startswith(_SOUNDS)]


def run(kind: str, seconds: int, keep: Path | None) -> dict[str, Any]:
    """How many inputs there were, the branches they reached, and what went wrong."""
    with tempfile.TemporaryDirectory() as folder:
        command = [
            sys.executable,
            "-m",
            "benchmarks.fuzz",
            "--one",
            kind,
            folder,
            f"-max_total_time={seconds}",
        ]
        text = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
        log = text.stdout + text.stderr
        wrong = [path for path in Path(folder).iterdir() if re.match(r"(crash|timeout|oom)-", path.name)]
        for path in wrong if keep else []:
            keep.mkdir(parents=True, exist_ok=True)
            (keep / f"{kind}-{path.name}").write_bytes(path.read_bytes())
    count = functools.partial(_last_number, log)
    if wrong or not count(r"Done (\d+) runs"):
        print(log[-3000:])
    inputs = count(r"Done (\d+) runs") or count(r"#(\d+)")
    return {
        "inputs": inputs,
        "branches": count(r"cov: (\d+)"),
        "wrong": len(wrong),
        "mb": count(r"rss: (\d+)Mb"),
    }


def _last_number(text: str, pattern: str) -> int:
    found = re.findall(pattern, text)
    return int(found[-1]) if found else 0


def main() -> int:
    if sys.argv[1:2] == ["--one"]:
        fuzz(sys.argv[2], Path(sys.argv[3]), sys.argv[4:])
        return 0
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=120, help="for each kind")
    parser.add_argument("--only", help="one kind")
    parser.add_argument("--keep", type=Path, help="a folder for inputs that go wrong")
    options = parser.parse_args()
    print(f"{'kind':24}{'inputs':>10}{'branches':>10}{'wrong':>7}{'MB':>7}")
    n_wrong = 0
    for kind in kinds():
        if options.only in (None, kind):
            found = run(kind, options.seconds, options.keep)
            row = f"{kind:24}{found['inputs']:10}{found['branches']:10}{found['wrong']:7}{found['mb']:7}"
            print(row, flush=True)
            n_wrong += found["wrong"]
    return 1 if n_wrong else 0


if __name__ == "__main__":
    sys.exit(main())
