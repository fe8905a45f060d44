"""A nuclei training as it lies on disk, and going through its steps."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from os import PathLike
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from histo.nn.device import choose_device
from histo.nn.nuclei_network import build_nuclei_network
from histo.train.checkpoint import TrainingState
from histo.train.drawn import drawing_digest
from histo.train.loss import class_weights
from histo.train.nuclei.batch import NucleiBatches
from histo.train.nuclei.field import load_field
from histo.train.nuclei.loss import NucleiLoss
from histo.train.nuclei.prepare import prepare_nuclei
from histo.train.nuclei.recipe import NucleiRecipe, read_nuclei_recipe
from histo.train.nuclei.start import NucleiStart
from histo.train.prepared import PreparedFields
from histo.train.set_run import SetRun
from histo.train.trainer import Progress, Trainer, at_stage
from histo.types import CellClass

__all__ = ["NucleiRun", "open_nuclei_run", "run_nuclei_training"]


class NucleiRun(SetRun[NucleiRecipe]):
    """The training of a nuclei recipe; its pictures lie beside its folder."""

    @cached_property
    def start(self) -> NucleiStart:
        """The weights that it starts from.

        Raises
        ------
        UnknownModel, CorruptModel, InvalidRecipe
            If they are of a model that is not there, damaged, or no start for this recipe.
        """
        return NucleiStart.of(self.recipe, self.recipe_path.parent)

    def prepare(self, progress: Progress | None = None) -> PreparedFields:
        """Read the recipe's pictures and draw its sections.

        Raises
        ------
        InvalidAnnotation
            If a set is absent or does not read.
        InvalidRecipe
            If a picture that is to be held out is not there.
        """
        return prepare_nuclei(
            self.recipe,
            self.recipe_path.parent,
            self.folder.parent / "nuclei",
            progress=at_stage(progress, "drawing"),
        )


def open_nuclei_run(
    recipe_path: str | PathLike[str], folder: str | PathLike[str] = "runs", *, resume: bool = True
) -> NucleiRun:
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
    NucleiRun

    Raises
    ------
    InvalidRecipe
        If the recipe is not valid, or is another than the checkpoint was made with.
    CorruptModel
        If the checkpoint is damaged.
    """
    return NucleiRun.open(read_nuclei_recipe(recipe_path), Path(recipe_path), Path(folder), resume=resume)


def run_nuclei_training(
    run: NucleiRun, *, device: str | None = None, n_workers: int = 1, progress: Progress | None = None
) -> None:
    """Train until the recipe's last step; the folder then holds a checkpoint of it.

    Parameters
    ----------
    run : NucleiRun
        From `open_nuclei_run`.
    device : str, optional
        As `histo.nn.choose_device` takes it.
    n_workers : int, optional
        Processes that prepare crops; the result is the same for any number.
    progress : callable, optional
        Told of each section drawn and each step done.

    Raises
    ------
    InvalidRecipe
        If the recipe does not fit its sets, or a picture has changed since the checkpoint.
    TrainingStopped
        If SIGTERM or Ctrl-C came; the checkpoint is of the last whole step.
    """
    recipe, place = run.recipe, choose_device(device)
    prepared = run.prepare(progress)
    plan = run.plan(prepared.digest, drawing_digest())
    state = _start(run, place)
    shares = _class_shares((place for places in prepared.trained.values() for place in places), recipe.classes)
    weights = torch.from_numpy(class_weights(shares, recipe.loss.balance)).to(place)
    loss = NucleiLoss(recipe.loss, recipe.classes, weights)
    batches = NucleiBatches(recipe, prepared.trained)
    Trainer(plan, state, loss, run.start.normalisation, place, progress).go(batches, run.checkpoint, n_workers)


def _start(run: NucleiRun, device: torch.device) -> TrainingState:
    recipe = run.recipe
    torch.manual_seed(recipe.seed)
    network = build_nuclei_network(len(recipe.classes))
    if run.checkpoint is None:
        run.start.load(network)
    return TrainingState.begin(network.to(device), recipe.optimisation)


def _class_shares(folders: Iterable[Path], classes: tuple[str, ...]) -> NDArray[np.float64]:
    """Count each class, as a share of all nuclei of known class; one that may be several counts for each in part."""
    places = np.array([list(CellClass).index(CellClass(name)) for name in classes], np.int64)
    counts = np.zeros(len(classes))
    for folder in folders:
        bits = load_field(folder).truth.kind_bits.astype(np.int64)
        may_be = (bits[:, None] >> places[None, :]) & 1
        counts += (may_be / np.maximum(may_be.sum(axis=1, keepdims=True), 1)).sum(axis=0)
    return np.asarray(counts / max(counts.sum(), 1.0), np.float64)
