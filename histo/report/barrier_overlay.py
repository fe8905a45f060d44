"""Draw junctions, and the apical line of an epithelium, over the picture that they were measured on."""

from __future__ import annotations

from collections.abc import Iterable

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from histo.measure.junction import JunctionNetwork
from histo.measure.staining import ApicalLine
from histo.report.overlay import LegendEntry, SectionView, draw_legend, draw_scale_bar
from histo.types import Compartment, LabelMap

__all__ = [
    "CORNER_RGB",
    "CUT_RGB",
    "GAP_RGB",
    "HIDDEN_RGB",
    "STAINED_RGB",
    "draw_apical_overlay",
    "draw_junction_overlay",
]

Floats = NDArray[np.float64]
Colour = tuple[int, int, int]

STAINED_RGB = (40, 220, 60)
CUT_RGB = (70, 130, 255)
GAP_RGB = (255, 40, 40)
CORNER_RGB = (255, 225, 0)
HIDDEN_RGB = (255, 170, 0)
_OUTLINE_RGB = (70, 130, 255)
_STAINED = 0.5
# cv2 draws between pixels where positions come in sixteenths.
_SHIFT = 4


def draw_junction_overlay(view: SectionView, network: JunctionNetwork, title: str = "") -> NDArray[np.uint8]:
    """Draw the junctions of a field: stained, cut by its border, gaps in another colour, corners.

    Parameters
    ----------
    view : SectionView
        The picture of the field, from its outer corner on.
    network : JunctionNetwork
        Of the same field, at its own pixels.
    title : str
        Stands at the left of the legend.

    Returns
    -------
    (rows, cols, 3) array of uint8
        The picture, with the legend's rows below it.
    """
    drawn = np.ascontiguousarray(view.image)
    scale = network.mpp / view.mpp
    for junction in network.junctions:
        points = (junction.points + 0.5) * scale - 0.5
        stained = STAINED_RGB if junction.is_whole else CUT_RGB
        is_stained = (junction.present[1:] + junction.present[:-1]) / 2 >= _STAINED
        _draw_line(drawn, points, is_stained, (stained, GAP_RGB))
    for row, col in (network.corners + 0.5) * scale - 0.5:
        cv2.circle(drawn, (round(col), round(row)), 1, CORNER_RGB, cv2.FILLED)
    entries: list[LegendEntry] = [
        ("stained", STAINED_RGB, True),
        ("stained, cut by the border", CUT_RGB, True),
        ("gap", GAP_RGB, True),
        ("corner", CORNER_RGB, False),
    ]
    counts = f"{len(network.junctions):,} junctions, {network.n_cells:,} cells"
    return _finished(view, drawn, entries, f"{title}   {counts}")


def draw_apical_overlay(
    view: SectionView, labels: LabelMap, lines: Iterable[ApicalLine], title: str = ""
) -> NDArray[np.uint8]:
    """Draw the outlines of the epithelium, and where along its luminal edge the apical line is seen.

    Parameters
    ----------
    view : SectionView
        The picture of the section.
    labels : LabelMap
        Its compartments.
    lines : iterable of ApicalLine
        µm from the label map's outer corner.
    title : str
        Stands at the left of the legend.

    Returns
    -------
    (rows, cols, 3) array of uint8
        The picture, with the legend's rows below it.
    """
    drawn = np.ascontiguousarray(view.image)
    for ring in _outlines(labels):
        cv2.polylines(
            drawn, [_fixed(view.from_slide(labels.to_slide(ring)))], True, _OUTLINE_RGB, 1, cv2.LINE_AA, _SHIFT
        )
    has_hidden = False
    for line in lines:
        points = view.from_slide(labels.to_slide(line.edge.points_um / labels.mpp - 0.5))
        colours = (HIDDEN_RGB, HIDDEN_RGB) if line.is_hidden else (STAINED_RGB, GAP_RGB)
        has_hidden |= line.is_hidden
        _draw_line(drawn, points, line.is_seen[1:] & line.is_seen[:-1], colours, width=2)
    entries: list[LegendEntry] = [
        ("apical line seen", STAINED_RGB, True),
        ("gap", GAP_RGB, True),
        *([("cannot be told", HIDDEN_RGB, True)] if has_hidden else []),
        ("epithelium", _OUTLINE_RGB, True),
    ]
    return _finished(view, drawn, entries, title)


def _draw_line(
    picture: NDArray[np.uint8],
    points: Floats,
    is_seen: NDArray[np.bool_],
    colours: tuple[Colour, Colour],
    width: int = 1,
) -> None:
    """Draw a curve, each run of seen or unseen pieces in its colour."""
    if len(points) < 2:
        return
    ends = np.flatnonzero(np.diff(is_seen)) + 1
    for first, last in zip([0, *ends], [*ends, len(is_seen)], strict=True):
        colour = colours[0] if is_seen[first] else colours[1]
        cv2.polylines(picture, [_fixed(points[first : last + 1])], False, colour, width, cv2.LINE_AA, _SHIFT)


def _fixed(points: Floats) -> NDArray[np.int32]:
    return np.rint(points[:, ::-1] * (1 << _SHIFT)).astype(np.int32)


def _outlines(labels: LabelMap) -> list[Floats]:
    """Trace the border of each piece of epithelium, in pixels of the map."""
    mask = labels.mask(Compartment.VILLUS_EPITHELIUM, Compartment.CRYPT).view(np.uint8)
    rings, _ = cv2.findContours(mask, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    return [ring[:, 0, ::-1].astype(np.float64) for ring in rings]


def _finished(view: SectionView, drawn: NDArray[np.uint8], entries: list[LegendEntry], title: str) -> NDArray[np.uint8]:
    picture = Image.fromarray(drawn)
    draw_scale_bar(ImageDraw.Draw(picture), view)
    return np.vstack([np.asarray(picture), draw_legend(picture.width, entries, title)])
