"""What a card and a metrics file say about a training."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from histo.train.annotationset import AnnotatedField
from histo.train.recipe import Recipe

__all__ = ["TrainingRecord", "set_names", "sets_learned"]


def set_names(recipe: Recipe) -> tuple[str, ...]:
    """Name the annotation sets of a recipe: they are called like their folders."""
    return tuple(Path(folder).name for folder in recipe.real.sets)


def sets_learned(recipe: Recipe) -> tuple[str, ...]:
    """Name the image sets that a recipe's training uses."""
    drawn = ("drawn sections",) if recipe.real.share + recipe.glands.share < 1 else ()
    glands = (Path(recipe.glands.folder).name,) if recipe.glands.share > 0 else ()
    return (*drawn, *(set_names(recipe) if recipe.real.share > 0 else ()), *glands)


@dataclass(frozen=True)
class TrainingRecord:
    """How far a recipe was followed.

    Parameters
    ----------
    recipe : Recipe
        The recipe.
    step : int
        Steps done.
    drawing : str
        Digest of the code that drew the sections.
    start : str
        What weights it started from.
    trained, held_out : tuple of AnnotatedField
        Real fields that it learned from, and that it is judged by.
    """

    recipe: Recipe
    step: int
    drawing: str
    start: str
    trained: tuple[AnnotatedField, ...] = ()
    held_out: tuple[AnnotatedField, ...] = ()

    @property
    def is_finished(self) -> bool:
        """Whether the last step was reached."""
        return self.step >= self.recipe.optimisation.steps
