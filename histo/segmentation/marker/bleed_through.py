"""What one stain shows in another stain's channel, and how to take it out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from skimage.filters import threshold_otsu

from histo.errors import InvalidArgument

__all__ = ["BleedThrough", "correct_bleed_through", "estimate_bleed_through"]


@dataclass(frozen=True)
class BleedThrough:
    """How much of each stain is seen in each channel.

    Parameters
    ----------
    names : tuple of str
        Channels, each named after the stain that it is for.
    shares : tuple of tuple of float
        ``shares[i][j]``: signal of stain j in channel i over its signal in its own channel. 1 on the diagonal.

    Raises
    ------
    InvalidArgument
        If it is not square, the diagonal is not 1, a share is not 0 to 1, or the stains cannot be told apart.

    Examples
    --------
    >>> green_in_red = BleedThrough(("green", "red"), ((1.0, 0.0), (0.2, 1.0)))
    >>> seen = {"green": np.array([[100.0]]), "red": np.array([[70.0]])}
    >>> correct_bleed_through(seen, green_in_red)["red"].round().tolist()
    [[50.0]]
    """

    names: tuple[str, ...]
    shares: tuple[tuple[float, ...], ...]

    def __post_init__(self) -> None:
        n = len(self.names)
        if n == 0 or len(set(self.names)) != n or [len(row) for row in self.shares] != [n] * n:
            raise InvalidArgument(
                "bleed-through is a square table of differently named channels",
                got=f"{self.names}, rows of {[len(row) for row in self.shares]}",
            )
        matrix = self.matrix
        if not np.allclose(np.diag(matrix), 1.0) or not np.all((matrix >= 0) & (matrix <= 1)):
            raise InvalidArgument(
                "shares of bleed-through are 0 to 1, and 1 of a stain in its own channel", got=f"{matrix.tolist()}"
            )
        if np.linalg.cond(matrix) > 100:
            raise InvalidArgument(
                "two stains look the same in all channels",
                got=f"{matrix.tolist()}",
                next_step="Leave one of them out, or image them with other filters.",
            )

    @property
    def matrix(self) -> NDArray[np.float64]:
        """The shares as a (channels, stains) array."""
        return np.asarray(self.shares, dtype=float)


def estimate_bleed_through(
    controls: Mapping[str, Mapping[str, NDArray[np.generic]]],
) -> BleedThrough:
    """Estimate bleed-through from single-stain controls.

    Parameters
    ----------
    controls : mapping of str to mapping of str to (rows, cols) array
        For each stain, every channel of a specimen that carries that stain alone, exposed as in the study.

    Returns
    -------
    BleedThrough
        Between bright and dim pixels of the stain's own channel (parted by Otsu's threshold), the difference of the
        means in another channel over that in its own. A constant background drops out. Below 0, which only noise
        makes, counts as 0.

    Raises
    ------
    InvalidArgument
        If a control lacks a channel, its channels differ in shape, or its own channel shows nothing.
    """
    names = tuple(controls)
    columns = []
    for stain, channels in controls.items():
        missing = [name for name in names if name not in channels]
        if missing:
            raise InvalidArgument(
                f"the control of {stain} lacks channels", expected=", ".join(names), got=f"without {', '.join(missing)}"
            )
        columns.append(_seen_of(stain, {name: np.asarray(channels[name], dtype=float) for name in names}))
    return BleedThrough(names, tuple(tuple(column[name] for column in columns) for name in names))


def correct_bleed_through(
    markers: Mapping[str, NDArray[np.floating]], bleed_through: BleedThrough
) -> dict[str, NDArray[np.float32]]:
    """Take out of each channel what other stains show in it.

    Parameters
    ----------
    markers : mapping of str to (rows, cols) array
        Channels without background: a constant offset would be taken for stain.
    bleed_through : BleedThrough
        Its channels must be among `markers`; others stay as they are.

    Returns
    -------
    dict of str to (rows, cols) array of float32
        Not clipped: noise around 0 stays noise around 0, and means stay right.

    Raises
    ------
    InvalidArgument
        If a channel of `bleed_through` is absent.
    """
    missing = [name for name in bleed_through.names if name not in markers]
    if missing:
        raise InvalidArgument(
            "channels of the bleed-through are absent", expected=", ".join(missing), got=", ".join(markers) or "none"
        )
    inverse = np.linalg.inv(bleed_through.matrix).astype(np.float32)
    seen = [np.asarray(markers[name], dtype=np.float32) for name in bleed_through.names]
    corrected = {name: np.asarray(image, dtype=np.float32) for name, image in markers.items()}
    for name, weights in zip(bleed_through.names, inverse, strict=True):
        corrected[name] = sum(
            (weight * image for weight, image in zip(weights, seen, strict=True)), np.zeros_like(seen[0])
        )
    return corrected


def _seen_of(stain: str, channels: dict[str, NDArray[np.float64]]) -> dict[str, float]:
    own = channels[stain]
    if any(image.shape != own.shape for image in channels.values()):
        raise InvalidArgument(
            f"channels of the control of {stain} differ in shape", got=f"{[image.shape for image in channels.values()]}"
        )
    if own.size == 0 or own.min() == own.max():
        raise InvalidArgument(
            f"the control of {stain} shows nothing in its own channel", next_step="Give a field with stained tissue."
        )
    bright = own > threshold_otsu(own)  # type: ignore[no-untyped-call]
    rise = {name: float(image[bright].mean() - image[~bright].mean()) for name, image in channels.items()}
    return {name: 1.0 if name == stain else max(value / rise[stain], 0.0) for name, value in rise.items()}
