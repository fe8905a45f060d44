"""Cut a crop out of a picture at a random place, size and rotation, with the nuclei in it."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from histo.train.nuclei.field import NucleiField
from histo.train.settings import Augmentation

__all__ = ["NucleiCrop", "cut_nuclei_crop"]

# Three crops in four are centred near a nucleus, the others anywhere: empty tissue has to be learned too.
_SHARE_ON_NUCLEI = 0.75


@dataclass(frozen=True, eq=False)
class NucleiCrop:
    """A square of a picture and its nuclei.

    Parameters
    ----------
    image : (side, side, 3) array of uint8
        RGB; beyond the picture's edge it goes on mirrored.
    centre : (n, 2) array
        Centres in pixels of the crop, those up to a quarter of its side outside among them.
    kind_bits : (n,) array of uint8
        As in `NucleiTruth`.
    outlines : (side, side) array of int32, optional
        0 outside of nuclei, else 1 + the nucleus's place in `centre`; None if only centres are known.
    is_seen : (side, side) array of bool
        Where the picture is: beyond its edge nothing is known.
    """

    image: NDArray[np.uint8]
    centre: NDArray[np.float64]
    kind_bits: NDArray[np.uint8]
    outlines: NDArray[np.int32] | None
    is_seen: NDArray[np.bool_]


def cut_nuclei_crop(
    field: NucleiField, side: int, mpp: float, settings: Augmentation, rng: np.random.Generator
) -> NucleiCrop:
    """Cut a crop at random.

    Parameters
    ----------
    field : NucleiField
        Picture and truth.
    side : int
        Of the crop, in pixels.
    mpp : float
        µm per pixel of the crop, before it is enlarged or reduced at random.
    settings : Augmentation
        Range of scales.
    rng : Generator
        Decides.

    Returns
    -------
    NucleiCrop
    """
    scale = float(np.exp(rng.uniform(np.log(settings.scale_low), np.log(settings.scale_high))))
    matrix = _turn(rng) * (mpp / field.mpp / scale)
    middle = _choose_middle(field, rng, half=0.5 * side * mpp / field.mpp / scale)
    axis = np.arange(side, dtype=np.float32) - np.float32((side - 1) / 2)
    rows, cols = (
        np.float32(at) + np.float32(row[0]) * axis[:, None] + np.float32(row[1]) * axis[None, :]
        for at, row in zip(middle, matrix, strict=True)
    )
    shape = field.image.shape[:2]
    top, bottom = _bounds(rows, shape[0])
    left, right = _bounds(cols, shape[1])
    rows, cols = rows - np.float32(top), cols - np.float32(left)
    image = np.ascontiguousarray(field.image[top:bottom, left:right])
    step = float(np.sqrt(abs(np.linalg.det(matrix))))
    if step > 1.1:
        image = np.asarray(cv2.GaussianBlur(image, (0, 0), 0.4 * np.sqrt(step**2 - 1)), np.uint8)
    is_seen = (rows > -0.5) & (rows < bottom - top - 0.5) & (cols > -0.5) & (cols < right - left - 0.5)
    centre = (field.truth.centre - middle) @ np.linalg.inv(matrix).T + (side - 1) / 2
    is_near = np.asarray((np.abs(centre - side / 2) < 0.75 * side).all(axis=1), bool)
    return NucleiCrop(
        image=np.asarray(cv2.remap(image, cols, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101), np.uint8),
        centre=centre[is_near],
        kind_bits=field.truth.kind_bits[is_near],
        outlines=_cut_outlines(field, (top, bottom, left, right), (rows, cols), is_near),
        is_seen=np.asarray(is_seen, bool),
    )


def _turn(rng: np.random.Generator) -> NDArray[np.float64]:
    angle, stretch = rng.uniform(0, 2 * np.pi), np.exp(rng.uniform(-0.1, 0.1))
    rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    flip = np.diag([1.0, rng.choice([-1.0, 1.0])])
    return np.asarray(rotation @ np.diag([stretch, 1 / stretch]) @ flip, np.float64)


def _choose_middle(field: NucleiField, rng: np.random.Generator, half: float) -> NDArray[np.float64]:
    """Choose a place near a nucleus, or any, from where the crop does not look over the picture's edge if it fits."""
    size = np.array(field.image.shape[:2], float)
    middle = rng.uniform((0, 0), size)
    if len(field.truth) and rng.random() < _SHARE_ON_NUCLEI:
        middle = field.truth.centre[rng.integers(len(field.truth))] + rng.uniform(-half, half, size=2)
    margin = np.minimum(half, size / 2)
    return np.asarray(np.clip(middle, margin, size - margin), np.float64)


def _bounds(positions: NDArray[np.float32], length: int) -> tuple[int, int]:
    first = int(np.clip(np.floor(positions.min()) - 2, 0, length - 1))
    return first, int(np.clip(np.ceil(positions.max()) + 3, first + 1, length))


def _cut_outlines(
    field: NucleiField,
    window: tuple[int, int, int, int],
    at: tuple[NDArray[np.float32], NDArray[np.float32]],
    is_near: NDArray[np.bool_],
) -> NDArray[np.int32] | None:
    if field.truth.outlines is None:
        return None
    top, bottom, left, right = window
    number = np.concatenate([[0], np.where(is_near, np.cumsum(is_near), 0)])
    # Whole numbers up to 16 million are exact in single precision, which is what can be looked up.
    numbered = number[field.truth.outlines[top:bottom, left:right]].astype(np.float32)
    rows, cols = at
    cut = cv2.remap(numbered, cols, rows, cv2.INTER_NEAREST, borderMode=cv2.BORDER_CONSTANT, borderValue=0.0)
    return np.asarray(cut, np.int32)
