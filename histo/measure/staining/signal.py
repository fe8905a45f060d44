"""A stained picture as one number a pixel: counts of the camera, or the optical density of DAB."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from histo.errors import InvalidArgument
from histo.stain import DabStain, dab_density, describe_dab
from histo.types import PixelSize

__all__ = ["Stain", "StainSignal", "read_signal", "without_counterstain"]

Stain = Literal["fluorescence", "dab"]

# The ends of scales of 8, 10, 12, 14 and 16 bits, and of 12 bits stored in the upper bits of 16.
_FULL_SCALES = (255, 1023, 4095, 16383, 65520, 65535)
_BLACK = 4
_FAINTEST = 0.05
_FEWEST_PIXELS = 2000
_MAX_LEAK = 0.1


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
    haematoxylin : (rows, cols) float32 array or None
        Optical density of the counterstain; None in fluorescence.
    counterstain_leak : float
        Share of the haematoxylin that was found in the DAB and taken off; not a number where it was not sought.
    """

    intensity: NDArray[np.float32]
    mpp: float
    stain: Stain
    is_saturated: NDArray[np.bool_] | None
    colours: DabStain | None = None
    haematoxylin: NDArray[np.float32] | None = None
    counterstain_leak: float = float("nan")


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


def without_counterstain(signal: StainSignal, stroma: NDArray[np.bool_]) -> StainSignal:
    """Take off what of the haematoxylin is left in the DAB.

    Colours that are a degree or two off leave a few percent of the haematoxylin in the DAB, which in an epithelium full
    of nuclei adds up to as much as a thin line. In the stroma a junction protein is no more on nuclei than between
    them, so what rises with the haematoxylin there is no DAB.

    Parameters
    ----------
    signal : StainSignal
        Returned as it is if it is fluorescence.
    stroma : (rows, cols) bool array
        Tissue that is no epithelium.

    Returns
    -------
    StainSignal
        Less haematoxylin times the difference of the lower quartiles of DAB on the bluest tenth of the stroma and on
        its pale part, over the difference in haematoxylin; never more than a tenth, and nothing where fewer than
        2,000 pixels of stroma are stained.
    """
    if signal.haematoxylin is None:
        return signal
    blue, brown = signal.haematoxylin[stroma], signal.intensity[stroma]
    is_stained = blue > _FAINTEST
    blue, brown = blue[is_stained], brown[is_stained]
    if len(blue) < _FEWEST_PIXELS:
        return signal
    palest, pale, bluest = np.percentile(blue, [10.0, 40.0, 90.0])
    is_pale, is_blue = (blue > palest) & (blue < pale), blue > bluest
    rise = float(np.percentile(brown[is_blue], 25.0) - np.percentile(brown[is_pale], 25.0))
    span = float(np.median(blue[is_blue]) - np.median(blue[is_pale]))
    leak = float(np.clip(rise / max(span, _FAINTEST), -_MAX_LEAK, _MAX_LEAK))
    cleared = (signal.intensity - leak * signal.haematoxylin).astype(np.float32)
    return replace(signal, intensity=cleared, counterstain_leak=leak)


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
    return StainSignal(density.dab, mpp, "dab", rgb.min(axis=2) <= _BLACK, density.stain, density.haematoxylin)


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
