"""Where the training of a recipe stands, whatever the recipe trains."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol, Self

from pydantic import ValidationError

from histo.errors import InvalidRecipe
from histo.train.checkpoint import CHECKPOINT_FILE, Checkpoint, read_checkpoint

__all__ = ["AnyRecipe", "last_of", "read_checkpoint_of"]


class AnyRecipe(Protocol):
    """A recipe that is kept in its checkpoints, and knows which others give the same weights."""

    @classmethod
    def model_validate_json(cls, json_data: str, /) -> Self:
        """Read it from JSON."""

    def trains_like(self, other: Self, /) -> bool:
        """Say whether another recipe gives the same weights."""


def read_checkpoint_of(recipe: AnyRecipe, recipe_path: Path, place: Path, *, resume: bool) -> Checkpoint | None:
    """Read the checkpoint that a recipe's training goes on from.

    Parameters
    ----------
    recipe : AnyRecipe
        What is trained.
    recipe_path : Path
        Where it is written, for the message.
    place : Path
        Folder of the run.
    resume : bool
        Whether to go on at all.

    Returns
    -------
    Checkpoint or None
        None where the training begins.

    Raises
    ------
    InvalidRecipe
        If the checkpoint was made with another recipe.
    CorruptModel
        If it is damaged.
    """
    path = place / CHECKPOINT_FILE
    if not resume or not path.exists():
        return None
    checkpoint = read_checkpoint(path)
    if not _is_of(checkpoint, recipe):
        raise InvalidRecipe(
            "the recipe is not the one that its checkpoint was made with",
            file=recipe_path,
            got=f"a checkpoint of {checkpoint.step} steps in {path}",
            next_step="Start over without resuming (--restart), or give the changed recipe another name.",
        )
    return checkpoint


def last_of(checkpoint: Checkpoint | None, recipe_path: Path) -> Checkpoint:
    """Return the checkpoint of a training that has begun.

    Raises
    ------
    InvalidRecipe
        If nothing has been trained yet.
    """
    if checkpoint is None:
        raise InvalidRecipe("nothing has been trained yet", file=recipe_path, next_step="Run histo train on it first.")
    return checkpoint


def _is_of(checkpoint: Checkpoint, recipe: AnyRecipe) -> bool:
    # Compared as recipes, not as text: an entry that a later version of histo adds has its default in an older one.
    try:
        return type(recipe).model_validate_json(checkpoint.recipe).trains_like(recipe)
    except ValidationError:
        return False
