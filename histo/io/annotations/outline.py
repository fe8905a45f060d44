"""The exact outlines of a label map's regions, as polygons on the slide."""

from __future__ import annotations

from collections import defaultdict

import cv2
import numpy as np
import shapely
from numpy.typing import NDArray

from histo.errors import InvalidArgument
from histo.io.annotations.annotation import Annotation
from histo.io.annotations.ring import trace_rings
from histo.types import Compartment, LabelMap

__all__ = ["polygons_from_labels"]


def polygons_from_labels(labels: LabelMap, min_area_um2: float = 0.0) -> list[Annotation]:
    """Outline every connected region of every compartment but background.

    The outlines run along the pixels' edges, so that `labels_from_annotations` gives the identical map back (with
    ``min_area_um2=0``). Pixels are connected over their sides, not their corners. Every polygon is valid: rings may
    touch in a corner, never cross or run along each other.

    Parameters
    ----------
    labels : LabelMap
        What to outline.
    min_area_um2 : float
        Leave out regions that are smaller, in µm², holes not counted.

    Returns
    -------
    list of Annotation
        Polygons with holes, compartment by compartment, each from top left to bottom right; class and colour are the
        compartment's, the measurement ``area_um2`` is the area without the holes.

    Raises
    ------
    InvalidArgument
        If `min_area_um2` is negative or no number.
    """
    if not min_area_um2 >= 0:
        raise InvalidArgument("min_area_um2 must not be negative", expected=">= 0 µm²", got=str(min_area_um2))
    return [
        _annotation(polygon, compartment, labels, area_px)
        for compartment in Compartment
        if compartment is not Compartment.BACKGROUND
        for polygon, area_px in _polygons(labels.mask(compartment))
        if area_px * labels.mpp**2 >= min_area_um2
    ]


def _annotation(polygon: shapely.Polygon, compartment: Compartment, labels: LabelMap, area_px: int) -> Annotation:
    # Corners, not centres: both the map's and the slide's first pixel begin at 0.
    scale = labels.mpp / labels.slide_mpp
    top, left = labels.origin
    on_slide = shapely.transform(polygon, lambda xy: xy * scale + (left, top))
    return Annotation(
        on_slide,
        class_name=compartment.label,
        colour=compartment.rgb,
        measurements={"area_um2": area_px * labels.mpp**2},
    )


def _polygons(mask: NDArray[np.bool_]) -> list[tuple[shapely.Polygon, int]]:
    """Trace a mask: its polygons in (x, y) corners of pixels, each with its number of pixels."""
    # The frame of background makes every corner have four pixels around it, and shifts them all by one.
    framed = np.pad(mask, 1)
    _, regions, stats, _ = cv2.connectedComponentsWithStats(framed.view(np.uint8), connectivity=4)
    shells: dict[int, NDArray[np.int64]] = {}
    holes: defaultdict[int, list[NDArray[np.int64]]] = defaultdict(list)
    for ring in trace_rings(np.asarray(regions, dtype=np.int32)):
        # A ring begins at its highest, leftmost corner and runs to the right, so the region lies below the first edge
        # of a shell and above the first edge of a hole.
        row, col = ring[0]
        if below := int(regions[row, col]):
            shells[below] = ring
        else:
            holes[int(regions[row - 1, col])].append(ring)
    return [
        (
            shapely.Polygon(_xy(shell), [_xy(hole) for hole in holes[region]]),
            int(stats[region, cv2.CC_STAT_AREA]),
        )
        for region, shell in shells.items()
    ]


def _xy(ring: NDArray[np.int64]) -> NDArray[np.int64]:
    return ring[:, ::-1] - 1
