"""Which channel of a fluorescence slide is meant."""

from __future__ import annotations

from histo.errors import InvalidArgument
from histo.io import Slide

__all__ = ["find_channel"]


def find_channel(slide: Slide, channel: str | int | None, stains: tuple[str, ...], *, shows: str, option: str) -> int:
    """Find a channel by its name or number, or by the names of stains that it may bear.

    Parameters
    ----------
    slide : Slide
        With its channels' names.
    channel : str, int or None
        As the caller said it; None for the only channel, or the only one that is named like one of `stains`.
    stains : tuple of str
        Parts of names, lower case.
    shows : str
        What the channel shows, for the message: ``the nuclei``.
    option : str
        How the caller names a channel, for the message.

    Returns
    -------
    int
        Counted from 0.

    Raises
    ------
    InvalidArgument
        If there is no such channel, or it is not clear which.
    """
    names = slide.channels
    if isinstance(channel, int) and -len(names) <= channel < len(names):
        return channel % len(names)
    if isinstance(channel, str) and channel in names:
        return names.index(channel)
    if channel is None:
        named = [at for at, name in enumerate(names) if any(stain in name.lower() for stain in stains)]
        if len(names) == 1 or len(named) == 1:
            return named[0] if named else 0
    raise InvalidArgument(
        f"which channel shows {shows} is not clear" if channel is None else "there is no such channel",
        file=slide.path,
        expected=f"one of {', '.join(names)}",
        got=repr(channel),
        next_step=f"Name the channel: {option}, or its number from 0.",
    )
