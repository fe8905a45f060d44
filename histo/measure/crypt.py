"""Crypts: depth along the centreline from base to the mouth at the villus-crypt junction."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from histo.measure.centreline import Centrelines, FingerImages, measure_widths, share_inside, trace_centrelines
from histo.measure.crypt_instance import CryptInstances, separate_crypts
from histo.measure.finger import first_courses, in_order_along_wall, outline_pixels, touches_edge
from histo.measure.grid import CRYPT_ZONE, VILLUS, WALL, Kind, TissueGrid, sample, to_slide
from histo.measure.orientation import CryptEvidence, judge_crypts
from histo.measure.raster import components, distance_to, grown
from histo.measure.tissue import SectionTissue
from histo.schema import CRYPTS, check_table, empty_table
from histo.types import LabelMap

__all__ = ["measure_crypts", "tabulate_crypts"]

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

_SLICES = 12
_WAY_STEPS = 32
_MIN_TISSUE_ON_WAY = 0.75
_MIN_WALL_UM2 = 4000.0
# The softened border of a crypt may end two pixels before what cuts it.
_BESIDE_PIXELS = 2
_MAX_SIDE_CUT = 0.5


def measure_crypts(labels: LabelMap) -> pd.DataFrame:
    """Measure every crypt of a section.

    Depth is the arc length of the centreline from the outer edge of the crypt's base to the villus-crypt junction.
    Crypts cut across, or that do not reach the junction, keep their row, with `is_accepted` false and the reason.

    Parameters
    ----------
    labels : LabelMap
        Compartments of one section; drawn by hand or predicted.

    Returns
    -------
    DataFrame
        Columns of the crypts table without the identity; one row a crypt, in order of position along the wall.
    """
    return tabulate_crypts(SectionTissue.from_labels(labels))[0]


def tabulate_crypts(tissue: SectionTissue) -> tuple[pd.DataFrame, Centrelines]:
    """Measure crypts on prepared grids; the centrelines come in the order of the rows."""
    fine = tissue.fine
    instances = separate_crypts(fine, tissue.labels.confidence)
    if instances.n == 0:
        return empty_table(CRYPTS.columns), Centrelines(np.zeros((0, 2, 2)), np.zeros(0), np.zeros(0))
    numbers = np.arange(1, instances.n + 1, dtype=np.int32)
    above = fine.share(Kind.LUMEN, *VILLUS)
    images = FingerImages(instances.share, above, fine.pixel_um, instances.numbers, fine.pixel_um)
    lines = trace_centrelines(images, numbers, _courses(instances, fine.pixel_um))
    widths = {at: measure_widths(images, numbers, lines, at) for at in (0.2, 0.5, 0.8)}
    mouth, base = lines.points_um[:, 0], lines.points_um[:, -1]
    gap = np.maximum(sample(instances.to_lumen_um, mouth, fine.pixel_um) - fine.pixel_um / 2, 0)
    area, seen = _evidence(tissue, instances, lines, widths[0.5], gap)
    reasons, confidence = judge_crypts(seen)
    position, _ = tissue.wall.locate(mouth)
    mouth_px, base_px = to_slide(tissue.labels, mouth), to_slide(tissue.labels, base)
    is_accepted = reasons == ""
    table = pd.DataFrame(
        {
            "crypt_depth_um": lines.length_um + np.where(is_accepted & (gap > 2 * fine.pixel_um), gap, 0.0),
            "crypt_width_um": widths[0.5],
            "crypt_width_20_um": widths[0.2],
            "crypt_width_80_um": widths[0.8],
            "crypt_area_um2": area,
            "crypt_perimeter_um": outline_pixels(instances.numbers, instances.n, above <= 127) * fine.pixel_um,
            "mouth_row": mouth_px[:, 0],
            "mouth_col": mouth_px[:, 1],
            "base_row": base_px[:, 0],
            "base_col": base_px[:, 1],
            "position_um": position,
            "is_accepted": is_accepted,
            "reject_reason": reasons,
            "confidence": confidence,
        }
    )
    table, lines = in_order_along_wall(table, lines, ("mouth_row", "mouth_col"), ("crypt_id", "c"))
    return check_table(table, CRYPTS.columns), lines


def _courses(instances: CryptInstances, pixel_um: float) -> list[Floats]:
    """Lay a first course through each crypt: the centres of its slices across the main axis, from the lumen down."""
    rows, cols = np.nonzero(instances.numbers)
    number = instances.numbers[rows, cols] - 1
    n = instances.n
    points = (np.stack([rows, cols], axis=-1) + 0.5) * pixel_um
    count = np.maximum(np.bincount(number, minlength=n), 1)
    centre = np.stack([np.bincount(number, points[:, axis], minlength=n) / count for axis in (0, 1)], axis=-1)
    offset = points - centre[number]
    rr, cc, rc = (
        np.bincount(number, offset[:, i] * offset[:, j], minlength=n) / count for i, j in ((0, 0), (1, 1), (0, 1))
    )
    angle = 0.5 * np.arctan2(2 * rc, rr - cc)
    axis = np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    along = np.einsum("ij,ij->i", offset, axis[number])
    deeper = np.bincount(number, along * instances.to_lumen_um[rows, cols], minlength=n)
    sign = np.where(deeper < 0, -1.0, 1.0)
    along *= sign[number]
    low, high = np.full(n, np.inf), np.full(n, -np.inf)
    np.minimum.at(low, number, along)
    np.maximum.at(high, number, along)
    slice_index = ((along - low[number]) / np.maximum(high - low, 1e-9)[number] * (_SLICES - 1e-6)).astype(np.int64)
    return first_courses(points, number, slice_index, pixel_um)


def _evidence(
    tissue: SectionTissue, instances: CryptInstances, lines: Centrelines, width: Floats, gap: Floats
) -> tuple[Floats, CryptEvidence]:
    fine = tissue.fine
    number = instances.numbers
    n = instances.n + 1
    rows, cols = np.nonzero(number)
    owner = number[rows, cols]
    pixels = np.maximum(np.bincount(owner, minlength=n)[1:], 1)
    area = np.asarray(pixels * fine.pixel_um**2, dtype=float)
    centres = (np.stack([rows, cols], axis=-1) + 0.5) * fine.pixel_um
    probability = sample(tissue.probability, centres, tissue.coarse.pixel_um, order=0)
    seen = CryptEvidence(
        lines.length_um,
        width,
        area,
        gap,
        lines.share_seen,
        share_inside(number, fine.pixel_um, lines),
        lines.sharpest_turn_deg,
        _to_wall_um(tissue, lines.points_um[:, -1]),
        touches_edge(number, instances.n, fine.hidden) & _is_cut(fine, lines, width),
        np.bincount(owner, probability, minlength=n)[1:] / pixels,
    )
    return area, seen


def _is_cut(fine: TissueGrid, lines: Centrelines, width: Floats) -> Flags:
    """Whether an end of each crypt, or most of one side, may lie beyond the map's edge or under an exclusion.

    A crypt that only grazes them with its side is seen from mouth to base.
    """
    away = _to_unseen_um(fine, lines.points_um)
    is_near = away < width[:, None] / 2 + _BESIDE_PIXELS * fine.pixel_um
    is_cut: Flags = is_near[:, 0] | is_near[:, -1] | (is_near.mean(axis=1) > _MAX_SIDE_CUT)
    return is_cut


def _to_unseen_um(fine: TissueGrid, points_um: Floats) -> Floats:
    """Distance from each point to where nobody knows: the map's edge, or what an exclusion hides."""
    away = np.minimum(points_um, np.array(fine.shape) * fine.pixel_um - points_um).min(axis=-1)
    if fine.hidden is not None:
        away = np.minimum(away, sample(distance_to(fine.hidden > 0), points_um, fine.pixel_um) * fine.pixel_um)
    return np.asarray(np.maximum(away, 0.0), dtype=float)


