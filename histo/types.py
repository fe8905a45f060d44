"""The nouns that every room shares: compartments, cell classes, exclusions, pixel size, label map, section."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import IntEnum, StrEnum
from math import inf

import numpy as np
from numpy.typing import NDArray

from histo.errors import InvalidArgument, InvalidLabelMap, MissingPixelSize

__all__ = ["CellClass", "Compartment", "Exclusion", "LabelMap", "PixelSize", "SectionId"]


class Compartment(IntEnum):
    """What a pixel of a section is; the same numbers in masks, GeoJSON, colours and tables."""

    BACKGROUND = 0
    VILLUS_EPITHELIUM = 1
    VILLUS_LAMINA_PROPRIA = 2
    CRYPT = 3
    LAMINA_PROPRIA = 4
    SUBMUCOSA = 5
    MUSCULARIS = 6
    LYMPHOID = 7
    SUBMUCOSAL_GLAND = 8
    OTHER_TISSUE = 9

    @property
    def label(self) -> str:
        """The name as it stands in files: ``villus_epithelium``."""
        return self.name.lower()

    @property
    def rgb(self) -> tuple[int, int, int]:
        """The colour in overlays, GeoJSON and napari."""
        return _COLOURS[self]

    @classmethod
    def from_label(cls, label: str) -> Compartment:
        """Find a compartment by the name it has in files.

        Raises
        ------
        InvalidArgument
            If there is no such compartment; the message lists those there are.
        """
        try:
            return cls[label.upper()]
        except KeyError:
            known = ", ".join(member.label for member in cls)
            raise InvalidArgument("unknown compartment", expected=f"one of {known}", got=repr(label)) from None


_COLOURS: dict[Compartment, tuple[int, int, int]] = {
    Compartment.BACKGROUND: (255, 255, 255),
    Compartment.VILLUS_EPITHELIUM: (230, 97, 1),
    Compartment.VILLUS_LAMINA_PROPRIA: (253, 184, 99),
    Compartment.CRYPT: (94, 60, 153),
    Compartment.LAMINA_PROPRIA: (178, 171, 210),
    Compartment.SUBMUCOSA: (77, 175, 74),
    Compartment.MUSCULARIS: (228, 26, 120),
    Compartment.LYMPHOID: (31, 120, 180),
    Compartment.SUBMUCOSAL_GLAND: (0, 170, 170),
    Compartment.OTHER_TISSUE: (140, 140, 140),
}


class CellClass(StrEnum):
    """What a nucleus belongs to; the values of the column ``cell_class``.

    ``lymphocyte`` stands for all mononuclear inflammatory cells, plasma cells among them, which H&E hardly tells apart;
    ``stromal`` for fibroblasts, endothelium and muscle; ``other`` for what is none of these or cannot be told.

    Examples
    --------
    >>> CellClass("lymphocyte") is CellClass.LYMPHOCYTE
    True
    >>> CellClass.STROMAL == "stromal"
    True
    """

    EPITHELIAL = "epithelial"
    LYMPHOCYTE = "lymphocyte"
    GRANULOCYTE = "granulocyte"
    STROMAL = "stromal"
    OTHER = "other"

    @property
    def is_inflammatory(self) -> bool:
        """Whether it counts into the infiltrate."""
        return self in (CellClass.LYMPHOCYTE, CellClass.GRANULOCYTE)


class Exclusion(IntEnum):
    """Why a pixel of a section is not measured; the same numbers in masks, tables and metadata."""

    NOTHING = 0
    VIGNETTE = 1
    PANEL = 2
    CONTROL = 3
    TEXT = 4
    POINTER = 5
    PEN = 6
    DUST = 7
    BUBBLE = 8
    FOLD = 9
    BLUR = 10
    SCAN_EDGE = 11
    DETACHED = 12
    NEIGHBOUR = 13
    GLASS = 14

    @property
    def label(self) -> str:
        """The name as it stands in files: ``scan_edge``."""
        return self.name.lower()

    @property
    def meaning(self) -> str:
        """What it is, in a few words."""
        return _MEANINGS[self]

    @property
    def hides(self) -> bool:
        """Whether the gut may go on under it, so that what reaches it is cut and not complete."""
        return self not in _SEEN_TO_BE_NO_GUT

    @classmethod
    def hidden_in(cls, excluded: NDArray[np.uint8]) -> NDArray[np.bool_]:
        """Where an array of exclusions hides what is there."""
        hides = np.zeros(256, dtype=bool)
        hides[[int(member) for member in cls if member.hides]] = True
        return hides[excluded]


_SEEN_TO_BE_NO_GUT = (Exclusion.NOTHING, Exclusion.DETACHED, Exclusion.NEIGHBOUR, Exclusion.GLASS)
_MEANINGS: dict[Exclusion, str] = {
    Exclusion.NOTHING: "measured",
    Exclusion.VIGNETTE: "dark around the disc of an eyepiece",
    Exclusion.PANEL: "caption, inset or blank area pasted into the picture",
    Exclusion.CONTROL: "buttons of a slide viewer",
    Exclusion.TEXT: "lettering burnt into the picture",
    Exclusion.POINTER: "pointer, arrow or line",
    Exclusion.PEN: "stroke of a pen",
    Exclusion.DUST: "dust or dirt",
    Exclusion.BUBBLE: "bubble of air under the cover glass",
    Exclusion.FOLD: "tissue that lies double",
    Exclusion.BLUR: "out of focus",
    Exclusion.SCAN_EDGE: "rim of the scan",
    Exclusion.DETACHED: "tissue that lies apart from any piece of gut",
    Exclusion.NEIGHBOUR: "another piece of gut",
    Exclusion.GLASS: "empty glass that was labelled as tissue",
}


@dataclass(frozen=True)
class PixelSize:
    """Micrometres per pixel, and who says so.

    Parameters
    ----------
    mpp : float
        µm per pixel, the same in both directions.
    source : str
        Where the value stands: ``"OME PhysicalSizeX"``, ``"given by the caller"``, ...

    Raises
    ------
    MissingPixelSize
        If the value is not a positive finite number.
    """

    mpp: float
    source: str = "given by the caller"

    def __post_init__(self) -> None:
        if not _is_positive(self.mpp):
            raise MissingPixelSize(
                "µm/px must be a positive number",
                got=f"{self.mpp!r} ({self.source})",
                next_step="Say it by hand with mpp=, --mpp or the design table's column mpp.",
            )


@dataclass(frozen=True, order=True)
class SectionId:
    """One piece of gut: the slide it is on and its number from top left to bottom right."""

    slide: str
    section: str = "s1"

    def __str__(self) -> str:
        return f"{self.slide}/{self.section}"


@dataclass(frozen=True, eq=False)
class LabelMap:
    """Compartments of one section, pixel by pixel, with the size of a pixel.

    Parameters
    ----------
    array : (rows, cols) array of integers
        Values of `Compartment`. Any integer type; held as ``uint8``.
    mpp : float
        µm per pixel of `array`.
    origin : (float, float), optional
        Level-0 (row, column) at which ``array[0, 0]`` begins: its outer corner, counted from the slide's outer corner.
    slide_mpp : float, optional
        µm per level-0 pixel of the slide. Without it the map is its own slide.
    confidence : (rows, cols) array of uint8, optional
        Probability of the label, 0 to 255. Maps drawn by hand have none.
    excluded : (rows, cols) array of uint8, optional
        Values of `Exclusion`: what must not be measured, and why. `array` is held as background there, and nothing
        that reaches a pixel whose exclusion `hides` may be taken for complete.

    Raises
    ------
    InvalidLabelMap
        If the array is not two-dimensional, not of integers, or holds other values than compartments; if the
        confidence or the exclusions are not ``uint8`` of the same shape; if the origin is not two finite numbers.
    MissingPixelSize
        If `mpp` or `slide_mpp` is not a positive number.

    Examples
    --------
    >>> import numpy as np
    >>> labels = LabelMap(np.full((100, 200), Compartment.SUBMUCOSA), mpp=2.0)
    >>> labels.area_um2(Compartment.SUBMUCOSA)
    80000.0
    """

    array: NDArray[np.uint8]
    mpp: float
    origin: tuple[float, float] = (0.0, 0.0)
    slide_mpp: float = field(default=0.0)
    confidence: NDArray[np.uint8] | None = None
    excluded: NDArray[np.uint8] | None = None

    def __post_init__(self) -> None:
        PixelSize(self.mpp)
        object.__setattr__(self, "slide_mpp", PixelSize(self.slide_mpp or self.mpp).mpp)
        object.__setattr__(self, "array", _as_labels(self.array))
        if np.shape(self.origin) != (2,) or not np.isfinite(self.origin).all():
            raise InvalidLabelMap("the origin is a finite (row, column)", got=repr(self.origin))
        if self.confidence is not None:
            _check_layer("confidence", self.confidence, self.array.shape)
        if self.excluded is not None:
            _check_layer("excluded", self.excluded, self.array.shape)
            object.__setattr__(self, "array", _without(self.array, self.excluded))

    @property
    def hidden(self) -> NDArray[np.bool_]:
        """Where an exclusion hides what is there; nothing that reaches it is complete."""
        if self.excluded is None:
            return np.zeros(self.shape, dtype=bool)
        return Exclusion.hidden_in(self.excluded)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        rows, cols = self.array.shape
        return rows, cols

    def mask(self, *compartments: Compartment) -> NDArray[np.bool_]:
        """Where any of these compartments is."""
        chosen = np.zeros(256, dtype=bool)
        chosen[[int(compartment) for compartment in compartments]] = True
        return chosen[self.array]

    def area_um2(self, *compartments: Compartment) -> float:
        """Area of these compartments together, in µm²."""
        return float(np.count_nonzero(self.mask(*compartments)) * self.mpp**2)

    def to_slide(self, points: NDArray[np.floating]) -> NDArray[np.float64]:
        """Turn (row, column) positions in this map into level-0 pixels of the slide.

        Parameters
        ----------
        points : (..., 2) array
            Positions in pixels of this map; whole numbers are pixel centres.

        Returns
        -------
        (..., 2) array
            Positions in level-0 pixels; whole numbers are pixel centres.
        """
        scale = self.mpp / self.slide_mpp
        on_slide: NDArray[np.float64] = (np.asarray(points, dtype=float) + 0.5) * scale - 0.5 + np.asarray(self.origin)
        return on_slide

    def from_slide(self, points: NDArray[np.floating]) -> NDArray[np.float64]:
        """Turn level-0 pixels of the slide into positions in this map: the inverse of `to_slide`."""
        scale = self.mpp / self.slide_mpp
        in_map: NDArray[np.float64] = (np.asarray(points, dtype=float) - np.asarray(self.origin) + 0.5) / scale - 0.5
        return in_map

    def crop(self, row: int, col: int, height: int, width: int) -> LabelMap:
        """Cut a window; coordinates on the slide stay what they were.

        Parameters
        ----------
        row, col : int
            Top left pixel of the window, in pixels of this map.
        height, width : int
            Size of the window; what reaches over the lower and right edge is left out.

        Raises
        ------
        InvalidArgument
            If the window begins outside the map or is empty.
        """
        if not (0 <= row < self.shape[0] and 0 <= col < self.shape[1] and height > 0 and width > 0):
            raise InvalidArgument(
                "the window does not lie on the label map",
                expected=f"row 0 to {self.shape[0] - 1}, col 0 to {self.shape[1] - 1}, height and width above 0",
                got=f"row {row}, col {col}, height {height}, width {width}",
            )
        window = np.s_[row : row + height, col : col + width]
        scale = self.mpp / self.slide_mpp
        return replace(
            self,
            array=self.array[window],
            origin=(self.origin[0] + row * scale, self.origin[1] + col * scale),
            confidence=None if self.confidence is None else self.confidence[window],
            excluded=None if self.excluded is None else self.excluded[window],
        )


def _is_positive(value: object) -> bool:
    return isinstance(value, int | float | np.integer | np.floating) and bool(0 < value < inf)


def _check_layer(name: str, layer: NDArray[np.uint8], shape: tuple[int, ...]) -> None:
    if layer.dtype != np.uint8:
        what = "a probability of 0 to 255" if name == "confidence" else "of histo.Exclusion"
        raise InvalidLabelMap(f"{name} is {what}", expected="uint8", got=str(layer.dtype))
    if layer.shape != shape:
        raise InvalidLabelMap(f"{name} and labels differ in shape", expected=str(shape), got=str(layer.shape))


def _without(labels: NDArray[np.uint8], excluded: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Set what is excluded to background."""
    if (highest := int(excluded.max())) > max(Exclusion):
        raise InvalidLabelMap(
            "excluded holds values of histo.Exclusion only",
            expected=f"values 0 to {int(max(Exclusion))}",
            got=f"values to {highest}",
        )
    is_out = excluded > 0
    if not labels[is_out].any():
        return labels
    return np.where(is_out, np.uint8(Compartment.BACKGROUND), labels)


def _as_labels(array: NDArray[np.integer] | NDArray[np.uint8]) -> NDArray[np.uint8]:
    array = np.asarray(array)
    if array.ndim != 2 or array.size == 0:
        raise InvalidLabelMap("a label map is a filled two-dimensional array", got=f"shape {array.shape}")
    if not np.issubdtype(array.dtype, np.integer):
        raise InvalidLabelMap("a label map holds integers", got=f"dtype {array.dtype}")
    low, high = int(array.min()), int(array.max())
    if low < 0 or high > max(Compartment):
        raise InvalidLabelMap(
            "a label map holds compartments only",
            expected=f"values 0 to {int(max(Compartment))}",
            got=f"values {low} to {high}",
            next_step="Map your classes to histo.Compartment first.",
        )
    return array.astype(np.uint8, copy=False)
