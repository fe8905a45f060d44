"""Find the pieces of gut on a slide."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from math import ceil, sqrt
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from histo.errors import InvalidArgument, NoTissue
from histo.tissue.artefact import find_bubbles, find_dust, find_folds, find_scan_edges
from histo.tissue.exclusion import Excluded, list_excluded
from histo.tissue.field import FieldOfView, find_field
from histo.tissue.grouping import group_patches, reading_order
from histo.tissue.mask import find_tissue, glass_colour, separate_tissue
from histo.types import Exclusion

__all__ = ["ReadableSlide", "Section", "Survey", "find_sections", "survey_slide"]

logger = logging.getLogger(__name__)

Mask = NDArray[np.bool_]

# Overviews stay below this many pixels, so that memory does not grow with the slide.
_MAX_OVERVIEW_PX = 6_000_000
# Pictures of a single field are small: their overview is finer, so that it has at least this many pixels on a side.
_MIN_OVERVIEW_SIDE_PX = 1024
_MARGIN_UM = 100.0
# Lettering and thin lines are lost beyond this reduction, and who scans so much does not write on it.
_COARSEST_REDUCTION = 2.0
_INK_REACH_UM = 250.0
_MAX_DETAIL_PX = 4_000_000
_DRAWN = (Exclusion.PANEL, Exclusion.CONTROL, Exclusion.TEXT, Exclusion.POINTER, Exclusion.PEN)
_SEEN_THROUGH = (Exclusion.NOTHING, Exclusion.FOLD, Exclusion.BUBBLE)


class ReadableSlide(Protocol):
    """What finding sections needs of a slide; `histo.io.Slide` has it."""

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns at level 0."""

    @property
    def mpp(self) -> float:
        """µm per level-0 pixel."""

    @property
    def is_brightfield(self) -> bool:
        """Whether light went through the specimen."""

    def read(self, row: int, col: int, height: int, width: int, mpp: float | None = None) -> NDArray[np.generic]:
        """Read a window that begins at a level-0 pixel and has this many pixels at `mpp`."""


@dataclass(frozen=True, eq=False)
class Section:
    """One piece of gut on a slide.

    Parameters
    ----------
    id : str
        ``s1``, ``s2``, ... in reading order.
    row, col, height, width : int
        Window around it in level-0 pixels, with a margin of 100 µm where the slide has it.
    area_mm2 : float
        Tissue in it.
    flags : tuple of str
        ``cut_at_border``: it goes on beyond the slide; ``field_of_view``: the picture is a cut-out of a larger piece;
        ``ink``: pen, pointer or lettering lies in the window; ``folded``: a fold was seen.
    mask : (rows, cols) array of bool
        Tissue of this piece alone within the window.
    mask_mpp : float
        µm per pixel of `mask`.
    excluded : (rows, cols) array of uint8, optional
        Values of `Exclusion` on the pixels of `mask`: what must not be measured. GLASS is where a label of tissue would
        be wrong.
    """

    id: str
    row: int
    col: int
    height: int
    width: int
    area_mm2: float
    flags: tuple[str, ...]
    mask: Mask
    mask_mpp: float
    excluded: NDArray[np.uint8] | None = None


@dataclass(frozen=True, eq=False)
class Survey:
    """All that was found on a slide's overview.

    Parameters
    ----------
    sections : tuple of Section
        Pieces of gut, in reading order.
    excluded : tuple of Excluded
        What is on the slide and not measured, patch by patch; glass is not listed.
    tissue : (rows, cols) array of bool
        Tissue mask of the whole overview, before pieces were told apart.
    mpp : float
        µm per pixel of the overview.
    """

    sections: tuple[Section, ...]
    excluded: tuple[Excluded, ...]
    tissue: Mask
    mpp: float


def find_sections(slide: ReadableSlide, *, mpp: float = 8.0, min_area_mm2: float = 0.3) -> list[Section]:
    """Find the pieces of gut on a slide.

    Parameters
    ----------
    slide : Slide
        Anything with ``shape``, ``mpp``, ``is_brightfield`` and ``read``. It is read once, at the overview.
    mpp : float
        µm per pixel of the overview. Taken finer for a small field and coarser for a huge slide.
    min_area_mm2 : float
        Tissue that a piece has at least; a mouse ring has 0.8 mm². In a cut-out of a larger piece all counts.

    Returns
    -------
    list of Section
        From top left to bottom right.

    Raises
    ------
    NoTissue
        If there is none; the message says what was found instead.
    MissingPixelSize
        If the slide has no µm/px.
    InvalidArgument
        If `mpp` or `min_area_mm2` is not positive.

    See Also
    --------
    survey_slide : the same with what was left out, and without an error on an empty slide.
    """
    survey = survey_slide(slide, mpp=mpp, min_area_mm2=min_area_mm2)
    if not survey.sections:
        raise NoTissue(
            "no piece of gut was found on the slide",
            expected=f"at least {min_area_mm2:g} mm² of tissue in one place",
            got=_summary(survey.excluded),
            next_step="Check µm/px (--mpp, or mpp in the design table) first: areas depend on it. Commands leave"
            " smaller pieces out; in Python, find_sections(slide, min_area_mm2=...) takes them.",
        )
    return list(survey.sections)


