"""A model of any task whose network is fused before it predicts."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Generic, TypeVar

from torch import nn

from histo.nn.convolution import fuse_for_prediction
from histo.nn.spec import ModelFacts

__all__ = ["TaskModel"]

Spec = TypeVar("Spec", bound=ModelFacts)
Network = TypeVar("Network", bound=nn.Module)


@dataclass(frozen=True, eq=False)
class TaskModel(Generic[Spec, Network]):
    """A network in evaluation mode, with the facts that say how to use it.

    Parameters
    ----------
    spec : ModelFacts
        The facts of ``model.toml``, as the task has them.
    network : Module
        On the CPU.
    """

    spec: Spec
    network: Network

    @property
    def name(self) -> str:
        """The model's name."""
        return self.spec.name

    @cached_property
    def fused(self) -> nn.Module:
        """The network as it predicts: the same numbers, quicker."""
        return fuse_for_prediction(self.network)
