"""What every recipe says of a set of real pictures, whatever is learned from it."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import model_validator

from histo.train.settings import Probability, Settings

__all__ = ["PictureSet", "check_sets"]


class PictureSet(Settings):
    """One set of real pictures.

    Parameters
    ----------
    name : str
        In the card.
    folder : str
        Where it lies, relative to the recipe or to the folder that ``HISTO_DATA`` names.
    share : float
        Share of the crops that come from it.
    held_out : tuple of str
        Names of pictures, without extension, that are judged by and never trained on; ``*`` holds out all.
    licence : str
        Of the set.
    """

    name: str
    folder: str
    share: Probability = 0.0
    held_out: tuple[str, ...] = ()
    licence: str

    @model_validator(mode="after")
    def _check_share(self) -> PictureSet:
        if self.share > 0 and self.held_out == ("*",):
            raise ValueError("share is above 0 but all pictures are held out")
        return self

    def holds_out(self, name: str) -> bool:
        """Say whether a picture is judged by."""
        return name in self.held_out or self.held_out == ("*",)


def check_sets(sets: Sequence[PictureSet], drawn_share: float) -> None:
    """Check that crops come from somewhere, and that every set has a name of its own.

    Parameters
    ----------
    sets : sequence of PictureSet
        Of a recipe.
    drawn_share : float
        Share of the crops that come from drawings.

    Raises
    ------
    ValueError
        If not.
    """
    shares = sum(entry.share for entry in sets) + drawn_share
    if abs(shares - 1) > 1e-6:
        raise ValueError(f"the shares of sets and drawn must add up to 1, not {shares:g}")
    if len({entry.name for entry in sets}) < len(sets):
        raise ValueError("sets: each name once")
