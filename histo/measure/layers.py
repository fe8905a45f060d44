"""Thickness of mucosa, crypt zone, submucosa and muscularis along the wall."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from histo.measure.grid import CRYPT_ZONE, Kind, TissueGrid, sample, to_slide
from histo.measure.streamline import Streamlines, trace_streamlines
from histo.measure.tissue import SectionTissue
from histo.measure.villus import tabulate_villi
from histo.schema import LAYERS, check_table, empty_table
from histo.types import LabelMap

__all__ = ["Crossings", "find_crossings", "measure_layers", "tabulate_layers"]

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

_BORDER_SEARCH_UM = 40.0
_GAP_UM = 15.0
_CLEFT_UM = 60.0
_MIN_LAYER_UM = 3.0
_MAX_TIP_SPACING_UM = 300.0
_OVERTOPPED = 0.75


@dataclass(frozen=True, eq=False)
class Crossings:
    """Where each streamline crosses a border, µm from its start; not a number where it does not.

    Parameters
    ----------
    border_um : (n,) array
        Mucosa against wall; positive towards the serosa.
    junction_um : (n,) array
        Villus-crypt junction, on the inward line.
    submucosa_end_um, muscle_start_um, muscle_end_um : (n,) arrays
        On the outward line.
    """

    border_um: Floats
    junction_um: Floats
    submucosa_end_um: Floats
    muscle_start_um: Floats
    muscle_end_um: Floats


def measure_layers(labels: LabelMap) -> pd.DataFrame:
    """Measure the layers of the wall every 10 µm along the mucosa-submucosa border.

    Thicknesses are arc lengths along streamlines of a harmonic field, so that they neither depend on the side one
    starts from nor run into another limb of a fold. A layer that is missing at a place, or that runs out of the map,
    has no number there.

    Parameters
    ----------
    labels : LabelMap
        Compartments of one section; drawn by hand or predicted.

    Returns
    -------
    DataFrame
        Columns of the layers table without the identity; one row every 10 µm.
    """
    tissue = SectionTissue.from_labels(labels)
    villi, _ = tabulate_villi(tissue)
    return tabulate_layers(tissue, villi)[0]


def tabulate_layers(tissue: SectionTissue, villi: pd.DataFrame) -> tuple[pd.DataFrame, Streamlines]:
    """Measure layers on prepared grids; the envelope of the mucosa comes from the measured villi."""
    lines = trace_streamlines(tissue.coarse, tissue.wall)
    if len(lines.position_um) == 0:
        return empty_table(LAYERS.columns), lines
    found = find_crossings(tissue.fine, lines)
    start_px = to_slide(tissue.labels, lines.outward_um[:, 0])
    submucosa_end = np.where(np.isnan(found.muscle_start_um), found.submucosa_end_um, found.muscle_start_um)
    submucosa = submucosa_end - found.border_um
    crypt_zone = found.junction_um + found.border_um
    table = pd.DataFrame(
        {
            "position_um": lines.position_um,
            "row": start_px[:, 0],
            "col": start_px[:, 1],
            "mucosa_um": _mucosa(tissue, lines.position_um, crypt_zone, villi),
            "crypt_zone_um": _present(crypt_zone),
            "submucosa_um": _present(np.where(np.isnan(found.submucosa_end_um), np.nan, submucosa)),
            "muscularis_um": _present(found.muscle_end_um - found.muscle_start_um),
        }
    )
    return check_table(table, LAYERS.columns), lines


def find_crossings(fine: TissueGrid, lines: Streamlines) -> Crossings:
    """Find where streamlines cross the borders of layers, between the pixels."""
    step = lines.step_um
    zone_in = _profile(fine, CRYPT_ZONE, lines.inward_um)
    wall_in = _profile(fine, (Kind.SUBMUCOSA, Kind.MUSCLE), lines.inward_um)
    zone_out = _profile(fine, CRYPT_ZONE, lines.outward_um)
    submucosa = _profile(fine, (Kind.SUBMUCOSA,), lines.outward_um)
    muscle = _profile(fine, (Kind.MUSCLE,), lines.outward_um)
    border = _border(wall_in, submucosa + muscle, step)
    junction = _run_end(_bridge((zone_in + wall_in) >= 0.5, round(_GAP_UM / step)), zone_in + wall_in, step)
    meets_mucosa = zone_out >= 0.5
    meets_mucosa[:, : int(_BORDER_SEARCH_UM / step)] = False
    limit = np.where(meets_mucosa.any(axis=1), meets_mucosa.argmax(axis=1), meets_mucosa.shape[1])
    is_before = np.arange(muscle.shape[1])[None] < limit[:, None]
    is_muscle = (muscle >= 0.5) & is_before
    has_muscle = is_muscle.any(axis=1)
    first = is_muscle.argmax(axis=1)
    muscle_start = np.where(has_muscle, _crossing_before(muscle, first, step), np.nan)
    body = _bridge(is_muscle, round(_CLEFT_UM / step))
    muscle_end = np.where(has_muscle, _run_end_from(body, muscle, first, step), np.nan)
    is_submucosa = (submucosa >= 0.5) & (
        np.arange(submucosa.shape[1])[None] < np.where(has_muscle, first, limit)[:, None]
    )
    last = submucosa.shape[1] - 1 - is_submucosa[:, ::-1].argmax(axis=1)
    submucosa_end = np.where(is_submucosa.any(axis=1), _crossing_after(submucosa, last, step), np.nan)
    crosses_limb = meets_mucosa.any(axis=1) & ~has_muscle
    return Crossings(border, junction, np.where(crosses_limb, np.nan, submucosa_end), muscle_start, muscle_end)


def _profile(fine: TissueGrid, kinds: tuple[Kind, ...], lines_um: Floats) -> Floats:
    """Share of these kinds along each line, 0 to 1; not a number off the map, where nobody knows what follows."""
    points = np.nan_to_num(lines_um, nan=-1e6)
    share = sample(fine.share(*kinds), points, fine.pixel_um) / 255
    size = np.array(fine.shape) * fine.pixel_um
    is_off = ((points < 0) | (points > size)).any(axis=-1)
    share[is_off] = np.nan
    return share


def _border(wall_in: Floats, wall_out: Floats, step: float) -> Floats:
    """Crossing of the wall's share with one half nearest to the start."""
    n = min(int(_BORDER_SEARCH_UM / step), wall_in.shape[1] - 1, wall_out.shape[1] - 1)
    whole = np.concatenate([wall_in[:, n:0:-1], wall_out[:, : n + 1]], axis=1)
    rises = (whole[:, :-1] < 0.5) & (whole[:, 1:] >= 0.5)
    at = np.arange(-n, n)[None] + (0.5 - whole[:, :-1]) / np.maximum(whole[:, 1:] - whole[:, :-1], 1e-9)
    away = np.where(rises, np.abs(at), np.inf)
    best = away.argmin(axis=1)
    found = np.take_along_axis(at, best[:, None], axis=1)[:, 0] * step
    return np.where(rises.any(axis=1), found, 0.0)


