"""Tiles and strips decoded straight from the page tables that tifffile has parsed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from histo.errors import HistoError, UnreadableSlide
from histo.io.slides.announced_size import announced_size
from histo.io.slides.foreign import FOREIGN_ERRORS, one_line
from histo.io.slides.positioned_file import PositionedFile

__all__ = ["ContiguousPlane", "EncodedPlane", "TiffTiles"]

Pixels = NDArray[Any]
_APERIO_YCBCR = 33003


class Plane(Protocol):
    """The pixels of one page, or of one sample of it."""

    def tile(self, file: PositionedFile, index: int) -> Pixels | None:
        """Decode the tile of this running number as (rows, cols, samples); None if the file leaves it out."""


@dataclass(frozen=True, eq=False)
class EncodedPlane:
    """Tiles or strips that each were compressed on their own.

    Parameters
    ----------
    offsets, n_bytes : (tiles,) arrays of int
        Where each lies in the file.
    decode : callable
        tifffile's decoder for this page.
    tile_shape : (int, int)
        Rows and columns of a whole tile.
    first : int
        Running number, within the page, of the first tile; planes of a page stand one after the other.
    compression : int
        The TIFF tag's value.
    tables, header : bytes or None
        JPEG tables, and the JPEG header of an NDPI page, that the tiles share.
    """

    offsets: NDArray[np.int64]
    n_bytes: NDArray[np.int64]
    decode: Callable[..., Any]
    tile_shape: tuple[int, int]
    first: int = 0
    compression: int = 1
    tables: bytes | None = None
    header: bytes | None = None

    def tile(self, file: PositionedFile, index: int) -> Pixels | None:
        """Decode one tile."""
        number = self.first + index
        n_bytes = int(self.n_bytes[number])
        if n_bytes == 0:
            return None
        data = file.read(int(self.offsets[number]), n_bytes)
        announced = announced_size(data)
        if announced is not None:
            # Encoders round up to whole blocks of 8 or 16 pixels, never further.
            rows, cols = self.tile_shape
            if announced.rows > rows + 16 or announced.cols > cols + 16:
                raise ValueError(f"it announces {announced.rows} x {announced.cols} px instead of {rows} x {cols}")
        if self.tables is None and self.header is None:
            tile = self.decode(data, number)[0]
        else:
            tile = self.decode(data, number, jpegtables=self.tables, jpegheader=self.header)[0]
        pixels: Pixels = tile[0]
        if self.compression == _APERIO_YCBCR and announced is not None and not announced.is_subsampled:
            return rgb_from_ycbcr(pixels)
        return pixels


@dataclass(frozen=True, eq=False)
class ContiguousPlane:
    """Uncompressed rows one after the other, cut into strips of a handy size.

    Parameters
    ----------
    offset : int
        Where the first row begins in the file.
    dtype : numpy dtype
        As stored, byte order included.
    shape : (int, int, int)
        Rows, columns, samples.
    rows_a_strip : int
        Rows of a strip.
    """

    offset: int
    dtype: np.dtype[Any]
    shape: tuple[int, int, int]
    rows_a_strip: int

    def tile(self, file: PositionedFile, index: int) -> Pixels:
        """Read one strip."""
        rows, cols, samples = self.shape
        first = index * self.rows_a_strip
        height = min(self.rows_a_strip, rows - first)
        row_bytes = cols * samples * self.dtype.itemsize
        data = file.read(self.offset + first * row_bytes, height * row_bytes)
        strip = np.frombuffer(data, self.dtype).reshape(height, cols, samples)
        return strip.astype(self.dtype.newbyteorder("="), copy=False)


@dataclass(frozen=True, eq=False)
class TiffTiles:
    """The tiles of one level.

    Parameters
    ----------
    file : PositionedFile
        The slide.
    planes : sequence of Plane
        Pages, or samples of a page, that become the channels.
    n_tile_cols : int
        Tiles in a row of tiles.
    tile_shape : (int, int)
        Rows and columns of a tile.
    recolour : callable
        Turns the stored samples into the channels of the slide.
    blank : (int, int, numpy dtype)
        Value, channels and type of tiles that the file leaves out.
    level : int
        Number of the level, for messages.
    """

    file: PositionedFile
    planes: Sequence[Plane]
    n_tile_cols: int
    tile_shape: tuple[int, int]
    recolour: Callable[[Pixels], Pixels]
    blank: tuple[int, int, np.dtype[Any]]
    level: int

    def decode(self, tile_row: int, tile_col: int) -> Pixels:
        """Decode one tile as (rows, cols, channels).

        Raises
        ------
        UnreadableSlide
            If it is damaged; the message names level and tile.
        """
        index = tile_row * self.n_tile_cols + tile_col
        try:
            parts = [plane.tile(self.file, index) for plane in self.planes]
            present = [part for part in parts if part is not None]
            if len(present) < len(parts):
                return self._blank_tile()
            return self.recolour(present[0] if len(present) == 1 else np.concatenate(present, axis=2))
        except HistoError:
            raise
        except FOREIGN_ERRORS as error:
            raise UnreadableSlide(
                f"a damaged tile: level {self.level}, tile row {tile_row}, tile column {tile_col}",
                file=self.file.path,
                got=f"{type(error).__name__}: {one_line(error)}",
                next_step="Copy the slide again from the scanner; the rest of it may still be sound.",
            ) from error

    def _blank_tile(self) -> Pixels:
        value, n_channels, dtype = self.blank
        return np.full((*self.tile_shape, n_channels), value, dtype)


def rgb_from_ycbcr(pixels: Pixels) -> Pixels:
    """Turn full-range YCbCr into RGB (ITU-R BT.601, as JFIF uses it).

    Examples
    --------
    >>> rgb_from_ycbcr(np.array([[[76, 85, 255]]], np.uint8))
    array([[[254,   0,   0]]], dtype=uint8)
    """
    luma, blue, red = np.moveaxis(pixels.astype(np.float32), -1, 0)
    blue, red = blue - 128, red - 128
    rgb = np.stack([luma + 1.402 * red, luma - 0.344136 * blue - 0.714136 * red, luma + 1.772 * blue], axis=-1)
    rounded: Pixels = np.clip(np.rint(rgb), 0, 255).astype(np.uint8)
    return rounded
