"""The files of real scanners open with what is known of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile
from numpy.testing import assert_array_equal

from histo.errors import ConflictingPixelSize, MissingPixelSize
from histo.io import open_slide

RGB = ("red", "green", "blue")
REAL: list[tuple[str, str, tuple[int, int], int, tuple[str, ...], str, float | None]] = [
    # file, format, rows and columns, levels, channels, dtype, µm/px
    ("slide-formats/CMU-1-Small-Region.svs", "Aperio SVS", (2967, 2220), 1, RGB, "u1", 0.499),
    ("slide-formats/tcga-cr-7395-01a-01-ts1.svs", "Aperio SVS", (3567, 4443), 2, RGB, "u1", None),
    ("slide-formats/test3-DAPI-2-(387).ndpi", "Hamamatsu NDPI", (4864, 3968), 4, ("DAPI 2 (387)",), "u1", 0.2282),
    ("slide-formats/OS-1-detail.ome.tif", "OME-TIFF", (1101, 1101), 1, RGB, "u1", 0.2271),
    ("slide-formats/OS-2-ndpi.ome.tif", "OME-TIFF", (2202, 2202), 1, RGB, "u1", 0.2271),
    ("slide-formats/small_vectra.qptiff", "QPTIFF", (1440, 1920), 1, ("DAPI", "FITC", "Cy3"), "u1", 0.4965),
    ("slide-formats/small_dicom.dcm", "DICOM", (2638, 3236), 1, RGB, "u1", None),
    ("ihc-he-qupath/OS-2-vsi.ome.tif", "OME-TIFF", (1445, 1445), 1, RGB, "u1", 0.3461),
    ("tj-zo1-mdck/MDCK_wt_Zo_1_1.czi", "Zeiss CZI", (1040, 1388), 1, ("Cy3",), "u2", 0.1024),
    ("tj-bcatenin-janap/control_soft_FITC.tif", "TIFF", (1024, 1344), 1, ("grey",), "u1", 0.1075),
    ("he-structure/unlv_jejunum_fullwall_700x700.png", "PNG", (700, 700), 1, RGB, "u1", None),
]


@pytest.mark.parametrize(
    ("file", "name", "shape", "n_levels", "channels", "dtype", "mpp"), REAL, ids=[Path(case[0]).name for case in REAL]
)
def test_a_real_file_opens_with_what_is_known_of_it(
    real_data: Path,
    file: str,
    name: str,
    shape: tuple[int, int],
    n_levels: int,
    channels: tuple[str, ...],
    dtype: str,
    mpp: float | None,
) -> None:
    with open_slide(real_data / file) as slide:
        assert (slide.format, slide.shape, len(slide.levels)) == (name, shape, n_levels)
        assert (slide.channels, slide.dtype) == (channels, np.dtype(dtype))
        assert slide.is_brightfield == (channels == RGB)
        window = slide.read(shape[0] // 2, shape[1] // 2, 64, 64)
        assert window.shape == (64, 64, len(channels))
        assert window.std() > 0
        if mpp is not None:
            assert slide.mpp == pytest.approx(mpp, abs=5e-5)


def test_pixels_of_real_tiffs_are_those_that_tifffile_reads(real_data: Path) -> None:
    files = {"CMU-1-Small-Region.svs": 0, "tcga-cr-7395-01a-01-ts1.svs": 1, "OS-2-ndpi.ome.tif": 0}
    for file, level in files.items():
        path = real_data / "slide-formats" / file
        with open_slide(path, mpp=0.25) as slide:
            window = slide.read(0, 0, *slide.levels[level].shape, mpp=0.25 * slide.levels[level].downsample)
            assert_array_equal(window, tifffile.imread(path, series=0, level=level))


def test_the_levels_of_a_real_scan_show_the_same_place(real_data: Path) -> None:
    with open_slide(real_data / "slide-formats" / "tcga-cr-7395-01a-01-ts1.svs", mpp=0.25) as slide:
        small = slide.read(600, 900, 256, 256, mpp=0.5).astype(float)
        full = slide.read(600, 900, 512, 512).astype(float).reshape(256, 2, 256, 2, 3).mean(axis=(1, 3))
        shifted = [
            np.abs(np.roll(small, (down, across), (0, 1))[8:-8, 8:-8] - full[8:-8, 8:-8]).mean()
            for down in (-1, 0, 1)
            for across in (-1, 0, 1)
        ]
        assert int(np.argmin(shifted)) == 4


def test_a_real_slide_without_pixel_size_says_where_it_was_looked_for(real_data: Path) -> None:
    with (
        open_slide(real_data / "slide-formats" / "tcga-cr-7395-01a-01-ts1.svs") as slide,
        pytest.raises(MissingPixelSize, match=r"Aperio MPP: not in the description.*--mpp"),
    ):
        slide.mpp  # noqa: B018  the property raises


def test_a_real_dicom_slide_with_oblong_pixels_is_refused_until_the_caller_says(real_data: Path) -> None:
    path = real_data / "slide-formats" / "small_dicom.dcm"
    with open_slide(path) as slide, pytest.raises(ConflictingPixelSize, match=r"not square.*5\.686.*4\.635"):
        slide.mpp  # noqa: B018  the property raises
    with open_slide(path, mpp=0.5) as slide:
        assert slide.mpp == 0.5


def test_the_frames_of_the_real_dicom_slide_which_lie_by_columns_fit_at_their_seams(real_data: Path) -> None:
    with open_slide(real_data / "slide-formats" / "small_dicom.dcm") as slide:
        pixels = slide.read(0, 0, *slide.shape).astype(float)
    assert _roughness(pixels, 500) < 2 * _roughness(pixels, 250)


def _roughness(pixels: np.ndarray, every: int) -> float:
    """Mean step across every so many-th line; 500 are the seams of the frames, 250 their middles too."""
    rows, cols = np.arange(every, pixels.shape[0], every), np.arange(every, pixels.shape[1], every)
    down = np.abs(pixels[rows] - pixels[rows - 1]).mean()
    across = np.abs(pixels[:, cols] - pixels[:, cols - 1]).mean()
    return float(down + across)


def test_all_real_pictures_of_sections_are_brightfield(real_data: Path) -> None:
    pictures = sorted((real_data / "he-structure").glob("*"))
    assert pictures
    for path in pictures:
        with open_slide(path) as slide:
            assert slide.is_brightfield, path.name
