"""Finds published files that somebody copied to this machine."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath

from segue.embed.models.published import Download, KnownFile, Model, verify
from segue.errors import UsageError, WeightsError


def locate_files(model: Model, paths: Sequence[Path]) -> dict[str, Path]:
    """The path of each file of a model, by the file's name; the sums are compared.

    A file is recognized by its size, whatever its name. What is not among ``paths`` is searched by name
    in the given folders and beside the given files.

    Raises
    ------
    UsageError
        Where a path does not exist, or a file is missing.
    WeightsError
        Where a file is not what was published.
    """
    for path in paths:
        if not path.exists():
            raise UsageError(f"{path} does not exist; give the published files or their folder")
    files: dict[str, Path] = {}
    for download in model.downloads:
        files |= _locate_download(model, download, paths)
    _refuse_unknown_files(model, paths, files)
    return files


def _locate_download(model: Model, download: Download, paths: Sequence[Path]) -> dict[str, Path]:
    ways = [way for place in download.places for way in ((place.file,), place.members)]
    for needed in sorted(ways, key=lambda way: not any(_find_given(file, paths) for file in way)):
        located = {_base(file): _locate(file, paths) for file in needed}
        complete = {name: path for name, path in located.items() if path}
        if needed and len(complete) == len(needed):
            for file in needed:
                verify(complete[_base(file)], file)
            return complete
    file = download.file
    given = ", ".join(_describe(path) for path in paths) or "nothing"
    raise UsageError(
        f"{file.name} of {model.name} ({file.size_bytes} bytes, sha256 {file.sha256}) is missing: given "
        f"were {given}; it is published as {' or as '.join(place.source for place in download.places)}"
    )


def _describe(path: Path) -> str:
    return f"{path} ({path.stat().st_size} bytes)" if path.is_file() else str(path)


def _locate(file: KnownFile, paths: Sequence[Path]) -> Path | None:
    if path := _find_given(file, paths):
        return path
    places = [path if path.is_dir() else path.parent for path in paths]
    return next((p for place in places for p in _candidates(place, file) if p.is_file()), None)


def _find_given(file: KnownFile, paths: Sequence[Path]) -> Path | None:
    files = [path for path in paths if path.is_file()]
    for path in files:
        if path.stat().st_size == file.size_bytes:
            return path
    return next((path for path in files if path.name == _base(file)), None)


def _candidates(place: Path, file: KnownFile) -> Iterator[Path]:
    """The file in an unpacked archive, whose folder may be given at any depth."""
    parts = PurePosixPath(file.name).parts
    return (place.joinpath(*parts[i:]) for i in range(len(parts)))


def _refuse_unknown_files(model: Model, paths: Sequence[Path], files: Mapping[str, Path]) -> None:
    """A given file that was not used is cut short, or another file."""
    used = {path.resolve() for path in files.values()}
    for path in paths:
        if path.is_file() and path.resolve() not in used:
            expected = ", ".join(f"{place.file.name} of {place.file.size_bytes}" for place in model.places)
            size = path.stat().st_size
            raise WeightsError(f"{path}: found {size} bytes, expected {expected} bytes", str(path))


def unpack_members(model: Model, files: Mapping[str, Path], work: Path) -> dict[str, Path]:
    """What the conversion needs, by name: members of archives are unpacked into ``work``."""
    unpacked = dict(files)
    for place in model.places:
        if place.members and place.file.name in files:
            unpacked |= _members(place, files[place.file.name], work)
    return unpacked


def _members(download: Download, path: Path, work: Path) -> dict[str, Path]:
    folder = work / "members"
    folder.mkdir()
    with zipfile.ZipFile(path) as archive:
        for member in download.members:
            (folder / _base(member)).write_bytes(archive.read(member.name))
    return {_base(member): folder / _base(member) for member in download.members}


def _base(file: KnownFile) -> str:
    return PurePosixPath(file.name).name
