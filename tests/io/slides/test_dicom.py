"""DICOM slides written here, in each order and storage that is read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pytest
from numpy.testing import assert_array_equal
from numpy.typing import NDArray

from histo.errors import HistoError, UnreadableSlide, UnsupportedSlide
from histo.io import open_slide

pydicom = pytest.importorskip("pydicom", reason="pydicom is not installed")

FRAME = 32
JPEG, JPEG2000, NATIVE = "1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.1"


def frames_of(pixels: NDArray[np.uint8], order: str = "rows") -> list[NDArray[np.uint8]]:
    rows, cols = -(-pixels.shape[0] // FRAME), -(-pixels.shape[1] // FRAME)
    padded = np.zeros((rows * FRAME, cols * FRAME, pixels.shape[2]), np.uint8)
    padded[: pixels.shape[0], : pixels.shape[1]] = pixels
    places = [(r, c) for r in range(rows) for c in range(cols)]
    if order == "columns":
        places.sort(key=lambda place: place[::-1])
    return [padded[r * FRAME : (r + 1) * FRAME, c * FRAME : (c + 1) * FRAME] for r, c in places]


def write_dicom(
    path: Path, pixels: NDArray[np.uint8], *, syntax: str = NATIVE, order: str = "rows", **changes: Any
) -> Path:
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.encaps import encapsulate
    from pydicom.sequence import Sequence

    frames = frames_of(pixels, order)
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = syntax
    meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.77.1.6"
    meta.MediaStorageSOPInstanceUID = "1.2.3.4"
    slide = Dataset()
    slide.file_meta = meta
    slide.SOPClassUID, slide.SOPInstanceUID = meta.MediaStorageSOPClassUID, "1.2.3.4"
    slide.TotalPixelMatrixRows, slide.TotalPixelMatrixColumns = pixels.shape[:2]
    slide.Rows = slide.Columns = FRAME
    slide.NumberOfFrames = len(frames)
    slide.SamplesPerPixel = pixels.shape[2]
    slide.PhotometricInterpretation = "RGB" if pixels.shape[2] == 3 else "MONOCHROME2"
    slide.PlanarConfiguration = 0
    slide.BitsAllocated = slide.BitsStored = 8
    slide.HighBit, slide.PixelRepresentation = 7, 0
    slide.DimensionOrganizationType = "TILED_FULL"
    measures = Dataset()
    measures.PixelSpacing = [0.0005, 0.0005]
    shared = Dataset()
    shared.PixelMeasuresSequence = Sequence([measures])
    slide.SharedFunctionalGroupsSequence = Sequence([shared])
    slide.ImagedVolumeHeight, slide.ImagedVolumeWidth = pixels.shape[0] * 0.0005, pixels.shape[1] * 0.0005
    for name, value in changes.items():
        if value is None:
            delattr(slide, name)
        else:
            setattr(slide, name, value)
    if syntax == NATIVE:
        slide.PixelData = b"".join(np.ascontiguousarray(frame).tobytes() for frame in frames)
    elif syntax == JPEG:
        slide.PixelData = encapsulate([imagecodecs.jpeg8_encode(np.ascontiguousarray(f), level=95) for f in frames])
    else:
        slide.PixelData = encapsulate(
            [imagecodecs.jpeg2k_encode(np.ascontiguousarray(f), codecformat="J2K") for f in frames]
        )
    slide["PixelData"].VR = "OB"
    slide.save_as(path, enforce_file_format=True)
    return path


@pytest.mark.parametrize(("syntax", "tolerance"), [(NATIVE, 0), (JPEG2000, 0), (JPEG, 14)])
def test_frames_are_read_as_tiles(tmp_path: Path, picture: NDArray[np.uint8], syntax: str, tolerance: int) -> None:
    pixels = picture[:100, :150]
    with open_slide(write_dicom(tmp_path / "a.dcm", pixels, syntax=syntax)) as slide:
        assert (slide.format, slide.shape, slide.mpp) == ("DICOM", (100, 150), pytest.approx(0.5))
        difference = np.abs(slide.read(0, 0, 100, 150).astype(int) - pixels)
        assert difference.mean() <= tolerance
        assert_array_equal(slide.read(20, 30, 50, 60), slide.read(0, 0, 100, 150)[20:70, 30:90])


def test_grey_frames(tmp_path: Path, picture: NDArray[np.uint8]) -> None:
    with open_slide(write_dicom(tmp_path / "a.dcm", picture[:64, :64, :1])) as slide:
        assert slide.channels == ("grey",)
        assert_array_equal(slide.read(0, 0, 64, 64), picture[:64, :64, :1])


@pytest.mark.parametrize("order", ["rows", "columns"])
def test_where_the_order_is_not_said_the_seams_tell_it(tmp_path: Path, order: str) -> None:
    rows, cols = np.mgrid[0:128, 0:192]
    smooth = np.stack([rows + cols, 255 - rows, cols], axis=-1).clip(0, 255).astype(np.uint8)
    path = write_dicom(tmp_path / "a.dcm", smooth, order=order, DimensionOrganizationType=None)
    with open_slide(path) as slide:
        assert_array_equal(slide.read(0, 0, 128, 192), smooth)


def test_where_neither_the_file_nor_the_seams_tell_the_order_it_is_refused(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (128, 192, 3), dtype=np.uint8)
    with pytest.raises(UnsupportedSlide, match="does not say where its frames lie"):
        open_slide(write_dicom(tmp_path / "a.dcm", noise, DimensionOrganizationType=None))


def test_frames_with_positions_may_come_in_any_order_and_leave_gaps(tmp_path: Path, picture: NDArray[np.uint8]) -> None:
    from pydicom.dataset import Dataset
    from pydicom.sequence import Sequence

    def at(row: int, col: int) -> Dataset:
        position = Dataset()
        position.RowPositionInTotalImagePixelMatrix = row * FRAME + 1
        position.ColumnPositionInTotalImagePixelMatrix = col * FRAME + 1
        entry = Dataset()
        entry.PlanePositionSlideSequence = Sequence([position])
        return entry

    stored = picture[:32, :64]
    groups = Sequence([at(1, 1), at(0, 0)])
    sparse: dict[str, Any] = {"PerFrameFunctionalGroupsSequence": groups, "DimensionOrganizationType": "TILED_SPARSE"}
    path = write_dicom(tmp_path / "a.dcm", stored, TotalPixelMatrixRows=64, **sparse)
    with open_slide(path, mpp=0.5) as slide:
        window = slide.read(0, 0, 64, 64)
        assert_array_equal(window[32:, 32:], stored[:, :32])
        assert_array_equal(window[:32, :32], stored[:, 32:])
        assert (window[:32, 32:] == 255).all()


@pytest.mark.parametrize(
    ("changes", "error", "part"),
    [
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.2"}, UnsupportedSlide, "no whole-slide image"),
        ({"NumberOfOpticalPaths": 3}, UnsupportedSlide, "optical paths"),
        ({"NumberOfFrames": 3}, UnreadableSlide, "number of frames"),
        ({"TotalPixelMatrixRows": None}, UnreadableSlide, "DICOM header"),
        ({"BitsAllocated": 32}, UnsupportedSlide, "frames of this kind"),
    ],
)
def test_what_is_not_read_is_said(
    tmp_path: Path, picture: NDArray[np.uint8], changes: dict[str, Any], error: type[HistoError], part: str
) -> None:
    with pytest.raises(error, match=part):
        open_slide(write_dicom(tmp_path / "a.dcm", picture[:64, :64], **changes))


@pytest.mark.parametrize("syntax", [NATIVE, JPEG])
def test_a_cut_file_is_unreadable(tmp_path: Path, picture: NDArray[np.uint8], syntax: str) -> None:
    path = write_dicom(tmp_path / "a.dcm", picture[:128, :128], syntax=syntax)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(UnreadableSlide):
        open_slide(path)
