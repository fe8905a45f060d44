"""What training makes small: cross entropy weighted by class and by narrow gaps, and one minus soft Dice."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from histo.train.source import IGNORE, N_CLASSES, NOT_CRYPT
from histo.types import Compartment

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

    Of a pixel that is known to be anything but a crypt, the cross entropy is minus the logarithm of the probability
    that it is one of the other classes, and only the crypts' Dice sees it.

    Parameters
    ----------
    weights : (n_classes,) float tensor
        Of the classes, in the cross entropy.
    dice_weight : float
        Of the Dice term.
    gap_weight : float
        Added to the weight of a pixel in a narrow gap between two crypts or two villi.
    gap_px : int
        Widest gap that is narrow.
    """

    weights: Tensor
    dice_weight: float
    gap_weight: float = 0.0
    gap_px: int = 0

    def __call__(self, logits: Tensor, truth: Tensor) -> tuple[Tensor, Tensor]:
        """Compute both terms.

        Parameters
        ----------
        logits : (batch, n_classes, rows, cols) float tensor
            Of the network.
        truth : (batch, rows, cols) tensor of uint8
            Class numbers, `IGNORE` and `NOT_CRYPT`.

        Returns
        -------
        loss, cross_entropy : scalar tensor
            The loss, and its first term for the log.
        """
        # In full precision: sums over a whole batch do not fit half precision.
        logits, target = logits.float(), truth.long()
        known, is_not_crypt = target < N_CLASSES, target == NOT_CRYPT
        each = functional.cross_entropy(logits, target.where(known, IGNORE), ignore_index=IGNORE, reduction="none")
        weights = self.weights[target.where(known, 0)] * known
        if bool(is_not_crypt.any()):
            each = each.where(known, _surprise_at_no_crypt(logits) * is_not_crypt)
            weights = weights + is_not_crypt
        if self.gap_weight > 0:
            weights = weights * (1.0 + self.gap_weight * _in_gap(target, self.gap_px))
        cross_entropy = (weights * each).sum() / weights.sum().clamp(min=1.0)
        loss = cross_entropy + self.dice_weight * _soft_dice_loss(logits, target, known, is_not_crypt)
        return loss, cross_entropy.detach()


def _surprise_at_no_crypt(logits: Tensor) -> Tensor:
    """Minus the logarithm of the probability of all classes but the crypt."""
    others = torch.cat([logits[:, : Compartment.CRYPT], logits[:, Compartment.CRYPT + 1 :]], dim=1)
    return logits.logsumexp(dim=1) - others.logsumexp(dim=1)


def _in_gap(target: Tensor, gap_px: int) -> Tensor:
    """Mark what a closing adds to crypts or to villi (Ronneberger et al. 2015 weigh such pixels by a distance)."""
    side = gap_px // 2 * 2 + 1
    in_gap = torch.zeros(target.shape, dtype=torch.bool, device=target.device)
    for compartments in ((Compartment.CRYPT,), (Compartment.VILLUS_EPITHELIUM, Compartment.VILLUS_LAMINA_PROPRIA)):
        inside = torch.isin(target, torch.tensor(compartments, device=target.device)).float()
        # Nothing lies beyond the crop: else its edge would count as a wall, and what is near it as a gap.
        closed = 1.0 - _widen(1.0 - _widen(inside, side, beyond=0.0), side, beyond=1.0)
        in_gap |= (closed > inside) & (target != IGNORE)
    return in_gap


def _widen(shape: Tensor, side: int, beyond: float) -> Tensor:
    """Take the maximum over a square, rows first, then columns, which costs a fraction of the square at once."""
    padded = functional.pad(shape, [side // 2] * 4, value=beyond)
    return functional.max_pool2d(functional.max_pool2d(padded, (side, 1), stride=1), (1, side), stride=1)


def _soft_dice_loss(logits: Tensor, target: Tensor, known: Tensor, is_not_crypt: Tensor) -> Tensor:
    """One minus the mean soft Dice over the classes in the batch (Milletari, Navab and Ahmadi 2016; plain sums)."""
    keep = known[:, None].repeat(1, logits.shape[1], 1, 1)
    if bool(is_not_crypt.any()):
        keep[:, Compartment.CRYPT] |= is_not_crypt
    probability = logits.softmax(dim=1) * keep
    truth = torch.zeros_like(probability).scatter_(1, target.where(known, 0)[:, None], 1.0) * keep
    overlap = (probability * truth).sum(dim=(0, 2, 3))
    size = probability.sum(dim=(0, 2, 3)) + truth.sum(dim=(0, 2, 3))
    present = truth.sum(dim=(0, 2, 3)) > 0
    if not bool(present.any()):
        return logits.sum() * 0.0
    return 1.0 - ((2 * overlap + 1.0) / (size + 1.0))[present].mean()
