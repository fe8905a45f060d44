"""How large a slide may say it is: what goes beyond is refused before any memory is taken."""

from __future__ import annotations

from os import PathLike

from histo.errors import SlideTooLarge, UnreadableSlide

__all__ = ["MAX_BLOCK_BYTES", "MAX_PIXELS", "MAX_SIDE_PX", "check_block_bytes", "check_slide_size"]

# A slide of 75 x 25 mm at 0.1 µm/px has 750,000 x 250,000 px.
MAX_SIDE_PX = 1_000_000
MAX_PIXELS = 2**38
# What one tile, strip or whole flat picture may take when decoded.
MAX_BLOCK_BYTES = 2**30


def check_slide_size(rows: int, cols: int, path: str | PathLike[str]) -> None:
    """Refuse dimensions that no slide has.

    Raises
    ------
    UnreadableSlide
        If a side is zero or negative.
    SlideTooLarge
        If a side or the area is beyond what a scanner makes.
    """
    if rows < 1 or cols < 1:
        raise UnreadableSlide("the image has no pixels", file=path, got=f"{rows} rows, {cols} columns")
    if max(rows, cols) > MAX_SIDE_PX or rows * cols > MAX_PIXELS:
        raise SlideTooLarge(
            "the file announces dimensions that no slide has",
            file=path,
            expected=f"at most {MAX_SIDE_PX:,} px a side and {MAX_PIXELS:,} px in all",
            got=f"{rows:,} rows, {cols:,} columns",
            next_step="The header is damaged or hostile; export the slide anew.",
        )


def check_block_bytes(n_bytes: int, what: str, path: str | PathLike[str]) -> None:
    """Refuse a tile, strip or flat picture that would fill the memory when decoded.

    Raises
    ------
    SlideTooLarge
        If it is larger than `MAX_BLOCK_BYTES`.
    """
    if n_bytes > MAX_BLOCK_BYTES:
        raise SlideTooLarge(
            f"{what} would take {n_bytes / 2**30:.1f} GiB of memory",
            file=path,
            expected=f"at most {MAX_BLOCK_BYTES / 2**30:.0f} GiB in one piece",
            next_step="Save the slide as a tiled pyramid (OME-TIFF or OME-Zarr): those are read piece by piece.",
        )
