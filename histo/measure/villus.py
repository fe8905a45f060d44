"""Villi: height along the centreline from tip to villus-crypt junction, width, area, contour."""

from __future__ import annotations

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from histo.measure.centreline import Centrelines, FingerImages, measure_widths, share_inside, trace_centrelines
from histo.measure.finger import first_courses, in_order_along_wall, outline_pixels, touches_edge
from histo.measure.grid import CRYPT_ZONE, WALL, Kind, Shares, TissueGrid, sample, to_slide
from histo.measure.mend import mended_villi
from histo.measure.orientation import VillusEvidence, judge_villi
from histo.measure.raster import averaged, distance_to, grown
from histo.measure.tissue import SectionTissue
from histo.measure.villus_instance import VillusInstances, separate_villi
from histo.schema import VILLI, check_table, empty_table
from histo.types import LabelMap

__all__ = ["measure_villi", "tabulate_villi"]

Floats = NDArray[np.float64]

_BIN_UM = 10.0
_MAX_EPITHELIUM_UM = 60.0


def measure_villi(labels: LabelMap) -> pd.DataFrame:
    """Measure every villus of a section.

    Height is the arc length of the centreline from the outer edge of the tip's epithelium to the villus-crypt junction,
    as hand measurers trace it in well-oriented units; here the centreline follows the bend. Villi that were not cut
    along their axis keep their row, with `is_accepted` false and the reason.

    Parameters
    ----------
    labels : LabelMap
        Compartments of one section; drawn by hand or predicted.

    Returns
    -------
    DataFrame
        Columns of the villi table without the identity; one row a villus, in order of position along the wall.
    """
    return tabulate_villi(SectionTissue.from_labels(labels))[0]


def tabulate_villi(tissue: SectionTissue) -> tuple[pd.DataFrame, Centrelines]:
    """Measure villi on prepared grids; the centrelines come in the order of the rows."""
    fine = tissue.fine
    share = mended_villi(fine)
    factor = round(tissue.coarse.pixel_um / fine.pixel_um)
    coarse_share = averaged(share, factor)
    instances = separate_villi(tissue.coarse, coarse_share)
    if instances.n == 0:
        return empty_table(VILLI.columns), Centrelines(np.zeros((0, 2, 2)), np.zeros(0), np.zeros(0))
    numbers = np.arange(1, instances.n + 1, dtype=np.int32)
    images = FingerImages(
        share,
        fine.share(*CRYPT_ZONE, *WALL),
        fine.pixel_um,
        instances.numbers,
        tissue.coarse.pixel_um,
    )
    lines = trace_centrelines(images, numbers, _courses(instances, tissue.coarse.pixel_um))
    widths = {at: measure_widths(images, numbers, lines, at) for at in (0.2, 0.5, 0.8)}
    area, seen = _evidence(tissue, instances, coarse_share, lines, widths[0.5])
    reasons, confidence = judge_villi(seen)
    tip, base = lines.points_um[:, -1], lines.points_um[:, 0]
    position, _ = tissue.wall.locate(base)
    tip_px, base_px = to_slide(tissue.labels, tip), to_slide(tissue.labels, base)
    table = pd.DataFrame(
        {
            "villus_height_um": lines.length_um,
            "villus_width_um": widths[0.5],
            "villus_width_20_um": widths[0.2],
            "villus_width_80_um": widths[0.8],
            "villus_area_um2": area,
            "villus_perimeter_um": _contour_um(tissue.coarse, coarse_share, instances),
            "tip_row": tip_px[:, 0],
            "tip_col": tip_px[:, 1],
            "base_row": base_px[:, 0],
            "base_col": base_px[:, 1],
            "position_um": position,
            "is_accepted": reasons == "",
            "reject_reason": reasons,
            "confidence": confidence,
        }
    )
    table, lines = in_order_along_wall(table, lines, ("tip_row", "tip_col"), ("villus_id", "v"))
    return check_table(table, VILLI.columns), lines


