"""Villi and crypts in three dimensions, as formulas: no voxels.

Places are (x, y, z) in µm: x and y along the wall from the middle of the square, z over the muscularis mucosae. Villi
stand on the plane of the villus-crypt junction. Level cross-sections of a villus are discs (fingers) or discs drawn out
along a ridge (leaves), so that the epithelium has the same thickness all around.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from histo.phantom.villus_field.spec import VillusFieldSpec

__all__ = ["FieldCrypts", "FieldVilli", "VillusField", "draw_villus_field"]

Floats = NDArray[np.float64]

_JITTER = 0.06
_RIDGE_TURN_DEG = 20.0
_SHARED_SWAY = 0.9
_N_WAVES = 24
_FLARE_SHARE = 0.55
_N_QUADRATURE = 65


@dataclass(frozen=True, eq=False)
class FieldVilli:
    """n villi. The axis of each is at ``foot + slope * h + curve * h**2`` at the height h over the junction.

    Parameters
    ----------
    foot_um, slope, curve : (n, 2) array
        Where the axis meets the junction, and its two coefficients.
    rise_um : (n,) array
        Height of the tip over the junction, along the wall's normal.
    half_width_um, half_ridge_um : (n,) array
        Half the thickness, and half of what a villus is broader than thick.
    ridge_way : (n, 2) array
        Unit vector along the ridge.
    """

    foot_um: Floats
    slope: Floats
    curve: Floats
    rise_um: Floats
    half_width_um: Floats
    half_ridge_um: Floats
    ridge_way: Floats

    @property
    def height_um(self) -> Floats:
        """True height of each villus: the arc length of its axis, (n,) array."""
        return _arc_um(self.slope, self.curve, self.rise_um)


@dataclass(frozen=True, eq=False)
class FieldCrypts:
    """n crypts: straight tubes with a round base.

    Parameters
    ----------
    mouth_um, base_um : (n, 3) array
        Ends of the axes: at the junction, and at the outer border of the base.
    radius_um : (n,) array
    """

    mouth_um: Floats
    base_um: Floats
    radius_um: Floats

    @property
    def depth_um(self) -> Floats:
        """True depth of each crypt: the length of its axis, (n,) array."""
        return np.asarray(np.linalg.norm(self.mouth_um - self.base_um, axis=1))


@dataclass(frozen=True, eq=False)
class VillusField:
    """A mucosa in three dimensions, with the truth of every villus and crypt.

    Parameters
    ----------
    spec : VillusFieldSpec
    villi : FieldVilli
    crypts : FieldCrypts
    """

    spec: VillusFieldSpec
    villi: FieldVilli
    crypts: FieldCrypts

    @property
    def foot_flare_um(self) -> float:
        """How far a foot spreads towards its neighbours on each side, so that the valleys between villi are narrow."""
        return _foot_flare_um(self.spec)

    def villus_axes_um(self, n_places: int) -> Floats:
        """Places on the axis of each villus, from the junction to the tip, (n, n_places, 3) array."""
        villi = self.villi
        over = (np.linspace(0, 1, n_places) * villi.rise_um[:, None])[..., None]
        level = villi.foot_um[:, None] + villi.slope[:, None] * over + villi.curve[:, None] * over**2
        return np.concatenate([level, self.spec.crypt_zone_um + over], axis=-1)

    def villi_table(self) -> pd.DataFrame:
        """Tabulate the true height and the foot of every villus."""
        foot = self.villi.foot_um
        return pd.DataFrame(
            {
                "villus_id": [f"v{index + 1}" for index in range(len(foot))],
                "villus_height_um": self.villi.height_um,
                "foot_x_um": foot[:, 0],
                "foot_y_um": foot[:, 1],
            }
        )

    def crypts_table(self) -> pd.DataFrame:
        """Tabulate the true depth and the mouth of every crypt."""
        mouth = self.crypts.mouth_um
        return pd.DataFrame(
            {
                "crypt_id": [f"c{index + 1}" for index in range(len(mouth))],
                "crypt_depth_um": self.crypts.depth_um,
                "mouth_x_um": mouth[:, 0],
                "mouth_y_um": mouth[:, 1],
            }
        )

    def villus_depth_um(self, index: int, points_um: Floats) -> tuple[Floats, NDArray[np.bool_]]:
        """How deep points above the junction lie in a villus, and whether in its core.

        Parameters
        ----------
        index : int
            Which villus.
        points_um : (..., 3) array
            Places over the junction.

        Returns
        -------
        depth_um : (...) array
            Level distance to the villus' surface, positive inside.
        is_core : (...) bool array
            Whether the point is in the lamina propria.
        """
        villi, spec = self.villi, self.spec
        over = points_um[..., 2] - spec.crypt_zone_um
        away = points_um[..., :2] - villi.foot_um[index]
        away = away - villi.slope[index] * over[..., None] - villi.curve[index] * over[..., None] ** 2
        way = villi.ridge_way[index]
        along = np.maximum(np.abs(away @ way) - villi.half_ridge_um[index], 0)
        distance = np.hypot(along, away @ np.array([-way[1], way[0]]))
        rise = float(villi.rise_um[index])
        body = self._half_width_um(index, over)
        tip = villi.half_width_um[index] * (1 - spec.taper)
        epithelium = spec.epithelium_um
        outer = body * _cap(rise - over, tip)
        core = (body - epithelium) * _cap(rise - epithelium - over, tip - epithelium)
        return outer - distance, distance < core

    def _half_width_um(self, index: int, over_um: Floats) -> Floats:
        """Half the thickness of a villus without its round tip: wide at the foot, tapering from the middle."""
        villi, spec = self.villi, self.spec
        half = float(villi.half_width_um[index])
        share = over_um / villi.rise_um[index]
        flare = _foot_flare_um(spec) * np.exp(-np.maximum(over_um, 0) / (_FLARE_SHARE * spec.villus_width_um))
        width: Floats = half * (1 - spec.taper * np.clip((share - 0.5) * 2, 0, 1)) + flare
        return width


def draw_villus_field(spec: VillusFieldSpec, seed: int = 0) -> VillusField:
    """Stand villi and sink crypts in staggered rows, each with its own size and tilt.

    Crypts open between the villi: a mouth that would come to lie under a core is moved to the edge of it, and its crypt
    runs there aslant.

    Parameters
    ----------
    spec : VillusFieldSpec
        Proportions.
    seed : int
        Which of the mucosae of this kind.

    Returns
    -------
    VillusField

    Examples
    --------
    >>> field = draw_villus_field(VillusFieldSpec.mouse(), seed=1)
    >>> bool(abs(field.villi.height_um.mean() / 420 - 1) < 0.02)
    True
    """
    streams = [np.random.default_rng(child) for child in np.random.SeedSequence(seed).spawn(2)]
    villi = _place_villi(spec, streams[0])
    return VillusField(spec, villi, _place_crypts(spec, villi, streams[1]))


def _place_villi(spec: VillusFieldSpec, rng: np.random.Generator) -> FieldVilli:
    foot = _staggered(spec.side_um, (spec.villus_pitch_um + spec.villus_ridge_um, spec.villus_pitch_um), rng)
    n = len(foot)
    length = spec.villus_height_um * (1 + spec.villus_height_cv * np.clip(rng.normal(size=n), -2.5, 2.5))
    slope = np.tan(np.deg2rad(spec.lean_deg) * _like_neighbours(foot, spec.villus_pitch_um, rng))
    turn = np.tan(np.deg2rad(spec.bend_deg) * _like_neighbours(foot, spec.villus_pitch_um, rng))
    # The rise whose axis has about the wanted length; the truth is computed from the axis itself.
    rise = length**2 / _arc_um(slope, turn / (2 * length[:, None]), length)
    way = np.deg2rad(_RIDGE_TURN_DEG) * rng.normal(size=n)
    size = np.clip(1 + 0.1 * rng.normal(size=n), 0.8, 1.2)
    return FieldVilli(
        foot_um=foot,
        slope=slope,
        curve=turn / (2 * rise[:, None]),
        rise_um=rise,
        half_width_um=0.5 * spec.villus_width_um * size,
        half_ridge_um=0.5 * spec.villus_ridge_um * np.clip(1 + 0.2 * rng.normal(size=n), 0.5, 1.5),
        ridge_way=np.stack([np.cos(way), np.sin(way)], axis=1),
    )


def _place_crypts(spec: VillusFieldSpec, villi: FieldVilli, rng: np.random.Generator) -> FieldCrypts:
    under = _staggered(spec.side_um, (spec.crypt_pitch_um, spec.crypt_pitch_um), rng)
    n = len(under)
    mouth = _beside_cores(spec, villi, under)
    depth = spec.crypt_depth_um * (1 + spec.crypt_depth_cv * np.clip(rng.normal(size=n), -2.5, 2.5))
    aside = np.linalg.norm(mouth - under, axis=1)
    base_z = np.maximum(spec.crypt_zone_um - np.sqrt(np.maximum(depth**2 - aside**2, 0)), 0.25 * spec.crypt_gap_um)
    radius = 0.5 * spec.crypt_width_um * np.clip(1 + 0.1 * rng.normal(size=n), 0.7, 1.3)
    return FieldCrypts(
        np.column_stack([mouth, np.full(n, spec.crypt_zone_um)]), np.column_stack([under, base_z]), radius
    )


def _like_neighbours(places_um: Floats, pitch_um: float, rng: np.random.Generator) -> Floats:
    """Draw two numbers of unit spread a place, mostly shared with the neighbours: villi sway together, or they cross.

    The shared part is a sum of plane waves of 5 to 15 pitches.
    """
    drawn = np.sqrt(1 - _SHARED_SWAY) * rng.normal(size=places_um.shape)
    for axis in range(2):
        heading = rng.uniform(0, 2 * np.pi, _N_WAVES)
        waves = 2 * np.pi / (pitch_um * rng.uniform(5, 15, _N_WAVES)) * np.stack([np.cos(heading), np.sin(heading)])
        phase = places_um @ waves + rng.uniform(0, 2 * np.pi, _N_WAVES)
        drawn[:, axis] += np.sqrt(2 * _SHARED_SWAY / _N_WAVES) * np.sin(phase).sum(axis=1)
    return np.asarray(np.clip(drawn, -2.5, 2.5))


def _beside_cores(spec: VillusFieldSpec, villi: FieldVilli, places_um: Floats) -> Floats:
    """Move places that lie under a villus' core to the edge of it, the nearest way."""
    moved = places_um.copy()
    half = villi.half_width_um + _foot_flare_um(spec) - spec.epithelium_um
    for foot, way, ridge, reach in zip(villi.foot_um, villi.ridge_way, villi.half_ridge_um, half, strict=True):
        near = np.flatnonzero(np.abs(moved - foot).max(axis=1) < ridge + reach)
        away = moved[near] - foot
        from_ridge = away - np.clip(away @ way, -ridge, ridge)[:, None] * way
        distance = np.linalg.norm(from_ridge, axis=1)
        is_under = distance < reach
        push = (reach / np.maximum(distance, 1e-6) - 1)[:, None] * from_ridge
        moved[near[is_under]] += push[is_under]
    return moved