def _bridge(inside: Flags, n: int) -> Flags:
    """Fill gaps of at most n steps between two runs of a row."""
    length = inside.shape[1]
    steps = np.arange(length)[None]
    before = np.maximum.accumulate(np.where(inside, steps, -(10**9)), axis=1)
    after = np.minimum.accumulate(np.where(inside, steps, 10**9)[:, ::-1], axis=1)[:, ::-1]
    return inside | (after - before <= n + 1)


def _run_end(inside: Flags, share: Floats, step: float) -> Floats:
    """End of the run that begins within 40 µm of the start."""
    near = inside[:, : max(1, int(_BORDER_SEARCH_UM / step))]
    has_run = near.any(axis=1)
    return np.where(has_run, _run_end_from(inside, share, near.argmax(axis=1), step), np.nan)


def _run_end_from(inside: Flags, share: Floats, first: NDArray[np.intp], step: float) -> Floats:
    steps = np.arange(inside.shape[1])[None]
    outside = ~inside & (steps > first[:, None])
    last = np.where(outside.any(axis=1), outside.argmax(axis=1) - 1, inside.shape[1] - 1)
    end = _crossing_after(share, last, step)
    return np.where(outside.any(axis=1), end, np.nan)


def _crossing_after(share: Floats, last: NDArray[np.intp], step: float) -> Floats:
    """Where the share falls through one half behind the last step that holds it."""
    last = np.minimum(last, share.shape[1] - 2)
    here, there = (np.take_along_axis(share, (last + k)[:, None], axis=1)[:, 0] for k in (0, 1))
    fraction = np.clip((here - 0.5) / np.maximum(here - there, 1e-9), 0, 1)
    return (last + fraction) * step


def _crossing_before(share: Floats, first: NDArray[np.intp], step: float) -> Floats:
    first = np.maximum(first, 1)
    here, there = (np.take_along_axis(share, (first - k)[:, None], axis=1)[:, 0] for k in (0, 1))
    fraction = np.clip((here - 0.5) / np.maximum(here - there, 1e-9), 0, 1)
    return (first - fraction) * step


def _present(thickness: Floats) -> Floats:
    return np.where(thickness >= _MIN_LAYER_UM, thickness, np.nan)


def _mucosa(tissue: SectionTissue, position: Floats, crypt_zone: Floats, villi: pd.DataFrame) -> Floats:
    """Height of the envelope of tips; the crypt zone itself where no villus stands near."""
    standing = villi[~villi["reject_reason"].isin(["detached", "too_small"]) & villi["position_um"].notna()]
    labels = tissue.labels
    tips = (labels.from_slide(standing[["tip_row", "tip_col"]].to_numpy(dtype=float)) + 0.5) * labels.mpp
    along, above = tissue.wall.locate(tips)
    # Feet keep their order along the wall where leaning tips cross.
    foot = standing["position_um"].to_numpy(dtype=float)
    is_own_limb = np.abs(along - foot) < 2 * standing["villus_height_um"].to_numpy(dtype=float) + 50.0
    is_tip = _is_on_envelope(foot, np.where(is_own_limb, above, np.nan))
    foot, above = foot[is_tip], above[is_tip]
    if len(foot) == 0:
        return _present(crypt_zone)
    right = np.clip(np.searchsorted(foot, position), 0, len(foot) - 1)
    left = np.maximum(right - 1, 0)
    nearest = np.minimum(np.abs(foot[right] - position), np.abs(position - foot[left]))
    envelope = np.fmax(np.interp(position, foot, above), crypt_zone)
    return _present(np.where(nearest <= _MAX_TIP_SPACING_UM, envelope, crypt_zone))


def _is_on_envelope(foot: Floats, above: Floats) -> Flags:
    """Leave out tips far below the line between their neighbours: stumps and villi half hidden by another."""
    known = np.flatnonzero(~np.isnan(above))
    is_tip = np.zeros(len(foot), dtype=bool)
    is_tip[known] = True
    if len(known) > 2:
        at, height = foot[known], above[known]
        share = (at[1:-1] - at[:-2]) / np.maximum(at[2:] - at[:-2], 1e-9)
        line = height[:-2] + share * (height[2:] - height[:-2])
        is_tip[known[1:-1]] = height[1:-1] >= _OVERTOPPED * line
    return is_tip
