"""Sizes that an encoded tile announces, read before a decoder takes memory for them."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["AnnouncedSize", "announced_size"]

_JPEG_START = b"\xff\xd8"
_JPEG2000_START = b"\xff\x4f\xff\x51"
# Start-of-frame markers: C0 to CF without the tables C4, the reserved C8 and the arithmetic conditioning CC.
_JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


@dataclass(frozen=True)
class AnnouncedSize:
    """What the header of a JPEG or JPEG 2000 stream says.

    Parameters
    ----------
    rows, cols : int
        Size of the picture in it.
    is_subsampled : bool
        Whether colour differences are stored at lower resolution (JPEG 2000 only).
    """

    rows: int
    cols: int
    is_subsampled: bool = False


def announced_size(data: bytes) -> AnnouncedSize | None:
    """Read the header of a JPEG (ITU-T T.81, B.2.2) or JPEG 2000 (ITU-T T.800, A.5.1) stream.

    Parameters
    ----------
    data : bytes
        One encoded tile.

    Returns
    -------
    AnnouncedSize or None
        None for other codecs, and for streams without a header of their own.

    Examples
    --------
    >>> announced_size(bytes.fromhex("ffd8 ffc0 0011 08 0100 0200 03"))
    AnnouncedSize(rows=256, cols=512, is_subsampled=False)
    """
    if data.startswith(_JPEG_START):
        return _jpeg_size(data)
    start = data.find(_JPEG2000_START, 0, 1024)
    if start >= 0 and (start == 0 or data[4:8] == b"jP  "):
        return _jpeg2000_size(data, start + 4)
    return None


def _jpeg_size(data: bytes) -> AnnouncedSize | None:
    position = 2
    while position + 9 <= len(data) and data[position] == 0xFF:
        marker = data[position + 1]
        if marker in _JPEG_FRAMES:
            rows, cols = _number(data, position + 5, 2), _number(data, position + 7, 2)
            return AnnouncedSize(rows, cols)
        # 0xFF may be repeated as padding before a marker.
        position += 1 if marker == 0xFF else 2 + _number(data, position + 2, 2)
    return None


def _jpeg2000_size(data: bytes, position: int) -> AnnouncedSize | None:
    if len(data) < position + 38:
        return None
    right, lower, left, upper = (_number(data, position + 4 + 4 * i, 4) for i in range(4))
    n_components = _number(data, position + 36, 2)
    steps = data[position + 39 : position + 38 + 3 * n_components]
    is_subsampled = any(step > 1 for i, step in enumerate(steps) if i % 3 != 2)
    return AnnouncedSize(lower - upper, right - left, is_subsampled)


def _number(data: bytes, position: int, n_bytes: int) -> int:
    return int.from_bytes(data[position : position + n_bytes], "big")
