"""Damaged, hostile and mistaken input: one clear error of ours for each, and never anyone else's."""

from __future__ import annotations

import contextlib
import logging
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pytest
import tifffile
import zarr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from histo.errors import HistoError, SlideNotFound, SlideTooLarge, UnreadableSlide, UnsupportedSlide
from histo.io import open_slide

GREY = np.arange(64 * 64, dtype=np.uint8).reshape(64, 64)


def png_of_size(rows: int, cols: int) -> bytes:
    """A PNG header that announces a size, with almost no pixels behind it."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", cols, rows, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")
    )


def tiff_of_size(path: Path, rows: int, cols: int, tile: int = 64) -> None:
    """A TIFF whose size tags were changed after it was written."""
    tifffile.imwrite(path, GREY, tile=(64, 64), compression="zlib")
    with tifffile.TiffFile(path, mode="r+") as tiff:
        tags = tiff.pages[0].tags
        for name, value in (("ImageLength", rows), ("ImageWidth", cols), ("TileLength", tile), ("TileWidth", tile)):
            tags[name].overwrite(value, dtype="I")


def file_of(content: bytes, name: str) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        path = folder / name
        path.write_bytes(content)
        return path

    return make


def cut(path: Path, share: float) -> Path:
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    return path


def absent(folder: Path) -> Path:
    return folder / "nowhere.svs"


def a_folder(folder: Path) -> Path:
    return folder


def zarr_without_metadata(folder: Path) -> Path:
    path = folder / "a.ome.zarr"
    (path / "0").mkdir(parents=True)
    return path


def zarr_without_multiscales(folder: Path) -> Path:
    path = folder / "b.ome.zarr"
    zarr.create_group(path)
    return path


def zarr_with_damaged_metadata(folder: Path) -> Path:
    path = folder / "c.ome.zarr"
    path.mkdir()
    (path / "zarr.json").write_text('{"zarr_format": 3, "node_type": "gro')
    return path


def truncated_svs(folder: Path) -> Path:
    path = folder / "cut.svs"
    tifffile.imwrite(path, np.zeros((512, 512, 3), np.uint8), tile=(64, 64), description="Aperio Image Library v11")
    return cut(path, 0.6)


def truncated_before_the_directory(folder: Path) -> Path:
    path = folder / "early.tif"
    tifffile.imwrite(path, GREY)
    path.write_bytes(path.read_bytes()[:60])
    return path


def absurd_tiff(folder: Path) -> Path:
    path = folder / "absurd.tif"
    tiff_of_size(path, 4_000_000_000, 4_000_000_000)
    return path


def absurd_tile(folder: Path) -> Path:
    path = folder / "tile.tif"
    tiff_of_size(path, 64, 64, tile=1_000_000)
    return path


def no_pixels(folder: Path) -> Path:
    path = folder / "none.tif"
    tiff_of_size(path, 0, 64)
    return path


def short_tile_table(folder: Path) -> Path:
    path = folder / "short.tif"
    tiff_of_size(path, 640, 640)
    return path


def truncated_png(folder: Path) -> Path:
    path = folder / "cut.png"
    noise = np.random.default_rng(0).integers(0, 256, (200, 200, 3), dtype=np.uint8)
    Image.fromarray(noise).save(path)
    return cut(path, 0.5)


def truncated_jpeg(folder: Path) -> Path:
    path = folder / "cut.jpg"
    noise = np.random.default_rng(0).integers(0, 256, (200, 200, 3), dtype=np.uint8)
    Image.fromarray(noise).save(path)
    return cut(path, 0.5)


def focal_stack(folder: Path) -> Path:
    path = folder / "stack.ome.tif"
    tifffile.imwrite(path, np.zeros((5, 64, 64), np.uint8), metadata={"axes": "ZYX"})
    return path


def unnamed_stack(folder: Path) -> Path:
    path = folder / "pages.tif"
    with tifffile.TiffWriter(path) as tiff:
        for _ in range(3):
            tiff.write(GREY, contiguous=False, metadata=None)
    return path


def cmyk_tiff(folder: Path) -> Path:
    path = folder / "cmyk.tif"
    tifffile.imwrite(path, np.zeros((64, 64, 4), np.uint8), photometric="separated")
    return path


def complex_tiff(folder: Path) -> Path:
    path = folder / "complex.tif"
    tifffile.imwrite(path, np.zeros((64, 64), np.complex64))
    return path


BROKEN: list[tuple[Callable[[Path], Path], type[HistoError], str]] = [
    (absent, SlideNotFound, "no such file"),
    (a_folder, UnsupportedSlide, "folder"),
    (file_of(b"", "empty.ndpi"), UnreadableSlide, "empty"),
    (file_of(b"this is my shopping list\n", "list.svs"), UnreadableSlide, "no slide"),
    (file_of(b"\x7fELF" + b"\0" * 300, "program.tif"), UnreadableSlide, "no slide"),
    (file_of(b"II*\0", "four.tif"), UnreadableSlide, "TIFF"),
    (file_of(b"II*\0" + b"\0" * 4, "eight.tif"), UnreadableSlide, "TIFF"),
    (file_of(b"II*\0\xff\xff\xff\xff" + b"\0" * 100, "nowhere.tif"), UnreadableSlide, "TIFF"),
    (file_of(b"II*\0\x08\0\0\0\0\0\0\0\0\0", "nopages.tif"), UnreadableSlide, "no pixels"),
    (file_of(b"\x89PNG\r\n\x1a\n", "head.png"), UnreadableSlide, "picture"),
    (file_of(b"\xff\xd8\xff\xe0", "head.jpg"), UnreadableSlide, "picture"),
    (file_of(b"ZISRAWFILE" + b"\0" * 200, "head.czi"), UnreadableSlide, "CZI"),
    (file_of(b"\0" * 128 + b"DICM" + b"\0" * 50, "head.dcm"), HistoError, "DICOM"),
    (file_of(png_of_size(60_000, 60_000), "bomb.png"), SlideTooLarge, "picture"),
    (file_of(png_of_size(2_000_000_000, 2_000_000_000), "absurd.png"), SlideTooLarge, "pixels|dimensions"),
    (truncated_before_the_directory, UnreadableSlide, "TIFF"),
    (truncated_svs, UnreadableSlide, "damaged|TIFF"),
    (truncated_png, UnreadableSlide, "picture"),
    (truncated_jpeg, UnreadableSlide, "picture"),
    (absurd_tiff, SlideTooLarge, "dimensions"),
    (absurd_tile, SlideTooLarge, "GiB"),
    (no_pixels, UnreadableSlide, "no pixels"),
    (short_tile_table, UnreadableSlide, "table of tiles"),
    (focal_stack, UnsupportedSlide, "5 focal planes"),
    (unnamed_stack, UnsupportedSlide, "3 pictures"),
    (cmyk_tiff, UnsupportedSlide, "colours"),
    (complex_tiff, UnsupportedSlide, "type"),
    (zarr_without_metadata, UnreadableSlide, "no metadata"),
    (zarr_without_multiscales, UnreadableSlide, "no image metadata"),
    (zarr_with_damaged_metadata, UnreadableSlide, "OME-Zarr"),
]


@pytest.mark.parametrize(("make", "error", "part"), BROKEN, ids=[str(i) for i in range(len(BROKEN))])
def test_a_broken_slide_gives_one_error_of_ours_that_names_the_file(
    make: Callable[[Path], Path],
    error: type[HistoError],
    part: str,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    path = make(tmp_path)
    with caplog.at_level(logging.INFO), pytest.raises(error, match=part) as caught, open_slide(path) as slide:
        slide.read(0, 0, *slide.shape)
    assert str(path) in str(caught.value)
    assert not caplog.records
    assert capfd.readouterr() == ("", "")


def test_a_forbidden_file_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "secret.tif"
    tifffile.imwrite(path, GREY)

    def refuse(*_: Any, **__: Any) -> None:
        raise PermissionError(13, "Permission denied")

    # Not by the file's mode: whoever runs the tests as root may read everything.
    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(UnreadableSlide, match="may not be read"):
        open_slide(path)


def pyramid_with_a_damaged_tile(path: Path, compression: str, write_pyramid: Any, picture: NDArray[np.uint8]) -> Path:
    write_pyramid(path, picture[:256, :256], compression=compression, photometric="rgb")
    with tifffile.TiffFile(path) as tiff:
        offset, n_bytes = tiff.pages[0].dataoffsets[5], tiff.pages[0].databytecounts[5]
    content = bytearray(path.read_bytes())
    content[offset : offset + n_bytes] = b"\xaa" * n_bytes
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("compression", ["zlib", "jpeg", "zstd", "lzw", "jpeg2000"])
def test_a_damaged_tile_is_named_and_the_others_are_read(
    tmp_path: Path, compression: str, write_pyramid: Any, picture: NDArray[np.uint8]
) -> None:
    path = pyramid_with_a_damaged_tile(tmp_path / "tile.ome.tif", compression, write_pyramid, picture)
    with open_slide(path) as slide:
        with pytest.raises(UnreadableSlide, match="level 0, tile row 1, tile column 1"):
            slide.read(0, 0, 256, 256)
        assert slide.read(0, 0, 64, 64).shape == (64, 64, 3)


@pytest.mark.parametrize(
    "stream",
    [
        imagecodecs.jpeg8_encode(np.zeros((9000, 9000), np.uint8)),
        imagecodecs.jpeg2k_encode(np.zeros((4000, 4000), np.uint8), codecformat="J2K"),
    ],
    ids=["jpeg", "jpeg2000"],
)
def test_a_tile_that_unpacks_to_far_more_than_it_should_is_not_unpacked(tmp_path: Path, stream: bytes) -> None:
    path = tmp_path / "bomb.tif"
    compression = "jpeg" if stream.startswith(b"\xff\xd8") else "jpeg2000"
    tifffile.imwrite(path, np.zeros((64, 64), np.uint8), tile=(64, 64), compression=compression)
    with tifffile.TiffFile(path, mode="r+") as tiff:
        tags = tiff.pages[0].tags
        end = path.stat().st_size
        tags["TileOffsets"].overwrite(end)
        tags["TileByteCounts"].overwrite(len(stream))
    with path.open("ab") as file:
        file.write(stream)
    with open_slide(path) as slide, pytest.raises(UnreadableSlide, match="announces"):
        slide.read(0, 0, 64, 64)


def test_what_the_decoders_say_of_a_file_of_the_caller_still_reaches_the_caller(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = truncated_svs(tmp_path)
    with pytest.raises(HistoError), open_slide(path) as slide:
        slide.read(0, 0, *slide.shape)
    with caplog.at_level(logging.WARNING):
        logging.getLogger("tifffile").warning("mine")
    assert [record.message for record in caplog.records] == ["mine"]


@pytest.fixture(scope="module")
def sound_files(
    tmp_path_factory: pytest.TempPathFactory, picture: NDArray[np.uint8], write_pyramid: Any
) -> list[bytes]:
    """Small files of the real formats, to be damaged."""
    folder = tmp_path_factory.mktemp("sound")
    small = picture[:96, :128]
    svs = folder / "a.svs"
    with tifffile.TiffWriter(svs) as tiff:
        described = "Aperio Image Library v11.2.1 \r\n128x96 [0,0 128x96] (32x32) JPEG/RGB Q=70|AppMag = 20|MPP = 0.5"
        settings_ = {"tile": (32, 32), "compression": "jpeg", "photometric": "rgb", "metadata": None}
        tiff.write(small, description=described, **settings_)
        tiff.write(small[::2, ::2], description="Aperio Image Library v11.2.1", **settings_)
    strips = folder / "c.tif"
    tifffile.imwrite(strips, small[..., 0].astype(np.uint16), compression="lzw", rowsperstrip=16, predictor=True)
    plain_tiff = folder / "d.tif"
    tifffile.imwrite(plain_tiff, small, imagej=False)
    png, jpeg = folder / "e.png", folder / "f.jpg"
    Image.fromarray(small).save(png)
    Image.fromarray(small).save(jpeg)
    ome = write_pyramid(folder / "b.ome.tif", small, n_levels=2, tile=32)
    return [path.read_bytes() for path in (svs, ome, strips, plain_tiff, png, jpeg)]


@given(data=st.data())
@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
def test_a_file_with_flipped_and_missing_bytes_reads_or_raises_an_error_of_ours(
    sound_files: list[bytes], tmp_path: Path, data: st.DataObject
) -> None:
    content = bytearray(data.draw(st.sampled_from(sound_files), label="file"))
    n_flips = data.draw(st.integers(0, 6), label="flips")
    for _ in range(n_flips):
        # The first kilobyte and the last hold the tables; they are hit more often than the pixels.
        near = data.draw(st.integers(0, min(1023, len(content) - 1)))
        where = data.draw(st.sampled_from([near, len(content) - 1 - near, data.draw(st.integers(0, len(content) - 1))]))
        content[where] = data.draw(st.integers(0, 255))
    if data.draw(st.booleans(), label="is cut"):
        content = content[: data.draw(st.integers(0, len(content)), label="length")]
    path = tmp_path / "damaged.svs"
    path.write_bytes(content)
    read_everything(path)


def read_everything(path: Path) -> None:
    with contextlib.suppress(HistoError), open_slide(path) as slide:
        assert slide.thumbnail(50).size > 0
        slide.read(-5, -5, 80, 80)
        slide.read(3.3, 7.1, 20, 20, mpp=1.3 * slide.mpp if slide.pixel_size else None)
