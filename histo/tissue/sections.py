"""Find the pieces of gut on a slide."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from math import ceil, sqrt
from typing import Literal, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from histo.errors import InvalidArgument, NoTissue
from histo.tissue.artefact import find_folds
from histo.tissue.field import FieldOfView, find_field
from histo.tissue.grouping import group_patches, reading_order
from histo.tissue.mask import find_tissue, glass_colour

__all__ = ["Excluded", "ReadableSlide", "Section", "Survey", "find_sections", "survey_slide"]

logger = logging.getLogger(__name__)

Mask = NDArray[np.bool_]
Reason = Literal["dust", "fragment", "ink", "pasted_panel", "scan_edge"]

# Overviews stay below this many pixels, so that memory does not grow with the slide.
_MAX_OVERVIEW_PX = 6_000_000
# Pictures of a single field are small: their overview is finer, so that it has at least this many pixels on a side.
_MIN_OVERVIEW_SIDE_PX = 1024
_MARGIN_UM = 100.0


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
        ``ink``: pen or lettering lies in the window; ``folded``: a fold was seen.
    mask : (rows, cols) array of bool
        Tissue of this piece alone within the window.
    mask_mpp : float
        µm per pixel of `mask`.
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


@dataclass(frozen=True)
class Excluded:
    """Something on a slide that is no piece of gut, and why.

    Parameters
    ----------
    reason : str
        ``dust``: small and grey; ``fragment``: tissue too small and too far from any piece; ``ink``: pen, pointer or
        coloured lettering; ``pasted_panel``: white caption in a picture; ``scan_edge``: thin line along the border.
    area_mm2 : float
        Its area.
    row, col : int
        Its centre in level-0 pixels.
    """

    reason: Reason
    area_mm2: float
    row: int
    col: int


@dataclass(frozen=True, eq=False)
class Survey:
    """All that was found on a slide's overview.

    Parameters
    ----------
    sections : tuple of Section
        Pieces of gut, in reading order.
    excluded : tuple of Excluded
        The rest.
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
            next_step="Check µm/px (--mpp) first: areas depend on it. Lower min_area_mm2 for smaller pieces.",
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
    rows, cols = (max(1, ceil(side * slide.mpp / overview_mpp)) for side in slide.shape)
    image = slide.read(0, 0, rows, cols, mpp=overview_mpp)
    field = find_field(image, overview_mpp, is_brightfield=slide.is_brightfield)
    tissue = find_tissue(image, overview_mpp, is_brightfield=slide.is_brightfield, field=field)
    edges = _scan_edges(tissue)
    dust = _dust(image, tissue & ~edges, field.view) if slide.is_brightfield else np.zeros_like(tissue)
    kept = tissue & ~edges & ~dust
    is_field = _is_cut_out(kept, field.view, overview_mpp)
    pieces = kept.astype(np.int32) if is_field else group_patches(kept, overview_mpp, min_area_mm2=min_area_mm2)
    overview = _Overview(image, field, {"scan_edge": edges, "dust": dust}, kept, pieces, overview_mpp, slide)
    sections = _sections(overview, is_field=is_field)
    logger.info("%d sections found at %.2f µm/px", len(sections), overview_mpp)
    return Survey(sections, _excluded(overview), tissue, overview_mpp)


@dataclass(frozen=True, eq=False)
class _Overview:
    image: NDArray[np.generic]
    field: FieldOfView
    no_tissue: dict[Reason, Mask]
    tissue: Mask
    pieces: NDArray[np.int32]
    mpp: float
    slide: ReadableSlide

    @property
    def rgb(self) -> NDArray[np.uint8] | None:
        """The picture where it is brightfield."""
        return np.asarray(self.image, dtype=np.uint8) if self.slide.is_brightfield else None

    @property
    def scale(self) -> float:
        """Level-0 pixels per overview pixel."""
        return self.mpp / self.slide.mpp


def _overview_mpp(slide: ReadableSlide, mpp: float) -> float:
    side_um = max(slide.shape) * slide.mpp
    area_um2 = slide.shape[0] * slide.shape[1] * slide.mpp**2
    finest = max(slide.mpp, min(mpp, side_um / _MIN_OVERVIEW_SIDE_PX))
    return max(finest, sqrt(area_um2 / _MAX_OVERVIEW_PX))


