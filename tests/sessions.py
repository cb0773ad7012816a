"""The documents' sessions: ``python -m tests.sessions`` runs them and writes what the commands print now.

A session is a block of ``console``: lines after "$ " are commands, those below are what they print on a
terminal of 100 columns. Each page begins in a home of its own, with the demo's music in ``~/Music``, and
without networks. Its programs in Python run too. A command with nothing below it is run, and its output is
not shown; "…" as the last line stands for what follows. Lines that differ only in times, or in scores by a
hundredth, stay as they are.
"""

from __future__ import annotations

import contextlib
import io
import math
import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from segue.cli import run
from segue.demo import write_demo

ROOT = Path(__file__).resolve().parents[1]
COLUMNS = 100
CUT = "…"
_BLOCK = re.compile(r"(?<=```)(console|python)\n(.*?)(?=```)", re.DOTALL)
_TIMES = re.compile(r"[\d.]+ s\b|\d+x real time|\d{4}-\d\d-\d\d \d\d:\d\d")
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_STYLE = re.compile(r"\x1b\[[0-9;]*m")


def pages(language: str = "console|python") -> list[Path]:
    """The documents that have sessions, or programs in Python."""
    found = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    return [page for page in found if re.search(f"```({language})\n", page.read_text("utf-8"))]


def played(page: Path, home: Path) -> str:
    """The page's text with what its sessions print now; fails where a command or a program does."""
    with _at(home):
        return _BLOCK.sub(lambda block: f"{block[1]}\n{_play(block[1], block[2])}", page.read_text("utf-8"))


def make_home(folder: Path, music: Path) -> Path:
    """A home for one page, with the demo's music at the places that the documents name."""
    folder.mkdir()
    for name in ("music", "Music"):
        (folder / name).symlink_to(music)
    return folder


@contextlib.contextmanager
def _at(home: Path) -> Iterator[None]:
    kept, cwd = dict(os.environ), Path.cwd()
    for name in list(os.environ):
        if name.startswith(("XDG_", "SEGUE_")):
            del os.environ[name]
    paths = [str(ROOT / "src"), os.environ.get("PYTHONPATH", "")]
    os.environ.update(HOME=str(home), SEGUE_PULL="0", COLUMNS=str(COLUMNS), PYTHONPATH=os.pathsep.join(paths))
    os.chdir(home)
    try:
        yield
    finally:
        os.chdir(cwd)
        os.environ.clear()
        os.environ.update(kept)


def _play(language: str, text: str) -> str:
    if language == "python":
        done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{text}\n{done.stderr}"
        assert done.stdout.strip(), f"prints nothing:\n{text}"
        return text
    lines: list[str] = []
    for command, *shown in _commands(text):
        lines += [f"$ {command}", *_as_shown(_printed(command), shown)]
    return "".join(f"{line}\n" for line in lines)


def _commands(text: str) -> list[list[str]]:
    """Each command with the lines below it."""
    return [part.splitlines() for part in re.split(r"^\$ ", text, flags=re.MULTILINE) if part]


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def _printed(command: str) -> list[str]:
    """What a command prints on stdout, with the home as "~"."""
    home = os.environ["HOME"]
    program, *arguments = shlex.split(command.replace("~", home))
    assert program == "segue", command
    with contextlib.redirect_stdout(_Terminal()) as out, contextlib.redirect_stderr(io.StringIO()) as err:
        code = run(arguments)
    assert code == 0, f"{command}: {err.getvalue()}"
    return _STYLE.sub("", out.getvalue()).replace(home, "~").splitlines()


def _as_shown(printed: list[str], shown: list[str]) -> list[str]:
    """The printed lines, as many as are shown; where nothing has changed but times, the shown ones."""
    if not shown:
        return []
    if shown[-1] == CUT:
        printed = [*printed[: len(shown) - 1], CUT]
    if len(shown) != len(printed):
        return printed
    return [old if is_alike(old, new) else new for old, new in zip(shown, printed, strict=True)]


def is_alike(old: str, new: str) -> bool:
    """Whether two lines are the same but for times, and for a hundredth of scores."""
    old, new = (_TIMES.sub("(time)", line) for line in (old, new))
    if _NUMBER.sub("#", old) != _NUMBER.sub("#", new):
        return False
    pairs = zip(_NUMBER.findall(old), _NUMBER.findall(new), strict=True)
    return all(
        a == b or ("." in a + b and math.isclose(float(a), float(b), rel_tol=1e-3, abs_tol=0.0101))
        for a, b in pairs
    )


def main() -> None:
    """Write the pages anew whose sessions print something else now."""
    with tempfile.TemporaryDirectory() as folder:
        write_demo(Path(folder) / "demo")
        for page in pages("console"):
            text = played(page, make_home(Path(folder) / page.stem, Path(folder) / "demo"))
            if text != page.read_text("utf-8"):
                page.write_text(text, "utf-8")
                print(f"wrote {page.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
