"""Crops of junctions, and what the network should say of them and of which pixels that is known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from histo.train.junction.field import JunctionField
from histo.train.junction.truth import STEP_UM, Known
from histo.train.settings import Augmentation
from histo.train.view import choose_scale, choose_turn, keep_inside, look_from

__all__ = ["CHANNELS", "TargetChannel", "cut_junction_crop"]


@dataclass(frozen=True)
class TargetChannel:
    """Where in a target each thing stands."""

    centreline: int = 0
    centreline_known: int = 1
    present: int = 2
    present_known: int = 3
    n: int = 4


CHANNELS = TargetChannel()

# A line is asked for as a crest that falls off to both sides: so its place between pixels is learned too.
_CREST_SIGMA_UM = 0.2
# Whether a place is stained is asked along junctions only.
_ALONG_UM = 0.4
# Three crops in four are centred near a junction.
_SHARE_ON_LINES = 0.75
_TRIES = 8


def cut_junction_crop(
    field: JunctionField, side: int, mpp: float, settings: Augmentation, rng: np.random.Generator
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Cut a crop at random, and say what is true of it.

    Parameters
    ----------
    field : JunctionField
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
    image : (side, side, 3) array of uint8
        Three times the same grey.
    target : (4, side, side) array of float32
        As `CHANNELS` names them: 1 on the middle of a junction, falling as a Gaussian of 0.2 µm; where that is known;
        1 where the junction is stained, 0 in a gap; where that is known.
    """
    scale = choose_scale(settings, rng)
    matrix = choose_turn(rng) * (mpp / field.mpp / scale)
    middle = _choose_middle(field, rng, half=0.5 * side * mpp / field.mpp / scale)
    view = look_from(middle, matrix, side, field.image.shape)
    grey = view.of_image(field.image)
    # What is enlarged has its junctions farther apart, in µm of the crop.
    away_um = view.of_values(field.truth.distance, beyond=255, is_smooth=True) * np.float32(STEP_UM * scale)
    known = view.of_values(field.truth.known, beyond=0).astype(np.uint8)
    is_sure = view.is_seen & (known & Known.DOUBTED == 0)
    target = np.zeros((CHANNELS.n, side, side), np.float32)
    target[CHANNELS.centreline] = np.exp(-(away_um**2) / (2 * _CREST_SIGMA_UM**2))
    target[CHANNELS.centreline_known] = is_sure & (known & Known.COURSE > 0)
    target[CHANNELS.present] = known & Known.STAINED > 0
    target[CHANNELS.present_known] = is_sure & (known & (Known.STAINED | Known.GAP) > 0) & (away_um <= _ALONG_UM)
    return np.repeat(grey[..., None], 3, axis=2), target


def _choose_middle(field: JunctionField, rng: np.random.Generator, half: float) -> NDArray[np.float64]:
    """Choose a place near a junction, or any, from where the crop does not look over the picture's edge if it fits."""
    size = np.array(field.image.shape, float)
    middle = rng.uniform((0, 0), size)
    if rng.random() < _SHARE_ON_LINES:
        for _ in range(_TRIES):
            if field.truth.distance[int(middle[0]), int(middle[1])] < 255:
                break
            middle = rng.uniform((0, 0), size)
        middle = middle + rng.uniform(-half, half, size=2)
    return keep_inside(middle, half, field.image.shape)
