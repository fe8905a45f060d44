"""Refuse slides that the structure model was not made for."""

from __future__ import annotations

from histo.errors import WrongStain
from histo.io import Slide
from histo.stain.kind import brown_share
from histo.tissue import find_field, find_tissue

__all__ = ["UNUSUAL_STAIN", "WRONG_STAIN", "check_stain"]

UNUSUAL_STAIN = "unusual_stain"
"""Flag of sections on a slide that is browner than H&E usually is."""
WRONG_STAIN = "wrong_stain"
"""Flag of sections that were scored although their slide is not H&E."""

_OVERVIEW_SIDE = 1024
_REFUSED_SHARE = 0.5
_UNUSUAL_SHARE = 0.15


def check_stain(slide: Slide, said: str = "", *, any_stain: bool = False) -> tuple[str, ...]:
    """Make sure that a slide is stained with haematoxylin and eosin.

    Parameters
    ----------
    slide : Slide
        Open.
    said : str, optional
        The stain that the design table gives: ``he`` is believed even of a brown slide, which yellow light can make.
    any_stain : bool
        Flag a brightfield slide of another stain instead of refusing it.

    Returns
    -------
    tuple of str
        Flags for its sections.

    Raises
    ------
    WrongStain
        If it is fluorescence or grey, stained brown, or the design says that it is not H&E.
    """
    if not slide.is_brightfield:
        raise _refusal(slide, f"channels {', '.join(slide.channels)} of {slide.dtype}")
    overview = slide.thumbnail(_OVERVIEW_SIDE)
    mpp = slide.mpp * max(slide.shape) / max(overview.shape[:2])
    field = find_field(overview, mpp)
    view = field.clear if field.clear.any() else None
    share = brown_share(overview, find_tissue(overview, mpp, is_brightfield=True, field=field), view=view)
    if said not in {"", "he"}:
        got = f"{said}, as the design table says"
    elif share >= _REFUSED_SHARE and said != "he":
        got = f"a brown stain such as DAB on {100 * share:.0f} % of the tissue"
    else:
        return (UNUSUAL_STAIN,) if share >= _UNUSUAL_SHARE else ()
    if not any_stain:
        raise _refusal(slide, got)
    return (WRONG_STAIN,)


def _refusal(slide: Slide, got: str) -> WrongStain:
    return WrongStain(
        "the structure model reads haematoxylin and eosin",
        file=slide.path,
        expected="an H&E slide in transmitted light",
        got=got,
        next_step="Score the H&E slide of the same section. If this is H&E in yellow light, write stain = he in the "
        "design table; --any-stain scores it as it is, flagged.",
    )
