"""One step after the other, with checkpoints: what all trainings have in common."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Protocol

import torch
from torch import Tensor, nn

from histo.errors import TrainingStopped
from histo.nn.device import autocast
from histo.nn.picture import as_input
from histo.nn.spec import Normalisation
from histo.train.batch import Batches, iterate_batches
from histo.train.checkpoint import CHECKPOINT_FILE, Checkpoint, TrainingState, write_checkpoint
from histo.train.log import LOG_FILE, LogRow, append_log, cut_log
from histo.train.schedule import learning_rate
from histo.train.settings import Optimisation
from histo.train.settle import hold_statistics, settle
from histo.train.stop import StopRequest

__all__ = ["Progress", "Trainer", "TrainingPlan", "at_stage"]

logger = logging.getLogger(__name__)


class Progress(Protocol):
    """Called with the stage (``drawing``, ``training``, ``judging``), how much of it is done, and of how much."""

    def __call__(self, stage: str, done: int, total: int, /) -> None:
        """Show it."""


def at_stage(progress: Progress | None, stage: str) -> Callable[[int, int], None] | None:
    """Make of what is told of all stages what is told of one."""
    return None if progress is None else lambda done, total: progress(stage, done, total)


@dataclass(frozen=True)
class TrainingPlan:
    """What a training needs to know of its recipe and its pictures.

    Parameters
    ----------
    folder : Path
        Holds the checkpoint and the log.
    recipe : str
        The recipe, as JSON.
    seed : int
        Everything random follows from it.
    optimisation : Optimisation
        How fast.
    drawing, fields : str
        Digests of the code that drew the sections, and of the real fields.
    """

    folder: Path
    recipe: str
    seed: int
    optimisation: Optimisation
    drawing: str
    fields: str


@dataclass(frozen=True, eq=False)
class Trainer:
    """Steps, checkpoints and log.

    Parameters
    ----------
    plan : TrainingPlan
        What does not move.
    state : TrainingState
        What moves.
    loss : callable
        Of the network's output and the truth: the loss, and the cross entropy for the log.
    normalisation : Normalisation
        Of the pictures.
    device : torch.device
        Where the network is.
    progress : callable or None
        Told of each step.
    """

    plan: TrainingPlan
    state: TrainingState
    loss: Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]
    normalisation: Normalisation
    device: torch.device
    progress: Progress | None

    def go(self, batches: Batches, checkpoint: Checkpoint | None, n_workers: int) -> None:
        """Train from a checkpoint, or from the start, to the last step.

        Raises
        ------
        TrainingStopped
            If SIGTERM or Ctrl-C came; the checkpoint is of the last whole step.
        """
        first_step = 0
        if checkpoint is not None:
            checkpoint.restore(self.state)
            first_step = checkpoint.step
        self.plan.folder.mkdir(parents=True, exist_ok=True)
        cut_log(self.plan.folder / LOG_FILE, first_step)
        rows: list[LogRow] = []
        with StopRequest() as stop:
            began = perf_counter()
            stream = iterate_batches(batches, first_step, n_workers=n_workers)
            for step, (images, truth) in enumerate(stream, start=first_step):
                if step == self.plan.optimisation.settles_at:
                    self._settle(batches, step)
                rate = learning_rate(step, self.plan.optimisation)
                total, cross_entropy = self._step(step, rate, images, truth)
                rows.append(LogRow(step, total, cross_entropy, rate, perf_counter() - began))
                began = perf_counter()
                # Asked once: a signal that comes while the checkpoint is written counts in the next step.
                is_last, is_stopping = step + 1 == len(batches), stop.is_made
                if is_last or is_stopping or (step + 1) % self.plan.optimisation.checkpoint_every == 0:
                    self._keep(step + 1, rows)
                    mean = sum(row.loss for row in rows) / len(rows)
                    logger.info("step %d of %d: loss %.4f over %d steps", step + 1, len(batches), mean, len(rows))
                    rows = []
                if self.progress is not None:
                    self.progress("training", step + 1, len(batches))
                if is_stopping and not is_last:
                    raise TrainingStopped(
                        f"the training was stopped after {step + 1} of {len(batches)} steps",
                        file=self.plan.folder / CHECKPOINT_FILE,
                        next_step="Run it again to go on from there.",
                    )

    def _step(self, step: int, rate: float, images: Tensor, truth: Tensor) -> tuple[float, float]:
        # Seeding each step makes it independent of how many came before in this process.
        torch.manual_seed(self.plan.seed * 1_000_003 + step)
        network, optimiser = self.state.network.train(), self.state.optimiser
        if step >= self.plan.optimisation.settles_at:
            hold_statistics(network)
        for group in optimiser.param_groups:
            group["lr"] = rate
        with autocast(self.device):
            logits = network(as_input(images.to(self.device), self.normalisation))
        total, cross_entropy = self.loss(logits, truth.to(self.device))
        optimiser.zero_grad(set_to_none=True)
        torch.autograd.backward(total)
        nn.utils.clip_grad_norm_(network.parameters(), self.plan.optimisation.clip_norm)
        optimiser.step()
        self.state.average.update(network, step)
        return float(total.detach()), float(cross_entropy)

    def _settle(self, batches: Batches, first: int) -> None:
        n_batches = min(self.plan.optimisation.settling.batches, len(batches) - first)
        images = (batches[step][0] for step in range(first, first + n_batches))
        settle(self.state, images, lambda batch: as_input(batch.to(self.device), self.normalisation))

    def _keep(self, step: int, rows: list[LogRow]) -> None:
        append_log(self.plan.folder / LOG_FILE, rows)
        write_checkpoint(
            self.plan.folder / CHECKPOINT_FILE,
            self.state,
            step=step,
            recipe=self.plan.recipe,
            drawing=self.plan.drawing,
            fields=self.plan.fields,
        )
