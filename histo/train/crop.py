"""Cut a crop out of a picture at a random place, size, rotation and bend, image and truth by the same map."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from histo.train.settings import Augmentation
from histo.train.source import Source
from histo.types import Compartment

__all__ = ["Crop", "cut_crop"]

# Two crops in three are centred on a compartment chosen evenly, so that thin layers and rare glands are seen often.
_SHARE_EVEN = 0.65
# Crops of nothing but glass or debris teach little.
_SHARE_OF_DULL = {int(Compartment.BACKGROUND): 0.25, int(Compartment.OTHER_TISSUE): 0.5}
_SHARE_REFLECTED = 0.7
_ELASTIC_CELL_PX = 48


@dataclass(frozen=True, eq=False)
class Crop:
    """A square of image and truth.

    Parameters
    ----------
    image : (side, side, 3) array of uint8
        RGB.
    truth : (side, side) array of uint8
        Compartments, `histo.train.source.IGNORE` and `NOT_CRYPT`.
    """

    image: NDArray[np.uint8]
    truth: NDArray[np.uint8]


def cut_crop(source: Source, side: int, settings: Augmentation, rng: np.random.Generator) -> Crop:
    """Cut a crop at random.

    Parameters
    ----------
    source : Source
        Picture and truth.
    side : int
        Of the crop, in pixels.
    settings : Augmentation
        Range of scales, and how strongly to bend.
    rng : Generator
        Decides.

    Returns
    -------
    Crop
        Beyond the picture's edge it goes on either mirrored or as empty glass, as a slide's edge and a field's edge do.
    """
    scale = float(np.exp(rng.uniform(np.log(settings.scale_low), np.log(settings.scale_high))))
    rows, cols = _sampling_map(_centre(source, side, rng), side, scale, settings.elastic_px, rng)
    top, left, bottom, right = _window(rows, cols, source.truth.shape)
    image = np.ascontiguousarray(source.image[top:bottom, left:right])
    truth = np.ascontiguousarray(source.truth[top:bottom, left:right])
    if scale < 0.9:
        image = np.asarray(cv2.GaussianBlur(image, (0, 0), 0.4 * np.sqrt(scale**-2 - 1)), np.uint8)
    rows, cols = rows - np.float32(top), cols - np.float32(left)
    border, glass = cv2.BORDER_REFLECT_101, (0.0, 0.0, 0.0)
    if rng.random() > _SHARE_REFLECTED:
        border, glass = cv2.BORDER_CONSTANT, (rng.uniform(225, 255),) * 3
    return Crop(
        np.asarray(cv2.remap(image, cols, rows, cv2.INTER_LINEAR, borderMode=border, borderValue=glass), np.uint8),
        np.asarray(
            cv2.remap(
                truth, cols, rows, cv2.INTER_NEAREST, borderMode=border, borderValue=float(Compartment.BACKGROUND)
            ),
            np.uint8,
        ),
    )


def _centre(source: Source, side: int, rng: np.random.Generator) -> NDArray[np.float64]:
    classes = sorted(source.places)
    if not classes:
        return rng.uniform((0, 0), source.truth.shape)
    weights = np.ones(len(classes)) if rng.random() < _SHARE_EVEN else source.counts[classes].astype(float)
    weights *= [_SHARE_OF_DULL.get(value, 1.0) for value in classes]
    chosen = classes[rng.choice(len(classes), p=weights / weights.sum())]
    place = source.places[chosen][rng.integers(len(source.places[chosen]))]
    return np.asarray(place + rng.uniform(-side / 4, side / 4, size=2))


def _sampling_map(
    centre: NDArray[np.float64], side: int, scale: float, elastic_px: float, rng: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    angle = rng.uniform(0, 2 * np.pi)
    stretch = np.exp(rng.uniform(-0.1, 0.1))
    rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    flip = np.diag([1.0, rng.choice([-1.0, 1.0])])
    matrix = rotation @ np.diag([stretch, 1 / stretch]) @ flip / scale
    axis = np.arange(side, dtype=np.float32) - np.float32((side - 1) / 2)
    down, across = axis[:, None], axis[None, :]
    bend = rng.normal(0, elastic_px * rng.random(), size=(2, *(2 + side // _ELASTIC_CELL_PX,) * 2)).astype(np.float32)
    rows, cols = (
        np.float32(middle) + np.float32(row[0]) * down + np.float32(row[1]) * across + _enlarge(field, side)
        for middle, row, field in zip(centre, matrix, bend, strict=True)
    )
    return rows, cols


def _enlarge(field: NDArray[np.float32], side: int) -> NDArray[np.float32]:
    return np.asarray(cv2.resize(field, (side, side), interpolation=cv2.INTER_CUBIC), np.float32)


def _window(rows: NDArray[np.float32], cols: NDArray[np.float32], shape: tuple[int, ...]) -> tuple[int, int, int, int]:
    bounds = []
    for positions, length in zip((rows, cols), shape, strict=True):
        first = int(np.clip(np.floor(positions.min()) - 2, 0, length - 1))
        bounds.append((first, int(np.clip(np.ceil(positions.max()) + 3, first + 1, length))))
    (top, bottom), (left, right) = bounds
    return top, left, bottom, right
