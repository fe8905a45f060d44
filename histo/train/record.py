"""What a card and a metrics file say about a training."""

from __future__ import annotations

from dataclasses import dataclass

from histo.train.annotationset import AnnotatedField
from histo.train.recipe import Recipe

__all__ = ["TrainingRecord"]


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
    trained, held_out : tuple of AnnotatedField
        Real fields that it learned from, and that it is judged by.
    """

    recipe: Recipe
    step: int
    drawing: str
    trained: tuple[AnnotatedField, ...] = ()
    held_out: tuple[AnnotatedField, ...] = ()

    @property
    def is_finished(self) -> bool:
        """Whether the last step was reached."""
        return self.step >= self.recipe.optimisation.steps
