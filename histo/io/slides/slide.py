"""A slide: pixels at any µm/px from any window, read when they are needed."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property, partial
from math import isfinite
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from histo.errors import InvalidArgument, SlideTooLarge
from histo.io.slides.contents import GREY, RGB, SlideContents
from histo.io.slides.level import ArrayLevel, Level, level_scales
from histo.io.slides.limits import MAX_BLOCK_BYTES, check_slide_size
from histo.io.slides.pixel_size import judge_pixel_size
from histo.io.slides.resample import plan_axis, resample
from histo.types import PixelSize

__all__ = ["Slide", "slide_from_array"]

# A level this little coarser than asked for is still taken: 0.2505 µm/px scanned four times finer than 1.0 gives
# 1.002, and going to a level sixteen times larger for that would show nothing.
_LEVEL_TOLERANCE = 0.01
# A colour picture is taken in transmitted light when a tenth of its pixels are at least this bright in their darkest
# channel: glass and pale stain are, even through an eyepiece with a black rim (101 and more in 42 such pictures);
# fluorescence in false colours is not (45 and less in 5).
_PALE = 70
_PALE_PERCENTILE = 90


class Slide:
    """A slide that is open for reading. Made by `open_slide` or `slide_from_array`.

    Reading is safe from several threads. A slide can be sent to another process: it is opened anew there.

    Parameters
    ----------
    contents : SlideContents
        What the format's reader found.
    path : Path or None
        The file; None for an array.
    name : str
        The slide's name in tables.
    mpp : float, optional
        µm/px of level 0 as the caller says it; it wins over what the file says.
    reopen : callable, optional
        ``reopen(path, mpp=...)`` opens the file again in another process.
    """

    def __init__(
        self,
        contents: SlideContents,
        path: Path | None,
        name: str,
        mpp: float | None = None,
        reopen: Callable[..., Slide] | None = None,
    ) -> None:
        self.path = path
        self._reopen = reopen
        self.name = name
        self._contents = contents
        self._given_mpp = mpp
        self._is_closed = False
        check_slide_size(*contents.sources[0].shape, self._where)
        self._verdict = judge_pixel_size(contents.findings, contents.notes, mpp, self._where)
        shapes = [source.shape for source in contents.sources]
        self.levels = tuple(Level(shape, scale) for shape, scale in zip(shapes, level_scales(shapes), strict=True))

    @property
    def _where(self) -> str:
        return self.name if self.path is None else str(self.path)

    @property
    def format(self) -> str:
        """The file's format: ``"Aperio SVS"``, ``"OME-TIFF"``, ``"array"``, ..."""
        return self._contents.format

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of level 0."""
        return self.levels[0].shape

    @property
    def channels(self) -> tuple[str, ...]:
        """Names of the channels: red, green, blue for colour pictures."""
        return self._contents.channels

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the pixels."""
        return self._contents.dtype

    @property
    def pixel_size(self) -> PixelSize | None:
        """µm/px and who says so; None where `mpp` raises."""
        return self._verdict.pixel_size

    @property
    def pixel_size_notes(self) -> tuple[str, ...]:
        """All that was found about µm/px, also what does not count, and why."""
        return self._verdict.notes

    @property
    def mpp(self) -> float:
        """µm per level-0 pixel.

        Raises
        ------
        MissingPixelSize
            If neither the file nor the caller says it.
        ConflictingPixelSize
            If two sources in the file disagree, or its pixels are not square.
        """
        return self._verdict.mpp

    @cached_property
    def is_brightfield(self) -> bool:
        """Whether this is a colour picture in transmitted light (H&E, DAB), by metadata or else by brightness."""
        if self._contents.is_brightfield is not None:
            return self._contents.is_brightfield
        return self.channels == RGB and self.dtype == np.uint8 and self._paleness() >= _PALE

    def read(self, row: float, col: float, height: int, width: int, mpp: float | None = None) -> NDArray[Any]:
        """Read a window at any µm/px.

        Pixels come from the coarsest level that is still fine enough, averaged over the area that each output pixel
        covers. Neighbouring windows fit to the pixel: a region read whole or as tiles is the same, as long as the tiles
        begin at ``row + k * mpp / slide.mpp`` (which need not be a whole number).

        Parameters
        ----------
        row, col : float
            Upper left outer corner of the window, in level-0 pixels; it may lie outside of the slide.
        height, width : int
            Size of the window in pixels of the output.
        mpp : float, optional
            µm/px of the output. Without it, level 0 as it is stored.

        Returns
        -------
        (height, width, channels) array
            Outside of the slide it is white on a brightfield slide, else 0.

        Raises
        ------
        InvalidArgument
            If the size is not positive, a number is not finite, or the slide is closed.
        MissingPixelSize, ConflictingPixelSize
            If `mpp` is given and the slide's own is not known.
        UnreadableSlide
            If a tile is damaged; the message names level and tile.

        Examples
        --------
        >>> slide = slide_from_array(np.arange(16, dtype=np.uint8).reshape(4, 4), mpp=0.5)
        >>> slide.read(0, 0, 2, 2, mpp=1.0)[..., 0]
        array([[ 2,  4],
               [10, 12]], dtype=uint8)
        """
        if self._is_closed:
            raise InvalidArgument("the slide is closed", file=self._where, next_step="Open it again with open_slide.")
        _check_window(row, col, height, width, mpp)
        _check_memory(height, width, len(self.channels) * self.dtype.itemsize)
        step = 1.0 if mpp is None else float(mpp) / self.mpp
        return self._read_step(row, col, (height, width), step)

    def thumbnail(self, max_side: int) -> NDArray[Any]:
        """Read the whole slide as a picture whose longer side has `max_side` pixels, or all its pixels if fewer.

        Parameters
        ----------
        max_side : int
            Pixels of the longer side.

        Returns
        -------
        (rows, cols, channels) array
        """
        if max_side < 1:
            raise InvalidArgument("max_side must be at least 1", got=str(max_side))
        rows, cols = self.shape
        step = max(1.0, max(rows, cols) / max_side)
        shape = max(1, round(rows / step)), max(1, round(cols / step))
        return self._read_step(0, 0, shape, step)

    def close(self) -> None:
        """Give the file back; reading afterwards is an error."""
        self._is_closed = True
        self._contents.close()

    def _read_step(self, row: float, col: float, shape: tuple[int, int], step: float) -> NDArray[Any]:
        index = self._best_level(step)
        level, source = self.levels[index], self._contents.sources[index]
        row_scale, col_scale = level.scale
        rows = plan_axis(row / row_scale, step / row_scale, shape[0], level.shape[0])
        cols = plan_axis(col / col_scale, step / col_scale, shape[1], level.shape[1])
        height, width = rows.high - rows.low, cols.high - cols.low
        if height == 0 or width == 0:
            return np.full((*shape, len(self.channels)), self._fill, self.dtype)
        pixels = source.read(rows.low, cols.low, height, width)
        is_inside = (rows.last - rows.first, cols.last - cols.first) == shape
        return resample(pixels, rows, cols, shape, 0 if is_inside else self._fill)

    def _best_level(self, step: float) -> int:
        fine_enough = [
            index for index, level in enumerate(self.levels) if level.downsample <= step * (1 + _LEVEL_TOLERANCE)
        ]
        return max(fine_enough, key=lambda index: self.levels[index].downsample, default=0)

    @property
    def _fill(self) -> int:
        return 255 if self.is_brightfield else 0

    def _paleness(self) -> float:
        """How bright the darkest channel is, over a grid of small windows: a huge flat file is not read whole."""
        index = len(self.levels) - 1
        rows, cols = self.levels[index].shape
        height, width = min(64, rows), min(64, cols)
        windows = [
            self._contents.sources[index].read(int(row), int(col), height, width)
            for row in np.unique(np.linspace(0, rows - height, 5, dtype=int))
            for col in np.unique(np.linspace(0, cols - width, 5, dtype=int))
        ]
        return float(np.percentile(np.stack(windows).min(axis=-1), _PALE_PERCENTILE))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __reduce__(self) -> tuple[Any, ...]:
        if self._reopen is None:
            return slide_from_array, (self._contents.sources[0].read(0, 0, *self.shape), self._given_mpp, self.name)
        return partial(self._reopen, mpp=self._given_mpp), (self.path,)

    def __repr__(self) -> str:
        rows, cols = self.shape
        size = "µm/px unknown" if self.pixel_size is None else f"{self.pixel_size.mpp:.4g} µm/px"
        return f"<Slide {self.name!r}: {self.format}, {rows} x {cols} px, {len(self.levels)} levels, {size}>"


