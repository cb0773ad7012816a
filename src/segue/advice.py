"""What to type next: commands as this user runs Segue, and how to install what is missing."""

from __future__ import annotations

import json
import os
import shlex
from pathlib import Path

import platformdirs

from segue.paths import expand_home

VARIABLE = "SEGUE_COMMAND"  # start.py says here how it was called
MISSING_EXTRA = "SEGUE_MISSING_EXTRA"  # and here the file in which it wants to find what is to be installed


def data_folder() -> Path:
    """Where Segue keeps this user's data."""
    return platformdirs.user_data_path("segue", appauthor=False)


def default_library() -> Path:
    """The library of commands that name none."""
    return data_folder() / "library"


def command(arguments: str, *, library: Path | str | None = None) -> str:
    """A command to type: ``segue scan FOLDER``, or ``python3 start.py scan FOLDER`` if Segue runs that way.

    Parameters
    ----------
    library : folder that the command is about; named unless the command would take it anyway
    """
    words = [_program()]
    usual = {default_library(), expand_home(os.environ.get("SEGUE_LIBRARY") or default_library())}
    if library is not None and Path(library) not in usual:
        words.append(f"--library {shell_word(str(library))}")
    return " ".join([*words, arguments]).rstrip()


def shell_word(text: str) -> str:
    """A text as one word of a command to type; what a terminal cannot show is escaped for bash and zsh."""
    if text.isprintable():
        return shlex.quote(text)
    parts = (c if c.isprintable() and c not in "\\'" else _escape(c) for c in text)
    return f"$'{''.join(parts)}'"


def _escape(letter: str) -> str:
    return "".join(f"\\x{byte:02x}" for byte in os.fsencode(letter))


def install(extra: str) -> str:
    """The command that installs one of Segue's extras; from where Segue came, as no package index has it."""
    if os.environ.get(VARIABLE):
        return f"{_program()} install {extra}"
    origin = _origin()
    if origin is None:
        return f"pip install '.[{extra}]' in Segue's folder"
    requirement = f"segue[{extra}] @ {origin}" if "://" in origin else f"{origin}[{extra}]"
    return f"pip install {shlex.quote(requirement)}"


def ask_for_extra(extra: str) -> bool:
    """Have start.py install an extra and run the command again; whether it was there to be asked."""
    path = os.environ.get(MISSING_EXTRA)
    if path:
        Path(path).write_text(extra, "utf-8")
    return bool(path)


def _program() -> str:
    return os.environ.get(VARIABLE) or "segue"


def _origin() -> str | None:
    """The folder, wheel or address that pip installed Segue from, if it is known and still there."""
    from importlib import metadata  # here, as it takes longer to load than all else of most commands
    from urllib.parse import urlsplit
    from urllib.request import url2pathname

    try:
        origin = json.loads(metadata.distribution("segue").read_text("direct_url.json") or "{}")
    except (metadata.PackageNotFoundError, ValueError):
        return None
    url = str(origin.get("url", ""))
    if not url.startswith("file:"):
        vcs = origin.get("vcs_info", {}).get("vcs")
        return (f"{vcs}+{url}" if vcs else url) or None
    path = url2pathname(urlsplit(url).path)
    return path if Path(path).exists() else None
