"""What training a nuclei network makes small: four terms, each over the pixels of which the truth is known."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from histo.nn.nuclei_network import N_GEOMETRY
from histo.train.nuclei.settings import NucleiLossSettings
from histo.train.nuclei.target import CHANNELS
from histo.types import CellClass

__all__ = ["NucleiLoss"]


@dataclass(frozen=True, eq=False)
class NucleiLoss:
    """Centre, inside, way and class.

    Parameters
    ----------
    settings : NucleiLossSettings
        Weights of the terms.
    classes : tuple of str
        Of the network's class channels.
    class_weights : (n_classes,) float tensor
        How much each class counts.
    """

    settings: NucleiLossSettings
    classes: tuple[str, ...]
    class_weights: Tensor

    def __call__(self, maps: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
        """Compute the sum of all terms.

        Parameters
        ----------
        maps : (batch, 4 + n_classes, rows, cols) float tensor
            Of the network.
        target : (batch, 8, rows, cols) float tensor
            As `histo.train.nuclei.target.make_target` makes it.

        Returns
        -------
        loss, cross_entropy : scalar tensor
            The loss, and the cross entropy of the centres for the log.
        """
        maps, settings = maps.float(), self.settings
        centre = self._centre(maps[:, 0], target)
        loss = settings.centre * centre + settings.inside * _inside(maps[:, 1], target)
        loss = loss + settings.way * _way(maps[:, 2:N_GEOMETRY], target)
        if self.classes:
            loss = loss + settings.kind * self._kind(maps[:, N_GEOMETRY:], target[:, CHANNELS.kind_bits])
        return loss, centre.detach()

    def _centre(self, logits: Tensor, target: Tensor) -> Tensor:
        wanted, known = target[:, CHANNELS.centre], target[:, CHANNELS.centre_known]
        weights = known * (1 + self.settings.peak * wanted)
        # What even a perfect network pays for the soft sides of a peak is taken off: 0 is the best there is.
        entropy = functional.binary_cross_entropy(wanted, wanted, reduction="none")
        each = functional.binary_cross_entropy_with_logits(logits, wanted, reduction="none") - entropy
        return (weights * each).sum() / weights.sum().clamp(min=1.0)

    def _kind(self, logits: Tensor, bits: Tensor) -> Tensor:
        """Minus the logarithm of the probability of all classes that a pixel's nucleus may be."""
        places = torch.tensor([list(CellClass).index(CellClass(name)) for name in self.classes], device=bits.device)
        may_be = (bits.long()[:, None] >> places[None, :, None, None]) & 1
        known = may_be.any(dim=1)
        chance = logits.log_softmax(dim=1).masked_fill(may_be == 0, -torch.inf)
        each = -chance.logsumexp(dim=1).where(known, torch.zeros_like(bits))
        weights = (self.class_weights[None, :, None, None] * may_be).amax(dim=1) * known
        return (weights * each).sum() / weights.sum().clamp(min=1.0)


def _inside(logits: Tensor, target: Tensor) -> Tensor:
    wanted, known = target[:, CHANNELS.inside], target[:, CHANNELS.inside_known]
    each = functional.binary_cross_entropy_with_logits(logits, wanted, reduction="none")
    cross_entropy = (known * each).sum() / known.sum().clamp(min=1.0)
    chance = logits.sigmoid() * known
    wanted = wanted * known
    dice = 1 - (2 * (chance * wanted).sum() + 1) / (chance.sum() + wanted.sum() + 1)
    return cross_entropy + dice


def _way(said: Tensor, target: Tensor) -> Tensor:
    known = target[:, CHANNELS.way_known]
    wanted = target[:, CHANNELS.way : CHANNELS.way + 2]
    each = functional.smooth_l1_loss(said, wanted, reduction="none", beta=0.1).sum(dim=1)
    return (known * each).sum() / known.sum().clamp(min=1.0)