def _courses(instances: VillusInstances, pixel_um: float) -> list[Floats]:
    """Lay a first course through each villus: the centres of its slices of equal way from the junction."""
    rows, cols = np.nonzero(instances.numbers)
    number = instances.numbers[rows, cols] - 1
    height = instances.height_um[rows, cols]
    level = np.maximum(height / _BIN_UM, 0).astype(np.int64)
    points = (np.stack([rows, cols], axis=-1) + 0.5) * pixel_um
    return first_courses(points, number, level, pixel_um)


def _evidence(
    tissue: SectionTissue, instances: VillusInstances, share: Shares, lines: Centrelines, width: Floats
) -> tuple[Floats, VillusEvidence]:
    pixel_um = tissue.coarse.pixel_um
    n = instances.n + 1
    number = instances.numbers
    inside = number > 0
    pixels = np.bincount(number[inside], minlength=n)[1:]
    area = _area_um2(share, instances, pixel_um)
    root = np.asarray(np.bincount(number[instances.is_root], minlength=n)[1:] * pixel_um, float)
    core = np.bincount(number[instances.is_core], minlength=n)[1:]
    probability = np.bincount(number[inside], tissue.probability[inside], minlength=n)[1:] / np.maximum(pixels, 1)
    seen = VillusEvidence(
        lines.length_um,
        width,
        area,
        root,
        core / np.maximum(pixels, 1),
        _tip_cap(tissue.coarse, instances, lines.points_um[:, -1]),
        lines.share_seen,
        share_inside(number, pixel_um, lines),
        lines.sharpest_turn_deg,
        touches_edge(number, instances.n, tissue.coarse.hidden),
        instances.is_forked,
        probability,
    )
    return area, seen


def _tip_cap(coarse: TissueGrid, instances: VillusInstances, tips_um: Floats) -> Floats:
    """Epithelium between each tip and the nearest core, in thicknesses of the section's epithelium.

    A plane that leaves a villus through its side, at an angle, cuts the epithelium there at that angle and shows it
    thicker by one over the sine. At a true tip it is as thick as elsewhere. Space under lifted epithelium is core.
    """
    inside, lumen = instances.numbers > 0, coarse.mask(Kind.LUMEN)
    core = instances.is_core | (inside & lumen & ~grown(grown(~inside)))
    to_core = distance_to(core) * np.float32(coarse.pixel_um)
    beside_lumen = to_core[inside & grown(lumen) & ~core & (to_core < _MAX_EPITHELIUM_UM)]
    if not core.any() or beside_lumen.size == 0:
        return np.zeros(len(tips_um))
    at_tip = sample(to_core, tips_um, coarse.pixel_um)
    return np.asarray(at_tip / max(float(np.median(beside_lumen)), coarse.pixel_um), dtype=float)


def _area_um2(share: Shares, instances: VillusInstances, pixel_um: float) -> Floats:
    """Sum of the villi's shares, so that a border between the pixels is counted where it lies."""
    sums = np.bincount(_owners(instances.numbers).ravel(), share.ravel(), minlength=instances.n + 1)[1:]
    return np.asarray(sums / 255 * pixel_um**2, dtype=float)


def _owners(number: NDArray[np.int32]) -> NDArray[np.int64]:
    """Numbers of the villi, and of those within two pixels of them, where a blurred border may reach."""
    near = np.asarray(cv2.dilate(number.astype(np.float32), np.ones((5, 5), np.uint8)), dtype=np.int64)
    return np.where(number > 0, number, near)


def _contour_um(coarse: TissueGrid, share: Shares, instances: VillusInstances) -> Floats:
    """Length of the border with the lumen, and with villi that touch.

    The first is the integral of the slope of the lumen's share, which depends neither on direction nor on the grid; the
    second is counted by crossings.
    """
    number = instances.numbers
    n = instances.n + 1
    # Without gaps that were mended.
    outside = np.minimum(coarse.shares[Kind.LUMEN], np.uint8(255) - share)
    lumen = np.pad(outside.astype(np.float32) / np.float32(255), 1, mode="edge")
    slope_row, slope_col = (slope[1:-1, 1:-1] for slope in np.gradient(lumen))
    free = np.bincount(_owners(number).ravel(), np.hypot(slope_row, slope_col).ravel(), minlength=n)
    touching = outline_pixels(number, instances.n, number > 0)
    return np.asarray((free[1:] + touching) * coarse.pixel_um, dtype=float)