def survey_slide(slide: ReadableSlide, *, mpp: float = 8.0, min_area_mm2: float = 0.3) -> Survey:
    """Find the pieces of gut on a slide, and what else is on it.

    A field of view (the picture, or the lit disc in it) whose border is tissue for more than a tenth is a cut-out of a
    larger piece, and so is one under 4 mm² that tissue leaves anywhere: all its tissue is one section.

    Parameters
    ----------
    slide, mpp, min_area_mm2
        As in `find_sections`.

    Returns
    -------
    Survey
        Sections, exclusions and the tissue mask.
    """
    if not (mpp > 0 and min_area_mm2 > 0):
        raise InvalidArgument(
            "mpp and min_area_mm2 are positive", expected="numbers above 0", got=f"{mpp!r} and {min_area_mm2!r}"
        )
    overview_mpp = _overview_mpp(slide, mpp)
    image = _read(slide, overview_mpp)
    field = _field_of(slide, image, overview_mpp)
    found, excluded = _judged(slide, image, field)
    tissue = found & np.isin(excluded, _SEEN_THROUGH)
    is_field = _is_cut_out(tissue, field.view, overview_mpp)
    if is_field:
        pieces = tissue.astype(np.int32)
    else:
        joined = tissue | _ink_between(tissue, field)
        pieces = np.where(tissue, group_patches(joined, overview_mpp, min_area_mm2=min_area_mm2), 0).astype(np.int32)
    excluded[tissue & (pieces == 0)] = Exclusion.DETACHED
    sections = _sections(_Overview(excluded, pieces, overview_mpp, slide), is_field=is_field)
    logger.info("%d sections found at %.2f µm/px", len(sections), overview_mpp)
    listed = np.where(excluded == Exclusion.GLASS, np.uint8(0), excluded)
    return Survey(sections, list_excluded(listed, overview_mpp, slide.mpp), found, overview_mpp)


@dataclass(frozen=True, eq=False)
class _Overview:
    excluded: NDArray[np.uint8]
    pieces: NDArray[np.int32]
    mpp: float
    slide: ReadableSlide

    @property
    def scale(self) -> float:
        """Level-0 pixels per overview pixel."""
        return self.mpp / self.slide.mpp


def _judged(slide: ReadableSlide, image: NDArray[np.generic], field: FieldOfView) -> tuple[Mask, NDArray[np.uint8]]:
    """Find tissue, and why parts of the overview are not measured."""
    excluded = field.excluded.copy()
    if not slide.is_brightfield:
        found = find_tissue(image, field.mpp, is_brightfield=False, field=field)
        excluded[find_scan_edges(found)] = Exclusion.SCAN_EDGE
        return found, excluded
    rgb = np.asarray(image, dtype=np.uint8)
    found, glass = separate_tissue(rgb, field.mpp, field)
    edges = find_scan_edges(found)
    empty = glass_colour(rgb, field.view)
    bubbles = find_bubbles(rgb, empty, field.mpp) & field.clear
    dust = find_dust(rgb, found & ~edges & ~bubbles, empty)
    folds = find_folds(rgb, found & ~edges & ~dust & ~bubbles, field.mpp)
    for reason, mask in (
        (Exclusion.SCAN_EDGE, edges),
        (Exclusion.BUBBLE, bubbles),
        (Exclusion.DUST, dust),
        (Exclusion.FOLD, folds),
        (Exclusion.GLASS, glass),
    ):
        excluded[mask & (excluded == 0)] = reason
    return found, excluded


def _ink_between(tissue: Mask, field: FieldOfView) -> Mask:
    """Mark what is drawn over tissue, or beside it: a stroke across a piece does not make two of it."""
    drawn = field.mask(*_DRAWN) | (field.view & ~field.clear)
    if not (drawn.any() and tissue.any()):
        return np.zeros_like(tissue)
    away_px: NDArray[np.float32] = np.asarray(cv2.distanceTransform((~tissue).astype(np.uint8), cv2.DIST_L2, 5))
    return drawn & (away_px <= _INK_REACH_UM / field.mpp)


def _read(slide: ReadableSlide, mpp: float) -> NDArray[np.generic]:
    rows, cols = (max(1, ceil(side * slide.mpp / mpp)) for side in slide.shape)
    return slide.read(0, 0, rows, cols, mpp=mpp)


