"""A slide stained for a protein of junctions as it is measured: one channel or RGB, at a size that memory allows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from histo.batch.channels import marker_channel
from histo.errors import InvalidArgument
from histo.io import Slide
from histo.io.design import StainedMarker
from histo.nn.nuclei_canvas import measure_brightness
from histo.stain import HAEMATOXYLIN_DAB, DabStain, describe_dab
from histo.types import LabelMap

__all__ = ["BarrierPicture", "open_barrier_picture"]

MEMBRANE_MPP = 0.5
"""µm/px up to which membranes are told from cytoplasm."""

# Measuring a section took 130 bytes a pixel at its peak where membranes are looked for, and 60 where they are not.
_MOST_FINE_PX = 10_000_000
_MOST_COARSE_PX = 20_000_000
_OVERVIEW_SIDE = 2048


@dataclass(frozen=True, eq=False)
class BarrierPicture:
    """How one marker of a slide is read.

    Parameters
    ----------
    slide : Slide
        Open.
    stain : {"fluorescence", "dab"}
    channel : int
        Fluorescence: the marker's channel.
    colours : DabStain, optional
        Of a DAB slide.
    """

    slide: Slide
    stain: Literal["fluorescence", "dab"]
    channel: int = 0
    colours: DabStain | None = None

    def read(self, corner: tuple[float, float], shape: tuple[int, int], mpp: float | None = None) -> NDArray[Any]:
        """Read a window: one channel as it is, or RGB.

        Parameters
        ----------
        corner : (float, float)
            Level-0 (row, column) of its outer corner.
        shape : (int, int)
            Rows and columns of the picture.
        mpp : float, optional
            µm per pixel of the picture; without it pixel for pixel.
        """
        pixels = self.slide.read(*corner, *shape, mpp=mpp)
        return np.ascontiguousarray(pixels[..., self.channel] if self.stain == "fluorescence" else pixels[..., :3])

    def read_field(self, labels: LabelMap, mpp: float) -> NDArray[Any]:
        """Read the field of a label map.

        Parameters
        ----------
        labels : LabelMap
        mpp : float
            µm per pixel of the picture.

        Raises
        ------
        InvalidArgument
            If it would not fit the memory; the message says what to do.
        """
        rows, cols = (max(round(size * labels.mpp / mpp), 1) for size in labels.shape)
        most = _MOST_FINE_PX if mpp <= MEMBRANE_MPP else _MOST_COARSE_PX
        if rows * cols > most:
            raise InvalidArgument(
                "the section is too large to measure its staining in memory",
                file=self.slide.path,
                expected=f"{most // 10**6} million pixels at most at {mpp:g} µm/px",
                got=f"{rows} x {cols}",
                next_step="Score the whole study at coarser pixels, such as --staining-mpp 1 (20 million pixels; the "
                "membrane:cytoplasm ratio is then missing), or save the slide in parts.",
            )
        return self.read(labels.origin, (rows, cols), mpp)

    def as_grey(self, corner: tuple[float, float], shape: tuple[int, int], mpp: float) -> NDArray[np.uint8]:
        """Read a window as RGB to look at: fluorescence in grey, on the brightness of the window."""
        pixels = self.read(corner, shape, mpp)
        if self.stain == "dab":
            return pixels
        return np.repeat(measure_brightness(pixels).as_grey(pixels)[..., None], 3, axis=2)


def open_barrier_picture(slide: Slide, marker: StainedMarker, stain: Literal["fluorescence", "dab"]) -> BarrierPicture:
    """Find the channel of a marker, or the white of a DAB slide.

    All DAB slides are separated in the published colours, and only the white is the slide's own: on a negative control
    there is no brown to find, and one threshold judges them all.

    Parameters
    ----------
    slide : Slide
        Open.
    marker : StainedMarker
        Of the design table.
    stain : {"fluorescence", "dab"}

    Returns
    -------
    BarrierPicture

    Raises
    ------
    InvalidArgument
        If the slide has no such channel.
    """
    if stain == "fluorescence":
        return BarrierPicture(slide, stain, slide.channels.index(marker_channel(slide, marker)))
    colours = describe_dab(slide.thumbnail(_OVERVIEW_SIDE)[..., :3], vectors=HAEMATOXYLIN_DAB)
    return BarrierPicture(slide, stain, colours=colours)
