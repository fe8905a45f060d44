"""What training a junction network makes small: two terms, each over the pixels of which the truth is known."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor
from torch.nn import functional

from histo.train.junction.settings import JunctionLossSettings
from histo.train.junction.target import CHANNELS

__all__ = ["JunctionLoss"]


@dataclass(frozen=True)
class JunctionLoss:
    """Centreline and present.

    Parameters
    ----------
    settings : JunctionLossSettings
        Weights of the terms.
    """

    settings: JunctionLossSettings

    def __call__(self, maps: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
        """Compute the sum of both terms.

        Parameters
        ----------
        maps : (batch, 2, rows, cols) float tensor
            Logits of the network.
        target : (batch, 4, rows, cols) float tensor
            As `histo.train.junction.target.cut_junction_crop` makes it.

        Returns
        -------
        loss, cross_entropy : scalar tensor
            The loss, and the cross entropy of the centrelines for the log.
        """
        maps, settings = maps.float(), self.settings
        gap = (target[:, CHANNELS.present_known] * (1 - target[:, CHANNELS.present])) * (settings.gap - 1) + 1
        crest, dice = self._centreline(maps[:, 0], target, gap)
        loss = settings.centreline * (crest + dice)
        return loss + settings.present * _present(maps[:, 1], target, gap), crest.detach()

    def _centreline(self, logits: Tensor, target: Tensor, gap: Tensor) -> tuple[Tensor, Tensor]:
        wanted, known = target[:, CHANNELS.centreline], target[:, CHANNELS.centreline_known]
        weights = known * (1 + self.settings.crest * wanted) * gap
        # What even a perfect network pays for the soft sides of a crest is taken off: 0 is the best there is.
        entropy = functional.binary_cross_entropy(wanted, wanted, reduction="none")
        each = functional.binary_cross_entropy_with_logits(logits, wanted, reduction="none") - entropy
        chance, wanted = logits.sigmoid() * known, wanted * known
        dice = 1 - (2 * (chance * wanted).sum() + 1) / (chance.square().sum() + wanted.square().sum() + 1)
        return (weights * each).sum() / weights.sum().clamp(min=1.0), dice


def _present(logits: Tensor, target: Tensor, gap: Tensor) -> Tensor:
    wanted, known = target[:, CHANNELS.present], target[:, CHANNELS.present_known]
    each = functional.binary_cross_entropy_with_logits(logits, wanted, reduction="none")
    weights = known * gap
    return (weights * each).sum() / weights.sum().clamp(min=1.0)
