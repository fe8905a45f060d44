"""Zeiss CZI: mosaics of subblocks, with their pyramid (ZISRAW file format, version 1.2)."""

from __future__ import annotations

from collections import defaultdict
from importlib import import_module
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np

from histo.errors import MissingExtra, UnreadableSlide, UnsupportedSlide
from histo.io.slides.contents import GREY, RGB, SlideContents
from histo.io.slides.czi_blocks import CziBlock, MosaicLevel
from histo.io.slides.foreign import foreign_code
from histo.io.slides.limits import check_block_bytes, check_slide_size
from histo.io.slides.pixel_size import PixelSizeFinding
from histo.io.slides.positioned_file import PositionedFile, open_to_keep
from histo.io.slides.tile_cache import TileCache

__all__ = ["open_czi"]

_STACKS = {"Z": "focal planes", "T": "times", "H": "phases", "I": "illuminations", "R": "rotations", "V": "views"}


def open_czi(path: Path) -> SlideContents:
    """Open a Zeiss CZI file with one picture: its mosaic tiles, channels and pyramid levels.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    SlideContents

    Raises
    ------
    MissingExtra
        If czifile is not installed.
    UnreadableSlide
        If the file is damaged.
    UnsupportedSlide
        If it holds several focal planes, times or views.
    """
    try:
        czifile = import_module("czifile")
    except ImportError:
        raise MissingExtra(
            "CZI slides need czifile", file=path, next_step="Install it: pip install 'histo-gut[czi]'."
        ) from None
    with foreign_code(path, "reading the CZI directory"):
        with czifile.CziFile(path) as czi:
            blocks = [_block(entry) for entry in czi.filtered_subblock_directory]
            metadata = czi.metadata() or "<none/>"
        if not blocks:
            raise UnreadableSlide("the CZI file has no image", file=path, next_step="Copy the slide again.")
        _refuse_stacks(blocks, path)
        with open_to_keep(path) as file:
            return _contents(blocks, metadata, file)


def _block(entry: Any) -> CziBlock:
    starts, sizes, stored = {}, {}, {}
    for dimension in entry.dimension_entries:
        starts[dimension.dimension] = int(dimension.start)
        sizes[dimension.dimension] = int(dimension.size)
        stored[dimension.dimension] = int(dimension.stored_size) or int(dimension.size)
    return CziBlock(
        position=int(entry.file_position),
        corner=(starts["Y"], starts["X"]),
        size=(sizes["Y"], sizes["X"]),
        stored=(stored["Y"], stored["X"]),
        n_samples=int(entry.stored_shape[-1]),
        dtype=np.dtype(entry.dtype[-2:]) if isinstance(entry.dtype, str) else np.dtype(entry.dtype),
        compression=int(entry.compression),
        channel=starts.get("C", 0),
        order=starts.get("M", 0),
        planes=tuple((axis, starts[axis]) for axis in _STACKS if axis in starts),
    )


def _refuse_stacks(blocks: list[CziBlock], path: Path) -> None:
    seen: dict[str, set[int]] = defaultdict(set)
    for block in blocks:
        for axis, number in block.planes:
            seen[axis].add(number)
    for axis, numbers in seen.items():
        if len(numbers) > 1:
            raise UnsupportedSlide(
                f"the file holds {len(numbers)} {_STACKS[axis]}",
                file=path,
                expected="one picture, with its channels",
                next_step="Save each of them, or their projection, as a file of its own.",
            )
    if len({(block.n_samples, block.dtype) for block in blocks}) > 1:
        raise UnsupportedSlide("the channels are of different types", file=path, next_step="Save them as OME-TIFF.")


def _contents(blocks: list[CziBlock], metadata: str, file: PositionedFile) -> SlideContents:
    whole = [block for block in blocks if block.reduction == 1]
    if not whole:
        raise UnreadableSlide("the CZI file has no full resolution", file=file.path, next_step="Copy the slide again.")
    top, left = min(block.corner[0] for block in whole), min(block.corner[1] for block in whole)
    rows = max(block.corner[0] + block.size[0] for block in whole) - top
    cols = max(block.corner[1] + block.size[1] for block in whole) - left
    check_slide_size(rows, cols, file.path)
    first = whole[0]
    for block in blocks:
        n_bytes = block.stored[0] * block.stored[1] * block.n_samples * block.dtype.itemsize
        check_block_bytes(n_bytes, "a mosaic tile", file.path)
    numbers = sorted({block.channel for block in whole})
    is_rgb = first.n_samples in (3, 4) and len(numbers) == 1
    if first.n_samples > 1 and not is_rgb:
        raise UnsupportedSlide("the file holds several colour pictures as channels", file=file.path)
    root = ET.fromstring(metadata)  # noqa: S314  expat bounds what entities may expand to
    names = RGB if is_rgb else _channel_names(root, len(numbers))
    cache = TileCache()
    sources: list[MosaicLevel] = []
    for reduction in sorted({block.reduction for block in blocks}):
        shape = max(1, round(rows / reduction)), max(1, round(cols / reduction))
        chosen = sorted((block for block in blocks if block.reduction == reduction), key=lambda block: block.order)
        sources.append(MosaicLevel(file, shape, (top, left), reduction, chosen, tuple(numbers), len(sources), cache))
    findings, notes = _findings(root)
    return SlideContents(
        format="Zeiss CZI",
        sources=tuple(sources),
        channels=names,
        dtype=first.dtype,
        is_brightfield=None if is_rgb and first.dtype == np.uint8 else False,
        findings=findings,
        notes=notes,
        close=file.close,
    )


def _channel_names(root: ET.Element, count: int) -> tuple[str, ...]:
    channels = root.findall("./Metadata/Information/Image/Dimensions/Channels/Channel")
    names = tuple(channel.get("Name") or f"channel {number}" for number, channel in enumerate(channels))
    if len(names) == count:
        return names
    return GREY if count == 1 else tuple(f"channel {number}" for number in range(count))


def _findings(root: ET.Element) -> tuple[tuple[PixelSizeFinding, ...], tuple[str, ...]]:
    """Read Scaling/Items/Distance, which is in metres."""
    lengths = {}
    for distance in root.iterfind("./Metadata/Scaling/Items/Distance"):
        value = distance.findtext("Value")
        if value:
            lengths[distance.get("Id")] = float(value) * 1e6
    if "X" not in lengths or "Y" not in lengths:
        return (), ("CZI Scaling: absent",)
    return (PixelSizeFinding(lengths["Y"], lengths["X"], "CZI Scaling"),), ()
