"""What can be scored on a slide, by its stain."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from histo.errors import WrongStain
from histo.io import Slide
from histo.stain.kind import brown_share
from histo.tissue import find_field, find_tissue

__all__ = ["GIVEN_LABELS", "NO_STRUCTURE", "UNUSUAL_STAIN", "WRONG_STAIN", "StainVerdict", "judge_stain"]

NO_STRUCTURE = "no_structure"
"""Flag of sections without a label map: their cells are counted per mm² of tissue."""
UNUSUAL_STAIN = "unusual_stain"
"""Flag of sections on a slide that is browner than H&E usually is."""
GIVEN_LABELS = "given_labels"
"""Flag of sections whose compartments the design table gives."""
WRONG_STAIN = "wrong_stain"
"""Flag of sections whose structure was scored although their slide is not H&E."""

_OVERVIEW_SIDE = 1024
_REFUSED_SHARE = 0.5
_UNUSUAL_SHARE = 0.15


@dataclass(frozen=True)
class StainVerdict:
    """What a slide is, and what that allows.

    Parameters
    ----------
    stain : {"he", "dab", "fluorescence"}
        How it is stained.
    flags : tuple of str
        For its sections.
    """

    stain: Literal["he", "dab", "fluorescence"]
    flags: tuple[str, ...] = ()

    @property
    def has_structure(self) -> bool:
        """Whether there are compartments."""
        return NO_STRUCTURE not in self.flags

    @property
    def asks_the_model(self) -> bool:
        """Whether the structure model is asked for them; else they were given."""
        return self.has_structure and GIVEN_LABELS not in self.flags

    def with_labels(self) -> StainVerdict:
        """Take compartments that were given in place of those that a model sees, or of none."""
        kept = (flag for flag in self.flags if flag not in {NO_STRUCTURE, WRONG_STAIN})
        return replace(self, flags=(*kept, GIVEN_LABELS))


def judge_stain(slide: Slide, said: str = "", *, any_stain: bool = False) -> StainVerdict:
    """Say what can be scored on a slide.

    Structure is read from haematoxylin and eosin alone. What the design table calls DAB or fluorescence is scored by
    its cells; what it does not name counts as H&E, unless its looks say otherwise.

    Parameters
    ----------
    slide : Slide
        Open.
    said : str, optional
        The stain that the design table gives: ``he`` is believed even of a brown slide, which yellow light can make.
    any_stain : bool
        Look for structure on a brightfield slide of another stain too, and flag it.

    Returns
    -------
    StainVerdict

    Raises
    ------
    WrongStain
        If it looks like DAB or fluorescence and the design does not say so, or is not what the design says.
    """
    if slide.is_brightfield == (said == "fluorescence"):
        raise _refusal(slide, said)
    if said == "fluorescence":
        return StainVerdict("fluorescence", (NO_STRUCTURE,))
    if said == "dab":
        return StainVerdict("dab", (WRONG_STAIN if any_stain else NO_STRUCTURE,))
    share = _brown_share(slide)
    if share >= _REFUSED_SHARE and said != "he":
        if not any_stain:
            raise _brown_refusal(slide, share)
        return StainVerdict("he", (WRONG_STAIN,))
    return StainVerdict("he", (UNUSUAL_STAIN,) if share >= _UNUSUAL_SHARE else ())


def _brown_share(slide: Slide) -> float:
    overview = slide.thumbnail(_OVERVIEW_SIDE)
    mpp = slide.mpp * max(slide.shape) / max(overview.shape[:2])
    field = find_field(overview, mpp)
    view = field.clear if field.clear.any() else None
    return brown_share(overview, find_tissue(overview, mpp, is_brightfield=True, field=field), view=view)


def _brown_refusal(slide: Slide, share: float) -> WrongStain:
    return WrongStain(
        "the structure model reads haematoxylin and eosin",
        file=slide.path,
        expected="an H&E slide in transmitted light",
        got=f"a brown stain such as DAB on {100 * share:.0f} % of the tissue",
        next_step="Write stain = dab and its marker in the design table to have its cells scored. If this is H&E in "
        "yellow light, write stain = he; --any-stain scores its structure as it is, flagged.",
    )


def _refusal(slide: Slide, said: str) -> WrongStain:
    seen = "a picture in transmitted light" if slide.is_brightfield else "fluorescence, or grey"
    got = f"{seen}: channels {', '.join(slide.channels)} of {slide.dtype}"
    if not said:
        return WrongStain(
            "the structure model reads haematoxylin and eosin",
            file=slide.path,
            expected="an H&E slide in transmitted light",
            got=got,
            next_step="Write stain = fluorescence in the design table, and as marker its channels, such as CD4; "
            "Foxp3=Cy5; nuclei=DAPI: then its cells are scored.",
        )
    return WrongStain(
        "the slide is not stained as the design table says",
        file=slide.path,
        expected="channels that are dark where there is nothing" if said == "fluorescence" else "transmitted light",
        got=got,
        next_step=f"Mend the design table: it says stain = {said}.",
    )
