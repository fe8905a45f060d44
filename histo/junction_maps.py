"""What is seen of a junction network, pixel by pixel: where junctions run, and where they are stained."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from histo.errors import InvalidArgument
from histo.types import PixelSize

__all__ = ["JunctionMaps", "JunctionStain"]

JunctionStain = Literal["fluorescence", "dab"]
"""What a field is: one channel that is bright where junctions are, or RGB of haematoxylin and DAB."""


@dataclass(frozen=True, eq=False)
class JunctionMaps:
    """Two maps of one field, whoever made them: a network, a ridge filter or a hand.

    Parameters
    ----------
    centreline : (rows, cols) array of float32
        How surely the middle of a junction runs here, 0 to 1; high along the whole junction, its unstained gaps
        included.
    present : (rows, cols) array of float32
        How surely a junction that runs here is stained here, 0 to 1. Read it along centrelines: elsewhere it says
        nothing.
    mpp : float
        µm per pixel.
    seen_by : str, optional
        Who made them: ``junctions-v1``, ``ridge filter``; empty for maps drawn by hand.

    Raises
    ------
    InvalidArgument
        If a map is not two-dimensional, filled and finite with values from 0 to 1, or the two differ in shape.
    MissingPixelSize
        If `mpp` is not a positive number.

    Examples
    --------
    >>> line = np.zeros((5, 9))
    >>> line[2] = 1
    >>> stained = line.copy()
    >>> stained[2, 3:6] = 0
    >>> maps = JunctionMaps(line, stained, mpp=0.5)
    >>> maps.shape, round(float(maps.present[maps.centreline > 0.5].mean()), 3)
    ((5, 9), 0.667)
    """

    centreline: NDArray[np.float32]
    present: NDArray[np.float32]
    mpp: float
    seen_by: str = ""

    def __post_init__(self) -> None:
        PixelSize(self.mpp)
        object.__setattr__(self, "centreline", _as_map("centreline", self.centreline))
        object.__setattr__(self, "present", _as_map("present", self.present))
        if self.centreline.shape != self.present.shape:
            raise InvalidArgument(
                "centreline and present differ in shape",
                expected=str(self.centreline.shape),
                got=str(self.present.shape),
            )

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        rows, cols = self.centreline.shape
        return rows, cols


def _as_map(name: str, values: NDArray[np.floating] | NDArray[np.bool_]) -> NDArray[np.float32]:
    values = np.asarray(values)
    if values.ndim != 2 or values.size == 0:
        raise InvalidArgument(f"{name} is a filled two-dimensional map", got=f"shape {values.shape}")
    if not (np.issubdtype(values.dtype, np.floating) or values.dtype == bool):
        raise InvalidArgument(f"{name} holds probabilities or is a mask", got=f"dtype {values.dtype}")
    low, high = float(values.min()), float(values.max())
    if not (low >= 0 and high <= 1):
        raise InvalidArgument(f"{name} holds probabilities", expected="0 to 1", got=f"{low:g} to {high:g}")
    return values.astype(np.float32, copy=False)
