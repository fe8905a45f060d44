"""Where the perpendiculars of the wall cross the borders of its layers.

A layer is measured perpendicular to its luminal border, as with a line tool: crypt zone and submucosa along the
perpendicular of the mucosa-submucosa border, the muscularis along that of its own inner border, which the first one
leads to. Below a fold that lifts the submucosa, the perpendicular would run into the other limb; there a streamline of
a harmonic field leads to the muscle, and the submucosa has no single thickness.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from histo.measure.grid import CRYPT_ZONE, VILLUS, WALL, Kind, TissueGrid
from histo.measure.perpendicular import Perpendiculars, first_past_own_wall, reach_um
from histo.measure.profile import (
    bridge,
    crossing_after,
    crossing_before,
    longest_run,
    read_profiles,
    rise_nearest,
    run_end,
)
from histo.measure.streamline import lead_outward
from histo.measure.wall import Wall

__all__ = ["Crossings", "find_crossings"]

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Steps = NDArray[np.int64]

_SEARCH_UM = 40.0
_CRYPT_GAP_UM = 15.0
_CLEFT_UM = 60.0
_SEAM_UM = 20.0
_BEYOND_UM = 250.0
_BATCH = 1024
_BESIDE = 8
_NEAR_UM = 40.0


@dataclass(frozen=True, eq=False)
class Crossings:
    """Layers along each perpendicular, µm; not a number where a layer is missing or runs out of the map.

    Parameters
    ----------
    border_um : (n,) array
        Mucosa against wall, from the start; positive towards the serosa.
    crypt_zone_um : (n,) array
        From the border to the villus-crypt junction.
    submucosa_um : (n,) array
        From the border to the muscle, or to the outer surface where there is no muscle.
    muscularis_um : (n,) array
        Perpendicular to its inner border.
    is_folded : (n,) array of bool
        Whether the perpendicular runs into another limb of a fold before it has left the submucosa.
    """

    border_um: Floats
    crypt_zone_um: Floats
    submucosa_um: Floats
    muscularis_um: Floats
    is_folded: Flags


@dataclass(frozen=True, eq=False)
class _Shares:
    """Shares of tissue along lines, 0 to 1; the lines' starts are at step `origin`, what follows lies outward."""

    zone: Floats
    villus: Floats
    submucosa: Floats
    muscle: Floats
    origin: int
    step_um: float

    @classmethod
    def read(cls, fine: TissueGrid, points_um: Floats, origin: int) -> _Shares:
        kinds = CRYPT_ZONE, VILLUS, (Kind.SUBMUCOSA,), (Kind.MUSCLE,)
        zone, villus, submucosa, muscle = read_profiles(fine, kinds, points_um)
        return cls(zone, villus, submucosa, muscle, origin, fine.pixel_um)

    @property
    def wall(self) -> Floats:
        return self.submucosa + self.muscle

    @property
    def search(self) -> int:
        """Steps from the start within which a border is looked for."""
        return max(1, int(_SEARCH_UM / self.step_um))


def find_crossings(
    grids: tuple[TissueGrid, TissueGrid], wall: Wall, away: NDArray[np.float32], lines: Perpendiculars
) -> Crossings:
    """Find where the perpendiculars cross the borders of layers, between the pixels.

    Parameters
    ----------
    grids : (TissueGrid, TissueGrid)
        Shares in pixels of about 2 µm and 4 µm.
    wall : Wall
    away : (rows, cols) float32 array
        Signed distance from each coarse pixel to the wall's course, µm.
    lines : Perpendiculars
        Of that wall.

    Returns
    -------
    Crossings
        One entry a perpendicular.
    """
    fine, coarse = grids
    step = fine.pixel_um
    n_in, n_out = (int(reach_um(coarse, away, kinds) / step) for kinds in (CRYPT_ZONE, WALL))
    way_um = np.arange(-n_in, n_out + 1, dtype=np.float64) * step
    batches = [slice(i, i + _BATCH) for i in range(0, len(lines), _BATCH)]
    border, zone, end, start, past = (np.zeros(len(lines)) for _ in range(5))
    for batch in batches:
        some = lines.only(batch)
        shares = _Shares.read(fine, some.points_um(way_um), n_in)
        border[batch], zone[batch] = _border(shares), _crypt_zone_end(shares)
        end[batch], start[batch] = _outer_borders(shares)
        past[batch] = first_past_own_wall(away, coarse.pixel_um, some, way_um[n_in:])
    is_folded = past < np.fmin(start, end)
    entry, way = lines.start_um + start[:, None] * lines.outward, lines.outward.copy()
    if is_folded.any():
        entry[is_folded], way[is_folded] = _led_to_muscle(fine, coarse, wall, lines.only(is_folded))
        end[is_folded] = np.nan
    way = _square_to_course(entry, way, lines.piece)
    muscle = np.concatenate([_muscularis(fine, entry[batch], way[batch], n_out) for batch in batches])
    return Crossings(border, zone + border, end - border, muscle, is_folded)


def _border(shares: _Shares) -> Floats:
    """Border of mucosa and wall; the start itself where the wall's line bridges a gap."""
    near = slice(max(0, shares.origin - shares.search), shares.origin + shares.search + 1)
    return np.nan_to_num(rise_nearest(shares.wall[:, near], shares.origin - near.start)) * shares.step_um


