"""A stained picture as one number a pixel: counts of the camera, or the optical density of DAB."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from histo.errors import InvalidArgument
from histo.stain import DabStain, dab_density, describe_dab
from histo.types import PixelSize

__all__ = ["Stain", "StainSignal", "read_signal"]

Stain = Literal["fluorescence", "dab"]

# The ends of scales of 8, 10, 12, 14 and 16 bits, and of 12 bits stored in the upper bits of 16.
_FULL_SCALES = (255, 1023, 4095, 16383, 65520, 65535)
_BLACK = 4


@dataclass(frozen=True, eq=False)
class StainSignal:
    """A stained picture, one number a pixel.

    Parameters
    ----------
    intensity : (rows, cols) float32 array
        Counts or optical density, background not yet taken off.
    mpp : float
        µm per pixel.
    stain : {"fluorescence", "dab"}
    is_saturated : (rows, cols) bool array or None
        Where the camera's scale ended; None where that cannot be known, as of floating-point numbers.
    colours : DabStain or None
        Of haematoxylin and DAB; None in fluorescence.
    """

    intensity: NDArray[np.float32]
    mpp: float
    stain: Stain
    is_saturated: NDArray[np.bool_] | None
    colours: DabStain | None = None


def read_signal(
    image: NDArray[np.generic], *, mpp: float, stain: Stain, colours: DabStain | None = None
) -> StainSignal:
    """Check a stained picture and turn it into one number a pixel.

    Parameters
    ----------
    image : (rows, cols) or (rows, cols, 3) array
        One channel of fluorescence; or RGB of ``uint8`` of a DAB section.
    mpp : float
        µm per pixel.
    stain : {"fluorescence", "dab"}
    colours : DabStain, optional
        The slide's colours of haematoxylin and DAB; found on the picture otherwise.

    Returns
    -------
    StainSignal

    Raises
    ------
    InvalidArgument
        If the stain is unknown, or the picture is not of its kind: axes, type, values that are no number.
    MissingPixelSize
        If `mpp` is not a positive number.
    """
    PixelSize(mpp)
    picture = np.asarray(image)
    if stain not in get_args(Stain):
        raise InvalidArgument("unknown stain", expected="fluorescence or dab", got=repr(stain))
    if picture.size == 0 or min(picture.shape[:2], default=0) < 3:
        raise InvalidArgument("the picture is too small to measure", expected="3 x 3 or more", got=f"{picture.shape}")
    if stain == "dab":
        return _of_dab(picture, mpp, colours)
    return _of_fluorescence(picture, mpp)


def _of_dab(picture: NDArray[np.generic], mpp: float, colours: DabStain | None) -> StainSignal:
    if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3:
        raise InvalidArgument(
            "a DAB section is a picture in RGB",
            expected="uint8, (rows, cols, 3)",
            got=f"{picture.dtype}, {picture.shape}",
            next_step="Give the picture as scanned; for one channel of fluorescence say stain='fluorescence'.",
        )
    rgb = picture.astype(np.uint8, copy=False)
    density = dab_density(rgb, colours or describe_dab(rgb))
    return StainSignal(density.dab, mpp, "dab", rgb.min(axis=2) <= _BLACK, density.stain)


def _of_fluorescence(picture: NDArray[np.generic], mpp: float) -> StainSignal:
    if picture.ndim != 2:
        raise InvalidArgument(
            "fluorescence is measured one channel at a time",
            expected="(rows, cols)",
            got=f"{picture.shape}",
            next_step="Give image[..., channel] of the junction protein; for a DAB section say stain='dab'.",
        )
    is_real = np.issubdtype(picture.dtype, np.integer) or np.issubdtype(picture.dtype, np.floating)
    if not is_real or not np.isfinite(picture).all():
        raise InvalidArgument("intensities are finite numbers", expected="integers or floats", got=str(picture.dtype))
    return StainSignal(picture.astype(np.float32), mpp, "fluorescence", _at_full_scale(picture))


def _at_full_scale(picture: NDArray[np.generic]) -> NDArray[np.bool_] | None:
    if not np.issubdtype(picture.dtype, np.integer):
        return None
    brightest = int(picture.max())
    if brightest not in _FULL_SCALES:
        return np.zeros(picture.shape, dtype=bool)
    return np.asarray(picture == brightest)