def _staggered(side_um: float, pitch_um: tuple[float, float], rng: np.random.Generator) -> Floats:
    """Places in staggered rows along x, unevenly by a few per cent, (n, 2) array."""
    per_row = max(1, round(side_um / pitch_um[0]))
    rows = max(1, round(side_um / (pitch_um[1] * np.sqrt(0.75))))
    row, place = (grid.ravel() for grid in np.mgrid[:rows, :per_row])
    x = (place + 0.25 + 0.5 * (row % 2)) / per_row - 0.5
    y = (row + 0.5) / rows - 0.5
    even = side_um * np.stack([x, y], axis=1)
    shift = np.clip(rng.normal(0, _JITTER, even.shape), -2 * _JITTER, 2 * _JITTER)
    placed: Floats = even + shift * np.array(pitch_um)
    return placed


def _foot_flare_um(spec: VillusFieldSpec) -> float:
    return max(0.0, 0.45 * spec.villus_pitch_um - 0.5 * spec.villus_width_um)


def _arc_um(slope: Floats, curve: Floats, rise_um: Floats) -> Floats:
    """Arc length of the axes from junction to tip."""
    height = np.linspace(0, 1, _N_QUADRATURE) * rise_um[:, None]
    lean = slope[:, None] + 2 * curve[:, None] * height[..., None]
    return np.asarray(np.trapezoid(np.sqrt(1 + (lean**2).sum(axis=-1)), height, axis=1))


def _cap(distance_to_end: Floats, radius: float) -> Floats:
    """Share of the width that a round end leaves: 0 at the end and beyond, 1 from `radius` on."""
    return np.asarray(np.sqrt(1 - np.clip(1 - distance_to_end / radius, 0, 1) ** 2))
