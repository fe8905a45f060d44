"""Vary the look of crops of one signal: what differs between fluorescence microscopes, exposures and slides."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from histo.train.settings import Augmentation

__all__ = ["vary_fluorescence"]


def vary_fluorescence(image: NDArray[np.uint8], settings: Augmentation, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Vary the look of a fluorescence crop at random: gain, gamma, haze, focus and noise.

    Parameters
    ----------
    image : (rows, cols, 3) array of uint8
        Three times the same grey.
    settings : Augmentation
        Probabilities; `stain` is the strength of gain and gamma, `illumination` the probability of uneven light.
    rng : Generator
        Decides.

    Returns
    -------
    (rows, cols, 3) array of uint8
        Of the same shape, grey again.
    """
    grey = image[..., 0].astype(np.float32) / 255
    grey = grey ** np.float32(np.exp(settings.stain * rng.normal(0, 0.3)))
    grey *= np.float32(np.exp(settings.stain * rng.normal(0, 0.35)))
    grey += np.float32(settings.stain * abs(rng.normal(0, 0.05)))
    if rng.random() < settings.illumination:
        slope = rng.normal(0, 0.3, size=2)
        across = np.linspace(-1, 1, grey.shape[1])[None, :]
        down = np.linspace(-1, 1, grey.shape[0])[:, None]
        grey *= np.exp(slope[0] * down + slope[1] * across).astype(np.float32)
    if rng.random() < settings.blur:
        grey = np.asarray(cv2.GaussianBlur(grey, (0, 0), rng.uniform(0.4, 1.8)), np.float32)
    if rng.random() < settings.noise:
        grey += rng.standard_normal(grey.shape, dtype=np.float32) * np.float32(rng.uniform(0.005, 0.06))
    varied = np.clip(grey * 255, 0, 255).astype(np.uint8)
    return np.repeat(varied[..., None], 3, axis=2)
