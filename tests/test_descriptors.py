from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from segue import audio
from segue.embed.descriptors import DIMENSIONS, SPEC, WINDOW, Descriptors
from segue.embed.descriptors.filters import HOP, N_FFT, SR, mel_blocks, mel_weights
from segue.embed.descriptors.rhythm import tempo_bpm, tempogram
from segue.embed.descriptors.spectra import FRAME_FEATURES, frame_features
from segue.sound import Excerpts
from segue.spec import EmbedderSpec
from tests.embedder_contract import EmbedderContract

pytestmark = pytest.mark.filterwarnings(
    "ignore:.*:DeprecationWarning:(audioread|librosa|numba|lazy_loader).*"
)

INDEX = {dimension.name: i for i, dimension in enumerate(DIMENSIONS)}


class TestDescriptors(EmbedderContract):
    @pytest.fixture(scope="class")
    @classmethod
    def embedder(cls) -> Descriptors:
        return Descriptors()

    def count_windows(self, spec: EmbedderSpec, n_samples: int) -> int:
        """The rest of a part joins its last window if it is under half of one."""
        return max(1, round((1 + n_samples // HOP) / WINDOW))


def song(rng: np.random.Generator, duration_s: float = 12.0) -> np.ndarray:
    """Chords, a beat and hiss: something in every feature."""
    t = np.arange(int(duration_s * SR)) / SR
    chord = sum(
        np.sin(2 * np.pi * hz * t * (1 + 0.001 * np.sin(5 * t))) for hz in (220, 277.2, 329.6, 1318.5)
    )
    beat = rng.standard_normal(len(t)) * np.exp(-30 * (t % 0.5))
    return (0.08 * chord * (1 + np.sin(2 * np.pi * t / 4)) + 0.2 * beat).astype(np.float32)


def by_librosa(y: np.ndarray) -> dict[str, np.ndarray]:
    import librosa

    feature = librosa.feature
    rows = {
        "mfcc": feature.mfcc(y=y, sr=SR, n_mfcc=20),
        "centroid_hz": feature.spectral_centroid(y=y, sr=SR),
        "bandwidth_hz": feature.spectral_bandwidth(y=y, sr=SR),
        "rolloff_hz": feature.spectral_rolloff(y=y, sr=SR),
        "flatness": feature.spectral_flatness(y=y),
        "zero_crossing_rate": feature.zero_crossing_rate(y),
        "contrast": feature.spectral_contrast(y=y, sr=SR),
        "chroma": feature.chroma_stft(y=y, sr=SR, tuning=0.0),
        "rms": feature.rms(y=y),
        "onset_strength": librosa.onset.onset_strength(y=y, sr=SR)[None],
    }
    return {name: row.T for name, row in rows.items()}


def columns(frames: np.ndarray, feature: str) -> np.ndarray:
    return frames[:, [i for i, name in enumerate(FRAME_FEATURES) if name.startswith(feature)]]


def assert_equal_to_librosa(y: np.ndarray) -> None:
    import librosa

    frames, _ = frame_features([y])
    for feature, expected in by_librosa(y).items():
        found = columns(frames, feature)
        assert found.shape == expected.shape, feature
        for statistic in (np.mean, np.std):
            ours, theirs = statistic(found, axis=0), statistic(expected, axis=0)
            scale = np.maximum(np.abs(theirs), 0.01 * np.abs(expected).max())
            assert (np.abs(ours - theirs) / scale).max() < 0.01, (feature, statistic.__name__)
    rows, _ = tempogram(frames[:, -1], [len(frames)])
    expected_tempo = librosa.feature.tempo(y=y, sr=SR)[0]
    assert tempo_bpm(rows) == pytest.approx(expected_tempo, rel=0.01)


@pytest.mark.slow
def test_features_equal_librosas_on_a_made_song(rng):
    assert_equal_to_librosa(song(rng))


@pytest.mark.slow
@pytest.mark.parametrize("hz", [60.0, 440.0, 8000.0])
def test_features_equal_librosas_on_a_pure_tone(hz):
    t = np.arange(4 * SR) / SR
    y = (0.5 * np.sin(2 * np.pi * hz * t)).astype(np.float32)
    frames, _ = frame_features([y])
    expected = by_librosa(y)
    # A tone without any noise leaves the rest of the spectrum to rounding, so the shape is compared.
    for feature in ("centroid_hz", "bandwidth_hz", "rolloff_hz", "zero_crossing_rate", "rms"):
        np.testing.assert_allclose(columns(frames, feature), expected[feature], rtol=0.01, atol=1e-3)


@pytest.mark.slow
@pytest.mark.shared
@pytest.mark.parametrize(
    "clip", ["btanks__batterie", "wesnoth__sad", "supertux__chipdisko", "muldjord__chaos-god"]
)
def test_features_equal_librosas_on_real_music(shared: Path, clip: str):
    sound = audio.load(shared / "data" / "music" / "audio" / f"{clip}.ogg")
    assert_equal_to_librosa(sound.at(SR)[0])


def test_every_dimension_has_a_name_a_unit_and_a_source():
    assert len(DIMENSIONS) == SPEC.dim == len(Descriptors().dimensions)
    assert len({dimension.name for dimension in DIMENSIONS}) == len(DIMENSIONS)
    assert all(dimension.unit and dimension.source for dimension in DIMENSIONS)


def test_pooled_vector_holds_means_and_deviations_of_the_frames(rng):
    y = song(rng)
    frames, _ = frame_features([y])
    pooled = Descriptors().embed(Excerpts.from_waveform(y, SR)).pooled
    column = FRAME_FEATURES.index("rolloff_hz")
    assert pooled[INDEX["rolloff_hz_mean"]] == pytest.approx(frames[:, column].mean(), rel=1e-5)
    assert pooled[INDEX["rolloff_hz_std"]] == pytest.approx(frames[:, column].std(), rel=1e-4)


def test_a_window_is_described_by_its_own_frames(rng):
    quiet, loud = 0.01 * song(rng, 6), song(rng, 6)
    embedding = Descriptors().embed(Excerpts.from_waveform(np.concatenate([quiet, loud]), SR))
    loudness = embedding.windows[:, INDEX["loudness_lkfs_mean"]].astype(float)
    assert len(embedding.windows) == 4
    assert loudness[2:].min() - loudness[0] == pytest.approx(40, abs=3)  # a hundredth is 40 dB


def test_loudness_of_a_full_scale_tone_is_as_the_standard_says():
    t = np.arange(5 * SR) / SR
    y = np.sin(2 * np.pi * 997 * t).astype(np.float32)
    pooled = Descriptors().embed(Excerpts.from_waveform(y, SR)).pooled
    # BS.1770-4: 0 dBFS at 997 Hz in one channel reads -3.01 LKFS.
    assert pooled[INDEX["loudness_lkfs_mean"]] == pytest.approx(-3.01, abs=0.15)


@pytest.mark.parametrize("bpm", [80.0, 120.0, 140.0])
def test_tempo_of_clicks_is_found(bpm, rng):
    t = np.arange(20 * SR) / SR
    y = (rng.standard_normal(len(t)) * np.exp(-60 * (t % (60 / bpm)))).astype(np.float32)
    pooled = Descriptors().embed(Excerpts.from_waveform(0.3 * y, SR)).pooled
    assert pooled[INDEX["tempo_bpm"]] == pytest.approx(bpm, rel=0.03)


def test_parts_of_a_long_sound_do_not_run_into_each_other(rng):
    first, second = song(rng, 4), song(rng, 5)
    together, lengths = frame_features([first, second])
    alone, _ = frame_features([first])
    assert lengths == [1 + len(first) // HOP, 1 + len(second) // HOP]
    onset = FRAME_FEATURES.index("onset_strength")
    assert (together[lengths[0] : lengths[0] + 3, onset] == 0).all()
    centroid = FRAME_FEATURES.index("centroid_hz")
    np.testing.assert_allclose(together[: lengths[0], centroid], alone[:, centroid], rtol=1e-6)


@pytest.mark.parametrize("n", [1, 300, N_FFT, 11_025])
def test_the_shortest_and_silent_sounds_give_finite_numbers(n):
    for y in (np.zeros(n, np.float32), np.full(n, 0.5, np.float32)):
        embedding = Descriptors().embed(Excerpts.from_waveform(y, SR))
        assert np.isfinite(embedding.pooled).all()
        assert np.isfinite(embedding.windows).all()
        assert len(embedding.windows) == 1


def test_the_mel_blocks_are_the_mel_weights():
    rebuilt = np.zeros_like(mel_weights())
    for i, (first, end, weights) in enumerate(mel_blocks()):
        rebuilt[first:end, 16 * i : 16 * (i + 1)] = weights
    assert (rebuilt == mel_weights()).all()


def test_the_same_sound_gives_nearly_the_same_vector_at_any_rate():
    def chord(sr: int) -> Excerpts:
        t = np.arange(4 * sr) / sr
        y = sum(np.sin(2 * np.pi * hz * t) / 8 for hz in (220, 330, 440, 660, 3300))
        return Excerpts.from_waveform(y.astype(np.float32), sr)

    at_22, at_44, at_48 = (Descriptors().embed(chord(sr)).pooled for sr in (22_050, 44_100, 48_000))
    for name in (
        "centroid_hz_mean",
        "bandwidth_hz_mean",
        "mfcc_01_mean",
        "chroma_A_mean",
        "loudness_lkfs_mean",
    ):
        assert at_44[INDEX[name]] == pytest.approx(at_22[INDEX[name]], rel=0.02), name
        assert at_48[INDEX[name]] == pytest.approx(at_22[INDEX[name]], rel=0.02), name