def _scan_edges(tissue: Mask) -> Mask:
    """Find what is only seen in a strip of 1 % along the border: the rim of a scan or a frame."""
    rim = max(2, round(0.01 * max(tissue.shape)))
    count, numbered, stats, _ = cv2.connectedComponentsWithStats(tissue.astype(np.uint8), connectivity=8)
    if count == 1:
        return np.zeros_like(tissue)
    left, top, width, height = (stats[:, column] for column in range(4))
    rows, cols = tissue.shape
    thin = ((width <= rim) & ((left == 0) | (left + width == cols))) | (
        (height <= rim) & ((top == 0) | (top + height == rows))
    )
    thin[0] = False
    return np.asarray(thin[numbered], dtype=bool)


def _dust(image: NDArray[np.generic], tissue: Mask, field: Mask) -> Mask:
    """Find small patches as grey as shadow, judged beside the glass: dust, scale bars, buttons of a viewer."""
    glass = np.maximum(glass_colour(np.asarray(image, dtype=np.uint8), field), 1.0).astype(np.float32)
    rgb = np.asarray(image, dtype=np.float32)
    red, green, blue = (rgb[..., channel] / float(glass[channel]) for channel in range(3))
    spread = np.maximum(np.maximum(red, green), blue) - np.minimum(np.minimum(red, green), blue)
    count, numbered = cv2.connectedComponents(tissue.astype(np.uint8), connectivity=8)
    sums = np.bincount(numbered.ravel(), weights=spread.ravel(), minlength=count)
    areas = np.bincount(numbered.ravel(), minlength=count)
    # Pale or silver-stained gut is as grey, but there is more of it.
    grey = (sums < 0.06 * areas) & (areas < 0.05 * areas[1:].sum())
    grey[0] = False
    return np.asarray(grey[numbered], dtype=bool)


def _is_cut_out(tissue: Mask, field: Mask, mpp: float) -> bool:
    share = _border_share(tissue, field)
    return share > 0.1 or (share > 0.0 and _area_mm2(field, mpp) < 4.0)


def _border_share(tissue: Mask, field: Mask) -> float:
    """Measure how much of the border of the field is tissue, up to 1 % of its side inwards."""
    # Scanners and resampling leave the outermost pixels half filled.
    depth = max(2, round(0.01 * max(tissue.shape)))
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
    if overview.field.ink[window].any():
        flags.append("ink")
    if overview.rgb is not None and find_folds(overview.rgb[window], piece[window], overview.mpp).any():
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
    )


def _excluded(overview: _Overview) -> tuple[Excluded, ...]:
    found = _listed(overview, overview.tissue & (overview.pieces == 0), "fragment")
    others: dict[Reason, Mask] = {"ink": overview.field.ink, "pasted_panel": overview.field.panels}
    for reason, mask in {**overview.no_tissue, **others}.items():
        found += _listed(overview, mask, reason)
    return tuple(sorted(found, key=lambda item: (item.reason, item.row, item.col)))


def _listed(overview: _Overview, mask: Mask, reason: Reason) -> list[Excluded]:
    count, _, stats, centres = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    pixel_mm2 = (overview.mpp / 1000.0) ** 2
    return [
        Excluded(
            reason,
            float(stats[index, cv2.CC_STAT_AREA] * pixel_mm2),
            round((centres[index][1] + 0.5) * overview.scale - 0.5),
            round((centres[index][0] + 0.5) * overview.scale - 0.5),
        )
        for index in range(1, count)
    ]


def _summary(excluded: tuple[Excluded, ...]) -> str:
    if not excluded:
        return "an empty slide"
    reasons = sorted({item.reason for item in excluded})
    parts = []
    for reason in reasons:
        areas = [item.area_mm2 for item in excluded if item.reason == reason]
        parts.append(f"{len(areas)} x {reason} (largest {max(areas):.3g} mm²)")
    return ", ".join(parts)


def _bounds(mask: Mask) -> tuple[int, int, int, int]:
    rows, cols = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return int(rows[0]), int(cols[0]), int(rows[-1]) + 1, int(cols[-1]) + 1


def _area_mm2(mask: Mask, mpp: float) -> float:
    return float(np.count_nonzero(mask) * (mpp / 1000.0) ** 2)
