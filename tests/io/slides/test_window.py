"""What a window of a slide holds: alignment, averaging, borders, levels, threads."""

from __future__ import annotations

import pickle
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from numpy.typing import NDArray

from histo.errors import InvalidArgument, MissingPixelSize, SlideTooLarge
from histo.io import Slide, open_slide, slide_from_array
from histo.io.slides.contents import GREY, SlideContents
from histo.io.slides.level import TiledLevel
from histo.io.slides.tile_cache import TileCache


def ramp(rows: int, cols: int, reduction: int = 1) -> NDArray[np.float32]:
    """A plane whose value at each point is 2 x row + 3 x column, in level-0 pixels from the outer corner."""
    row, col = (np.mgrid[0:rows, 0:cols] + 0.5) * reduction
    return (2 * row + 3 * col).astype(np.float32)


@pytest.fixture(scope="module")
def pyramid(tmp_path_factory: pytest.TempPathFactory, picture: NDArray[np.uint8], write_pyramid: Any) -> Slide:
    path = write_pyramid(tmp_path_factory.mktemp("slides") / "m07.ome.tif", picture, n_levels=3)
    return open_slide(path)


def test_level_0_is_read_as_stored(pyramid: Slide, picture: NDArray[np.uint8]) -> None:
    assert_array_equal(pyramid.read(17, 60, 90, 200), picture[17:107, 60:260])


def test_a_pixel_is_the_mean_of_the_area_it_covers() -> None:
    image = np.arange(36, dtype=np.uint16).reshape(6, 6)
    slide = slide_from_array(image, mpp=0.5)
    window = slide.read(0, 0, 2, 2, mpp=1.5)[..., 0]
    assert_array_equal(
        window, [[image[:3, :3].mean(), image[:3, 3:].mean()], [image[3:, :3].mean(), image[3:, 3:].mean()]]
    )


def test_fractions_of_pixels_count_by_their_area() -> None:
    slide = slide_from_array(np.array([[0, 0, 90, 90]], np.uint8), mpp=1.0)
    # 1.5 px a pixel: all of 0 and half of 0; then half of 0 ... 0.0-1.5 and 1.5-3.0: half a 0 and one 90.
    assert_array_equal(slide.read(0, 0, 1, 2, mpp=1.5)[0, :, 0], [0, 60])


