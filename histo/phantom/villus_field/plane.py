"""The plane of a cut: its angles, and how places in space and pixels of the section belong together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from histo.errors import InvalidArgument
from histo.phantom.villus_field.spec import VillusFieldSpec
from histo.types import PixelSize

__all__ = ["CutPlane", "Sheet"]

Floats = NDArray[np.float64]

_MARGIN_UM = 40.0
_MAX_OBLIQUE_DEG = 80.0


@dataclass(frozen=True)
class CutPlane:
    """Where the knife goes.

    A plane can leave the perpendicular about either direction of the wall: `azimuth_deg` says along which direction the
    section runs, `oblique_deg` by how much the plane leans about it.

    Parameters
    ----------
    oblique_deg : float
        Angle between the plane and the wall's normal: 0 is perpendicular to the wall, along the villi; at most 80.
    azimuth_deg : float
        Direction of the section along the wall: 0 along the rows of villi (x), 90 across them (y).
    through_um : (float, float)
        A point (x, y) of the villus-crypt junction that the plane passes through, in the middle of the section.
    length_um : float
        Length of wall on the section.

    Raises
    ------
    InvalidArgument
        If the plane is steeper than 80 degrees, or the length not positive.
    """

    oblique_deg: float = 0.0
    azimuth_deg: float = 0.0
    through_um: tuple[float, float] = (0.0, 0.0)
    length_um: float = 2000.0

    def __post_init__(self) -> None:
        if not abs(self.oblique_deg) <= _MAX_OBLIQUE_DEG:
            raise InvalidArgument(
                "so oblique a plane hardly leaves the wall",
                expected=f"-{_MAX_OBLIQUE_DEG:g} to {_MAX_OBLIQUE_DEG:g} degrees",
                got=f"oblique_deg={self.oblique_deg}",
            )
        if not self.length_um > 0:
            raise InvalidArgument("a section has a length", expected="more than 0 µm", got=f"{self.length_um}")


@dataclass(frozen=True, eq=False)
class Sheet:
    """The pixels of a section in space.

    Parameters
    ----------
    centre_um, along, up, normal : (3,) array
        A point of the plane; unit vectors along the section, up in it towards the lumen, and out of it.
    top_um, left_um : float
        Outer corner of the first pixel, along `up` and `along` from the centre.
    shape : (int, int)
    mpp : float
    """

    centre_um: Floats
    along: Floats
    up: Floats
    normal: Floats
    top_um: float
    left_um: float
    shape: tuple[int, int]
    mpp: float

    @classmethod
    def of(cls, spec: VillusFieldSpec, plane: CutPlane, mpp: float) -> Sheet:
        """Lay pixels over the plane, from above the highest villus to below the muscle.

        Raises
        ------
        InvalidArgument
            If the plane leaves the square in which there are villi.
        MissingPixelSize
            If `mpp` is not a positive number.
        """
        PixelSize(mpp)
        oblique, azimuth = np.deg2rad([plane.oblique_deg, plane.azimuth_deg])
        along = np.array([np.cos(azimuth), np.sin(azimuth), 0.0])
        aside = np.array([-np.sin(azimuth), np.cos(azimuth), 0.0])
        upright = np.array([0.0, 0.0, 1.0])
        up = np.sin(oblique) * aside + np.cos(oblique) * upright
        normal = np.cos(oblique) * aside - np.sin(oblique) * upright
        zone = spec.crypt_zone_um
        top = (spec.highest_um - zone) / np.cos(oblique) + _MARGIN_UM
        bottom = (spec.lowest_um - zone) / np.cos(oblique) - _MARGIN_UM
        shape = int(np.ceil((top - bottom) / mpp)), max(1, round(plane.length_um / mpp))
        sheet = cls(np.array([*plane.through_um, zone]), along, up, normal, top, -0.5 * plane.length_um, shape, mpp)
        sheet._check_within(spec)
        return sheet

    def to_space(self, window: tuple[slice, slice]) -> Floats:
        """Places of the centres of the pixels of a window, (rows, cols, 3) array."""
        rows, cols = (np.arange(part.start, part.stop) for part in window)
        up = self.top_um - (rows + 0.5) * self.mpp
        along = self.left_um + (cols + 0.5) * self.mpp
        place: Floats = self.centre_um + up[:, None, None] * self.up + along[None, :, None] * self.along
        return place

    def to_pixels(self, points_um: Floats) -> Floats:
        """(row, column) of the nearest places of the plane; whole numbers are pixel centres."""
        away = points_um - self.centre_um
        rows = (self.top_um - away @ self.up) / self.mpp - 0.5
        cols = (away @ self.along - self.left_um) / self.mpp - 0.5
        return np.stack([rows, cols], axis=-1)

    def off_um(self, points_um: Floats) -> Floats:
        """Distance of points from the plane, with the sign of the side."""
        off: Floats = (points_um - self.centre_um) @ self.normal
        return off

    def window(self, low_um: Floats, high_um: Floats) -> tuple[slice, slice]:
        """Pixels from the lower to the upper (up, along) bound, cut at the section's edges; may be empty."""
        first = np.floor(((self.top_um - high_um[0]) / self.mpp, (low_um[1] - self.left_um) / self.mpp)).astype(int)
        last = np.ceil(((self.top_um - low_um[0]) / self.mpp, (high_um[1] - self.left_um) / self.mpp)).astype(int)
        first, last = np.clip(first, 0, self.shape), np.clip(last, 0, self.shape)
        return slice(int(first[0]), int(last[0])), slice(int(first[1]), int(last[1]))

    def _check_within(self, spec: VillusFieldSpec) -> None:
        heights = np.array([0.0, spec.highest_um]) - spec.crypt_zone_um
        ups = heights / self.up[2]
        ends = np.array([self.left_um, -self.left_um])
        corners = self.centre_um + ups[:, None, None] * self.up + ends[None, :, None] * self.along
        farthest = float(np.abs(corners[..., :2]).max())
        if farthest > 0.5 * spec.side_um:
            raise InvalidArgument(
                "the plane leaves the drawn mucosa",
                expected=f"places within {0.5 * spec.side_um:g} µm of its middle",
                got=f"{farthest:.0f} µm",
                next_step="Cut a shorter section nearer to the middle, or draw a larger field with side_um.",
            )
