"""What a folder of results holds: files count only once the manifest names them."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from segue.errors import LibraryBusyError, UsageError
from segue.files import replacing, sweep
from segue.paths import expand_home
from segue.spec import EmbedderSpec, spec_from_json, spec_to_json

NAME = "manifest.json"
FORMAT = 1


@dataclass(frozen=True, slots=True)
class Run:
    """One run's files.

    Attributes
    ----------
    spaces : what its rows have vectors of
    files : names of its files
    retried : whether its rows stand in place of rows with an error
    """

    spaces: tuple[str, ...]
    files: tuple[str, ...]
    retried: bool = False


@dataclass(frozen=True, slots=True)
class Manifest:
    """What made a folder's embeddings, and which of its files count.

    Attributes
    ----------
    specs : of the embedders, by space, in JSON
    """

    folder: Path
    specs: dict[str, str] = field(default_factory=dict)
    runs: tuple[Run, ...] = ()

    @classmethod
    def load(cls, folder: Path) -> Manifest:
        """That of a folder; an empty one where there is none.

        Raises
        ------
        UsageError
            Where it is damaged, of a newer Segue, or no manifest of embeddings.
        """
        path = folder / NAME
        if not path.exists():
            return cls(folder)
        try:
            content = json.loads(path.read_text("utf-8"))
            if content["kind"] != "embeddings" or content["format"] != FORMAT:
                raise UsageError(
                    f"{path} is of kind {content['kind']!r}, format {content['format']}; "
                    f"expected 'embeddings', {FORMAT}"
                )
            runs = tuple(
                Run(tuple(run["spaces"]), tuple(run["files"]), run["retried"]) for run in content["runs"]
            )
            return cls(folder, dict(content["specs"]), runs)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise UsageError(f"{path} cannot be read as a manifest: {error}") from error

    @classmethod
    def of_embeddings(cls, folder: str | Path) -> Manifest:
        """That of a folder that ``embed`` filled. Raises UsageError where it holds no embeddings."""
        manifest = cls.load(expand_home(folder).absolute())
        if not manifest.runs:
            raise UsageError(f"{folder} holds no embeddings yet; expected a folder that embed filled")
        return manifest

    def save(self) -> None:
        """Replace the folder's manifest, whole or not at all."""
        content = {"kind": "embeddings", "format": FORMAT, "specs": self.specs}
        runs: list[dict[str, Any]] = [asdict(run) for run in self.runs]
        with replacing(self.folder / NAME) as part:
            part.write_text(json.dumps(content | {"runs": runs}, indent=1), "utf-8")

    def with_specs(self, specs: Sequence[EmbedderSpec]) -> Manifest:
        """With these embedders among its own.

        Raises
        ------
        UsageError
            Where the folder has vectors of another embedder of that name.
        """
        texts = dict(self.specs)
        for spec in specs:
            text = spec_to_json(spec)
            if texts.setdefault(spec.space, text) != text:
                raise UsageError(
                    f"{self.folder} holds embeddings of {spec.space} that were made by {texts[spec.space]}; "
                    f"this run would make them by {text}: choose another folder"
                )
        return replace(self, specs=texts)

    def with_run(self, run: Run) -> Manifest:
        return replace(self, runs=(*self.runs, run))

    def spec(self, space: str) -> EmbedderSpec:
        return spec_from_json(self.specs[space])

    def paths(self, run: Run) -> list[str]:
        """Of a run's files."""
        return [str(self.folder / name) for name in run.files]


def is_index(folder: Path) -> bool:
    """Whether a folder holds an index."""
    try:
        return bool(json.loads((folder / NAME).read_text("utf-8")).get("kind") == "index")
    except (OSError, ValueError, AttributeError):
        return False


@contextlib.contextmanager
def writing(folder: Path) -> Iterator[None]:
    """For the one driver that fills a folder; what a killed one left unfinished is deleted.

    Raises
    ------
    LibraryBusyError
        Where another driver does.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / ".lock", timeout=0)
    try:
        lock.acquire()
    except Timeout as error:
        raise LibraryBusyError(f"another job writes to {folder}") from error
    try:
        sweep(folder)
        yield
    finally:
        lock.release()
