"""A stained field as one signal: higher where more of the stain is."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from histo.errors import InvalidArgument
from histo.io import Slide
from histo.junction_maps import JunctionStain
from histo.nn import junction_channel
from histo.nn.junction_spec import check_junction_stain
from histo.stain import DabStain, dab_density

__all__ = ["MOST_PIXELS", "check_field_size", "junction_signal", "read_junction_signal"]

MOST_PIXELS = 16_000_000
"""Pixels of the largest field. Seeing, tracing and measuring took 69 (fluorescence) and 85 (DAB) bytes a pixel at their
peak, on 4 million pixels, so that a process of 0.7 GiB stays below 2 GiB."""


def junction_signal(
    image: NDArray[Any], stain: JunctionStain = "fluorescence", *, colours: DabStain | None = None
) -> NDArray[np.float32]:
    """Take the signal of a field.

    Parameters
    ----------
    image : (rows, cols) or (rows, cols, 1) array of numbers, or (rows, cols, 3) array of uint8
        One fluorescence channel, or RGB of a DAB section.
    stain : {"fluorescence", "dab"}, optional
        Which of the two.
    colours : DabStain, optional
        Of haematoxylin and DAB; found on the image otherwise.

    Returns
    -------
    (rows, cols) array of float32
        Counts of the channel as they are, or the optical density of DAB.

    Raises
    ------
    InvalidArgument
        If the stain is unknown, or the image is not what it says.

    Examples
    --------
    >>> junction_signal(np.array([[3, 5]], np.uint16)).tolist()
    [[3.0, 5.0]]
    """
    check_junction_stain(stain)
    picture = np.asarray(image)
    if stain == "dab":
        if picture.ndim != 3 or picture.shape[2] != 3 or picture.dtype != np.uint8 or picture.size == 0:
            raise _unfit("a DAB section is RGB", "(rows, cols, 3) of uint8", picture)
        return dab_density(picture, colours).dab
    if picture.ndim == 3 and picture.shape[2] == 1:
        picture = picture[..., 0]
    if picture.ndim != 2 or picture.size == 0 or picture.dtype.kind not in "uif":
        raise _unfit("junctions are seen in one fluorescence channel", "(rows, cols) of numbers", picture)
    signal = picture.astype(np.float32)
    if not np.isfinite(signal).all():
        raise InvalidArgument("the image has values that are no numbers", expected="finite", got="NaN or infinite")
    return signal


def read_junction_signal(
    field: Slide,
    stain: JunctionStain = "fluorescence",
    channel: str | int | None = None,
    *,
    colours: DabStain | None = None,
) -> NDArray[np.float32]:
    """Take the signal of a whole field, pixel for pixel.

    Parameters
    ----------
    field : Slide
        Small enough for memory.
    stain : {"fluorescence", "dab"}, optional
        How it is stained.
    channel : str or int, optional
        Fluorescence of several channels: the one of the junctions.
    colours : DabStain, optional
        As in `junction_signal`.

    Returns
    -------
    (rows, cols) array of float32

    Raises
    ------
    InvalidArgument
        If the image is not what `stain` says, the channel is not clear, or the field has more than `MOST_PIXELS`.
    """
    check_field_size(field)
    pixels = field.read(0, 0, *field.shape)
    single = pixels[..., junction_channel(field, channel)] if stain == "fluorescence" else pixels
    return junction_signal(single, stain, colours=colours)


def check_field_size(field: Slide) -> None:
    """Make sure that a field can be traced in memory: it is not cut into tiles, at whose borders junctions would be.

    Raises
    ------
    InvalidArgument
        If it has more than `MOST_PIXELS`.
    """
    if field.shape[0] * field.shape[1] > MOST_PIXELS:
        raise InvalidArgument(
            "the field is too large to trace its junctions in memory",
            file=field.path,
            expected=f"{MOST_PIXELS // 10**6} million pixels at most, as 4000 x 4000",
            got=f"{field.shape[0]} x {field.shape[1]}",
            next_step="Save it as several fields side by side, each a slide of its own: lengths, gaps and counts per "
            "area add up over fields.",
        )


def _unfit(what: str, expected: str, got: NDArray[Any]) -> InvalidArgument:
    return InvalidArgument(
        what,
        expected=expected,
        got=f"{got.dtype} of shape {got.shape}",
        next_step='Pick the channel (image[..., 1]) or say stain="dab".',
    )
