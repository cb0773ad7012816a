"""Channels to mono: their mean, unless they cancel in it: as a whole, in their treble, or in their bass.

Steps from sample to sample are measured beside the samples: they show what bass or a constant would hide; and
steps between means of many samples, which show the bass.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from segue.track import Waveform

# The energy of the mean against that of as many unrelated channels, below which the channels cancel. Equal
# channels have 2 in stereo, unrelated ones 1, opposite ones 0: here the side is 10 dB above the middle.
CANCELLING = 0.2
BASS_SAMPLES = 256  # of one mean: at 44.1 kHz, 30 to 120 Hz are left in steps between them
BASS_SHARE = 0.2  # of the energy, that those steps need to count; less may be a record's rumble
AS_LOUD = 0.999  # energy of a channel's treble, against the most, that counts as equal
MEASURED = 4  # the first of so many parts of a block is measured, to save time; of that, steps in as many


class Downmix:
    """How the channels of one file become one; while it mixes, it measures what the mean loses.

    A file may have parts with other numbers of channels: each number is looked at on its own.
    """

    def __init__(self) -> None:
        self._mixes: dict[int, _Mix] = {}

    def mix(self, samples: NDArray[np.float32], out: Waveform | None = None) -> Waveform:
        """float32 (n, channels) -> (n,)."""
        channels = samples.shape[1]
        if channels not in self._mixes:
            self._mixes[channels] = _Mix(channels)
        return self._mixes[channels].mix(samples, out)

    def cancels(self) -> bool:
        """Whether the channels that were mixed so far have mostly cancelled each other."""
        return any(mix.cancels() for mix in self._mixes.values())

    def watch(self) -> None:
        """From now on, also measure which channels are opposed to which, where they cancel."""
        for mix in self._mixes.values():
            if mix.cancels():
                mix.products = np.zeros((2, mix.channels, mix.channels))

    def turn_opposed(self) -> None:
        """From now on, turn the channels over that are opposed to the others, so that nothing cancels."""
        for mix in self._mixes.values():
            mix.turn_opposed()


class _Mix:
    def __init__(self, channels: int) -> None:
        self.channels = channels
        self.products: NDArray[np.float64] | None = None
        self._weights = np.full(channels, 1 / channels, np.float32)
        self._decided = channels == 1  # one channel cannot cancel
        self._energy_of_mean = np.zeros(3)  # of samples, of steps, of bass
        self._energy_of_channels = np.zeros(3)

    def mix(self, samples: NDArray[np.float32], out: Waveform | None) -> Waveform:
        # Infinite samples are told of once all are read; np.dot is much quicker here than matmul.
        with np.errstate(invalid="ignore", over="ignore"):
            mono: Waveform = np.dot(samples, self._weights, out)
            if not self._decided:
                self._measure(samples, mono)
            if self.products is not None:
                self.products += [part.T @ part for part in (samples, np.diff(samples, axis=0))]
        return mono

    def _measure(self, samples: NDArray[np.float32], mono: Waveform) -> None:
        n = -(-len(mono) // MEASURED)
        # Each as it lies in memory: a copy would cost more than all else here.
        parts = samples.T[:, :n] if samples.flags.f_contiguous else samples[:n].reshape(1, -1)
        steps, step = (np.diff(y[: n // MEASURED + 1], axis=0) for y in (samples, mono))
        bass = _bass(samples, n)
        self._energy_of_channels += (
            sum(float(np.dot(part, part)) for part in parts),
            float(np.vdot(steps, steps)),
            float(np.vdot(bass, bass)),
        )
        bass_of_mean = bass @ self._weights
        self._energy_of_mean += [float(np.dot(y, y)) for y in (mono[:n], step, bass_of_mean)]

    def cancels(self) -> bool:
        alike = self._energy_of_mean * self.channels**2
        lost = alike < CANCELLING * self._energy_of_channels
        lost[2] &= self._energy_of_channels[2] >= BASS_SHARE * self._energy_of_channels[0]
        return not self._decided and bool(lost.any())

    def turn_opposed(self) -> None:
        """By what was mixed since ``watch``; one channel alone where no signs let all of it through."""
        products, self.products, self._decided = self.products, None, True
        if products is None or not np.isfinite(products).all():
            return
        signs, mean = _signs(products[0]), np.ones(self.channels)
        # Where the mean loses nothing but the treble, turning channels over would lose the bass.
        if not _keeps(mean, products[0]) and all(_keeps(signs, product) for product in products):
            self._weights = (signs / self.channels).astype(np.float32)
            return
        treble = products[1].diagonal()
        # The first of equals, as which sum is larger then depends on the processor.
        loudest = np.argmax(treble >= AS_LOUD * treble.max())
        self._weights = np.zeros(self.channels, np.float32)
        self._weights[loudest] = 1


def _bass(samples: NDArray[np.float32], n: int) -> NDArray[np.float32]:
    """Steps between means of the first ``n`` samples, (m, channels), with the energy of the bass in those."""
    m, channels = n // BASS_SAMPLES, samples.shape[1]
    each = np.full(BASS_SAMPLES, 1 / np.sqrt(BASS_SAMPLES), np.float32)
    if samples.flags.f_contiguous:
        means = samples.T[:, : m * BASS_SAMPLES].reshape(channels, m, BASS_SAMPLES) @ each
        return np.diff(means).T
    of_channel = np.kron(each[:, None], np.eye(channels, dtype=np.float32))
    means = samples[: m * BASS_SAMPLES].reshape(m, BASS_SAMPLES * channels) @ of_channel
    return np.diff(means, axis=0)


def _keeps(signs: NDArray[np.float64], products: NDArray[np.float64]) -> bool:
    return bool(signs @ products @ signs >= CANCELLING * np.trace(products))


def _signs(products: NDArray[np.float64]) -> NDArray[np.float64]:
    """Those of the largest principal component."""
    component = np.linalg.eigh(products)[1][:, -1]
    strong = np.flatnonzero(np.abs(component) > 0.5 * np.abs(component).max())
    return np.where(component * component[strong[0]] < 0, -1.0, 1.0)
