"""Subblocks of a CZI file: where their bytes lie, how they are decoded, how they make up a level."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import imagecodecs
import numpy as np
from numpy.typing import NDArray

from histo.errors import HistoError, UnreadableSlide
from histo.io.slides.announced_size import announced_size
from histo.io.slides.foreign import FOREIGN_ERRORS, one_line
from histo.io.slides.positioned_file import PositionedFile
from histo.io.slides.tiff_colour import flatten_alpha
from histo.io.slides.tile_cache import TileCache

__all__ = ["CziBlock", "MosaicLevel"]

_RAW, _JPEG, _LZW, _JPEG_XR, _ZSTD0, _ZSTD1 = 0, 1, 2, 4, 5, 6
# A subblock segment: 32 bytes of segment header, then 16 bytes of sizes and the directory entry in a field of at
# least 256 bytes, then metadata, then pixels.
_SEGMENT_HEADER_BYTES = 32
_FIXED_FIELD_BYTES = 256
_SIZES_BYTES = 16
_ENTRY_BYTES, _DIMENSION_BYTES = 32, 20


@dataclass(frozen=True)
class CziBlock:
    """One rectangle of one channel at one resolution.

    Parameters
    ----------
    position : int
        Where its segment begins in the file.
    corner, size : (int, int)
        Upper left corner and extent in level-0 pixels, in the scanner's coordinates.
    stored : (int, int)
        Rows and columns as stored; smaller than `size` in coarser levels.
    n_samples : int
        1, or 3 and 4 for colour, stored blue first.
    dtype : numpy dtype
        Type of the samples.
    compression : int
        Code of the codec.
    channel, order : int
        Index of the channel; place in the mosaic, later over earlier.
    planes : tuple of (str, int)
        Indices along the other axes.
    """

    position: int
    corner: tuple[int, int]
    size: tuple[int, int]
    stored: tuple[int, int]
    n_samples: int
    dtype: np.dtype[Any]
    compression: int
    channel: int = 0
    order: int = 0
    planes: tuple[tuple[str, int], ...] = ()

    @property
    def reduction(self) -> int:
        """Level-0 pixels per stored pixel."""
        return max(1, round(max(self.size) / max(self.stored)))

    def decode(self, file: PositionedFile) -> NDArray[Any]:
        """Read and decode the pixels, as (rows, cols, samples) with red first."""
        data = self._data(file)
        announced = announced_size(data)
        if announced is not None and (announced.rows, announced.cols) != self.stored:
            raise ValueError(f"it announces {announced} instead of {self.stored}")
        shape = (*self.stored, self.n_samples)
        pixels = np.asarray(self._decoded(data)).reshape(shape)
        if self.n_samples == 1:
            return pixels
        if self.compression != _JPEG_XR:
            pixels = pixels[..., [2, 1, 0, 3][: self.n_samples]]
        return flatten_alpha(pixels) if self.n_samples == 4 else pixels

    def _data(self, file: PositionedFile) -> bytes:
        start = self.position + _SEGMENT_HEADER_BYTES
        head = file.read(start, _SIZES_BYTES + _ENTRY_BYTES)
        metadata_bytes = int.from_bytes(head[0:4], "little")
        data_bytes = int.from_bytes(head[8:16], "little")
        n_dimensions = int.from_bytes(head[_SIZES_BYTES + 28 : _SIZES_BYTES + 32], "little")
        field = max(_FIXED_FIELD_BYTES, _SIZES_BYTES + _ENTRY_BYTES + n_dimensions * _DIMENSION_BYTES)
        return file.read(start + field + metadata_bytes, data_bytes)

    def _decoded(self, data: bytes) -> Any:
        n_bytes = self.stored[0] * self.stored[1] * self.n_samples * self.dtype.itemsize
        if self.compression == _RAW:
            return np.frombuffer(data[:n_bytes], self.dtype)
        if self.compression == _JPEG:
            return imagecodecs.jpeg_decode(data)
        if self.compression == _JPEG_XR:
            return imagecodecs.jpegxr_decode(data)
        if self.compression == _LZW:
            return np.frombuffer(imagecodecs.lzw_decode(data, out=n_bytes), self.dtype)
        if self.compression == _ZSTD0:
            return np.frombuffer(imagecodecs.zstd_decode(data, out=n_bytes), self.dtype)
        if self.compression == _ZSTD1:
            return self._zstd1(data, n_bytes)
        raise ValueError(f"its compression {self.compression} is not read")

    def _zstd1(self, data: bytes, n_bytes: int) -> NDArray[Any]:
        """Decode zstd with a header that says whether low and high bytes of 16 bits were stored apart."""
        header_bytes = data[0]
        is_split = header_bytes >= 3 and data[1] == 1 and bool(data[2] & 1)
        plain = np.frombuffer(imagecodecs.zstd_decode(data[header_bytes:], out=n_bytes), np.uint8)
        if is_split:
            plain = np.ascontiguousarray(plain.reshape(2, -1).T)
        return plain.reshape(-1).view(self.dtype)


@dataclass(frozen=True, eq=False)
class MosaicLevel:
    """A level made of rectangles that may overlap or leave gaps.

    Parameters
    ----------
    file : PositionedFile
        The slide.
    shape : (int, int)
        Rows and columns of the level.
    corner : (int, int)
        Corner of the slide in the scanner's coordinates.
    reduction : int
        Level-0 pixels per pixel of this level.
    blocks : list of CziBlock
        In the order in which they are laid down.
    channels : tuple of int
        The scanner's numbers of the channels.
    number : int
        Number of the level, for messages.
    cache : TileCache
        Shared by the levels of a slide.
    """

    file: PositionedFile
    shape: tuple[int, int]
    corner: tuple[int, int]
    reduction: int
    blocks: list[CziBlock]
    channels: tuple[int, ...]
    number: int
    cache: TileCache

    def read(self, row: int, col: int, height: int, width: int) -> NDArray[Any]:
        """Lay down the blocks that the window touches; gaps are white on colour pictures, else 0."""
        first = self.blocks[0]
        is_colour = first.n_samples >= 3
        window = np.full((height, width, 3 if is_colour else len(self.channels)), 255 if is_colour else 0, first.dtype)
        for block in self.blocks:
            top = round((block.corner[0] - self.corner[0]) / self.reduction) - row
            left = round((block.corner[1] - self.corner[1]) / self.reduction) - col
            low_row, high_row = max(top, 0), min(top + block.stored[0], height)
            low_col, high_col = max(left, 0), min(left + block.stored[1], width)
            if low_row < high_row and low_col < high_col:
                part = self._pixels(block)[low_row - top : high_row - top, low_col - left : high_col - left]
                samples = slice(None) if is_colour else slice(self.channels.index(block.channel), None)
                window[low_row:high_row, low_col:high_col, samples][..., : part.shape[2]] = part
        return window

    def _pixels(self, block: CziBlock) -> NDArray[Any]:
        pixels = self.cache.get(block.position)
        if pixels is None:
            try:
                pixels = block.decode(self.file)
            except HistoError:
                raise
            except FOREIGN_ERRORS as error:
                raise UnreadableSlide(
                    f"a damaged tile: level {self.number}, corner {block.corner}",
                    file=self.file.path,
                    got=f"{type(error).__name__}: {one_line(error)}",
                    next_step="Copy the slide again from the scanner; the rest of it may still be sound.",
                ) from error
            self.cache.put(block.position, pixels)
        return pixels