def _to_wall_um(tissue: SectionTissue, base_um: Floats) -> Floats:
    """Distance from each base to the muscularis mucosae, where the straight way there is crypt zone.

    Where the map ends nearer, or an exclusion begins, the wall may lie nearer too: then it is as far as that.
    """
    fine, coarse = tissue.fine, tissue.coarse
    border = _wall_border_um(coarse)
    if not len(border):
        return np.full(len(base_um), np.nan)
    away, index = cKDTree(border).query(base_um)
    # From pixel centre to the pixel's side.
    away = np.maximum(away - coarse.pixel_um / 2, 0.0)
    steps = np.linspace(0.0, 1.0, _WAY_STEPS)[:, None]
    way = base_um[:, None] + steps * (border[index] - base_um)[:, None]
    is_beneath = sample(fine.share(*CRYPT_ZONE, *WALL), way, fine.pixel_um).mean(axis=1) / 255 >= _MIN_TISSUE_ON_WAY
    return np.where(is_beneath, np.minimum(away, _to_unseen_um(fine, base_um)), np.nan)


def _wall_border_um(coarse: TissueGrid) -> Floats:
    """Centres of the wall's pixels beside the crypt zone, without specks."""
    labelled, areas = components(coarse.mask(*WALL))
    is_large = areas * coarse.pixel_um**2 >= _MIN_WALL_UM2
    is_large[0] = False
    border = is_large[labelled] & grown(coarse.mask(*CRYPT_ZONE))
    return np.asarray((np.argwhere(border) + 0.5) * coarse.pixel_um, dtype=float)
