"""Cut a crop out of a picture at a random place, size and rotation, with the nuclei in it."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from histo.train.nuclei.field import NucleiField
from histo.train.settings import Augmentation
from histo.train.view import View, choose_scale, choose_turn, keep_inside, look_from

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
    scale = choose_scale(settings, rng)
    matrix = choose_turn(rng) * (mpp / field.mpp / scale)
    middle = _choose_middle(field, rng, half=0.5 * side * mpp / field.mpp / scale)
    view = look_from(middle, matrix, side, field.image.shape)
    centre = view.of_points(field.truth.centre)
    is_near = np.asarray((np.abs(centre - side / 2) < 0.75 * side).all(axis=1), bool)
    return NucleiCrop(
        image=view.of_image(field.image),
        centre=centre[is_near],
        kind_bits=field.truth.kind_bits[is_near],
        outlines=_cut_outlines(field, view, is_near),
        is_seen=view.is_seen,
    )


def _choose_middle(field: NucleiField, rng: np.random.Generator, half: float) -> NDArray[np.float64]:
    """Choose a place near a nucleus, or any, from where the crop does not look over the picture's edge if it fits."""
    size = np.array(field.image.shape[:2], float)
    middle = rng.uniform((0, 0), size)
    if len(field.truth) and rng.random() < _SHARE_ON_NUCLEI:
        middle = field.truth.centre[rng.integers(len(field.truth))] + rng.uniform(-half, half, size=2)
    return keep_inside(middle, half, field.image.shape)


def _cut_outlines(field: NucleiField, view: View, is_near: NDArray[np.bool_]) -> NDArray[np.int32] | None:
    if field.truth.outlines is None:
        return None
    number = np.concatenate([[0], np.where(is_near, np.cumsum(is_near), 0)])
    # Whole numbers up to 16 million are exact in single precision, which is what can be looked up.
    rows, cols = view.rows, view.cols
    numbered = number[view.part(field.truth.outlines)].astype(np.float32)
    cut = cv2.remap(numbered, cols, rows, cv2.INTER_NEAREST, borderMode=cv2.BORDER_CONSTANT, borderValue=0.0)
    return np.asarray(cut, np.int32)
