"""Frames of a DICOM file: where their bytes lie, and how they are decoded (DICOM PS3.5, A.4)."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from typing import Any

import imagecodecs
import numpy as np
from numpy.typing import NDArray

from histo.errors import HistoError, UnreadableSlide
from histo.io.slides.announced_size import announced_size
from histo.io.slides.foreign import FOREIGN_ERRORS, one_line
from histo.io.slides.positioned_file import PositionedFile

__all__ = ["FrameFormat", "Frames", "frame_pieces"]

Piece = tuple[int, int]  # offset and length in the file

_CODECS = {
    "1.2.840.10008.1.2": "native",
    "1.2.840.10008.1.2.1": "native",
    "1.2.840.10008.1.2.4.50": "jpeg",
    "1.2.840.10008.1.2.4.51": "jpeg",
    "1.2.840.10008.1.2.4.90": "jpeg2000",
    "1.2.840.10008.1.2.4.91": "jpeg2000",
}
_ITEM = b"\xfe\xff\x00\xe0"
_END = b"\xfe\xff\xdd\xe0"


@dataclass(frozen=True)
class FrameFormat:
    """What all frames of a file have in common; the words are those of the standard."""

    shape: tuple[int, int]
    n_samples: int
    n_bits: int
    is_planar: bool
    photometric: str
    transfer_syntax: str

    @property
    def codec(self) -> str | None:
        """How the frames are encoded; None if it is not read."""
        return _CODECS.get(self.transfer_syntax)

    @property
    def n_bytes(self) -> int:
        """Bytes of a decoded frame."""
        return self.shape[0] * self.shape[1] * self.n_samples * self.n_bits // 8


@dataclass(frozen=True, eq=False)
class Frames:
    """The frames of a file as tiles.

    Parameters
    ----------
    file : PositionedFile
        The slide.
    format : FrameFormat
        What they have in common.
    pieces : list of list of (int, int)
        For each frame, offset and length of the pieces it is stored in.
    places : dict
        Number of the frame at each (tile row, tile column); tiles that are not there are glass.
    dtype : numpy dtype
        Type of the pixels.
    """

    file: PositionedFile
    format: FrameFormat
    pieces: list[list[Piece]]
    places: dict[tuple[int, int], int]
    dtype: np.dtype[Any]

    def decode(self, tile_row: int, tile_col: int) -> NDArray[Any]:
        """Decode one frame as (rows, cols, samples)."""
        number = self.places.get((tile_row, tile_col))
        if number is None:
            shape = (*self.format.shape, self.format.n_samples)
            return np.full(shape, 255 if self.format.n_samples == 3 else 0, self.dtype)
        try:
            return self.frame(number)
        except HistoError:
            raise
        except FOREIGN_ERRORS as error:
            raise UnreadableSlide(
                f"a damaged tile: level 0, tile row {tile_row}, tile column {tile_col}",
                file=self.file.path,
                got=f"{type(error).__name__}: {one_line(error)}",
                next_step="Copy the slide again from the archive; the rest of it may still be sound.",
            ) from error

    def frame(self, number: int) -> NDArray[Any]:
        """Decode the frame of this number; errors are those of the decoder."""
        data = b"".join(self.file.read(*piece) for piece in self.pieces[number])
        return self._decoded(data).reshape(*self.format.shape, self.format.n_samples)

    def _decoded(self, data: bytes) -> NDArray[Any]:
        if self.format.codec == "native":
            pixels = np.frombuffer(data, self.dtype.newbyteorder("<"))
            if self.format.is_planar:
                return np.moveaxis(pixels.reshape(self.format.n_samples, *self.format.shape), 0, -1).astype(self.dtype)
            return pixels.astype(self.dtype)
        announced = announced_size(data)
        if announced is None or (announced.rows, announced.cols) != self.format.shape:
            raise ValueError(f"it announces {announced} instead of {self.format.shape}")
        if self.format.codec == "jpeg2000":
            return np.asarray(imagecodecs.jpeg2k_decode(data))
        # A stream that names its colours by a JFIF or Adobe header is believed before the DICOM header, as files
        # are about that say RGB and hold YCbCr; a stream that says nothing is what the DICOM header says.
        names_its_colours = b"JFIF" in data[:64] or b"Adobe" in data[:1024]
        if self.format.photometric == "RGB" and not names_its_colours:
            return np.asarray(imagecodecs.jpeg_decode(data, colorspace="RGB", outcolorspace="RGB"))
        return np.asarray(imagecodecs.jpeg_decode(data))


def frame_pieces(
    file: PositionedFile, element: int, n_frames: int, frame: FrameFormat, *, is_implicit: bool
) -> list[list[Piece]]:
    """Find the bytes of each frame.

    Parameters
    ----------
    file : PositionedFile
        The slide.
    element : int
        Where the element PixelData begins.
    n_frames : int
        Number of frames.
    frame : FrameFormat
        What they have in common.
    is_implicit : bool
        Whether elements are written without their type.

    Returns
    -------
    list of list of (int, int)
        For each frame, offset and length of its pieces.

    Raises
    ------
    UnreadableSlide
        If there are not as many frames as announced.
    """
    start = element + (8 if is_implicit else 12)
    if frame.codec == "native":
        pieces = [[(start + number * frame.n_bytes, frame.n_bytes)] for number in range(n_frames)]
        file.read(pieces[-1][0][0], frame.n_bytes)  # a cut file is found now, not when its end is read
        return pieces
    table, items = _items(file, start)
    if len(items) == n_frames:
        return [[item] for item in items]
    # A frame in several pieces: the table says at which of them each frame begins, counted from the first item.
    begins = [bisect_left(items, (items[0][0] + offset, 0)) for offset in table] if items else []
    if len(begins) != n_frames:
        raise UnreadableSlide(
            "the frames are not all there",
            file=file.path,
            expected=f"{n_frames} frames",
            got=f"{len(items)} pieces and a table of {len(table)} offsets",
            next_step="Copy the slide again from the archive.",
        )
    return [items[begin:end] for begin, end in zip(begins, [*begins[1:], len(items)], strict=True)]


def _items(file: PositionedFile, position: int) -> tuple[list[int], list[Piece]]:
    """Walk over the items of encapsulated pixel data: the offset table first, then the pieces."""
    table: list[int] = []
    items: list[Piece] = []
    is_first = True
    while position + 8 <= file.size:
        head = file.read(position, 8)
        length = int.from_bytes(head[4:], "little")
        if head[:4] == _END:
            break
        if head[:4] != _ITEM or position + 8 + length > file.size:
            raise UnreadableSlide(
                "the pixel data are cut or damaged", file=file.path, got=f"{head[:4].hex()} at byte {position}"
            )
        if is_first:
            table = np.frombuffer(file.read(position + 8, length), "<u4").tolist()
        else:
            items.append((position + 8, length))
        is_first = False
        position += 8 + length
    return table, items
