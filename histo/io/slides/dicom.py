"""DICOM whole-slide images: one instance, which is one level, with its frames as tiles (DICOM PS3.3, A.32.8)."""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from histo.errors import MissingExtra, UnreadableSlide, UnsupportedSlide
from histo.io.slides.contents import GREY, RGB, SlideContents
from histo.io.slides.dicom_frames import FrameFormat, Frames, frame_pieces
from histo.io.slides.dicom_order import seams_tell_order
from histo.io.slides.foreign import foreign_code
from histo.io.slides.level import TiledLevel
from histo.io.slides.limits import check_block_bytes, check_slide_size
from histo.io.slides.pixel_size import PixelSizeFinding
from histo.io.slides.positioned_file import PositionedFile, open_to_keep
from histo.io.slides.tile_cache import TileCache

__all__ = ["open_dicom"]

_WHOLE_SLIDE = "1.2.840.10008.5.1.4.1.1.77.1.6"
_SAVE_PLAIN = "Convert it to OME-TIFF, for instance with QuPath or bfconvert."


def open_dicom(path: Path) -> SlideContents:
    """Open one instance of a DICOM whole-slide image.

    The other levels of a pyramid are files of their own; each opens as a slide with one level.

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
        If pydicom is not installed.
    UnreadableSlide
        If the file is damaged.
    UnsupportedSlide
        If it is another kind of DICOM, several planes deep, or in a compression that is not read.
    """
    try:
        pydicom = import_module("pydicom")
    except ImportError:
        raise MissingExtra(
            "DICOM slides need pydicom", file=path, next_step="Install it: pip install 'histo-gut[dicom]'."
        ) from None
    with foreign_code(path, "reading the DICOM header"):
        with path.open("rb") as stream:
            header = pydicom.dcmread(stream, stop_before_pixels=True)
            pixel_data = stream.tell()
        _refuse_others(header, path)
        with open_to_keep(path) as file:
            return _contents(header, pixel_data, file)


def _refuse_others(header: Any, path: Path) -> None:
    if header.get("SOPClassUID") != _WHOLE_SLIDE:
        raise UnsupportedSlide(
            "this DICOM file is no whole-slide image",
            file=path,
            expected="VL Whole Slide Microscopy Image",
            got=getattr(header.get("SOPClassUID"), "name", "no class"),
        )
    planes = int(header.get("TotalPixelMatrixFocalPlanes", 1) or 1)
    paths = int(header.get("NumberOfOpticalPaths", 1) or 1)
    if planes > 1 or paths > 1 or "InConcatenationNumber" in header:
        raise UnsupportedSlide(
            "this DICOM file has several focal planes, optical paths or parts",
            file=path,
            got=f"{planes} focal planes, {paths} optical paths",
            next_step=_SAVE_PLAIN,
        )


