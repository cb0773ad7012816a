"""What every embedder promises. Its tests inherit ``EmbedderContract`` and make one embedder to try."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from segue.sound import Excerpts, SoundInfo
from segue.spec import Embedder, EmbedderSpec, Embedding, label_names, spec_from_json, spec_to_json


def noise(sr: int, n_samples: int, seed: int = 0) -> np.ndarray:
    """Float32 (n_samples,): noise under a tone, so that no two seeds sound alike."""
    rng = np.random.default_rng(seed)
    tone = np.sin(2 * np.pi * rng.uniform(100, 1000) * np.arange(n_samples) / sr)
    return (0.2 * tone + 0.05 * rng.standard_normal(n_samples)).astype(np.float32)


def assert_equal(one: Embedding, other: Embedding) -> None:
    np.testing.assert_array_equal(one.pooled, other.pooled)
    np.testing.assert_array_equal(one.windows, other.windows)
    assert one.labels == other.labels


class EmbedderContract:
    """Give a fixture ``embedder`` of class scope; override ``count_windows`` where windows end otherwise."""

    @pytest.fixture(scope="class")
    @classmethod
    def embedder(cls) -> Embedder:
        raise NotImplementedError

    def count_windows(self, spec: EmbedderSpec, n_samples: int) -> int:
        """Windows of one part of a sound: whole ones every hop, or a single one that is filled up."""
        length, hop = round(spec.window_s * spec.sr), round(spec.hop_s * spec.sr)
        return max(1, 1 + (n_samples - length) // hop)

    @pytest.fixture(scope="class")
    @classmethod
    def n_samples(cls, embedder: Embedder) -> int:
        """Of a sound of two windows and the beginning of a third."""
        return round((1.3 * embedder.spec.window_s + embedder.spec.hop_s) * embedder.spec.sr)

    @pytest.fixture(scope="class")
    @classmethod
    def sounds(cls, embedder: Embedder, n_samples: int) -> list[Excerpts]:
        sr = embedder.spec.sr
        return [Excerpts.from_waveform(noise(sr, n_samples, seed), sr) for seed in range(3)]

    @pytest.fixture(scope="class")
    @classmethod
    def embeddings(cls, embedder: Embedder, sounds: list[Excerpts]) -> list[Embedding]:
        return [embedder.embed(sound) for sound in sounds]

    def test_its_spec_says_what_it_takes_and_survives_json(self, embedder: Embedder):
        spec = embedder.spec
        assert spec.accepts == "waveform"
        assert min(spec.version, spec.dim, spec.sr, spec.window_s, spec.hop_s) > 0
        assert spec.license
        assert spec.reference
        assert spec_from_json(spec_to_json(spec)) == spec

    def test_every_dimension_has_a_name_of_its_own(self, embedder: Embedder):
        assert len(set(embedder.dimensions)) == len(embedder.dimensions) == embedder.spec.dim

    def test_a_prior_has_a_value_for_every_dimension(self, embedder: Embedder):
        if embedder.prior is not None:
            values = (embedder.prior.mean, embedder.prior.std, embedder.prior.weight)
            assert [len(value) for value in values] == [embedder.spec.dim] * 3
            assert (embedder.prior.std > 0).all()

    def test_vectors_are_of_the_specs_size_and_type(self, embedder: Embedder, embeddings: list[Embedding]):
        for embedding in embeddings:
            assert (embedding.pooled.shape, embedding.pooled.dtype) == (
                (embedder.spec.dim,),
                embedder.spec.dtype,
            )
            assert embedding.windows.shape[1:] == (embedder.spec.dim,)
            assert embedding.windows.dtype == np.float16

    def test_there_is_a_row_for_each_window(
        self, embedder: Embedder, embeddings: list[Embedding], n_samples: int
    ):
        expected = self.count_windows(embedder.spec, n_samples)
        assert expected > 1
        assert [len(embedding.windows) for embedding in embeddings] == [expected] * len(embeddings)

    def test_no_window_reaches_from_one_part_into_the_next(self, embedder: Embedder, n_samples: int):
        sr = embedder.spec.sr
        parts = (noise(sr, n_samples, 0), noise(sr, n_samples // 2, 1))
        n = sum(map(len, parts))
        sound = Excerpts(SoundInfo(sr, 1, "array", n), n / sr, (0.0, 100.0), parts)
        expected = sum(self.count_windows(embedder.spec, len(part)) for part in parts)
        assert len(embedder.embed(sound).windows) == expected

    def test_vectors_depend_on_the_track_alone(
        self, embedder: Embedder, sounds: list[Excerpts], embeddings: list[Embedding]
    ):
        before = [sound.parts[0].copy() for sound in sounds]
        for sound, embedding in reversed(list(zip(sounds, embeddings, strict=True))):
            assert_equal(embedder.embed(sound), embedding)
        for sound, samples in zip(sounds, before, strict=True):
            np.testing.assert_array_equal(sound.parts[0], samples)

    def test_another_sound_has_other_vectors(self, embeddings: list[Embedding]):
        assert (embeddings[0].pooled != embeddings[1].pooled).any()
        assert (embeddings[0].windows != embeddings[1].windows).any()

    def test_threads_share_an_embedder(
        self, embedder: Embedder, sounds: list[Excerpts], embeddings: list[Embedding]
    ):
        with ThreadPoolExecutor(3) as pool:
            together = list(pool.map(embedder.embed, sounds))
        for one, other in zip(together, embeddings, strict=True):
            assert_equal(one, other)

    @pytest.mark.parametrize("duration_s", [0.001, 0.5])
    def test_a_sound_shorter_than_a_window_has_a_vector(self, embedder: Embedder, duration_s: float):
        sr = 44_100
        embedding = embedder.embed(Excerpts.from_waveform(noise(sr, int(duration_s * sr)), sr))
        spec = embedder.spec
        assert len(embedding.windows) == self.count_windows(spec, round(duration_s * spec.sr))
        assert np.isfinite(embedding.pooled).all()

    @pytest.mark.parametrize("gain", [0.0, 1e-4, 100.0])
    def test_quiet_and_loud_sounds_have_finite_vectors(self, embedder: Embedder, gain: float):
        sr = embedder.spec.sr
        y = np.float32(gain) * noise(sr, round(embedder.spec.window_s * sr))
        embedding = embedder.embed(Excerpts.from_waveform(y, sr))
        assert np.isfinite(embedding.pooled).all()
        assert np.isfinite(embedding.windows).all()

    def test_sound_of_another_rate_is_resampled(
        self, embedder: Embedder, embeddings: list[Embedding], n_samples: int
    ):
        sr = 44_100
        y = noise(sr, round(n_samples / embedder.spec.sr * sr))
        assert embedder.embed(Excerpts.from_waveform(y, sr)).windows.shape == embeddings[0].windows.shape

    def test_scores_are_those_of_all_labels(self, embedder: Embedder, embeddings: list[Embedding]):
        names = label_names(embedder)
        assert len(set(names)) == len(names)
        for embedding in embeddings:
            assert (embedding.scores is None) == (not names)
            if embedding.scores is not None:
                assert (embedding.scores.shape, embedding.scores.dtype) == ((len(names),), np.float32)
                assert ((embedding.scores >= 0) & (embedding.scores <= 1)).all()
                score_of = dict(zip(names, embedding.scores, strict=True))
                assert all(score_of[x.name] == pytest.approx(x.score, abs=1e-3) for x in embedding.labels)

    def test_labels_come_best_first(self, embeddings: list[Embedding]):
        for embedding in embeddings:
            scores = [label.score for label in embedding.labels]
            assert scores == sorted(scores, reverse=True)
            assert all(0 <= score <= 1 for score in scores)
            assert len({label.name for label in embedding.labels}) == len(scores)
