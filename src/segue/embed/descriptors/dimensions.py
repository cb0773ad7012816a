"""A name, a unit and a source for each number of the descriptors."""

from __future__ import annotations

from dataclasses import dataclass

from segue.embed.descriptors.rhythm import PULSE_BPM
from segue.embed.descriptors.spectra import FRAME_FEATURES


@dataclass(frozen=True, slots=True)
class Dimension:
    """One number of a vector."""

    name: str
    unit: str
    source: str


_MEASURES = {
    "mfcc": ("dB", "mel-frequency cepstral coefficient of 128 mel bands (Davis & Mermelstein 1980)"),
    "centroid": ("Hz", "magnitude-weighted mean frequency"),
    "bandwidth": ("Hz", "magnitude-weighted spread around the centroid"),
    "rolloff": ("Hz", "frequency below which 85 % of the magnitude lies"),
    "flatness": ("0..1", "geometric over arithmetic mean of the power: 0 tone, 1 noise (Dubnov 2004)"),
    "zero": ("share", "neighboring samples with a change of sign"),
    "contrast": ("dB", "peaks over valleys of an octave band (Jiang et al. 2002)"),
    "chroma": ("0..1", "energy of a pitch class, the frame's strongest being 1 (Ellis 2007)"),
    "rms": ("full scale", "root mean square of the samples"),
    "loudness": ("LKFS", "K-weighted level, no lower than -70 (ITU-R BS.1770-4)"),
    "onset": ("dB", "mean rise of the mel bands from one frame to the next (Boeck & Widmer 2013)"),
}


def _dimensions() -> tuple[Dimension, ...]:
    rows = []
    for statistic, words in (("mean", "mean over frames"), ("std", "standard deviation over frames")):
        for feature in FRAME_FEATURES:
            unit, source = _MEASURES[feature.split("_")[0]]
            rows.append(Dimension(f"{feature}_{statistic}", unit, f"{source}; {words}"))
    rows.append(Dimension("tempo_bpm", "beats/min", "likeliest period of the onsets (Ellis 2007, eq. 2)"))
    for bpm in PULSE_BPM:
        source = "largest autocorrelation of the onsets within a quarter octave (Grosche et al. 2010)"
        rows.append(Dimension(f"pulse_{bpm:g}_bpm", "0..1", source))
    return tuple(rows)


DIMENSIONS = _dimensions()
