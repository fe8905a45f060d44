"""What files say about µm/px, and what becomes of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from histo.errors import ConflictingPixelSize, MissingPixelSize
from histo.io import open_slide
from histo.io.slides.ome import read_ome_xml
from histo.io.slides.pixel_size import PixelSizeFinding, finding_from_density, judge_pixel_size

GREY = np.zeros((32, 40), np.uint8)
RGB = np.zeros((32, 40, 3), np.uint8)


def found(*sizes: float) -> Sequence[PixelSizeFinding]:
    return [PixelSizeFinding(size, size, f"source {number}") for number, size in enumerate(sizes)]


def test_the_first_of_two_sources_that_agree_is_taken() -> None:
    verdict = judge_pixel_size(found(0.2271, 0.2290), [], None, "a.svs")
    assert verdict.mpp == pytest.approx(0.2271)
    assert verdict.pixel_size is not None
    assert verdict.pixel_size.source == "source 0"


def test_two_sources_that_disagree_are_both_named() -> None:
    verdict = judge_pixel_size(found(0.25, 0.5), [], None, "a.svs")
    with pytest.raises(ConflictingPixelSize, match=r"source 0: 0\.25 µm/px; source 1: 0\.5 µm/px.*--mpp"):
        verdict.mpp  # noqa: B018  the property raises
    assert verdict.pixel_size is None


def test_the_caller_wins_over_all_and_is_recorded() -> None:
    verdict = judge_pixel_size(found(0.25, 0.5), [], 0.3, "a.svs")
    assert verdict.mpp == 0.3
    assert verdict.pixel_size is not None
    assert verdict.pixel_size.source == "given by the caller"
    assert len(verdict.notes) == 3


def test_nothing_found_says_where_it_was_looked_for_and_how_to_say_it() -> None:
    verdict = judge_pixel_size([], ["Aperio MPP: not in the description"], None, "a.svs")
    with pytest.raises(
        MissingPixelSize, match=r"a\.svs.*Aperio MPP: not in the description.*mpp=.*--mpp.*design table"
    ):
        verdict.mpp  # noqa: B018  the property raises


@pytest.mark.parametrize("ratio", [0.98, 1.02, 4.0])
def test_pixels_that_are_not_square_are_refused(ratio: float) -> None:
    verdict = judge_pixel_size([PixelSizeFinding(0.5 * ratio, 0.5, "OME")], [], None, "a.tif")
    with pytest.raises(ConflictingPixelSize, match="not square"):
        verdict.mpp  # noqa: B018  the property raises


def test_pixels_that_are_square_to_within_a_percent_are_taken_by_their_area() -> None:
    assert judge_pixel_size([PixelSizeFinding(0.5, 0.502, "OME")], [], None, "a").mpp == pytest.approx(0.501, abs=1e-5)


@pytest.mark.parametrize("size", [0.0, -0.5, 1e-7, 5000.0, float("nan"), float("inf")])
def test_a_size_that_no_microscope_makes_does_not_count(size: float) -> None:
    verdict = judge_pixel_size(found(size), [], None, "a.tif")
    assert isinstance(verdict.error, MissingPixelSize)
    assert "no light microscope" in str(verdict.error)


@given(st.floats(allow_nan=True, allow_infinity=True), st.floats(allow_nan=True, allow_infinity=True))
def test_any_numbers_in_a_file_give_a_size_or_a_reason(down: float, across: float) -> None:
    verdict = judge_pixel_size([PixelSizeFinding(down, across, "tag")], [], None, "a.tif")
    assert (verdict.pixel_size is None) == (verdict.error is not None)


@pytest.mark.parametrize("dpi", [72, 96, 150, 300, 600, 1200])
def test_the_density_of_screens_and_printers_is_no_pixel_size(dpi: int) -> None:
    finding, note = finding_from_density(25400 / dpi, 25400 / dpi, "TIFF resolution tags")
    assert finding is None
    assert note is not None
    assert f"{dpi} px per inch" in note


@pytest.mark.parametrize("given_mpp", [0.0, -1.0, float("nan"), float("inf")])
def test_a_given_size_must_be_a_positive_number(tmp_path: Path, given_mpp: float) -> None:
    Image.fromarray(GREY).save(tmp_path / "a.png")
    with pytest.raises(MissingPixelSize, match="positive number"):
        open_slide(tmp_path / "a.png", mpp=given_mpp)


def ome(**sizes: Any) -> dict[str, Any]:
    return {"metadata": {"axes": "YX", **sizes}, "ome": True}


def per_cm(px: float) -> dict[str, Any]:
    return {"resolution": (px, px), "resolutionunit": "CENTIMETER"}


def aperio(text: str) -> dict[str, Any]:
    return {"description": f"Aperio Image Library v11.2.1\r\n40x32|AppMag = 20{text}", "metadata": None}


WRITTEN: list[tuple[str, dict[str, Any], float | None, str]] = [
    # name, what tifffile is told, µm/px, a word of the source or of the reason
    ("OME in µm", ome(PhysicalSizeX=0.5, PhysicalSizeY=0.5), 0.5, "OME PhysicalSize"),
    (
        "OME in nm",
        ome(PhysicalSizeX=250, PhysicalSizeY=250, PhysicalSizeXUnit="nm", PhysicalSizeYUnit="nm"),
        0.25,
        "OME",
    ),
    (
        "OME in mm",
        ome(PhysicalSizeX=1e-3, PhysicalSizeY=1e-3, PhysicalSizeXUnit="mm", PhysicalSizeYUnit="mm"),
        1.0,
        "OME",
    ),
    ("OME in pixels", ome(PhysicalSizeX=1, PhysicalSizeXUnit="pixel", PhysicalSizeYUnit="pixel"), None, "no length"),
    ("OME without", ome(), None, "OME PhysicalSizeX: absent"),
    ("OME and tags agree", ome(PhysicalSizeX=0.5, PhysicalSizeY=0.5) | per_cm(20_000), 0.5, "OME"),
    ("OME and tags differ", ome(PhysicalSizeX=0.5, PhysicalSizeY=0.5) | per_cm(40_000), None, "disagree"),
    ("OME and a screen's tags", ome(PhysicalSizeX=0.5, PhysicalSizeY=0.5) | {"resolution": (72, 72)}, 0.5, "OME"),
    ("tags in cm", per_cm(40_000) | {"metadata": None}, 0.25, "TIFF resolution"),
    (
        "tags in inches",
        {"resolution": (50_800, 50_800), "resolutionunit": "INCH", "metadata": None},
        0.5,
        "TIFF resolution",
    ),
    ("tags of a screen", {"resolution": (96, 96), "resolutionunit": "INCH", "metadata": None}, None, "96 px per inch"),
    ("tags without unit", {"resolution": (2, 2), "resolutionunit": "NONE", "metadata": None}, None, "without a unit"),
    ("tags of zero", {"resolution": (0, 0), "resolutionunit": "CENTIMETER", "metadata": None}, None, "no usable value"),
    (
        "tags not square",
        {"resolution": (40_000, 20_000), "resolutionunit": "CENTIMETER", "metadata": None},
        None,
        "square",
    ),
    ("ImageJ", {"imagej": True, "resolution": (4, 4), "metadata": {"unit": "um"}}, 0.25, "ImageJ unit"),
    ("ImageJ, the sign", {"imagej": True, "resolution": (4, 4), "metadata": {"unit": "\\u00B5m"}}, 0.25, "ImageJ unit"),
    ("ImageJ in pixels", {"imagej": True, "resolution": (4, 4), "metadata": {"unit": "pixel"}}, None, "not a length"),
    ("Aperio", aperio("|MPP = 0.4990|Left = 25") | {"tile": (16, 16)}, 0.499, "Aperio MPP"),
    ("Aperio without", aperio("|Left = 25") | {"tile": (16, 16)}, None, "Aperio MPP: not in the description"),
    ("Aperio and tags differ", aperio("|MPP = 0.5") | per_cm(40_000) | {"tile": (16, 16)}, None, "disagree"),
]


@pytest.mark.parametrize(("options", "mpp", "word"), [case[1:] for case in WRITTEN], ids=[case[0] for case in WRITTEN])
def test_a_file_says_its_pixel_size(tmp_path: Path, options: dict[str, Any], mpp: float | None, word: str) -> None:
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, GREY, **options)
    with open_slide(path) as slide:
        if mpp is None:
            assert slide.pixel_size is None
            with pytest.raises((MissingPixelSize, ConflictingPixelSize), match=word):
                slide.mpp  # noqa: B018  the property raises
        else:
            assert slide.mpp == pytest.approx(mpp, rel=1e-3)
            assert slide.pixel_size is not None
            assert word in slide.pixel_size.source


@pytest.mark.parametrize(("dpi", "mpp"), [((72, 72), None), ((300, 300), None), ((25_400, 25_400), 1.0)])
def test_a_png_says_its_pixel_size_only_when_it_is_a_microscope_s(
    tmp_path: Path, dpi: tuple[int, int], mpp: float | None
) -> None:
    path = tmp_path / "a.png"
    Image.fromarray(RGB).save(path, dpi=dpi)
    with open_slide(path) as slide:
        assert (slide.pixel_size is None) == (mpp is None)
        if mpp is not None:
            assert slide.mpp == pytest.approx(mpp, rel=1e-3)
        assert "PNG density" in slide.pixel_size_notes[0]


def test_ome_xml_with_several_images_and_channels() -> None:
    text = """<?xml version="1.0"?><!-- a comment --><OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06">
      <Image ID="Image:0" Name="label"><Pixels SizeX="30" SizeY="20"><Channel ID="0:0"/></Pixels></Image>
      <Image ID="Image:1" Name="slide"><Pixels SizeX="300" SizeY="200" PhysicalSizeX="0.5">
        <Channel Name="DAPI"/><Channel Fluor="Cy3"/><Channel/></Pixels></Image></OME>"""
    label, slide = read_ome_xml(text)
    assert label.findings == ()
    assert slide.shape == (200, 300)
    assert slide.channels == ("DAPI", "Cy3", "channel 2")
    assert (slide.findings[0].row_um, slide.findings[0].col_um) == (0.5, 0.5)
