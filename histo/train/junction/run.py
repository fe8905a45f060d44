"""A junction training as it lies on disk, and going through its steps."""

from __future__ import annotations

import logging
import os
from os import PathLike
from pathlib import Path

import torch

from histo.nn.device import choose_device
from histo.nn.junction_network import build_junction_network
from histo.nn.junction_spec import SIGNAL_NORMALISATION
from histo.train.checkpoint import TrainingState
from histo.train.drawn import drawing_digest
from histo.train.junction.batch import JunctionBatches
from histo.train.junction.loss import JunctionLoss
from histo.train.junction.prepare import drawings_of, prepare_junctions
from histo.train.junction.recipe import JunctionRecipe, read_junction_recipe
from histo.train.prepared import PreparedFields
from histo.train.set_run import SetRun
from histo.train.trainer import Progress, Trainer, at_stage

__all__ = ["JunctionRun", "open_junction_run", "run_junction_training"]

logger = logging.getLogger(__name__)


class JunctionRun(SetRun[JunctionRecipe]):
    """The training of a junction recipe; its pictures lie beside its folder."""

    @property
    def drawing(self) -> str:
        """Digest of the code that drew its fields: that of the checkpoint as long as what it drew is there."""
        if self.checkpoint is not None:
            learned, _ = drawings_of(self.recipe.drawn, self._pictures, self.checkpoint.drawing)
            if all(entry.place.is_dir() for entry in learned):
                return self.checkpoint.drawing
            logger.warning("the drawn fields are drawn anew, maybe by another version of histo.phantom")
        return drawing_digest(junctions=True)

    @property
    def _pictures(self) -> Path:
        return self.folder.parent / "junctions"

    def prepare(self, *, n_workers: int = 0, progress: Progress | None = None) -> PreparedFields:
        """Read the recipe's pictures and draw its fields, in so many processes.

        Raises
        ------
        InvalidAnnotation
            If a set is absent or does not read.
        InvalidRecipe
            If a picture that is to be held out is not there.
        """
        return prepare_junctions(
            self.recipe,
            self.recipe_path.parent,
            self._pictures,
            drawing=self.drawing,
            n_workers=n_workers,
            progress=at_stage(progress, "drawing"),
        )


def open_junction_run(
    recipe_path: str | PathLike[str], folder: str | PathLike[str] = "runs", *, resume: bool = True
) -> JunctionRun:
    """Find out where a training stands.

    Parameters
    ----------
    recipe_path : path-like
        A TOML file.
    folder : path-like, optional
        Runs lie here, each in a subfolder of its model's name.
    resume : bool, optional
        Go on from the checkpoint, if there is one.

    Returns
    -------
    JunctionRun

    Raises
    ------
    InvalidRecipe
        If the recipe is not valid, or is another than the checkpoint was made with.
    CorruptModel
        If the checkpoint is damaged.
    """
    return JunctionRun.open(read_junction_recipe(recipe_path), Path(recipe_path), Path(folder), resume=resume)


def run_junction_training(
    run: JunctionRun, *, device: str | None = None, n_workers: int = 1, progress: Progress | None = None
) -> None:
    """Train until the recipe's last step; the folder then holds a checkpoint of it.

    Parameters
    ----------
    run : JunctionRun
        From `open_junction_run`.
    device : str, optional
        As `histo.nn.choose_device` takes it.
    n_workers : int, optional
        Processes that prepare crops; the result is the same for any number. With any, fields are drawn on all cores.
    progress : callable, optional
        Told of each field drawn and each step done.

    Raises
    ------
    InvalidRecipe
        If the recipe does not fit its sets, or a picture has changed since the checkpoint.
    TrainingStopped
        If SIGTERM or Ctrl-C came; the checkpoint is of the last whole step.
    """
    recipe, place = run.recipe, choose_device(device)
    prepared = run.prepare(n_workers=n_workers and (os.cpu_count() or 1), progress=progress)
    plan = run.plan(prepared.digest, run.drawing)
    torch.manual_seed(recipe.seed)
    state = TrainingState.begin(build_junction_network().to(place), recipe.optimisation)
    batches = JunctionBatches(recipe, prepared.trained)
    trainer = Trainer(plan, state, JunctionLoss(recipe.loss), SIGNAL_NORMALISATION, place, progress)
    trainer.go(batches, run.checkpoint, n_workers)