def _field_of(slide: ReadableSlide, image: NDArray[np.generic], mpp: float) -> FieldOfView:
    """Find what hides the specimen, in a picture of one field at the resolution at which it may be drawn upon."""
    area_um2 = slide.shape[0] * slide.shape[1] * slide.mpp**2
    finest = max(slide.mpp, sqrt(area_um2 / _MAX_DETAIL_PX))
    is_scan = finest > _COARSEST_REDUCTION * slide.mpp
    if is_scan or not slide.is_brightfield or finest >= mpp:
        return find_field(image, mpp, is_brightfield=slide.is_brightfield, is_scan=is_scan)
    detail = _read(slide, finest)
    rows, cols = image.shape[:2]
    return find_field(detail, finest).at((rows, cols), mpp)


def _overview_mpp(slide: ReadableSlide, mpp: float) -> float:
    side_um = max(slide.shape) * slide.mpp
    area_um2 = slide.shape[0] * slide.shape[1] * slide.mpp**2
    finest = max(slide.mpp, min(mpp, side_um / _MIN_OVERVIEW_SIDE_PX))
    return max(finest, sqrt(area_um2 / _MAX_OVERVIEW_PX))


def _is_cut_out(tissue: Mask, field: Mask, mpp: float) -> bool:
    share = _border_share(tissue, field)
    return share > 0.1 or (share > 0.0 and _area_mm2(field, mpp) < 4.0)


def _border_share(tissue: Mask, field: Mask) -> float:
    """Measure how much of the border of the field is tissue, up to 2.5 % of its side inwards."""
    # Scanners and resampling leave the outermost pixels half filled, and beside a dark surround nothing is judged.
    depth = max(2, round(0.025 * max(tissue.shape)))
    padded = np.pad(field, 1).astype(np.uint8)
    near: Mask = np.asarray(cv2.distanceTransform(padded, cv2.DIST_C, 3))[1:-1, 1:-1] <= depth
    ring = near & field
    return int(np.count_nonzero(ring & tissue)) / max(1, int(np.count_nonzero(ring)))


def _reaches_border(piece: Mask) -> bool:
    rim = 2
    return bool(piece[:rim].any() or piece[-rim:].any() or piece[:, :rim].any() or piece[:, -rim:].any())


def _sections(overview: _Overview, *, is_field: bool) -> tuple[Section, ...]:
    numbers = [int(number) for number in np.unique(overview.pieces) if number]
    if not numbers:
        return ()
    boxes = np.array([_bounds(overview.pieces == number) for number in numbers], dtype=float)
    order = reading_order(boxes)
    return tuple(
        _section(overview, f"s{place}", overview.pieces == numbers[index], is_field=is_field)
        for place, index in enumerate(order, start=1)
    )


def _section(overview: _Overview, name: str, piece: Mask, *, is_field: bool) -> Section:
    margin = ceil(_MARGIN_UM / overview.mpp)
    top, left, bottom, right = _bounds(piece)
    top, left = max(0, top - margin), max(0, left - margin)
    bottom, right = min(piece.shape[0], bottom + margin), min(piece.shape[1], right + margin)
    window = np.s_[top:bottom, left:right]
    row, col = round(top * overview.scale), round(left * overview.scale)
    flags = []
    if is_field:
        flags.append("field_of_view")
    if is_field or _reaches_border(piece):
        flags.append("cut_at_border")
    excluded = overview.excluded[window].copy()
    if np.isin(excluded, _DRAWN).any():
        flags.append("ink")
    if (excluded == Exclusion.FOLD).any():
        flags.append("folded")
    return Section(
        id=name,
        row=row,
        col=col,
        height=min(round(bottom * overview.scale), overview.slide.shape[0]) - row,
        width=min(round(right * overview.scale), overview.slide.shape[1]) - col,
        area_mm2=_area_mm2(piece, overview.mpp),
        flags=tuple(flags),
        mask=piece[window],
        mask_mpp=overview.mpp,
        excluded=excluded,
    )


def _summary(excluded: tuple[Excluded, ...]) -> str:
    if not excluded:
        return "an empty slide"
    parts = []
    for reason in sorted({item.reason for item in excluded}):
        areas = [item.area_mm2 for item in excluded if item.reason == reason]
        parts.append(f"{len(areas)} x {reason.label} (largest {max(areas):.3g} mm²)")
    return ", ".join(parts)


def _bounds(mask: Mask) -> tuple[int, int, int, int]:
    rows, cols = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return int(rows[0]), int(cols[0]), int(rows[-1]) + 1, int(cols[-1]) + 1


def _area_mm2(mask: Mask, mpp: float) -> float:
    return float(np.count_nonzero(mask) * (mpp / 1000.0) ** 2)
