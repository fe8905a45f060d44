"""Every format and storage that can be written here is read back pixel for pixel."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pytest
import tifffile
import zarr
from numpy.testing import assert_array_equal
from numpy.typing import NDArray
from PIL import Image

from histo.errors import UnsupportedSlide
from histo.io import open_slide
from histo.io.slides import slide_name

RNG = np.random.default_rng(3)
RGB = RNG.integers(0, 256, (150, 210, 3), dtype=np.uint8)
GREY16 = RNG.integers(0, 65536, (150, 210), dtype=np.uint16)
THREE16 = RNG.integers(0, 65536, (3, 150, 210), dtype=np.uint16)

STORED: list[tuple[str, NDArray[Any], dict[str, Any]]] = [
    ("one strip", RGB, {"photometric": "rgb"}),
    ("strips", RGB, {"photometric": "rgb", "rowsperstrip": 7, "compression": "lzw", "predictor": True}),
    ("one compressed strip", RGB, {"photometric": "rgb", "rowsperstrip": 150, "compression": "zlib"}),
    ("tiles, uncompressed", RGB, {"photometric": "rgb", "tile": (64, 32)}),
    ("tiles, deflate", RGB, {"photometric": "rgb", "tile": (64, 64), "compression": "zlib"}),
    ("tiles, zstd", RGB, {"photometric": "rgb", "tile": (64, 64), "compression": "zstd"}),
    ("tiles, lzma", RGB, {"photometric": "rgb", "tile": (64, 64), "compression": "lzma"}),
    ("tiles, packbits", RGB, {"photometric": "rgb", "tile": (64, 64), "compression": "packbits"}),
    (
        "tiles, webp",
        RGB,
        {"photometric": "rgb", "tile": (64, 64), "compression": "webp", "compressionargs": {"lossless": True}},
    ),
    ("tiles, jpeg 2000", RGB, {"photometric": "rgb", "tile": (64, 64), "compression": "jpeg2000"}),
    ("samples apart", RGB.transpose(2, 0, 1), {"photometric": "rgb", "planarconfig": "separate", "tile": (64, 64)}),
    ("samples apart, one run", RGB.transpose(2, 0, 1), {"photometric": "rgb", "planarconfig": "separate"}),
    ("big endian", GREY16, {"byteorder": ">"}),
    ("big endian, tiles", GREY16, {"byteorder": ">", "tile": (64, 64), "compression": "zlib"}),
    ("BigTIFF", GREY16, {"bigtiff": True, "tile": (64, 64)}),
    ("float", GREY16.astype(np.float32), {"tile": (64, 64)}),
    ("channels as pages", THREE16, {"photometric": "minisblack", "ome": True, "metadata": {"axes": "CYX"}}),
    (
        "channels as tiled pages",
        THREE16,
        {"photometric": "minisblack", "ome": True, "metadata": {"axes": "CYX"}, "tile": (64, 64)},
    ),
    ("ImageJ channels", THREE16, {"imagej": True, "metadata": {"axes": "CYX"}}),
]


@pytest.mark.parametrize(("stored", "options"), [case[1:] for case in STORED], ids=[case[0] for case in STORED])
def test_a_tiff_is_read_back_pixel_for_pixel(tmp_path: Path, stored: NDArray[Any], options: dict[str, Any]) -> None:
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, stored, **options)
    is_channels_first = stored.ndim == 3 and stored.shape[0] == 3
    expected = np.moveaxis(stored, 0, -1) if is_channels_first else np.atleast_3d(stored)
    with open_slide(path) as slide:
        assert slide.shape == (150, 210)
        assert slide.dtype == stored.dtype.newbyteorder("=")
        assert_array_equal(slide.read(0, 0, 150, 210), expected)
        assert_array_equal(slide.read(61, 30, 70, 100), expected[61:131, 30:130])


def test_jpeg_tiles_are_what_tifffile_makes_of_them(
    tmp_path: Path, picture: NDArray[np.uint8], write_pyramid: Any
) -> None:
    path = write_pyramid(tmp_path / "a.ome.tif", picture, n_levels=2, compression="jpeg", compressionargs={"level": 85})
    with open_slide(path) as slide:
        assert_array_equal(slide.read(0, 0, *slide.shape), tifffile.imread(path))
        assert slide.is_brightfield
        assert slide.channels == ("red", "green", "blue")


def test_a_pyramid_of_subifds_has_its_levels(tmp_path: Path, picture: NDArray[np.uint8], write_pyramid: Any) -> None:
    with open_slide(write_pyramid(tmp_path / "m07.ome.tif", picture, n_levels=3)) as slide:
        assert slide.format == "OME-TIFF"
        assert slide.name == "m07"
        assert [level.shape for level in slide.levels] == [(300, 420), (150, 210), (75, 105)]
        assert [level.downsample for level in slide.levels] == [1.0, 2.0, 4.0]


def test_a_pyramid_of_pages_has_its_levels_and_leaves_out_label_and_overview(
    tmp_path: Path, picture: NDArray[np.uint8]
) -> None:
    path = tmp_path / "a.tif"
    with tifffile.TiffWriter(path) as tiff:
        for level in (picture, picture[::2, ::2], picture[::4, ::4], picture[:100, :40]):
            tiff.write(level, tile=(64, 64), photometric="rgb", metadata=None)
    with open_slide(path) as slide:
        assert slide.format == "pyramidal TIFF"
        assert [level.shape for level in slide.levels] == [(300, 420), (150, 210), (75, 105)]


def test_an_aperio_slide_leaves_out_its_thumbnail(tmp_path: Path, picture: NDArray[np.uint8]) -> None:
    path = tmp_path / "a.svs"
    aperio = "Aperio Image Library v11.2.1\r\n420x300 (64x64) JPEG/RGB Q=70|MPP = 0.5"
    tiled: dict[str, Any] = {"tile": (64, 64), "compression": "jpeg", "photometric": "rgb", "metadata": None}
    with tifffile.TiffWriter(path) as tiff:
        tiff.write(picture, description=aperio, **tiled)
        tiff.write(picture[::3, ::3], description=aperio, photometric="rgb", metadata=None)
        tiff.write(picture[::4, ::4], description=aperio, **tiled)
    with open_slide(path) as slide:
        assert slide.format == "Aperio SVS"
        assert [level.shape for level in slide.levels] == [(300, 420), (75, 105)]
        assert slide.is_brightfield


def test_aperio_jpeg_2000_in_ycbcr_becomes_rgb(tmp_path: Path) -> None:
    red = np.full((64, 64, 3), (200, 30, 60), np.uint8)
    luma = 0.299 * 200 + 0.587 * 30 + 0.114 * 60
    stored = np.full((64, 64, 3), np.rint((luma, 128 + (60 - luma) / 1.772, 128 + (200 - luma) / 1.402)), np.uint8)
    path = tmp_path / "a.tif"
    stream = imagecodecs.jpeg2k_encode(stored, codecformat="J2K", mct=False, reversible=True)
    tiles = iter([stream])
    tifffile.imwrite(path, tiles, shape=red.shape, dtype=np.uint8, tile=(64, 64), compression=33003, photometric="rgb")
    with open_slide(path) as slide:
        assert np.abs(slide.read(0, 0, 64, 64).astype(int) - red).max() <= 1


def test_transparent_pixels_are_white_like_glass(tmp_path: Path) -> None:
    rgba = np.zeros((40, 40, 4), np.uint8)
    rgba[:20] = (120, 60, 90, 255)
    tifffile.imwrite(tmp_path / "a.tif", rgba, photometric="rgb", extrasamples=["unassalpha"])
    Image.fromarray(rgba).save(tmp_path / "a.png")
    for name in ("a.tif", "a.png"):
        with open_slide(tmp_path / name) as slide:
            window = slide.read(0, 0, 40, 40)
            assert slide.channels == ("red", "green", "blue")
            assert (window[:20] == (120, 60, 90)).all()
            assert (window[20:] == 255).all()


def test_white_is_zero_is_turned_round(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", np.full((20, 20), 250, np.uint8), photometric="miniswhite")
    with open_slide(tmp_path / "a.tif") as slide:
        assert (slide.read(0, 0, 20, 20) == 5).all()


def test_palettes_become_colours(tmp_path: Path) -> None:
    indexed = Image.fromarray(np.eye(20, dtype=np.uint8), mode=None)
    indexed = indexed.convert("P")
    indexed.putpalette([10, 20, 30, 200, 100, 50])
    for name in ("a.tif", "a.png"):
        indexed.save(tmp_path / name)
        with open_slide(tmp_path / name) as slide:
            window = slide.read(0, 0, 20, 20)
            assert tuple(window[0, 0]) == (200, 100, 50)
            assert tuple(window[0, 1]) == (10, 20, 30)


def test_black_and_white_becomes_grey(tmp_path: Path) -> None:
    bits = np.eye(24, dtype=bool)
    tifffile.imwrite(tmp_path / "a.tif", bits, photometric="minisblack")
    Image.fromarray(bits).save(tmp_path / "a.png")
    for name in ("a.tif", "a.png"):
        with open_slide(tmp_path / name) as slide:
            assert slide.dtype == np.uint8
            assert_array_equal(slide.read(0, 0, 24, 24)[..., 0], bits * 255)


@pytest.mark.parametrize(
    ("mode", "n_channels", "dtype"), [("L", 1, "u1"), ("RGB", 3, "u1"), ("I;16", 1, "u2"), ("LA", 1, "u1")]
)
def test_png_modes(tmp_path: Path, mode: str, n_channels: int, dtype: str) -> None:
    image = Image.fromarray(GREY16) if mode == "I;16" else Image.fromarray(RGB).convert(mode)
    image.save(tmp_path / "a.png")
    with open_slide(tmp_path / "a.png") as slide:
        assert slide.format == "PNG"
        assert len(slide.channels) == n_channels
        assert slide.dtype == np.dtype(dtype)
        expected = np.asarray(image)
        assert_array_equal(slide.read(0, 0, 150, 210)[..., 0], expected if expected.ndim == 2 else expected[..., 0])


def test_the_orientation_of_a_photograph_is_not_applied(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[274] = 6
    Image.fromarray(RGB).save(tmp_path / "a.jpg", exif=exif)
    with open_slide(tmp_path / "a.jpg") as slide:
        assert slide.shape == (150, 210)


def test_tiles_that_were_left_out_are_glass(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    tiles = iter([RGB[:64, :64].copy(), None, None, None])
    tifffile.imwrite(
        path, tiles, shape=(128, 128, 3), dtype=np.uint8, tile=(64, 64), compression="zlib", photometric="rgb"
    )
    with open_slide(path) as slide:
        window = slide.read(0, 0, 128, 128)
        assert_array_equal(window[:64, :64], RGB[:64, :64])
        assert (window[64:] == 255).all()


@pytest.mark.parametrize("base", [20, 230])
def test_a_colour_picture_is_brightfield_when_it_is_bright(tmp_path: Path, base: int) -> None:
    picture = np.full((200, 200, 3), base, np.uint8)
    picture[50:90, 50:90] = (200, 40, 200)
    Image.fromarray(picture).save(tmp_path / "a.png")
    with open_slide(tmp_path / "a.png") as slide:
        assert slide.is_brightfield == (base > 100)


def test_ome_channels_keep_their_names(tmp_path: Path) -> None:
    names = ["DAPI", "CD4", "Foxp3"]
    metadata = {"axes": "CYX", "Channel": {"Name": names}}
    tifffile.imwrite(tmp_path / "a.ome.tif", THREE16, photometric="minisblack", metadata=metadata)
    with open_slide(tmp_path / "a.ome.tif") as slide:
        assert slide.channels == tuple(names)
        assert not slide.is_brightfield


def write_ome_zarr(
    path: Path, version: str, pixels: NDArray[Any], axes: str, omero: dict[str, Any] | None = None
) -> Path:
    is_v3 = version == "0.5"
    group = zarr.create_group(path, zarr_format=3 if is_v3 else 2)
    datasets = []
    for number in range(3):
        step = 2**number
        level = pixels[..., ::step, ::step]
        array = group.create_array(
            str(number), shape=level.shape, chunks=(*(1,) * (level.ndim - 2), 64, 64), dtype=level.dtype
        )
        array[...] = level
        scale = [1.0] * (level.ndim - 2) + [0.5 * step, 0.5 * step]
        datasets.append({"path": str(number), "coordinateTransformations": [{"type": "scale", "scale": scale}]})
    kinds = {"c": "channel", "t": "time"}
    described = [
        {"name": axis, "type": kinds.get(axis, "space")} | ({"unit": "micrometer"} if axis in "zyx" else {})
        for axis in axes
    ]
    image: dict[str, Any] = {"multiscales": [{"version": version, "axes": described, "datasets": datasets}]}
    if omero is not None:
        image["omero"] = omero
    group.attrs.update({"ome": image | {"version": version}} if is_v3 else image)
    return path


@pytest.mark.parametrize("version", ["0.4", "0.5"])
@pytest.mark.parametrize("axes", ["yx", "cyx", "tczyx"])
def test_ome_zarr(tmp_path: Path, version: str, axes: str) -> None:
    pixels = {"yx": GREY16, "cyx": THREE16, "tczyx": THREE16[None, :, None]}[axes]
    labels = {"channels": [{"label": name, "color": "FFFFFF"} for name in ("DAPI", "CD4", "Foxp3")]}
    path = write_ome_zarr(tmp_path / "a.ome.zarr", version, pixels, axes, None if axes == "yx" else labels)
    with open_slide(path) as slide:
        assert (slide.format, slide.name, slide.mpp) == ("OME-Zarr", "a", 0.5)
        assert [level.shape for level in slide.levels] == [(150, 210), (75, 105), (38, 53)]
        assert [level.downsample for level in slide.levels] == [1.0, 2.0, 4.0]
        assert slide.channels == (("grey",) if axes == "yx" else ("DAPI", "CD4", "Foxp3"))
        expected = GREY16[..., None] if axes == "yx" else np.moveaxis(THREE16, 0, -1)
        assert_array_equal(slide.read(30, 50, 100, 120), expected[30:130, 50:170])


def test_three_bytes_without_a_word_are_a_colour_picture_in_ome_zarr(tmp_path: Path) -> None:
    bright = np.full((3, 100, 100), 220, np.uint8)
    with open_slide(write_ome_zarr(tmp_path / "a.zarr", "0.5", bright, "cyx")) as slide:
        assert slide.channels == ("red", "green", "blue")
        assert slide.is_brightfield


def test_a_stack_in_ome_zarr_is_refused(tmp_path: Path) -> None:
    path = write_ome_zarr(tmp_path / "a.zarr", "0.4", THREE16, "zyx")
    with pytest.raises(UnsupportedSlide, match="3 planes along axis 'z'"):
        open_slide(path)


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("m07.ome.tif", "m07"),
        ("m07.OME.TIFF", "m07"),
        ("a b.svs", "a b"),
        ("day7.1.ome.zarr", "day7.1"),
        ("test3-DAPI-2-(387).ndpi", "test3-DAPI-2-(387)"),
        ("archive.tar.gz", "archive.tar.gz"),
        (".tif", ".tif"),
    ],
)
def test_a_slide_is_named_after_its_file(file: str, name: str) -> None:
    assert slide_name(Path("somewhere") / file) == name


def test_the_format_is_told_by_content_not_by_name(tmp_path: Path) -> None:
    Image.fromarray(RGB).save(tmp_path / "a.svs", format="PNG")
    with open_slide(tmp_path / "a.svs") as slide:
        assert slide.format == "PNG"


@pytest.mark.parametrize(("module", "start"), [("czifile", b"ZISRAWFILE"), ("pydicom", b"\0" * 128 + b"DICM")])
def test_a_missing_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: str, start: bytes) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    (tmp_path / "a").write_bytes(start + b"\0" * 200)
    from histo.errors import MissingExtra

    with pytest.raises(MissingExtra, match=r"pip install 'histo-gut\["):
        open_slide(tmp_path / "a")


def test_the_slide_says_what_it_is(tmp_path: Path, picture: NDArray[np.uint8], write_pyramid: Any) -> None:
    with open_slide(write_pyramid(tmp_path / "m07.ome.tif", picture, n_levels=2)) as slide:
        assert repr(slide) == "<Slide 'm07': OME-TIFF, 300 x 420 px, 2 levels, 0.5 µm/px>"
