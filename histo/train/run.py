"""A training as it lies on disk: its recipe, where it stands, and the pictures that it shares with others."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

from histo.train.checkpoint import Checkpoint
from histo.train.drawn import DrawnPool, drawing_digest
from histo.train.gland import prepare_glands
from histo.train.lineage import check_held_out
from histo.train.real import RealFields, prepare_fields
from histo.train.recipe import Recipe, read_recipe
from histo.train.standing import last_of, read_checkpoint_of

__all__ = ["Run", "open_run", "open_run_of"]

logger = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Run:
    """A training's recipe, folder and pictures.

    Parameters
    ----------
    recipe : Recipe
        What to do.
    recipe_path : Path
        Where it is written.
    folder : Path
        Holds the checkpoint and the log.
    checkpoint : Checkpoint or None
        Where it stands; None at the start.
    drawn : DrawnPool
        Drawn sections.
    """

    recipe: Recipe
    recipe_path: Path
    folder: Path
    checkpoint: Checkpoint | None
    drawn: DrawnPool

    @property
    def seeds(self) -> range:
        """Seeds of the drawn sections to train on."""
        return range(self.recipe.drawn.first_seed, self.recipe.drawn.first_seed + self.recipe.drawn.sections)

    @property
    def held_out_seeds(self) -> range:
        """Seeds of the drawn sections to judge by."""
        return range(self.recipe.drawn.held_out_seed, self.recipe.drawn.held_out_seed + self.recipe.drawn.held_out)

    @property
    def beside(self) -> Path:
        """Folder that what the recipe names is relative to."""
        return self.recipe_path.parent

    @property
    def last(self) -> Checkpoint:
        """Where it stands.

        Raises
        ------
        InvalidRecipe
            If nothing has been trained yet.
        """
        return last_of(self.checkpoint, self.recipe_path)

    @property
    def is_finished(self) -> bool:
        """Whether the last step was reached."""
        return self.checkpoint is not None and self.checkpoint.step >= self.recipe.optimisation.steps

    def prepare_fields(self) -> RealFields:
        """Bring the recipe's real fields to its µm/px; all runs in a folder share them.

        Raises
        ------
        InvalidAnnotation
            If a set does not read.
        InvalidRecipe
            If the recipe does not fit its sets, or holds out what the weights that it starts from have learned from.
        """
        check_held_out(self.recipe, self.beside)
        return prepare_fields(self.recipe.real, self.beside, self.recipe.mpp, self.folder.parent / "real")

    def prepare_glands(self) -> list[Path]:
        """Bring the recipe's pictures of glands to its µm/px; all runs in a folder share them.

        Raises
        ------
        InvalidAnnotation
            If they do not read.
        """
        return prepare_glands(self.recipe.glands, self.beside, self.recipe.mpp, self.folder.parent / "real")


def open_run(recipe_path: str | PathLike[str], folder: str | PathLike[str] = "runs", *, resume: bool = True) -> Run:
    """Find out where a training stands.

    Parameters
    ----------
    recipe_path : path-like
        A TOML file.
    folder : path-like, optional
        Runs lie here, each in a subfolder of its model's name, beside the pool of drawn sections.
    resume : bool, optional
        Go on from the checkpoint, if there is one.

    Returns
    -------
    Run

    Raises
    ------
    InvalidRecipe
        If the recipe is not valid, or is another than the checkpoint was made with.
    CorruptModel
        If the checkpoint is damaged.
    """
    return open_run_of(read_recipe(recipe_path), Path(recipe_path), Path(folder), resume=resume)


def open_run_of(recipe: Recipe, recipe_path: Path, folder: Path, *, resume: bool = True) -> Run:
    """Find out where the training of a recipe stands that is not, or not quite, what its file says.

    Parameters
    ----------
    recipe : Recipe
        What to do.
    recipe_path : Path
        What its folders are relative to, and what an error names.
    folder, resume
        As in `open_run`.

    Returns
    -------
    Run
    """
    place = folder / recipe.name
    checkpoint = read_checkpoint_of(recipe, recipe_path, place, resume=resume)
    pool = DrawnPool(folder / "drawn", recipe.mpp, drawing_digest())
    run = Run(recipe, recipe_path, place, checkpoint, pool)
    if checkpoint is not None and checkpoint.drawing != pool.digest:
        before = DrawnPool(pool.folder, pool.mpp, checkpoint.drawing)
        if before.has(run.seeds):
            return Run(recipe, recipe_path, place, checkpoint, before)
        logger.warning("the drawn sections are drawn anew by another version of histo.phantom")
    return run
