"""What training makes small: weighted cross entropy, and one minus soft Dice."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from histo.train.source import IGNORE

__all__ = ["SegmentationLoss", "class_weights"]


def class_weights(frequencies: NDArray[np.float64], balance: float) -> NDArray[np.float32]:
    """Weigh rare classes up.

    Parameters
    ----------
    frequencies : (n_classes,) array
        Share of pixels of each class.
    balance : float
        Weight is the frequency to the power of minus this.

    Returns
    -------
    (n_classes,) array
        Their mean over pixels is 1. A class never seen weighs as much as the rarest seen.

    Examples
    --------
    >>> class_weights(np.array([0.8, 0.2]), balance=0.5).astype(float).round(2).tolist()
    [0.83, 1.67]
    """
    seen = frequencies > 0
    floor = max(frequencies[seen].min(), 1e-4) if seen.any() else 1.0
    weights = np.maximum(frequencies, floor) ** -balance
    return np.asarray(weights / max((weights * frequencies).sum(), 1e-9), np.float32)


@dataclass(frozen=True, eq=False)
class SegmentationLoss:
    """Cross entropy plus soft Dice, over pixels with truth.

    Parameters
    ----------
    weights : (n_classes,) float tensor
        Of the classes, in the cross entropy.
    dice_weight : float
        Of the Dice term.
    """

    weights: Tensor
    dice_weight: float

    def __call__(self, logits: Tensor, truth: Tensor) -> tuple[Tensor, Tensor]:
        """Compute both terms.

        Parameters
        ----------
        logits : (batch, n_classes, rows, cols) float tensor
            Of the network.
        truth : (batch, rows, cols) tensor of uint8
            Class numbers, and `IGNORE`.

        Returns
        -------
        loss, cross_entropy : scalar tensor
            The loss, and its first term for the log.
        """
        # In full precision: sums over a whole batch do not fit half precision.
        logits, target = logits.float(), truth.long()
        known = target != IGNORE
        cross_entropy = functional.cross_entropy(
            logits, target, weight=self.weights, ignore_index=IGNORE, reduction="sum"
        ) / self.weights[target[known]].sum().clamp(min=1.0)
        loss = cross_entropy + self.dice_weight * _soft_dice_loss(logits, target, known)
        return loss, cross_entropy.detach()


def _soft_dice_loss(logits: Tensor, target: Tensor, known: Tensor) -> Tensor:
    """One minus the mean soft Dice over the classes in the batch (Milletari, Navab and Ahmadi 2016; plain sums)."""
    keep = known[:, None]
    probability = logits.softmax(dim=1) * keep
    truth = torch.zeros_like(probability).scatter_(1, target.where(known, 0)[:, None], 1.0) * keep
    overlap = (probability * truth).sum(dim=(0, 2, 3))
    size = probability.sum(dim=(0, 2, 3)) + truth.sum(dim=(0, 2, 3))
    present = truth.sum(dim=(0, 2, 3)) > 0
    if not bool(present.any()):
        return logits.sum() * 0.0
    return 1.0 - ((2 * overlap + 1.0) / (size + 1.0))[present].mean()