@pytest.mark.parametrize("mpp", [0.31, 0.5, 0.77, 1.0, 1.3, 2.0, 2.9, 5.1])
def test_a_ramp_keeps_its_place_at_every_resolution_and_from_every_level(mpp: float) -> None:
    levels = tuple(
        TiledLevel(
            (240 // k, 320 // k), (64, 64), 1, np.dtype(np.float32), _tiles_of(ramp(240 // k, 320 // k, k)), TileCache()
        )
        for k in (1, 2, 4)
    )
    slide = Slide(SlideContents("drawn", levels, GREY, np.dtype(np.float32), False), None, "drawn", 0.5)
    step = mpp / 0.5
    height, width = int(200 / step), int(250 / step)
    window = slide.read(20, 30, height, width, mpp=mpp)[..., 0]
    row, col = np.mgrid[0:height, 0:width] + 0.5
    expected = 2 * (20 + row * step) + 3 * (30 + col * step)
    error = window - expected
    # A fraction of a pixel counts with the value at the pixel's centre, up to an eighth of a source pixel away; that
    # must average out, or the picture would be shifted.
    source_pixel = max([1, *(k for k in (1, 2, 4) if k <= step)])
    assert np.abs(error).max() < 5 * source_pixel / 8 + 0.01
    assert abs(error.mean()) < 0.05


def _tiles_of(pixels: NDArray[Any]) -> Any:
    def decode(row: int, col: int) -> NDArray[Any]:
        return pixels[row * 64 : (row + 1) * 64, col * 64 : (col + 1) * 64, None].copy()

    return decode


@given(
    mpp=st.floats(0.2, 6.0),
    tile=st.integers(5, 60),
    row=st.integers(-40, 200),
    col=st.integers(-40, 300),
    size=st.tuples(st.integers(1, 130), st.integers(1, 130)),
)
@settings(max_examples=60, deadline=None)
def test_a_region_is_the_same_read_whole_or_as_tiles(
    pyramid: Slide, mpp: float, tile: int, row: int, col: int, size: tuple[int, int]
) -> None:
    height, width = size
    whole = pyramid.read(row, col, height, width, mpp=mpp)
    step = mpp / pyramid.mpp
    pieces = np.empty_like(whole)
    for top in range(0, height, tile):
        for left in range(0, width, tile):
            part = pieces[top : top + tile, left : left + tile]
            part[...] = pyramid.read(row + top * step, col + left * step, *part.shape[:2], mpp=mpp)
    assert_array_equal(pieces, whole)


@given(value=st.integers(0, 65535), mpp=st.floats(0.3, 9.0))
@settings(max_examples=40, deadline=None)
def test_an_even_field_stays_even(value: int, mpp: float) -> None:
    slide = slide_from_array(np.full((50, 60), value, np.uint16), mpp=1.0)
    window = slide.read(3, 3, max(1, int(40 / mpp)), max(1, int(40 / mpp)), mpp=mpp)
    assert (window == value).all()


def test_outside_is_white_on_brightfield(pyramid: Slide, picture: NDArray[np.uint8]) -> None:
    window = pyramid.read(-10, -20, 30, 40)
    assert (window[:10] == 255).all()
    assert (window[:, :20] == 255).all()
    assert_array_equal(window[10:, 20:], picture[:20, :20])


def test_outside_is_black_on_fluorescence() -> None:
    slide = slide_from_array(np.full((20, 20, 2), 900, np.uint16), mpp=1.0)
    window = slide.read(10, 10, 10, 10, mpp=2.0)
    assert (window[:5, :5] == 900).all()
    assert (window[5:] == 0).all()


@pytest.mark.parametrize(("row", "col"), [(-500, 0), (0, 5000), (1e9, 1e9)])
def test_a_window_far_outside_is_all_fill(pyramid: Slide, row: float, col: float) -> None:
    assert (pyramid.read(row, col, 5, 7, mpp=1.7) == 255).all()


def test_between_two_pixels_a_finer_window_is_interpolated() -> None:
    slide = slide_from_array(np.array([[0, 100]], np.uint8), mpp=1.0)
    assert_array_equal(slide.read(0, 0, 1, 8, mpp=0.25)[0, :, 0], [0, 0, 12, 38, 62, 88, 100, 100])


@pytest.mark.parametrize(
    ("mpp", "expected"), [(0.5, 0), (0.9, 0), (0.995, 1), (1.0, 1), (1.9, 1), (2.0, 2), (40.0, 2), (0.1, 0)]
)
def test_the_coarsest_level_that_is_fine_enough_is_read(mpp: float, expected: int) -> None:
    read_from: list[int] = []

    def level(number: int, side: int) -> TiledLevel:
        def decode(row: int, col: int) -> NDArray[Any]:
            read_from.append(number)
            return np.zeros((side, side, 1), np.uint8)

        return TiledLevel((side, side), (side, side), 1, np.dtype(np.uint8), decode, TileCache())

    contents = SlideContents("drawn", (level(0, 400), level(1, 200), level(2, 100)), GREY, np.dtype(np.uint8), False)
    Slide(contents, None, "drawn", 0.5).read(0, 0, 4, 4, mpp=mpp)
    assert set(read_from) == {expected}


def test_only_the_tiles_under_a_window_are_decoded_and_only_once() -> None:
    decoded: list[tuple[int, int]] = []

    def decode(row: int, col: int) -> NDArray[Any]:
        decoded.append((row, col))
        return np.zeros((64, 64, 1), np.uint8)

    source = TiledLevel((640, 640), (64, 64), 1, np.dtype(np.uint8), decode, TileCache())
    slide = Slide(SlideContents("drawn", (source,), GREY, np.dtype(np.uint8), False), None, "drawn", 1.0)
    slide.read(64, 128, 64, 65)
    slide.read(70, 130, 20, 20)
    assert decoded == [(1, 2), (1, 3)]


def test_threads_read_what_one_thread_reads(pyramid: Slide) -> None:
    corners = [(row, col) for row in range(0, 280, 23) for col in range(0, 400, 37)]

    def read(corner: tuple[int, int]) -> NDArray[Any]:
        return pyramid.read(*corner, 40, 50, mpp=0.83)

    with ThreadPoolExecutor(8) as pool:
        windows = list(pool.map(read, corners * 3))
    for corner, window in zip(corners * 3, windows, strict=True):
        assert_array_equal(window, read(corner))


def test_a_window_belongs_to_the_caller(pyramid: Slide) -> None:
    before = pyramid.read(0, 0, 64, 64)
    pyramid.read(0, 0, 64, 64)[:] = 0
    assert_array_equal(pyramid.read(0, 0, 64, 64), before)


def test_a_thumbnail_shows_the_whole_slide(pyramid: Slide, picture: NDArray[np.uint8]) -> None:
    small = pyramid.thumbnail(100)
    assert small.shape == (71, 100, 3)
    assert abs(float(small.mean()) - float(picture.mean())) < 0.5
    assert pyramid.thumbnail(10_000).shape == picture.shape


def test_a_slide_travels_to_another_process(pyramid: Slide) -> None:
    copy = pickle.loads(pickle.dumps(pyramid))  # noqa: S301  our own bytes
    assert (copy.name, copy.mpp) == (pyramid.name, pyramid.mpp)
    assert_array_equal(copy.read(5, 5, 20, 20), pyramid.read(5, 5, 20, 20))


def test_an_array_slide_travels_with_its_pixels_and_its_mpp() -> None:
    slide = slide_from_array(np.eye(9, dtype=np.uint8), mpp=0.4, name="drawn")
    copy = pickle.loads(pickle.dumps(slide))  # noqa: S301  our own bytes
    assert (copy.name, copy.mpp) == ("drawn", 0.4)
    assert_array_equal(copy.read(0, 0, 9, 9), slide.read(0, 0, 9, 9))


def test_a_closed_slide_says_so(tmp_path: Path, picture: NDArray[np.uint8], write_pyramid: Any) -> None:
    with open_slide(write_pyramid(tmp_path / "a.ome.tif", picture)) as slide:
        slide.read(0, 0, 5, 5)
    with pytest.raises(InvalidArgument, match="closed"):
        slide.read(0, 0, 5, 5)


@pytest.mark.parametrize(
    ("window", "error", "part"),
    [
        ((0, 0, 0, 5, None), InvalidArgument, "positive size"),
        ((0, 0, 5, -1, None), InvalidArgument, "positive size"),
        ((0, 0, 5, 5.5, None), InvalidArgument, "whole"),
        ((float("nan"), 0, 5, 5, None), InvalidArgument, "finite"),
        ((0, float("inf"), 5, 5, None), InvalidArgument, "finite"),
        ((0, 0, 5, 5, 0.0), MissingPixelSize, "positive number"),
        ((0, 0, 5, 5, float("nan")), MissingPixelSize, "positive number"),
        ((0, 0, 1_000_000, 1_000_000, None), SlideTooLarge, "memory"),
    ],
)
def test_an_impossible_window_is_refused(
    pyramid: Slide, window: tuple[Any, ...], error: type[Exception], part: str
) -> None:
    with pytest.raises(error, match=part):
        pyramid.read(*window)


@pytest.mark.parametrize(
    ("image", "part"),
    [
        (np.zeros((0, 5)), "image is"),
        (np.zeros(5), "image is"),
        (np.zeros((2, 2, 2, 2)), "image is"),
        (np.array([["a"]]), "holds numbers"),
        (np.zeros((2, 2), complex), "holds numbers"),
    ],
)
def test_an_array_that_is_no_image_is_refused(image: NDArray[Any], part: str) -> None:
    with pytest.raises(InvalidArgument, match=part):
        slide_from_array(image)


def test_an_array_without_mpp_reads_at_level_0_only() -> None:
    slide = slide_from_array(np.zeros((4, 4), bool))
    assert slide.read(0, 0, 4, 4).dtype == np.uint8
    with pytest.raises(MissingPixelSize, match="mpp"):
        slide.read(0, 0, 4, 4, mpp=1.0)
