"""Plain pictures: PNG, JPEG and BMP files, decoded whole when first read."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from histo.errors import SlideTooLarge, UnsupportedSlide
from histo.io.slides.contents import GREY, RGB, SlideContents
from histo.io.slides.foreign import foreign_code
from histo.io.slides.limits import check_block_bytes, check_slide_size
from histo.io.slides.pixel_size import finding_from_density
from histo.io.slides.tiff_colour import flatten_alpha

__all__ = ["open_plain"]

# How Pillow's modes are read: grey of 8, 16 or 32 bits, colour, and colour or grey with opacity.
_GREY_MODES = {"1": "L", "L": "L", "I;16": "I;16", "I;16B": "I;16B", "I": "I", "F": "F"}
_COLOUR_MODES = {"RGB": "RGB", "P": "RGB", "CMYK": "RGB", "YCbCr": "RGB", "RGBA": "RGBA", "PA": "RGBA"}
_DTYPES: dict[str, np.dtype[Any]] = {
    "I;16": np.dtype(np.uint16),
    "I;16B": np.dtype(np.uint16),
    "I": np.dtype(np.int32),
    "F": np.dtype(np.float32),
}


def open_plain(path: Path) -> SlideContents:
    """Open a PNG, JPEG or BMP picture.

    Pixels stay where the file has them: an EXIF orientation is not applied, so that coordinates agree with QuPath,
    scikit-image and OpenCV. Transparent pixels become white.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    SlideContents

    Raises
    ------
    UnreadableSlide
        If the file is damaged.
    SlideTooLarge
        If it would fill the memory when decoded.
    """
    with foreign_code(path, "reading the picture's header"):
        try:
            with Image.open(path, formats=("PNG", "JPEG", "BMP")) as image:
                kind, mode, (cols, rows) = str(image.format), image.mode, image.size
                density = image.info.get("dpi")
                has_opacity = "transparency" in image.info
        except Image.DecompressionBombError as error:
            raise SlideTooLarge(
                "the picture announces more pixels than a flat picture may have",
                file=path,
                got=str(error),
                next_step="Save it as a tiled pyramid (OME-TIFF or OME-Zarr): those are read piece by piece.",
            ) from error
    check_slide_size(rows, cols, path)
    wanted = _wanted_mode(mode, has_opacity=has_opacity, path=path)
    dtype: np.dtype[Any] = _DTYPES.get(wanted, np.dtype(np.uint8))
    n_stored = {"RGB": 3, "RGBA": 4, "LA": 2}.get(wanted, 1)
    check_block_bytes(rows * cols * n_stored * dtype.itemsize, "the picture", path)
    channels = RGB if n_stored >= 3 else GREY
    finding, note = None, f"{kind} density: none"
    if density is not None:
        finding, said = finding_from_density(_um(density[1]), _um(density[0]), f"{kind} density")
        note = said or ""
    return SlideContents(
        format=kind,
        sources=(_PlainLevel(path, (rows, cols), wanted),),
        channels=channels,
        dtype=dtype,
        is_brightfield=None if channels == RGB else False,
        findings=() if finding is None else (finding,),
        notes=(note,) if note else (),
    )


class _PlainLevel:
    """The one level of a plain picture; decoded once, for all threads."""

    def __init__(self, path: Path, shape: tuple[int, int], mode: str) -> None:
        self.shape = shape
        self._path = path
        self._mode = mode
        self._pixels: NDArray[Any] | None = None
        self._lock = threading.Lock()

    def read(self, row: int, col: int, height: int, width: int) -> NDArray[Any]:
        """Copy a window that lies wholly inside."""
        with self._lock:
            if self._pixels is None:
                self._pixels = self._decode()
        return self._pixels[row : row + height, col : col + width].copy()

    def _decode(self) -> NDArray[Any]:
        with foreign_code(self._path, "decoding the picture"), Image.open(self._path) as image:
            pixels = np.asarray(image if image.mode == self._mode else image.convert(self._mode))
        pixels = pixels.astype(pixels.dtype.newbyteorder("="), copy=False)
        if self._mode in ("RGBA", "LA"):
            return flatten_alpha(pixels)
        return pixels if pixels.ndim == 3 else pixels[:, :, None]


def _wanted_mode(mode: str, *, has_opacity: bool, path: Path) -> str:
    if mode == "LA":
        return "LA"
    if mode in _COLOUR_MODES:
        return "RGBA" if has_opacity else _COLOUR_MODES[mode]
    if mode in _GREY_MODES:
        return _GREY_MODES[mode]
    raise UnsupportedSlide("pictures of this mode are not read", file=path, got=mode, next_step="Save it as RGB.")


def _um(dots_per_inch: float) -> float:
    return 25_400.0 / float(dots_per_inch) if dots_per_inch else float("inf")