def slide_from_array(image: ArrayLike, mpp: float | None = None, name: str = "array") -> Slide:
    """Make a slide of an array, so that whatever takes a slide takes an array too.

    Parameters
    ----------
    image : (rows, cols) or (rows, cols, channels) array
        Pixels. Three channels of uint8 are taken as red, green and blue.
    mpp : float, optional
        µm/px. Without it the slide can be read at level 0 only.
    name : str, optional
        The slide's name in tables.

    Returns
    -------
    Slide

    Raises
    ------
    InvalidArgument
        If the array is empty, has other dimensions, or holds no numbers.
    MissingPixelSize
        If `mpp` is given and not a positive number.
    """
    pixels = np.asarray(image)
    if pixels.ndim == 2:
        pixels = pixels[:, :, None]
    if pixels.ndim != 3 or pixels.size == 0:
        raise InvalidArgument("an image is (rows, cols) or (rows, cols, channels)", got=f"shape {np.shape(image)}")
    if pixels.dtype == np.bool_:
        pixels = pixels.astype(np.uint8) * 255
    if pixels.dtype.kind not in "uif":
        raise InvalidArgument("an image holds numbers", got=f"dtype {pixels.dtype}")
    n_channels = pixels.shape[2]
    is_rgb = n_channels == 3 and pixels.dtype == np.uint8
    named = RGB if is_rgb else GREY if n_channels == 1 else tuple(f"channel {i}" for i in range(n_channels))
    contents = SlideContents("array", (ArrayLevel(pixels),), named, pixels.dtype, None if is_rgb else False)
    return Slide(contents, None, name, mpp)


def _check_window(row: float, col: float, height: int, width: int, mpp: float | None) -> None:
    if not (isfinite(row) and isfinite(col)):
        raise InvalidArgument("the corner of a window must be finite", got=f"row {row}, col {col}")
    if height < 1 or width < 1 or int(height) != height or int(width) != width:
        raise InvalidArgument("a window has a whole, positive size", got=f"height {height}, width {width}")
    if mpp is not None:
        PixelSize(mpp, "asked for in read()")


def _check_memory(height: int, width: int, bytes_a_pixel: int) -> None:
    if height * width * bytes_a_pixel > 16 * MAX_BLOCK_BYTES:
        raise SlideTooLarge(
            f"a window of {height:,} x {width:,} px does not fit the memory",
            next_step="Read it in tiles of a few thousand pixels, or at a coarser mpp.",
        )
