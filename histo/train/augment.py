"""Vary the look of a crop, never its shape: stain, light, focus, sensor, compression."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from histo.train.settings import Augmentation

__all__ = ["vary_look"]

Picture = NDArray[np.float32]

# Haematoxylin, eosin and what is neither, as optical densities of red, green and blue (Ruifrok and Johnston 2001).
_STAINS = np.array([[0.650, 0.704, 0.286], [0.072, 0.990, 0.105], [0.268, 0.570, 0.776]])
_STAINS /= np.linalg.norm(_STAINS, axis=1, keepdims=True)
_FROM_STAINS = np.linalg.inv(_STAINS)
_DENSITY = (-np.log((np.arange(256) + 1.0) / 256)).astype(np.float32)


def vary_look(image: NDArray[np.uint8], settings: Augmentation, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Vary the look of an H&E crop at random.

    Stain, light and folds are varied in optical density, where they add up (Beer-Lambert); what happens in the
    microscope and the camera is done to the light that arrives.

    Parameters
    ----------
    image : (rows, cols, 3) array of uint8
        RGB.
    settings : Augmentation
        Strengths and probabilities.
    rng : Generator
        Decides.

    Returns
    -------
    (rows, cols, 3) array of uint8
        RGB of the same shape.
    """
    density = _vary_stain(_DENSITY[image], settings, rng)
    if rng.random() < settings.illumination:
        density += _light_field(density.shape[0], density.shape[1], rng)[..., None]
    if rng.random() < settings.fold:
        density *= _fold(density.shape[0], density.shape[1], rng)[..., None]
    light = np.exp(-density, out=density)
    light *= 256
    if rng.random() < settings.blur:
        light = _blur(light, rng.uniform(0.3, 2.2))
    elif rng.random() < settings.sharpen:
        light += rng.uniform(0.3, 1.5) * (light - _blur(light, rng.uniform(0.8, 1.6)))
    if rng.random() < settings.coarse:
        light = _coarsen(light, rng.uniform(1.5, 5.0))
    light = _vary_hue(light, settings, rng)
    if rng.random() < settings.noise:
        light += rng.standard_normal(light.shape, dtype=np.float32) * np.float32(rng.uniform(1, 8))
    np.clip(light, 0, 255, out=light)
    varied = light.astype(np.uint8)
    return _compress(varied, int(rng.integers(25, 92))) if rng.random() < settings.jpeg else varied


def _vary_stain(density: Picture, settings: Augmentation, rng: np.random.Generator) -> Picture:
    strength = settings.stain
    amount = np.exp(strength * rng.normal(0, (0.28, 0.28, 0.2))).clip(0.35, 2.6)
    if rng.random() < settings.missing_stain:
        amount[rng.integers(2)] *= rng.uniform(0.05, 0.4)
    vectors = (_STAINS + strength * rng.normal(0, 0.07, size=(3, 3))).clip(0, None)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    matrix = _FROM_STAINS @ np.diag(amount) @ vectors
    # The glass itself is seldom neutral: a cast of the lamp, and a veil of mounting medium.
    cast = strength * (np.abs(rng.normal(0, 0.04)) + rng.normal(0, 0.02, size=3))
    varied = cv2.transform(density, np.hstack([matrix.T, cast[:, None]]))
    return np.asarray(np.maximum(varied, 0, out=varied), np.float32)


def _light_field(n_rows: int, n_cols: int, rng: np.random.Generator) -> Picture:
    down = np.linspace(-1, 1, n_rows, dtype=np.float32)[:, None]
    across = np.linspace(-1, 1, n_cols, dtype=np.float32)[None, :]
    slope_down, slope_across = rng.normal(0, 0.12, size=2).astype(np.float32)
    vignette = np.float32(np.abs(rng.normal(0, 0.12)))
    middle_down, middle_across = rng.uniform(-0.5, 0.5, size=2).astype(np.float32)
    far = (down - middle_down) ** 2 + (across - middle_across) ** 2
    return np.asarray(slope_down * down + slope_across * across + vignette * far, np.float32)


def _fold(n_rows: int, n_cols: int, rng: np.random.Generator) -> Picture:
    angle = rng.uniform(0, np.pi)
    down = np.arange(n_rows, dtype=np.float32)[:, None] - np.float32(rng.uniform(0, n_rows))
    across = np.arange(n_cols, dtype=np.float32)[None, :] - np.float32(rng.uniform(0, n_cols))
    off = down * np.float32(np.cos(angle)) + across * np.float32(np.sin(angle))
    along = across * np.float32(np.cos(angle)) - down * np.float32(np.sin(angle))
    off += np.float32(rng.uniform(0, 12)) * np.sin(along / np.float32(rng.uniform(15, 60)))
    half_width, soft = np.float32(rng.uniform(3, 18)), np.float32(rng.uniform(1, 3))
    inside = 1 / (1 + np.exp(np.clip((np.abs(off) - half_width) / soft, -30, 30)))
    return np.asarray(1 + np.float32(rng.uniform(0.5, 1.2)) * inside, np.float32)


def _blur(light: Picture, sigma: float) -> Picture:
    return np.asarray(cv2.GaussianBlur(light, (0, 0), sigma), np.float32)


def _coarsen(light: Picture, factor: float) -> Picture:
    """Show what is left of a picture that was taken at a lower power."""
    n_rows, n_cols = light.shape[:2]
    size = max(round(n_cols / factor), 2), max(round(n_rows / factor), 2)
    small = cv2.resize(light, size, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, (n_cols, n_rows), interpolation=cv2.INTER_LINEAR), np.float32)


def _vary_hue(light: Picture, settings: Augmentation, rng: np.random.Generator) -> Picture:
    if rng.random() < settings.grey:
        turn = np.full((3, 3), 1 / 3)
    elif rng.random() < settings.hue:
        turn = _turn_about_grey(rng.normal(0, 0.2), rng.uniform(0.6, 1.35))
    else:
        return light
    return np.asarray(cv2.transform(light, turn), np.float32)


def _turn_about_grey(angle: float, saturation: float) -> NDArray[np.float64]:
    grey = np.full((3, 3), 1 / 3)
    cross = np.array([[0, -1, 1], [1, 0, -1], [-1, 1, 0]]) / np.sqrt(3)
    rotation: NDArray[np.float64] = grey + saturation * (np.cos(angle) * (np.eye(3) - grey) + np.sin(angle) * cross)
    return rotation


def _compress(image: NDArray[np.uint8], quality: int) -> NDArray[np.uint8]:
    # cv2 takes channels to be blue, green, red; what matters is that luminance is weighted as a scanner weights it.
    _, encoded = cv2.imencode(".jpg", image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.ascontiguousarray(np.asarray(cv2.imdecode(encoded, cv2.IMREAD_COLOR), np.uint8)[..., ::-1])
