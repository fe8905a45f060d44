"""The training loop: from a recipe to a model folder, stoppable and resumable at any moment."""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass
from time import perf_counter
from typing import Protocol

import torch
from torch import Tensor, nn

from histo.errors import InvalidRecipe, TrainingStopped
from histo.nn.device import autocast, choose_device
from histo.nn.network import StructureNet, build_network
from histo.nn.picture import as_input
from histo.nn.spec import Normalisation
from histo.train.average import WeightAverage
from histo.train.batch import CropBatches, class_frequencies, iterate_batches, n_joined
from histo.train.checkpoint import CHECKPOINT_FILE, TrainingState, write_checkpoint
from histo.train.drawn import draw_ahead
from histo.train.log import LOG_FILE, LogRow, append_log, cut_log
from histo.train.loss import SegmentationLoss, class_weights
from histo.train.recipe import Recipe
from histo.train.run import Run
from histo.train.schedule import learning_rate
from histo.train.second_head import Loss, TwoHeadLoss, n_channels
from histo.train.start import load_start, start_normalisation
from histo.train.stop import StopRequest

__all__ = ["Progress", "run_training"]

logger = logging.getLogger(__name__)


class Progress(Protocol):
    """Called with the stage (``drawing``, ``training``, ``judging``), how much of it is done, and of how much."""

    def __call__(self, stage: str, done: int, total: int, /) -> None:
        """Show it."""


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
        progress=None if progress is None else lambda done, total: progress("drawing", done, total),
    )
    batches = CropBatches(recipe, run.drawn, fields.trained, run.prepare_glands())
    state = _start(run, place)
    first_step = 0
    if run.checkpoint is not None:
        run.checkpoint.restore(state)
        first_step = run.checkpoint.step
    run.folder.mkdir(parents=True, exist_ok=True)
    cut_log(run.folder / LOG_FILE, first_step)
    weights = class_weights(class_frequencies(drawn + fields.trained), recipe.loss.balance)
    loss = _loss(recipe, torch.from_numpy(weights).to(place))
    with draw_ahead(run.drawn, run.seeds):
        normalisation = start_normalisation(recipe, run.beside)
        _Trainer(run, state, loss, normalisation, place, fields.digest, progress).go(batches, first_step, n_workers)


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
    network = network.to(device)
    settings = recipe.optimisation
    optimiser = torch.optim.AdamW(network.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay)
    return TrainingState(network, optimiser, WeightAverage(network, settings.ema_decay))


@dataclass(frozen=True, eq=False)
class _Trainer:
    run: Run
    state: TrainingState
    loss: Loss
    normalisation: Normalisation
    device: torch.device
    fields: str
    progress: Progress | None

    def go(self, batches: CropBatches, first_step: int, n_workers: int) -> None:
        rows: list[LogRow] = []
        with StopRequest() as stop:
            began = perf_counter()
            stream = iterate_batches(batches, first_step, n_workers=n_workers)
            for step, (images, truth) in enumerate(stream, start=first_step):
                rate = learning_rate(step, self.run.recipe.optimisation)
                total, cross_entropy = self._step(step, rate, images, truth)
                rows.append(LogRow(step, total, cross_entropy, rate, perf_counter() - began))
                began = perf_counter()
                # Asked once: a signal that comes while the checkpoint is written counts in the next step.
                is_last, is_stopping = step + 1 == len(batches), stop.is_made
                if is_last or is_stopping or (step + 1) % self.run.recipe.optimisation.checkpoint_every == 0:
                    self._keep(step + 1, rows)
                    mean = sum(row.loss for row in rows) / len(rows)
                    logger.info("step %d of %d: loss %.4f over %d steps", step + 1, len(batches), mean, len(rows))
                    rows = []
                if self.progress is not None:
                    self.progress("training", step + 1, len(batches))
                if is_stopping and not is_last:
                    raise TrainingStopped(
                        f"the training was stopped after {step + 1} of {len(batches)} steps",
                        file=self.run.folder / CHECKPOINT_FILE,
                        next_step="Run it again to go on from there.",
                    )

    def _step(self, step: int, rate: float, images: Tensor, truth: Tensor) -> tuple[float, float]:
        # Seeding each step makes it independent of how many came before in this process.
        torch.manual_seed(self.run.recipe.seed * 1_000_003 + step)
        network, optimiser = self.state.network.train(), self.state.optimiser
        for group in optimiser.param_groups:
            group["lr"] = rate
        with autocast(self.device):
            logits = network(as_input(images.to(self.device), self.normalisation))
        total, cross_entropy = self.loss(logits, truth.to(self.device))
        optimiser.zero_grad(set_to_none=True)
        torch.autograd.backward(total)
        nn.utils.clip_grad_norm_(network.parameters(), self.run.recipe.optimisation.clip_norm)
        optimiser.step()
        self.state.average.update(network, step)
        return float(total.detach()), float(cross_entropy)

    def _keep(self, step: int, rows: list[LogRow]) -> None:
        append_log(self.run.folder / LOG_FILE, rows)
        write_checkpoint(
            self.run.folder / CHECKPOINT_FILE,
            self.state,
            step=step,
            recipe=self.run.recipe.model_dump_json(),
            drawing=self.run.drawn.digest,
            fields=self.fields,
        )
