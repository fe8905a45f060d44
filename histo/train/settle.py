"""Settling: the statistics of normalisation layers taken anew of the averaged weights, then kept still."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn

from histo.train.checkpoint import TrainingState

__all__ = ["hold_statistics", "settle"]


@torch.no_grad()
def settle(state: TrainingState, images: Iterable[Tensor], as_input: Callable[[Tensor], Tensor]) -> None:
    """Go on with the averaged weights, and give their normalisation layers the mean statistics of many batches.

    The statistics that came with the average are a mean over those of other weights, and of the last few batches.

    Parameters
    ----------
    state : TrainingState
        The network gets the averaged weights, the average begins anew with them and their statistics, and the optimiser
        begins anew: the spread of gradients that it has seen is another when normalisation is held, and what it
        remembers would make the first hundred steps far too long.
    images : iterable of Tensor
        Batches as a training sees them; without any the statistics stay as they are.
    as_input : callable
        Makes of a batch what the network takes.
    """
    network = state.network
    network.load_state_dict(state.average.weights)
    layers = list(_normalisations(network))
    momenta = [layer.momentum for layer in layers]
    network.eval()
    for number, batch in enumerate(images):
        for layer in layers:
            if number == 0:
                layer.reset_running_stats()
            # Without a momentum it counts each batch the same.
            layer.momentum = None
            layer.train()
        network(as_input(batch))
    for layer, momentum in zip(layers, momenta, strict=True):
        layer.momentum = momentum
    state.average.weights = {name: value.detach().clone() for name, value in network.state_dict().items()}
    state.optimiser.state.clear()


def hold_statistics(network: nn.Module) -> None:
    """Let normalisation layers normalise as in a prediction while the rest of the network trains."""
    for layer in _normalisations(network):
        layer.eval()


def _normalisations(network: nn.Module) -> Iterable[nn.BatchNorm2d]:
    return (module for module in network.modules() if isinstance(module, nn.BatchNorm2d))
