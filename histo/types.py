"""The nouns that every room shares: compartments, pixel size, label map, section."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import IntEnum
from math import inf

import numpy as np
from numpy.typing import NDArray

from histo.errors import InvalidArgument, InvalidLabelMap, MissingPixelSize

__all__ = ["Compartment", "LabelMap", "PixelSize", "SectionId"]


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

    Raises
    ------
    InvalidLabelMap
        If the array is not two-dimensional, not of integers, or holds other values than compartments; if the
        confidence is not ``uint8`` of the same shape; if the origin is not two finite numbers.
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

    def __post_init__(self) -> None:
        PixelSize(self.mpp)
        object.__setattr__(self, "slide_mpp", PixelSize(self.slide_mpp or self.mpp).mpp)
        object.__setattr__(self, "array", _as_labels(self.array))
        if np.shape(self.origin) != (2,) or not np.isfinite(self.origin).all():
            raise InvalidLabelMap("the origin is a finite (row, column)", got=repr(self.origin))
        if self.confidence is not None:
            _check_confidence(self.confidence, self.array.shape)

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
        )


def _is_positive(value: object) -> bool:
    return isinstance(value, int | float | np.integer | np.floating) and bool(0 < value < inf)


def _check_confidence(confidence: NDArray[np.uint8], shape: tuple[int, ...]) -> None:
    if confidence.dtype != np.uint8:
        raise InvalidLabelMap("confidence is a probability of 0 to 255", expected="uint8", got=str(confidence.dtype))
    if confidence.shape != shape:
        raise InvalidLabelMap("confidence and labels differ in shape", expected=str(shape), got=str(confidence.shape))


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
