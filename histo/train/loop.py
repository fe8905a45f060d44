"""The training loop: from a recipe to a model folder, stoppable and resumable at any moment."""

from __future__ import annotations

import os

import torch
from torch import Tensor

from histo.errors import InvalidRecipe
from histo.nn.device import choose_device
from histo.nn.network import StructureNet, build_network
from histo.train.batch import CropBatches, class_frequencies, n_joined
from histo.train.checkpoint import CHECKPOINT_FILE, TrainingState
from histo.train.drawn import draw_ahead
from histo.train.loss import SegmentationLoss, class_weights
from histo.train.recipe import Recipe
from histo.train.run import Run
from histo.train.second_head import Loss, TwoHeadLoss, n_channels
from histo.train.start import load_start, start_normalisation
from histo.train.trainer import Progress, Trainer, TrainingPlan, at_stage

__all__ = ["Progress", "run_training"]


def run_training(run: Run, *, device: str | None = None, n_workers: int = 1, progress: Progress | None = None) -> None:
    """Train until the recipe's last step; the folder then holds a checkpoint of it.

    Parameters
    ----------
    run : Run
        From `open_run`.
    device : str, optional
        As `histo.nn.choose_device` takes it.
    n_workers : int, optional
        Processes that prepare crops; the result is the same for any number.
    progress : callable, optional
        Told of each section drawn and each step done.

    Raises
    ------
    InvalidRecipe
        If the recipe does not fit its sets, or a field has changed since the checkpoint.
    TrainingStopped
        If SIGTERM or Ctrl-C came; the checkpoint is of the last whole step.
    """
    recipe = run.recipe
    place = choose_device(device)
    fields = run.prepare_fields()
    if run.checkpoint is not None and run.checkpoint.fields not in ("", fields.digest):
        raise InvalidRecipe(
            "the real fields are not those that the checkpoint was made with",
            file=run.folder / CHECKPOINT_FILE,
            got="other pictures, polygons or µm/px",
            next_step="Start over without resuming (--restart), or under another name.",
        )
    drawn = run.drawn.fill(
        run.seeds[: n_joined(0, recipe)],
        n_workers=os.cpu_count() or 1,
        progress=at_stage(progress, "drawing"),
    )
    batches = CropBatches(recipe, run.drawn, fields.trained, run.prepare_glands())
    state = _start(run, place)
    weights = class_weights(class_frequencies(drawn + fields.trained), recipe.loss.balance)
    loss = _loss(recipe, torch.from_numpy(weights).to(place))
    with draw_ahead(run.drawn, run.seeds):
        Trainer(_plan(run, fields.digest), state, loss, start_normalisation(recipe, run.beside), place, progress).go(
            batches, run.checkpoint, n_workers
        )


def _plan(run: Run, fields: str) -> TrainingPlan:
    recipe = run.recipe
    return TrainingPlan(
        run.folder, recipe.model_dump_json(), recipe.seed, recipe.optimisation, run.drawn.digest, fields
    )


def _loss(recipe: Recipe, weights: Tensor) -> Loss:
    settings = recipe.loss
    labels = SegmentationLoss(weights, settings.dice_weight, settings.gap_weight, round(settings.gap_um / recipe.mpp))
    if settings.second_head == "none":
        return labels
    return TwoHeadLoss(labels, settings.second_head, settings.second_head_weight, recipe.mpp)


def _start(run: Run, device: torch.device) -> TrainingState:
    recipe = run.recipe
    torch.manual_seed(recipe.seed)
    network: StructureNet = build_network(recipe.encoder, n_channels(recipe.loss), recipe.output_stride)
    if run.checkpoint is None:
        load_start(recipe, run.beside, network)
    return TrainingState.begin(network.to(device), recipe.optimisation)
