from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from segue.embed import logmel

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data" / "max_samples"
Float64 = NDArray[np.float64]


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(2)


def tone(sr: int, seconds: float, hz: float = 440.0) -> NDArray[np.float32]:
    return (0.5 * np.sin(2 * np.pi * hz * np.arange(int(sr * seconds)) / sr)).astype(np.float32)


def dft(n_fft: int) -> NDArray[np.complex128]:
    """A Fourier matrix, so that the reference shares no transform with the code under test."""
    turn = np.outer(np.arange(n_fft), np.arange(n_fft // 2 + 1)) % n_fft
    return np.exp(-2j * np.pi * turn / n_fft)


def htk(hz: float) -> float:
    return 1127 * math.log(1 + hz / 700)


def triangle(at: float, left: float, center: float, right: float) -> float:
    return max(0.0, min((at - left) / (center - left), (right - at) / (right - center)))


def mel_bank(n_fft: int, sr: int, n_mels: int, low: float, high: float) -> Float64:
    step = (htk(high) - htk(low)) / (n_mels + 1)
    bank = np.zeros((n_fft // 2 + 1, n_mels))
    for i in range(1, n_fft // 2 + 1):
        for band in range(n_mels):
            edges = [htk(low) + (band + j) * step for j in range(3)]
            bank[i, band] = triangle(htk(i * sr / n_fft), *edges)
    return bank


def slaney_bank() -> Float64:
    def to_hz(mel: float) -> float:
        return mel * 200 / 3 if mel < 15 else 1000 * 6.4 ** ((mel - 15) / 27)

    top = 15 + 27 * math.log(8) / math.log(6.4)
    bank = np.zeros((257, 96))
    for band in range(96):
        left, center, right = (to_hz(top * (band + j) / 97) for j in range(3))
        for i in range(257):
            bank[i, band] = triangle(i * 31.25, left, center, right) * 2 / (right - left)
    return bank


def spectra(y: Float64, window: Float64, n_fft: int, hop: int) -> Float64:
    starts = range(0, len(y) - len(window) + 1, hop)
    frames = [np.pad(y[s : s + len(window)] * window, (0, n_fft - len(window))) for s in starts]
    return np.abs(np.stack(frames) @ dft(n_fft))


def vggish_reference(y: NDArray[np.float32]) -> Float64:
    window = np.array([0.5 - 0.5 * math.cos(2 * math.pi * i / 400) for i in range(400)])
    magnitudes = spectra(y.astype(np.float64), window, 512, 160)
    frames = np.log(magnitudes @ mel_bank(512, 16_000, 64, 125, 7500) + 0.01)
    return np.stack([frames[i : i + 96] for i in range(0, len(frames) - 95, 96)])


def musicnn_reference(y: NDArray[np.float32]) -> Float64:
    padded = np.pad(y.astype(np.float64), 256, mode="reflect")
    window = np.array([0.5 - 0.5 * math.cos(2 * math.pi * i / 512) for i in range(512)])
    frames = np.log10(10_000 * (spectra(padded, window, 512, 256) ** 2 @ slaney_bank()) + 1)
    return np.stack([frames[i : i + 187] for i in range(0, len(frames) - 186, 187)])


def mn04_reference(y: NDArray[np.float32]) -> Float64:
    wide = y.astype(np.float64)
    padded = np.pad(wide[1:] - 0.97 * wide[:-1], 512, mode="reflect")
    window = np.array([0.5 - 0.5 * math.cos(2 * math.pi * i / 799) for i in range(800)])
    power = spectra(padded, np.pad(window, 112), 1024, 320) ** 2
    return ((np.log(power @ mel_bank(1024, 32_000, 128, 0, 15_000) + 1e-5) + 4.5) / 5).T


def sounds(sr: int, rng: np.random.Generator) -> dict[str, NDArray[np.float32]]:
    noise = rng.uniform(-1, 1, int(6.5 * sr)).astype(np.float32)
    return {
        "noise": noise,
        "quiet": noise * np.float32(1e-4),
        "tone": tone(sr, 7.0),
        "silence": np.zeros(7 * sr, np.float32),
        "clicks": (noise > 0.999).astype(np.float32),
        "offset": np.full(7 * sr, 0.9, np.float32),
    }


@pytest.mark.parametrize("kind", ["noise", "quiet", "tone", "silence", "clicks", "offset"])
def test_vggish_is_within_1e_5_of_the_recipe(kind: str, rng: np.random.Generator) -> None:
    y = sounds(16_000, rng)[kind]
    np.testing.assert_allclose(logmel.vggish_patches(y), vggish_reference(y), rtol=0, atol=1e-5)


@pytest.mark.parametrize("kind", ["noise", "quiet", "tone", "silence", "clicks", "offset"])
def test_musicnn_is_within_1e_5_of_the_recipe(kind: str, rng: np.random.Generator) -> None:
    y = sounds(16_000, rng)[kind]
    np.testing.assert_allclose(logmel.musicnn_patches(y), musicnn_reference(y), rtol=0, atol=1e-5)


@pytest.mark.parametrize("kind", ["noise", "quiet", "tone", "silence", "clicks", "offset"])
def test_mn04_is_within_1e_4_of_the_recipe(kind: str, rng: np.random.Generator) -> None:
    """Its pre-emphasis is float32, as upstream: what it rounds off shows in silent bands."""
    y = sounds(32_000, rng)[kind]
    np.testing.assert_allclose(logmel.mn04_logmel(y), mn04_reference(y), rtol=0, atol=1e-4)


@pytest.mark.parametrize("seconds", [0.0, 0.01, 0.9, 0.974])
def test_less_than_a_vggish_patch_gives_none(seconds: float) -> None:
    assert logmel.vggish_patches(tone(16_000, seconds)).shape == (0, 96, 64)


@pytest.mark.parametrize(("samples", "patches"), [(15_599, 0), (15_600, 1), (30_959, 1), (30_960, 2)])
def test_vggish_patches_follow_each_other(samples: int, patches: int) -> None:
    assert logmel.vggish_patches(np.zeros(samples, np.float32)).shape == (patches, 96, 64)


@pytest.mark.parametrize(
    ("samples", "patches"), [(0, 0), (1, 0), (47_615, 0), (47_616, 1), (48_000, 1), (95_487, 1), (95_488, 2)]
)
def test_musicnn_patches_follow_each_other(samples: int, patches: int) -> None:
    assert logmel.musicnn_patches(np.zeros(samples, np.float32)).shape == (patches, 187, 96)


@pytest.mark.parametrize(
    ("samples", "frames"), [(0, 0), (1, 0), (513, 0), (514, 2), (320_000, 1000), (320_001, 1001)]
)
def test_mn04_has_a_hundred_frames_a_second(samples: int, frames: int) -> None:
    assert logmel.mn04_logmel(np.zeros(samples, np.float32)).shape == (128, frames)


def test_blocks_do_not_show(rng: np.random.Generator) -> None:
    """A long sound's patches are those of its parts: frames do not depend on the block they lie in."""
    y = rng.uniform(-1, 1, 16_000 * 30).astype(np.float32)
    whole = logmel.vggish_patches(y)
    for i in (0, 7, 20):
        part = y[i * 15_360 : i * 15_360 + 15_600]
        np.testing.assert_allclose(logmel.vggish_patches(part)[0], whole[i], rtol=0, atol=1e-6)


@pytest.mark.parametrize("sr", [16_000, 32_000])
def test_a_tone_lights_the_band_around_it(sr: int) -> None:
    y = tone(sr, 3.2, hz=1000.0)
    step = htk(15_000) / 129
    if sr == 32_000:
        assert abs(int(logmel.mn04_logmel(y).mean(1).argmax()) - (htk(1000) / step - 1)) < 1
    else:
        step = (htk(7500) - htk(125)) / 65
        band = int(logmel.vggish_patches(y).mean((0, 1)).argmax())
        assert abs(band - ((htk(1000) - htk(125)) / step - 1)) < 1


def test_recipes_return_contiguous_float32() -> None:
    for made in (
        logmel.vggish_patches(tone(16_000, 3.1)),
        logmel.musicnn_patches(tone(16_000, 3.1)),
        logmel.mn04_logmel(tone(32_000, 3.1)),
    ):
        assert made.dtype == np.float32
        assert made.flags.c_contiguous


@pytest.mark.slow
def test_musicnn_agrees_with_librosa() -> None:
    librosa = pytest.importorskip("librosa")
    y = tone(16_000, 3.0) + np.float32(0.1)
    mel = librosa.feature.melspectrogram(
        y=y, sr=16_000, n_fft=512, hop_length=256, n_mels=96, pad_mode="reflect"
    )
    expected = np.log10(10_000 * mel.T[:187] + 1)
    np.testing.assert_allclose(logmel.musicnn_patches(y)[0], expected, rtol=0, atol=1e-4)


@pytest.mark.slow
@pytest.mark.shared
@pytest.mark.skipif(not SHARED.exists(), reason=f"needs {SHARED}")
def test_vggish_is_within_1e_5_on_real_sounds() -> None:
    soundfile = pytest.importorskip("soundfile")
    for path in sorted(SHARED.glob("*.wav"))[:6]:
        y, _ = soundfile.read(path, frames=120_000, dtype="float32", always_2d=True)
        mono = y.mean(1)
        np.testing.assert_allclose(
            logmel.vggish_patches(mono), vggish_reference(mono), rtol=0, atol=1e-5, err_msg=path.name
        )
