"""Models in one file, from a machine with a network to one without; archives of strangers are refused."""

from __future__ import annotations

import stat
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from segue.embed import models
from segue.embed.models import MODELS
from segue.embed.models.pack import pack, unpack
from segue.errors import ModelNotFoundError, SegueError, UsageError, WeightsError
from tests.small_vggish import known, write_published

Command = Callable[..., tuple[int, str, str]]
Change = Callable[[str, bytes], list[tuple[str | zipfile.ZipInfo, bytes]]]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory):
    """A folder with a small VGGish."""
    published, folder = write_published(tmp_path_factory.mktemp("published")), tmp_path_factory.mktemp("m")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(MODELS, "vggish", known(published))
        models.add("vggish", *published.values(), folder=folder)
        yield folder


@pytest.fixture
def packed(installed: Path, tmp_path: Path) -> Path:
    pack(tmp_path / "models.zip", folder=installed)
    return tmp_path / "models.zip"


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (folder / "vggish").iterdir()}


@pytest.mark.slow
def test_packed_models_are_the_same_on_another_machine(installed: Path, packed: Path, tmp_path: Path):
    assert unpack(packed, folder=tmp_path / "other") == ["vggish"]
    assert content(tmp_path / "other") == content(installed)
    models.check("vggish", folder=tmp_path / "other")
    assert unpack(packed, folder=tmp_path / "other") == ["vggish"], "a second time, over the first"
    assert sorted(p.name for p in (tmp_path / "other").iterdir() if not p.name.startswith(".")) == ["vggish"]


def test_the_commands_pack_and_unpack(
    segue: Callable[..., tuple[int, str, str]], installed: Path, tmp_path: Path
):
    file = tmp_path / "m.zip"
    assert segue("models", "--folder", installed, "pack", file)[:2] == (0, f"vggish: {file}\n")
    assert segue("models", "--folder", tmp_path / "o", "unpack", file)[:2] == (0, "vggish is ready\n")
    code, out, err = segue("models", "--folder", tmp_path / "none", "pack", tmp_path / "x.zip")
    assert (code, out) == (2, "")
    assert "no models are installed" in err
    assert segue("models", "unpack", tmp_path / "nothing.zip")[0] == 2


def rewritten(
    packed: Path, change: Callable[[str, bytes], list[tuple[str | zipfile.ZipInfo, bytes]]]
) -> Path:
    """The archive with other members."""
    other = packed.with_name("other.zip")
    with zipfile.ZipFile(packed) as source, zipfile.ZipFile(other, "w") as target:
        for info in source.infolist():
            for member, data in change(info.filename, source.read(info)):
                target.writestr(member, data)
    return other


def as_link(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return info


HOSTILE_NAMES = [
    "../evil.onnx", "vggish/../../evil", "/etc/evil", "vggish/a/b", "vggish\\..\\evil", "C:/evil",
    "vggish/.hidden", "evil", "vggish/", "vggish/evil\x00.onnx", "VGGISH/vggish.onnx",
]  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_no_name_leads_out_of_the_folder(packed: Path, tmp_path: Path, name: str):
    other = rewritten(
        packed, lambda own, data: [(own, data)] + [(name, b"evil")] * own.endswith("model.json")
    )
    assert_refused(other, tmp_path, SegueError)


def assert_refused(archive: Path, tmp_path: Path, error: type[SegueError]) -> None:
    before = sorted(path for path in tmp_path.rglob("*") if "target" not in path.parts)
    with pytest.raises(error):
        unpack(archive, folder=tmp_path / "target")
    assert not (tmp_path / "target" / "vggish").exists()
    assert sorted(path for path in tmp_path.rglob("*") if "target" not in path.parts) == before


def test_links_are_refused(packed: Path, tmp_path: Path):
    other = rewritten(
        packed, lambda own, data: [(as_link(own), b"/etc/passwd") if "pca" in own else (own, data)]
    )
    assert_refused(other, tmp_path, UsageError)


def test_changed_missing_added_and_unknown_files_are_refused(packed: Path, tmp_path: Path):
    changed = rewritten(
        packed, lambda own, data: [(own, data[:-1] + b"!" if own.endswith(".onnx") else data)]
    )
    assert_refused(changed, tmp_path, WeightsError)
    missing = rewritten(packed, lambda own, data: [] if own.endswith("pca.npz") else [(own, data)])
    assert_refused(missing, tmp_path, WeightsError)
    added = rewritten(packed, lambda own, data: [(own, data), (f"{own}.more", b"more")])
    assert_refused(added, tmp_path, WeightsError)
    unknown = rewritten(packed, lambda own, data: [(own.replace("vggish/", "polka/"), data)])
    assert_refused(unknown, tmp_path, WeightsError)


@pytest.mark.parametrize(
    "damage", [lambda data: data[: len(data) // 2], lambda data: b"no zip", lambda data: b""]
)
def test_a_damaged_archive_is_refused(packed: Path, tmp_path: Path, damage: Callable[[bytes], bytes]):
    packed.write_bytes(damage(packed.read_bytes()))
    assert_refused(packed, tmp_path, SegueError)


def test_only_installed_models_are_packed(installed: Path, tmp_path: Path):
    with pytest.raises(ModelNotFoundError, match="the model mn04 is missing"):
        pack(tmp_path / "m.zip", ["mn04"], folder=installed)
    with pytest.raises(UsageError, match="there is no model 'polka'"):
        pack(tmp_path / "m.zip", ["polka"], folder=installed)
    assert not (tmp_path / "m.zip").exists()
