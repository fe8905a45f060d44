"""What the samples of a TIFF page mean, and how they become the channels of a slide."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from os import PathLike
from typing import Any

import numpy as np
from numpy.typing import NDArray

from histo.errors import UnsupportedSlide
from histo.io.slides.contents import GREY, RGB

__all__ = ["Colouring", "colouring_of", "flatten_alpha"]

Pixels = NDArray[Any]

# Values of the tag PhotometricInterpretation (TIFF 6.0, section 8 and following).
_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB, _PALETTE, _YCBCR = 0, 1, 2, 3, 6
# Values of the tag ExtraSamples.
_ALPHA_PREMULTIPLIED, _ALPHA = 1, 2
_JPEG_LIKE = frozenset({7, 33003, 33004, 33005, 34712, 50001, 34927})


@dataclass(frozen=True)
class Colouring:
    """How stored samples become channels.

    Parameters
    ----------
    channels : tuple of str
        Names of the channels; `RGB` for colour.
    dtype : numpy dtype
        Their type.
    apply : callable
        Turns (rows, cols, samples) into (rows, cols, channels).
    """

    channels: tuple[str, ...]
    dtype: np.dtype[Any]
    apply: Callable[[Pixels], Pixels]

    @property
    def is_rgb(self) -> bool:
        """Whether the channels are red, green and blue."""
        return self.channels == RGB


def colouring_of(page: Any, n_samples: int, path: str | PathLike[str]) -> Colouring:
    """Find out how to colour the tiles of a page.

    Parameters
    ----------
    page : tifffile.TiffPage
        The page that describes the level.
    n_samples : int
        Samples that the planes of the level give together.
    path : path-like
        The slide, for messages.

    Returns
    -------
    Colouring

    Raises
    ------
    UnsupportedSlide
        If the colour space or the type of the samples is one that histo does not turn into channels.
    """
    photometric, dtype = int(page.photometric), page.dtype
    if dtype is None or dtype.kind not in "buif":
        raise UnsupportedSlide("pixels of this type are not read", file=path, expected="numbers", got=str(dtype))
    if photometric == _PALETTE and page.colormap is not None:
        palette = (np.asarray(page.colormap) >> 8).astype(np.uint8).T
        return Colouring(RGB, np.dtype(np.uint8), lambda pixels: palette[pixels[..., 0]])
    if photometric == _RGB or (photometric == _YCBCR and int(page.compression) in _JPEG_LIKE):
        return _colour(page, n_samples, dtype)
    if photometric not in (_WHITE_IS_ZERO, _BLACK_IS_ZERO):
        raise UnsupportedSlide(
            "colours of this kind are not read",
            file=path,
            expected="RGB, grey, palette, or YCbCr in JPEG",
            got=getattr(page.photometric, "name", str(photometric)),
            next_step="Export the slide as RGB.",
        )
    return _grey(photometric, n_samples, dtype)


def _colour(page: Any, n_samples: int, dtype: np.dtype[Any]) -> Colouring:
    extra = tuple(int(kind) for kind in page.extrasamples)
    if n_samples < 3:
        return _grey(_BLACK_IS_ZERO, n_samples, dtype)
    if n_samples == 4 and extra[:1] in ((_ALPHA,), (_ALPHA_PREMULTIPLIED,)):
        is_premultiplied = extra[0] == _ALPHA_PREMULTIPLIED
        return Colouring(RGB, dtype, lambda pixels: flatten_alpha(pixels, is_premultiplied=is_premultiplied))
    if n_samples > 3:
        return Colouring(RGB, dtype, lambda pixels: pixels[..., :3])
    return Colouring(RGB, dtype, _as_stored)


def _grey(photometric: int, n_samples: int, dtype: np.dtype[Any]) -> Colouring:
    channels = GREY if n_samples == 1 else tuple(f"channel {number}" for number in range(n_samples))
    is_inverted = photometric == _WHITE_IS_ZERO
    if dtype.kind == "b":
        return Colouring(channels, np.dtype(np.uint8), lambda pixels: ((pixels ^ is_inverted) * 255).astype(np.uint8))
    if is_inverted and dtype.kind == "u":
        return Colouring(channels, dtype, lambda pixels: np.iinfo(dtype).max - pixels)
    return Colouring(channels, dtype, _as_stored)


def _as_stored(pixels: Pixels) -> Pixels:
    return pixels


def flatten_alpha(pixels: Pixels, *, is_premultiplied: bool = False) -> Pixels:
    """Lay a transparent picture on white, as glass is.

    Parameters
    ----------
    pixels : (rows, cols, channels + 1) array of uint8 or uint16
        The last channel is the opacity.
    is_premultiplied : bool
        Whether the colours are already multiplied with it.

    Returns
    -------
    (rows, cols, channels) array

    Examples
    --------
    >>> flatten_alpha(np.array([[[10, 20, 30, 255], [10, 20, 30, 0]]], np.uint8)).tolist()
    [[[10, 20, 30], [255, 255, 255]]]
    """
    colours, opacity = pixels[..., :-1], pixels[..., -1:]
    white = np.iinfo(pixels.dtype).max if pixels.dtype.kind in "ui" else 1.0
    if (opacity == white).all():
        return np.ascontiguousarray(colours)
    share = opacity.astype(np.float64) / white
    on_white = (colours if is_premultiplied else colours * share) + white * (1 - share)
    flat: Pixels = np.clip(np.rint(on_white) if pixels.dtype.kind in "ui" else on_white, 0, white).astype(pixels.dtype)
    return flat