def _contents(header: Any, pixel_data: int, file: PositionedFile) -> SlideContents:
    path = file.path
    shape = int(header.TotalPixelMatrixRows), int(header.TotalPixelMatrixColumns)
    check_slide_size(*shape, path)
    frame = _frame_format(header, path)
    check_slide_size(*frame.shape, path)
    check_block_bytes(frame.n_bytes, "a frame", path)
    n_frames = int(header.get("NumberOfFrames", 1))
    pieces = frame_pieces(file, pixel_data, n_frames, frame, is_implicit=bool(header.is_implicit_VR))
    dtype = np.dtype(np.uint8 if frame.n_bits == 8 else np.uint16)
    frames = Frames(file, frame, pieces, {}, dtype)
    grid = -(-shape[0] // frame.shape[0]), -(-shape[1] // frame.shape[1])
    frames = replace(frames, places=_frame_places(header, frames, grid, path))
    findings, notes = _findings(header, shape)
    is_rgb = frame.n_samples == 3
    return SlideContents(
        format="DICOM",
        sources=(TiledLevel(shape, frame.shape, frame.n_samples, dtype, frames.decode, TileCache()),),
        channels=RGB if is_rgb else GREY,
        dtype=dtype,
        is_brightfield=None if is_rgb else False,
        findings=tuple(findings),
        notes=tuple(notes),
        close=file.close,
    )


def _frame_format(header: Any, path: Path) -> FrameFormat:
    frame = FrameFormat(
        shape=(int(header.Rows), int(header.Columns)),
        n_samples=int(header.SamplesPerPixel),
        n_bits=int(header.BitsAllocated),
        is_planar=int(header.get("PlanarConfiguration", 0) or 0) == 1,
        photometric=str(header.PhotometricInterpretation),
        transfer_syntax=str(header.file_meta.TransferSyntaxUID),
    )
    if frame.n_samples not in (1, 3) or frame.n_bits not in (8, 16) or frame.codec is None:
        raise UnsupportedSlide(
            "frames of this kind are not read",
            file=path,
            expected="1 or 3 samples of 8 or 16 bits; uncompressed, JPEG or JPEG 2000",
            got=f"{frame.n_samples} samples of {frame.n_bits} bits, {header.file_meta.TransferSyntaxUID.name}",
            next_step=_SAVE_PLAIN,
        )
    return frame


def _frame_places(header: Any, frames: Frames, grid: tuple[int, int], path: Path) -> dict[tuple[int, int], int]:
    """Which frame is which tile: by its position where the file has one, else by the order of the frames."""
    if "PerFrameFunctionalGroupsSequence" in header:
        positions = [entry.get("PlanePositionSlideSequence") for entry in header.PerFrameFunctionalGroupsSequence]
        if positions and all(positions):
            shape = frames.format.shape
            return {_tile_of(position[0], shape, path): number for number, position in enumerate(positions)}
    n_frames = len(frames.pieces)
    if n_frames != grid[0] * grid[1]:
        raise UnreadableSlide(
            "the number of frames does not fill the slide",
            file=path,
            expected=f"{grid[0]} x {grid[1]} frames",
            got=str(n_frames),
            next_step="Copy or export the slide again.",
        )
    # The standard wants either positions or TILED_FULL, which means by rows. A file with neither may be in any order.
    is_by_rows = header.get("DimensionOrganizationType") == "TILED_FULL"
    order = "rows" if is_by_rows else seams_tell_order(frames.frame, grid)
    if order is None:
        raise UnsupportedSlide(
            "the file does not say where its frames lie, and their seams do not tell",
            file=path,
            expected="DimensionOrganizationType TILED_FULL, or a position for each frame",
            got=str(header.get("DimensionOrganizationType")),
            next_step=_SAVE_PLAIN,
        )
    if order == "rows":
        return {divmod(number, grid[1]): number for number in range(n_frames)}
    return {(number % grid[0], number // grid[0]): number for number in range(n_frames)}


def _tile_of(position: Any, frame_shape: tuple[int, int], path: Path) -> tuple[int, int]:
    row = int(position.RowPositionInTotalImagePixelMatrix) - 1
    col = int(position.ColumnPositionInTotalImagePixelMatrix) - 1
    if row % frame_shape[0] or col % frame_shape[1]:
        raise UnsupportedSlide(
            "the frames do not lie on a grid", file=path, got=f"a frame at {row}, {col}", next_step=_SAVE_PLAIN
        )
    return row // frame_shape[0], col // frame_shape[1]


def _findings(header: Any, shape: tuple[int, int]) -> tuple[list[PixelSizeFinding], list[str]]:
    """Pixel spacing, and the size of the imaged volume divided by the pixels; both are in mm."""
    findings, notes = [], []
    try:
        down, across = header.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0].PixelSpacing
        findings.append(PixelSizeFinding(float(down) * 1e3, float(across) * 1e3, "DICOM PixelSpacing"))
    except (AttributeError, IndexError, TypeError, ValueError):
        notes.append("DICOM PixelSpacing: absent")
    height, width = header.get("ImagedVolumeHeight"), header.get("ImagedVolumeWidth")
    if height and width:
        source = "DICOM ImagedVolumeHeight/Width"
        findings.append(PixelSizeFinding(float(height) * 1e3 / shape[0], float(width) * 1e3 / shape[1], source))
    else:
        notes.append("DICOM ImagedVolumeHeight/Width: absent")
    return findings, notes
