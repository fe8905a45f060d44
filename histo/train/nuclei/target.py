"""What the network should say of a crop, and of which pixels that is known."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from histo.nn.nuclei_decode import WAY_UNIT_UM
from histo.nn.nuclei_network import OUTPUT_STRIDE
from histo.train.nuclei.crop import NucleiCrop

__all__ = ["CHANNELS", "TargetChannel", "make_target"]


@dataclass(frozen=True)
class TargetChannel:
    """Where in a target each thing stands."""

    centre: int = 0
    centre_known: int = 1
    inside: int = 2
    inside_known: int = 3
    way: int = 4
    way_known: int = 6
    kind_bits: int = 7
    n: int = 8


CHANNELS = TargetChannel()

_CENTRE_SIGMA_UM = 1.25
# Of a nucleus of which only the centre is known, this much around it is surely inside ...
_SURE_UM = 1.75
# ... and what is farther than this from every centre is surely outside.
_BEYOND_UM = 9.0


def make_target(crop: NucleiCrop, mpp: float) -> NDArray[np.float32]:
    """Say what the network should say.

    Parameters
    ----------
    crop : NucleiCrop
        With outlines, or with centres only.
    mpp : float
        µm per pixel of the crop.

    Returns
    -------
    (8, side / 2, side / 2) array of float32
        As `CHANNELS` names them: probability of a centre (1 at it, falling as a Gaussian of 1.25 µm), share inside of
        nuclei, way to the centre in units of `WAY_UNIT_UM`, each with 1 where it is known; and the bits of the classes
        that the nucleus there may be, 0 where that is not known.
    """
    step_um = mpp * OUTPUT_STRIDE
    centre = (crop.centre - (OUTPUT_STRIDE - 1) / 2) / OUTPUT_STRIDE
    is_seen = np.ascontiguousarray(crop.is_seen[::OUTPUT_STRIDE, ::OUTPUT_STRIDE])
    target = np.zeros((CHANNELS.n, *is_seen.shape), np.float32)
    target[CHANNELS.centre] = _peaks(centre, is_seen.shape, _CENTRE_SIGMA_UM / step_um)
    target[CHANNELS.centre_known] = is_seen
    if crop.outlines is None:
        owner, inside, known = _of_centres(centre, is_seen.shape, step_um)
    else:
        owner = crop.outlines[::OUTPUT_STRIDE, ::OUTPUT_STRIDE]
        size = is_seen.shape[::-1]
        covered = cv2.resize((crop.outlines > 0).astype(np.float32), size, interpolation=cv2.INTER_AREA)
        inside = np.asarray(covered, np.float32)
        known = np.ones(is_seen.shape, bool)
    target[CHANNELS.inside] = inside
    target[CHANNELS.inside_known] = known & is_seen
    rows, cols = np.nonzero((owner > 0) & is_seen)
    numbers = owner[rows, cols] - 1
    away = (centre[numbers] - np.stack([rows, cols], axis=1)) * step_um / WAY_UNIT_UM
    target[CHANNELS.way : CHANNELS.way + 2, rows, cols] = away.T
    target[CHANNELS.way_known, rows, cols] = 1.0
    target[CHANNELS.kind_bits, rows, cols] = crop.kind_bits[numbers]
    return target


def _peaks(centre: NDArray[np.float64], shape: tuple[int, ...], sigma: float) -> NDArray[np.float32]:
    peaks = np.zeros(shape, np.float32)
    reach = int(np.ceil(3.5 * sigma))
    for row, col in centre:
        top, left = round(float(row)) - reach, round(float(col)) - reach
        rows = np.arange(max(top, 0), min(top + 2 * reach + 1, shape[0]))
        cols = np.arange(max(left, 0), min(left + 2 * reach + 1, shape[1]))
        if rows.size and cols.size:
            away = (rows[:, None] - row) ** 2 + (cols[None, :] - col) ** 2
            part = peaks[rows[0] : rows[-1] + 1, cols[0] : cols[-1] + 1]
            np.maximum(part, np.exp(-away / (2 * sigma**2)), out=part, casting="same_kind")
    return peaks


def _of_centres(
    centre: NDArray[np.float64], shape: tuple[int, ...], step_um: float
) -> tuple[NDArray[np.int32], NDArray[np.float32], NDArray[np.bool_]]:
    """Say whose each pixel near a centre is, what lies inside, and where either is sure."""
    owner = np.zeros(shape, np.int32)
    nearest = np.full(shape, np.inf)
    down, across = np.ogrid[: shape[0], : shape[1]]
    reach = int(np.ceil(_BEYOND_UM / step_um)) + 1
    for number, (row, col) in enumerate(centre, start=1):
        rows = slice(max(int(row) - reach, 0), max(int(row) + reach + 2, 0))
        cols = slice(max(int(col) - reach, 0), max(int(col) + reach + 2, 0))
        away = np.hypot(down[rows] - row, across[:, cols] - col) * step_um
        is_nearer = away < nearest[rows, cols]
        nearest[rows, cols][is_nearer] = away[is_nearer]
        owner[rows, cols][is_nearer & (away <= _SURE_UM)] = number
    is_inside = nearest <= _SURE_UM
    owner[~is_inside] = 0
    return owner, is_inside.astype(np.float32), is_inside | (nearest > _BEYOND_UM)
