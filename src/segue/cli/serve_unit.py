"""segue serve --print-unit: the service as a unit of systemd, which starts it with the machine."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import click
from click.core import ParameterSource

from segue.paths import expand_home

_UNIT = """\
# ~/.config/systemd/user/segue.service
[Unit]
Description=Segue: recommends music by how it sounds
After=network-online.target
Wants=network-online.target

[Service]
ExecStart={command}
# A password or a token, which other users must not read: SEGUE_PASSWORD=...
EnvironmentFile=-%h/.config/segue/serve.env
Restart=on-failure
RestartSec=5
Nice=5
NoNewPrivileges=yes
UMask=0077

[Install]
WantedBy=default.target
"""
_SECRET = ("password", "token")
_NEEDLESS = ("show", "print_unit")


def print_unit(context: click.Context, library: Path | None) -> None:
    """Write the unit that starts ``segue serve`` with the options of this call to stdout, without secrets."""
    named = ["--library", str(library.absolute())] if library else []
    words = [*_program(), *named, "serve", "--no-open", *_options(context)]
    click.echo(_UNIT.format(command=" ".join(map(_quoted, words))), nl=False)
    click.echo(
        "write this to ~/.config/systemd/user/segue.service, then:\n"
        "  systemctl --user enable --now segue\n"
        "  loginctl enable-linger    (to start it with the machine, before you log in)",
        err=True,
    )


def _program() -> list[str]:
    """How this very Segue is started."""
    name = Path(sys.argv[0])
    program = shutil.which("segue", path=str(Path(sys.executable).parent))
    if name.stem == "segue" and name.is_file():
        return [str(name.absolute())]
    return [program] if program else [sys.executable, "-m", "segue"]


def _options(context: click.Context) -> list[str]:
    """The options that were typed, as they are typed; folders from the root on."""
    words: list[str] = []
    for parameter in context.command.params:
        name = parameter.name or ""
        typed = context.get_parameter_source(name) is ParameterSource.COMMANDLINE
        if not typed or name in _SECRET + _NEEDLESS or not isinstance(parameter, click.Option):
            continue
        value = context.params[name]
        option = max(parameter.opts, key=len)
        if parameter.is_flag:
            words.append(option if value else max(parameter.secondary_opts, key=len))
            continue
        for each in value if parameter.multiple else [value]:
            is_path = isinstance(parameter.type, click.Path)
            words.append(f"{option}={expand_home(each).absolute() if is_path else each}")
    return words


def _quoted(word: str) -> str:
    """A word as systemd reads it: its own rules for quotes, per cents and dollars."""
    word = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{word}"' if not word or any(c.isspace() or c in "\"';#" for c in word) else word
