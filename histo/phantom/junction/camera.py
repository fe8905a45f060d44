"""From light to a fluorescence camera's counts, or to the colours of DAB and haematoxylin."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from histo.phantom.junction.monolayer_spec import CameraSpec
from histo.phantom.junction.plane import Frame, Stream, chance, normal
from histo.phantom.raster import Canvas
from histo.phantom.spec import Appearance
from histo.phantom.stains import develop, paint_ellipses

__all__ = ["draw_nuclei", "expose_brown", "expose_counts"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Image = NDArray[np.float32]
_POISSON_BELOW = 40.0


def expose_counts(light: Image, spec: CameraSpec, rng: np.random.Generator) -> NDArray[np.uint16]:
    """Add shot and read-out noise, and turn light into counts that saturate.

    Shot noise is Poisson's; from 40 photons on its normal limit, which is faster.
    """
    photons = np.maximum(light, 0) * np.float32(spec.photons)
    noisy = photons + np.sqrt(photons) * rng.standard_normal(light.shape, dtype=np.float32)
    few = photons < _POISSON_BELOW
    noisy[few] = rng.poisson(photons[few])
    noisy += np.float32(spec.read_noise) * rng.standard_normal(light.shape, dtype=np.float32)
    largest = 2**spec.bits - 1
    counts = spec.offset * largest + noisy * np.float32((1 - spec.offset) * largest / (spec.photons * spec.full_scale))
    hot = rng.poisson(spec.hot_per_megapixel * light.size / 1e6)
    counts.flat[rng.integers(0, light.size, hot)] = largest
    return np.asarray(np.rint(np.clip(counts, 0, largest)), dtype=np.uint16)


def expose_brown(
    light: Image, nuclei: Image, look: Appearance, mpp: float, rng: np.random.Generator
) -> NDArray[np.uint8]:
    """Turn the junction protein into brown, under blue nuclei; both have gone through the lens already."""
    brown = np.maximum(light, 0).astype(np.float32)
    return develop((0.6 * nuclei + 0.06, brown), look, look.dab, mpp, rng)


def draw_nuclei(centres_um: Floats, keys: Ints, size_um: float, frame: Frame, seed: int) -> Image:
    """Draw an oval nucleus near the middle of each cell."""
    offset = (
        0.12 * size_um * np.stack([normal(seed, Stream.NUCLEUS, keys), normal(seed, Stream.NUCLEUS + 1, keys)], axis=1)
    )
    length = size_um * (0.85 + 0.3 * chance(seed, Stream.NUCLEUS + 2, keys))
    axes = np.stack([length, length * (0.65 + 0.3 * chance(seed, Stream.NUCLEUS + 3, keys))], axis=1)
    tones = 0.7 + 0.4 * chance(seed, Stream.NUCLEUS + 5, keys)
    canvas = Canvas(frame.shape, frame.mpp)
    return paint_ellipses(
        centres_um + offset - frame.corner, axes, np.pi * chance(seed, Stream.NUCLEUS + 4, keys), canvas, tones
    )
