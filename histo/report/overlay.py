"""Draw what was measured over the picture of the section, so that a person can see whether to believe it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import matplotlib
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from histo.types import Compartment, Exclusion, LabelMap, PixelSize

__all__ = [
    "ACCEPTED_RGB",
    "EXCLUDED_RGB",
    "REJECTED_RGB",
    "DrawnAxes",
    "LegendEntry",
    "SectionView",
    "draw_cell_overlay",
    "draw_legend",
    "draw_overlay",
    "draw_scale_bar",
]

ACCEPTED_RGB = (0, 150, 60)
REJECTED_RGB = (215, 20, 20)
EXCLUDED_RGB = (20, 20, 20)
NUCLEUS_RGB = (255, 215, 0)
_NUCLEUS_RADIUS_UM = 1.5
_FILL = 0.34
_INK = (30, 30, 30)
_ROUND_LENGTHS_UM = (10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000)
_LEGEND_ROW = 26
LegendEntry = tuple[str, tuple[int, int, int], bool]
"""Text, colour, and whether it is the colour of a line."""


@dataclass(frozen=True, eq=False)
class SectionView:
    """The picture of a section that is drawn upon.

    Parameters
    ----------
    image : (rows, cols, 3) array of uint8
        RGB.
    mpp : float
        µm per pixel of `image`.
    slide_mpp : float
        µm per level-0 pixel of the slide.
    row, col : float
        Level-0 pixel of the slide at which the picture's outer corner lies.
    """

    image: NDArray[np.uint8]
    mpp: float
    slide_mpp: float
    row: float = 0.0
    col: float = 0.0

    def __post_init__(self) -> None:
        PixelSize(self.mpp)
        PixelSize(self.slide_mpp)

    def from_slide(self, points: NDArray[np.floating]) -> NDArray[np.float64]:
        """Turn level-0 (row, column) positions, whole numbers being pixel centres, into those of the picture."""
        scale = self.slide_mpp / self.mpp
        in_view: NDArray[np.float64] = (np.asarray(points, float) - (self.row, self.col) + 0.5) * scale - 0.5
        return in_view


@dataclass(frozen=True, eq=False)
class DrawnAxes:
    """Centrelines of villi or of crypts, and which of them count.

    Parameters
    ----------
    lines : (n, points, 2) array
        (row, column) in level-0 pixels of the slide; the last point, a tip or a mouth, gets a dot.
    is_accepted : (n,) array of bool
        Whether each counts.
    """

    lines: NDArray[np.float64]
    is_accepted: NDArray[np.bool_]

    @property
    def count(self) -> str:
        """How many of how many count."""
        return f"{int(self.is_accepted.sum())} of {len(self.is_accepted)}"


def draw_overlay(
    view: SectionView, labels: LabelMap, villi: DrawnAxes, crypts: DrawnAxes, title: str = ""
) -> NDArray[np.uint8]:
    """Draw compartments, exclusions, centrelines and a scale bar over a section, with a legend under it.

    Parameters
    ----------
    view : SectionView
        The picture.
    labels : LabelMap
        Its compartments; drawn as a tint with an outline. What is excluded and hides the gut is hatched.
    villi, crypts : DrawnAxes
        Their centrelines: what counts is drawn green, what was rejected red.
    title : str, optional
        Stands at the left of the legend.

    Returns
    -------
    (rows, cols, 3) array of uint8
        The picture, with the legend's rows below it.
    """
    seen = _in_view(view, labels, labels.array)
    excluded = np.zeros_like(seen) if labels.excluded is None else _in_view(view, labels, labels.excluded)
    tinted = _hatch(_tint(view.image, seen), excluded)
    picture = Image.fromarray(tinted)
    pen = ImageDraw.Draw(picture)
    width = max(2, round(min(tinted.shape[:2]) / 350))
    for axes in (villi, crypts):
        _draw_axes(pen, view, axes, width)
    draw_scale_bar(pen, view)
    present = [member for member in Compartment if member is not Compartment.BACKGROUND and (seen == member).any()]
    counts = [f"{title}   " if title else "", f"{villi.count} villi, {crypts.count} crypts count"]
    entries = [
        ("counts", ACCEPTED_RGB, True),
        ("rejected", REJECTED_RGB, True),
        *((member.label.replace("_", " "), member.rgb, False) for member in present),
        *_exclusion_entry(excluded),
    ]
    legend = draw_legend(picture.width, entries, "".join(counts))
    return np.vstack([np.asarray(picture), legend])


def draw_cell_overlay(
    view: SectionView, labels: LabelMap, nuclei: NDArray[np.float64], title: str = ""
) -> NDArray[np.uint8]:
    """Draw the tissue's outline, exclusions, nuclei and a scale bar over a section without structure.

    Parameters
    ----------
    view : SectionView
        The picture.
    labels : LabelMap
        Where there is tissue; what is excluded and hides it is hatched.
    nuclei : (n, 2) array
        (row, column) of each, in level-0 pixels of the slide.
    title : str, optional
        Stands at the left of the legend.

    Returns
    -------
    (rows, cols, 3) array of uint8
        The picture, with the legend's row below it.
    """
    seen = _in_view(view, labels, labels.array)
    excluded = np.zeros_like(seen) if labels.excluded is None else _in_view(view, labels, labels.excluded)
    drawn = _hatch(view.image, excluded)
    is_border = cv2.morphologyEx(seen, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)) > 0
    drawn = np.where(is_border[..., None], np.array(Compartment.OTHER_TISSUE.rgb, np.uint8), drawn)
    picture = Image.fromarray(drawn)
    pen = ImageDraw.Draw(picture)
    radius = _NUCLEUS_RADIUS_UM / view.mpp
    for row, col in view.from_slide(nuclei):
        if radius < 1:
            pen.point((float(col), float(row)), fill=NUCLEUS_RGB)
        else:
            pen.ellipse((col - radius, row - radius, col + radius, row + radius), fill=NUCLEUS_RGB)
    draw_scale_bar(pen, view)
    entries = [
        ("nucleus", NUCLEUS_RGB, False),
        ("edge of tissue", Compartment.OTHER_TISSUE.rgb, True),
        *_exclusion_entry(excluded),
    ]
    legend = draw_legend(picture.width, entries, f"{title}   {len(nuclei):,} nuclei" if title else "")
    return np.vstack([np.asarray(picture), legend])


def _in_view(view: SectionView, labels: LabelMap, layer: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Resample the label map, or a layer of it, onto the picture's pixels, nearest neighbour."""
    rows, cols = view.image.shape[:2]
    scale = view.mpp / view.slide_mpp
    down = (np.arange(rows) + 0.5) * scale - 0.5 + view.row
    across = (np.arange(cols) + 0.5) * scale - 0.5 + view.col
    row_of = np.rint(labels.from_slide(np.stack([down, np.full(rows, view.col)], axis=1))[:, 0]).astype(int)
    col_of = np.rint(labels.from_slide(np.stack([np.full(cols, view.row), across], axis=1))[:, 1]).astype(int)
    seen = np.zeros((rows, cols), np.uint8)
    inside_rows = (row_of >= 0) & (row_of < labels.shape[0])
    inside_cols = (col_of >= 0) & (col_of < labels.shape[1])
    seen[np.ix_(inside_rows, inside_cols)] = layer[np.ix_(row_of[inside_rows], col_of[inside_cols])]
    return seen


