"""Pictures small enough that a page of hundreds stays light."""

from __future__ import annotations

import base64
import logging
from io import BytesIO
from pathlib import Path

from PIL import Image, UnidentifiedImageError

__all__ = ["PAGE_BYTES", "picture_side", "thumbnail_data_uri"]

_log = logging.getLogger(__name__)

PAGE_BYTES = 8_000_000
"""All pictures of a page together, before base64 makes a third more of them."""

_SIDES = (1100, 800, 640, 480, 360, 240, 160)
_BYTES_PER_PIXEL = 0.25
_QUALITIES = (82, 65, 45)


def picture_side(n_pictures: int) -> int:
    """Choose the longer side of a page's pictures, in pixels, by how many there are.

    Examples
    --------
    >>> picture_side(12), picture_side(200), picture_side(5000)
    (1100, 360, 160)
    """
    share = PAGE_BYTES / max(n_pictures, 1)
    return next((side for side in _SIDES if _BYTES_PER_PIXEL * side**2 <= share), _SIDES[-1])


def thumbnail_data_uri(path: Path, max_side: int, max_bytes: int) -> str:
    """Shrink a picture to a JPEG inside a ``data:`` address.

    Parameters
    ----------
    path : Path
        Any picture; what is transparent becomes white.
    max_side : int
        Longer side of the result, px.
    max_bytes : int
        Above this the quality is lowered, then the size.

    Returns
    -------
    str
        Empty when there is no such picture or it does not read: a report does without.
    """
    try:
        with Image.open(path) as picture:
            picture.thumbnail((max_side, max_side), reducing_gap=2.0)
            flat = _on_white(picture)
    except (OSError, UnidentifiedImageError, Image.DecompressionBombError, ValueError, SyntaxError) as error:
        _log.warning("no picture in the report from %s: %s", path, error)
        return ""
    return f"data:image/jpeg;base64,{base64.b64encode(_jpeg(flat, max_bytes)).decode('ascii')}"


def _on_white(picture: Image.Image) -> Image.Image:
    if "A" not in picture.getbands() and "transparency" not in picture.info:
        return picture.convert("RGB")
    layer = picture.convert("RGBA")
    white = Image.new("RGBA", layer.size, (255, 255, 255, 255))
    return Image.alpha_composite(white, layer).convert("RGB")


def _jpeg(picture: Image.Image, max_bytes: int) -> bytes:
    while True:
        for quality in _QUALITIES:
            buffer = BytesIO()
            picture.save(buffer, format="JPEG", quality=quality)
            if buffer.tell() <= max_bytes:
                return buffer.getvalue()
        if max(picture.size) <= _SIDES[-1]:
            return buffer.getvalue()
        picture = picture.resize((max(1, picture.width * 3 // 4), max(1, picture.height * 3 // 4)))
