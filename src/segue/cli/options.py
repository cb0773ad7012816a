"""What all commands share: which library, which words."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from segue.advice import default_library
from segue.cli.choice import chooser
from segue.paths import expand_home

if TYPE_CHECKING:
    from segue.library import Library
    from segue.spec import Embedder


def renamed(**new_names: str) -> dict[str, Any]:
    """Context settings under which options and choices also answer to old names, which no help shows."""
    return {"token_normalize_func": lambda name: new_names.get(name, name)}


class FiniteRange(click.FloatRange):
    """Numbers in a range, of which NaN and infinity are none."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        number = float(super().convert(value, param, ctx))
        if not math.isfinite(number):
            self.fail(f"{number} is not a finite number.", param, ctx)
        return number


class AppError(Exception):
    """Ends the command with an exit code; what there was to say has been said."""

    def __init__(self, exit_code: int) -> None:
        super().__init__(exit_code)
        self.exit_code = exit_code


class Context:
    """What the options before the command said."""

    def __init__(self, library: str | None) -> None:
        self.is_named = bool(library)
        self.path = expand_home(library) if library else default_library()

    def open(self, *, create: bool = False, embedders: Sequence[Embedder | str] = ()) -> Library:
        from segue.library import Library  # decoders take a moment to load

        library = Library.open(self.path, create=create, embedders=embedders or None)
        library.choose = chooser()
        return library
