"""Checkpoints of a training: one safetensors file that appears complete or not at all; nothing is pickled."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn, optim

from histo.errors import CorruptModel
from histo.io.atomic import write_atomically
from histo.train.average import WeightAverage
from histo.train.settings import Optimisation

__all__ = ["CHECKPOINT_FILE", "Checkpoint", "TrainingState", "read_checkpoint", "write_checkpoint"]

CHECKPOINT_FILE = "checkpoint.safetensors"


@dataclass(frozen=True, eq=False)
class TrainingState:
    """What moves while training.

    Parameters
    ----------
    network : Module
        Being trained.
    optimiser : Optimizer
        Of its parameters, one group.
    average : WeightAverage
        Of its weights.
    """

    network: nn.Module
    optimiser: optim.Optimizer
    average: WeightAverage

    @classmethod
    def begin(cls, network: nn.Module, settings: Optimisation) -> TrainingState:
        """Begin with a network that is where it will be trained."""
        rate, decay = settings.learning_rate, settings.weight_decay
        optimiser = optim.AdamW(network.parameters(), lr=rate, weight_decay=decay)
        return cls(network, optimiser, WeightAverage(network, settings.ema_decay))


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """A training as it stood after some steps.

    Parameters
    ----------
    step : int
        Steps done.
    recipe : str
        The recipe, as JSON.
    drawing : str
        Digest of the code that drew the sections.
    fields : str
        Digest of the real fields trained on; empty if that was not written down.
    tensors : dict of str to Tensor
        All that moves, by name.
    """

    step: int
    recipe: str
    drawing: str
    fields: str
    tensors: dict[str, Tensor]

    def restore(self, state: TrainingState) -> None:
        """Put network, optimiser and average back to where they stood."""
        state.network.load_state_dict(self._part("network"))
        state.average.weights = {
            name: value.to(state.average.weights[name].device) for name, value in self._part("average").items()
        }
        moments: dict[int, dict[str, Tensor]] = {}
        for name, value in self._part("optimiser").items():
            index, _, key = name.partition(".")
            moments.setdefault(int(index), {})[key] = value
        groups = state.optimiser.state_dict()["param_groups"]
        state.optimiser.load_state_dict({"state": moments, "param_groups": groups})

    @property
    def averaged_weights(self) -> dict[str, Tensor]:
        """The running mean of the weights: what is exported."""
        return self._part("average")

    def _part(self, prefix: str) -> dict[str, Tensor]:
        start = f"{prefix}/"
        return {name.removeprefix(start): value for name, value in self.tensors.items() if name.startswith(start)}


def write_checkpoint(path: Path, state: TrainingState, *, step: int, recipe: str, drawing: str, fields: str) -> None:
    """Write a checkpoint over the last one; a kill in the middle leaves the last one.

    Parameters
    ----------
    path : Path
        Of the file.
    state : TrainingState
        To keep.
    step, recipe, drawing, fields
        As in `Checkpoint`.
    """
    moments = state.optimiser.state_dict()["state"]
    tensors = {
        **{f"network/{name}": value for name, value in state.network.state_dict().items()},
        **{f"average/{name}": value for name, value in state.average.weights.items()},
        **{f"optimiser/{index}.{key}": value for index, entry in moments.items() for key, value in entry.items()},
    }
    flat = {name: value.detach().cpu().contiguous() for name, value in tensors.items()}
    facts = {"step": str(step), "recipe": recipe, "drawing": drawing, "fields": fields}
    with write_atomically(path) as partial:
        partial.write_bytes(save(flat, metadata=facts))


def read_checkpoint(path: Path) -> Checkpoint:
    """Read what `write_checkpoint` wrote.

    Raises
    ------
    CorruptModel
        If the file is damaged or is no checkpoint.
    """
    try:
        with safe_open(path, framework="pt") as file:
            facts = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  the file is no dict
        return Checkpoint(int(facts["step"]), facts["recipe"], facts["drawing"], facts.get("fields", ""), tensors)
    except (OSError, SafetensorError, KeyError, ValueError) as error:
        raise CorruptModel(
            "the checkpoint does not read",
            file=path,
            got=str(error),
            next_step="Start over without resuming, or put an older checkpoint in its place.",
        ) from error
