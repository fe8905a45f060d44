"""One level of a TIFF slide: from tifffile's page tables to tiles."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from histo.errors import UnreadableSlide, UnsupportedSlide
from histo.io.slides.level import TiledLevel
from histo.io.slides.limits import check_block_bytes, check_slide_size
from histo.io.slides.positioned_file import PositionedFile
from histo.io.slides.tiff_colour import Colouring
from histo.io.slides.tiff_tiles import ContiguousPlane, EncodedPlane, Plane, TiffTiles
from histo.io.slides.tile_cache import TileCache

__all__ = ["n_samples_of", "open_level"]

# Compressions whose decoders cannot be made to take more memory than the tile has: none, LZW, JPEG, Deflate, PackBits,
# JPEG 2000, LZMA, zstd, WebP.
_COMPRESSIONS = frozenset({1, 5, 7, 8, 32773, 32946, 33003, 33005, 34712, 34925, 34926, 34927, 50000, 50001})
_STRIP_BYTES = 2**18


def n_samples_of(level: Any) -> int:
    """Values that each pixel has, over all planes of a level."""
    sizes = dict(zip(level.axes, level.shape, strict=True))
    return int(sizes.get("C", 1)) * int(sizes.get("S", 1))


def open_level(level: Any, file: PositionedFile, colouring: Colouring, cache: TileCache, number: int) -> TiledLevel:
    """Make a level of tifffile's description of it.

    Parameters
    ----------
    level : tifffile.TiffPageSeries
        The level.
    file : PositionedFile
        The slide.
    colouring : Colouring
        How samples become channels.
    cache : TileCache
        Where decoded tiles are kept.
    number : int
        Number of the level, for messages.

    Returns
    -------
    TiledLevel
    """
    page, path = level.keyframe, file.path
    shape = int(page.imagelength), int(page.imagewidth)
    check_slide_size(*shape, path)
    planes: list[Plane]
    if level.dataoffset is not None and page.compression == 1 and page.dtype.kind in "uif":
        planes, tile_shape = _contiguous_planes(level, shape)
    else:
        tile_shape = _tile_shape(page, shape, path)
        planes = [plane for entry in level.pages for plane in _encoded_planes(entry, page, tile_shape, path)]
    blank = 255 if colouring.is_rgb and colouring.dtype == np.uint8 else 0
    tiles = TiffTiles(
        file=file,
        planes=planes,
        n_tile_cols=-(-shape[1] // tile_shape[1]),
        tile_shape=tile_shape,
        recolour=colouring.apply,
        blank=(blank, len(colouring.channels), colouring.dtype),
        level=number,
    )
    return TiledLevel(shape, tile_shape, len(colouring.channels), colouring.dtype, tiles.decode, cache)


def _contiguous_planes(level: Any, shape: tuple[int, int]) -> tuple[list[Plane], tuple[int, int]]:
    """Uncompressed pixels in one run: any rows can be read without the rest of their strip."""
    page = level.keyframe
    dtype = np.dtype(page.parent.byteorder + page.dtype.char)
    samples = int(page.samplesperpixel) if int(page.planarconfig) == 1 else 1
    row_bytes = shape[1] * samples * dtype.itemsize
    rows_a_strip = max(1, min(shape[0], _STRIP_BYTES // row_bytes))
    n_planes = n_samples_of(level) // samples
    plane_bytes = shape[0] * row_bytes
    planes: list[Plane] = [
        ContiguousPlane(int(level.dataoffset) + number * plane_bytes, dtype, (*shape, samples), rows_a_strip)
        for number in range(n_planes)
    ]
    return planes, (rows_a_strip, shape[1])


def _tile_shape(page: Any, shape: tuple[int, int], path: Path) -> tuple[int, int]:
    if page.is_tiled:
        tile_shape = int(page.tilelength), int(page.tilewidth)
    else:
        tile_shape = min(int(page.rowsperstrip), shape[0]), shape[1]
    if min(tile_shape) < 1 or int(page.imagedepth) > 1:
        raise UnreadableSlide("the tiles have no pixels or too many dimensions", file=path, got=f"{tile_shape} px")
    n_bytes = tile_shape[0] * tile_shape[1] * int(page.samplesperpixel) * page.dtype.itemsize
    check_block_bytes(n_bytes, "a tile" if page.is_tiled else "a strip", path)
    return tile_shape


def _encoded_planes(page: Any, keyframe: Any, tile_shape: tuple[int, int], path: Path) -> list[Plane]:
    if page is None or Path(page.parent.filehandle.path) != Path(page.parent.root.filehandle.path):
        raise UnsupportedSlide(
            "the pixels are spread over several files or partly missing",
            file=path,
            next_step="Save the slide as one file, for instance with bfconvert.",
        )
    if int(keyframe.compression) not in _COMPRESSIONS:
        raise UnsupportedSlide(
            "this compression is not read",
            file=path,
            expected="none, JPEG, JPEG 2000, LZW, Deflate, PackBits, LZMA, zstd or WebP",
            got=getattr(keyframe.compression, "name", str(keyframe.compression)),
            next_step="Export the slide with JPEG or Deflate compression.",
        )
    offsets, n_bytes = np.asarray(page.dataoffsets, np.int64), np.asarray(page.databytecounts, np.int64)
    n_tiles = -(-int(keyframe.imagelength) // tile_shape[0]) * -(-int(keyframe.imagewidth) // tile_shape[1])
    n_planes = 1 if int(keyframe.planarconfig) == 1 else int(keyframe.samplesperpixel)
    if min(len(offsets), len(n_bytes)) < n_tiles * n_planes:
        raise UnreadableSlide(
            "the table of tiles is too short",
            file=path,
            expected=f"{n_tiles * n_planes} tiles",
            got=str(min(len(offsets), len(n_bytes))),
            next_step="The file is damaged; copy it again from the scanner.",
        )
    return [
        EncodedPlane(
            offsets=offsets,
            n_bytes=n_bytes,
            decode=keyframe.decode,
            tile_shape=tile_shape,
            first=number * n_tiles,
            compression=int(keyframe.compression),
            tables=page.jpegtables,
            header=keyframe.jpegheader,
        )
        for number in range(n_planes)
    ]