def _tint(image: NDArray[np.uint8], seen: NDArray[np.uint8]) -> NDArray[np.uint8]:
    colours = np.array([member.rgb for member in Compartment], np.float32)[seen]
    is_tissue = (seen != Compartment.BACKGROUND)[..., None]
    tinted = np.where(is_tissue, (1 - _FILL) * image + _FILL * colours, image)
    kernel = np.ones((3, 3), np.uint8)
    is_border = (cv2.dilate(seen, kernel) != cv2.erode(seen, kernel))[..., None] & is_tissue
    result: NDArray[np.uint8] = np.where(is_border, 0.15 * tinted + 0.85 * colours * 0.8, tinted).astype(np.uint8)
    return result


def _hatch(image: NDArray[np.uint8], excluded: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Draw diagonal lines over what hides the gut, and an outline around it."""
    hidden = Exclusion.hidden_in(excluded)
    if not hidden.any():
        return image
    rows, cols = np.ogrid[: excluded.shape[0], : excluded.shape[1]]
    is_line = hidden & ((rows + cols) % 9 < 2)
    is_border = hidden & (cv2.erode(hidden.view(np.uint8), np.ones((3, 3), np.uint8), borderValue=1) == 0)
    hatched = image.copy()
    hatched[is_line | is_border] = EXCLUDED_RGB
    return hatched


def _draw_axes(pen: ImageDraw.ImageDraw, view: SectionView, axes: DrawnAxes, width: int) -> None:
    """Draw a line for each object, with a white rim so that it shows on any tissue, and a dot at its end."""
    for points, is_accepted in zip(view.from_slide(axes.lines), axes.is_accepted, strict=True):
        if not np.isfinite(points).all():
            continue
        line = [(float(col), float(row)) for row, col in points]
        colour = ACCEPTED_RGB if is_accepted else REJECTED_RGB
        pen.line(line, fill=(255, 255, 255), width=width + 2, joint="curve")
        pen.line(line, fill=colour, width=width, joint="curve")
        (x, y), radius = line[-1], width + 0.5
        pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour, outline=(255, 255, 255))


def draw_scale_bar(pen: ImageDraw.ImageDraw, view: SectionView) -> None:
    """Draw a bar of a round length into the lower left corner of a picture.

    Parameters
    ----------
    pen : ImageDraw
        Of the picture.
    view : SectionView
        That it was made from.
    """
    rows, cols = view.image.shape[:2]
    wanted_um = cols * view.mpp / 5
    length_um = max((length for length in _ROUND_LENGTHS_UM if length <= wanted_um), default=_ROUND_LENGTHS_UM[0])
    length = length_um / view.mpp
    text = f"{length_um} µm" if length_um < 1000 else f"{length_um // 1000} mm"
    font = _font(15)
    box_width = max(length, pen.textlength(text, font=font)) + 20
    left, top = 10.0, rows - 50.0
    pen.rectangle((left, top, left + box_width, top + 40), fill=(255, 255, 255), outline=(180, 180, 180))
    pen.text((left + 10, top + 4), text, fill=_INK, font=font)
    pen.rectangle((left + 10, top + 28, left + 10 + length, top + 32), fill=_INK)


def _exclusion_entry(excluded: NDArray[np.uint8]) -> list[LegendEntry]:
    reasons = [reason.label for reason in Exclusion if reason.hides and (excluded == reason).any()]
    return [(f"excluded: {', '.join(reasons)}", EXCLUDED_RGB, False)] if reasons else []


def draw_legend(width: int, entries: Sequence[LegendEntry], title: str) -> NDArray[np.uint8]:
    """Lay the legend's entries out in as many rows as the width needs.

    Parameters
    ----------
    width : int
        Of the picture above it, in pixels.
    entries : sequence of LegendEntry
        What the colours mean.
    title : str
        Stands before them.

    Returns
    -------
    (rows, width, 3) array of uint8
    """
    font = _font(14)
    places, x, y = [], 10.0 + font.getlength(title) + 24, 0
    for text, _, _ in entries:
        needed = font.getlength(text) + 44
        if x + needed > width and x > 10:
            x, y = 10.0, y + 1
        places.append((x, y * _LEGEND_ROW))
        x += needed
    strip = Image.new("RGB", (width, (y + 1) * _LEGEND_ROW + 4), (255, 255, 255))
    pen = ImageDraw.Draw(strip)
    pen.text((10, 5), title, fill=_INK, font=font)
    for (text, colour, is_line), (left, top) in zip(entries, places, strict=True):
        if is_line:
            pen.line([(left, top + 14), (left + 22, top + 14)], fill=colour, width=3)
        else:
            pen.rectangle((left, top + 6, left + 22, top + 21), fill=colour, outline=(120, 120, 120))
        pen.text((left + 28, top + 5), text, fill=_INK, font=font)
    return np.asarray(strip)


@lru_cache
def _font(size: int) -> ImageFont.FreeTypeFont:
    # Matplotlib brings DejaVu, which has the µ that Pillow's own font lacks.
    return ImageFont.truetype(str(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"), size)