def _crypt_zone_end(shares: _Shares) -> Floats:
    """How far the crypt zone goes inward."""
    tissue = (shares.zone + shares.wall)[:, shares.origin :: -1]
    inside = bridge(tissue >= 0.5, round(_CRYPT_GAP_UM / shares.step_um))
    near = inside[:, : shares.search]
    end = run_end(inside, tissue, near.argmax(axis=1)) * shares.step_um
    return np.where(near.any(axis=1), end, np.nan)


def _outer_borders(shares: _Shares) -> tuple[Floats, Floats]:
    """End of the submucosa and start of the muscle, outward; they are apart where a cleft parts the layers."""
    mucosa = (shares.zone + shares.villus)[:, shares.origin :]
    submucosa, muscle = (share[:, shares.origin :] for share in (shares.submucosa, shares.muscle))
    steps = np.arange(mucosa.shape[1])[None]
    limb = _first(mucosa >= 0.5, shares.search)
    is_own = steps < np.minimum(limb, _first_glass(submucosa + muscle, shares))[:, None]
    is_muscle = bridge((muscle >= 0.5) & is_own, round(_CLEFT_UM / shares.step_um))
    first, _, has_muscle = longest_run(is_muscle)
    start = np.where(has_muscle, crossing_before(muscle, first) * shares.step_um, np.nan)
    is_submucosa = (submucosa >= 0.5) & is_own & (steps < np.where(has_muscle, first, len(steps[0]))[:, None])
    last = mucosa.shape[1] - 1 - is_submucosa[:, ::-1].argmax(axis=1)
    end = np.where(is_submucosa.any(axis=1), crossing_after(submucosa, last) * shares.step_um, np.nan)
    end = np.where(start - end < _SEAM_UM, start, end)
    runs_into_limb = ~has_muscle & (last + 1 >= limb)
    return np.where(runs_into_limb, np.nan, end), start


def _first(flags: Flags, after: int) -> Steps:
    """First step from `after` on that is flagged; one past the end where none is."""
    late = flags[:, after:]
    found: Steps = np.where(late.any(axis=1), late.argmax(axis=1) + after, flags.shape[1])
    return found


def _first_glass(wall: Floats, shares: _Shares) -> Steps:
    """First step of a gap too wide to be a cleft."""
    is_tissue = bridge(wall >= 0.5, round(_BEYOND_UM / shares.step_um))
    return _first(~is_tissue & (np.maximum.accumulate(is_tissue, axis=1)), 0)


def _led_to_muscle(fine: TissueGrid, coarse: TissueGrid, wall: Wall, lines: Perpendiculars) -> tuple[Floats, Floats]:
    """Where streamlines enter the muscle, and the way they have there."""
    paths = lead_outward(coarse, lines.start_um, lines.outward, wall.length_um)
    shares = _Shares.read(fine, paths.points_um, 0)
    muscle_start = _outer_borders(replace(shares, step_um=paths.step_um))[1]
    return paths.at(muscle_start)


def _square_to_course(entry: Floats, way: Floats, piece: NDArray[np.int64]) -> Floats:
    """Turn the ways at right angles to the course that neighbouring entries draw, where they draw one."""
    n = len(entry)
    beside = np.arange(n)[:, None] + np.arange(-_BESIDE, _BESIDE + 1)[None]
    index = np.clip(beside, 0, n - 1)
    offset = entry[index] - entry[:, None]
    away2 = np.einsum("ijk,ijk->ij", offset, offset)
    counts = (beside == index) & (piece[index] == piece[:, None]) & np.isfinite(away2)
    weight = np.where(counts, np.exp(-0.5 * np.nan_to_num(away2) / _NEAR_UM**2), 0.0)
    offset = np.nan_to_num(offset)
    total = np.maximum(weight.sum(axis=1), 1e-9)
    offset -= (np.einsum("ij,ijk->ik", weight, offset) / total[:, None])[:, None]
    rows, cols, both = (
        np.einsum("ij,ij,ij->i", weight, offset[..., i], offset[..., j]) / total for i, j in ((0, 0), (1, 1), (0, 1))
    )
    angle = 0.5 * np.arctan2(2 * both, rows - cols)
    square = np.stack([-np.sin(angle), np.cos(angle)], axis=-1)
    agreement = np.einsum("ij,ij->i", square, way)
    square *= np.sign(agreement)[:, None]
    is_course = (rows + cols > 0.25 * _NEAR_UM**2) & (np.abs(agreement) > 0.5)
    return np.where(is_course[:, None], square, way)


def _muscularis(fine: TissueGrid, entry: Floats, way: Floats, n_steps: int) -> Floats:
    """Thickness of the muscle along lines that enter it at their start."""
    step = fine.pixel_um
    origin = max(1, int(_SEARCH_UM / step))
    away = np.arange(-origin, n_steps) * step
    zone, muscle = read_profiles(
        fine, (CRYPT_ZONE, (Kind.MUSCLE,)), entry[:, None] + away[None, :, None] * way[:, None]
    )
    is_own = np.arange(len(away))[None] < _first(zone >= 0.5, 2 * origin)[:, None]
    start = rise_nearest(muscle[:, : 2 * origin + 1], origin) + origin
    body = bridge((muscle >= 0.5) & is_own, round(_CLEFT_UM / step))
    end = run_end(body, muscle, np.nan_to_num(np.ceil(start)).astype(np.int64))
    return (end - start) * step
