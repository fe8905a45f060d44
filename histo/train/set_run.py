"""A training on sets of pictures as it lies on disk: its recipe, its folder and where it stands."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Generic, Protocol, Self, TypeVar

from histo.errors import InvalidRecipe
from histo.train.checkpoint import CHECKPOINT_FILE, Checkpoint
from histo.train.settings import Optimisation
from histo.train.standing import AnyRecipe, last_of, read_checkpoint_of
from histo.train.trainer import TrainingPlan

__all__ = ["SetRecipe", "SetRun"]


class SetRecipe(AnyRecipe, Protocol):
    """A recipe of a training on sets of pictures."""

    @property
    def name(self) -> str:
        """Of the model it makes."""

    @property
    def seed(self) -> int:
        """Everything random follows from it."""

    @property
    def optimisation(self) -> Optimisation:
        """How many steps, and how fast."""

    def model_dump_json(self) -> str:
        """Write it as JSON."""


Recipe = TypeVar("Recipe", bound=SetRecipe)


@dataclass(frozen=True, eq=False)
class SetRun(Generic[Recipe]):
    """A training's recipe, folder and state.

    Parameters
    ----------
    recipe : SetRecipe
        What to do.
    recipe_path : Path
        Where it is written.
    folder : Path
        Holds the checkpoint and the log; pictures lie beside it.
    checkpoint : Checkpoint or None
        Where it stands; None at the start.
    """

    recipe: Recipe
    recipe_path: Path
    folder: Path
    checkpoint: Checkpoint | None

    @classmethod
    def open(cls, recipe: Recipe, recipe_path: Path, folder: Path, *, resume: bool) -> Self:
        """Find out where the training of a recipe stands, in a folder of runs.

        Raises
        ------
        InvalidRecipe
            If the recipe is another than the checkpoint was made with.
        CorruptModel
            If the checkpoint is damaged.
        """
        place = folder / recipe.name
        return cls(recipe, recipe_path, place, read_checkpoint_of(recipe, recipe_path, place, resume=resume))

    @property
    def last(self) -> Checkpoint:
        """Where it stands.

        Raises
        ------
        InvalidRecipe
            If nothing has been trained yet.
        """
        return last_of(self.checkpoint, self.recipe_path)

    def plan(self, digest: str, drawing: str) -> TrainingPlan:
        """Say what the trainer needs to know.

        Parameters
        ----------
        digest : str
            Of the pictures trained on.
        drawing : str
            Of the code that draws.

        Returns
        -------
        TrainingPlan

        Raises
        ------
        InvalidRecipe
            If a picture has changed since the checkpoint.
        """
        if self.checkpoint is not None and self.checkpoint.fields != digest:
            raise InvalidRecipe(
                "the pictures are not those that the checkpoint was made with",
                file=self.folder / CHECKPOINT_FILE,
                got="other pictures, truths or µm/px",
                next_step="Start over without resuming (--restart), or under another name.",
            )
        recipe = self.recipe
        return TrainingPlan(self.folder, recipe.model_dump_json(), recipe.seed, recipe.optimisation, drawing, digest)
