"""A second head that is trained beside the labels and left behind at export: what it must see helps the first.

It is one more channel of the network's last convolution, so that it shares all features, and costs nothing once it is
cut off. Either it marks the outlines of crypts and villi, as that of Chen et al. 2016 (DCAN: deep contour-aware
networks for accurate gland segmentation, CVPR) does for glands, or it tells how far inside one a pixel lies, which is
largest along the axis (Naylor et al. 2019, Segmentation of nuclei in histopathology images by deep regression of the
distance map, IEEE Transactions on Medical Imaging 38).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from histo.train.loss import SegmentationLoss
from histo.train.settings import LossSettings
from histo.train.source import N_CLASSES
from histo.types import Compartment

__all__ = ["Loss", "TwoHeadLoss", "n_channels", "outlines", "way_inside", "widen_head", "without_second_head"]

Loss = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]
"""From logits and truth to what is made small, and its cross entropy for the log."""

_STRUCTURES = ((Compartment.CRYPT,), (Compartment.VILLUS_EPITHELIUM, Compartment.VILLUS_LAMINA_PROPRIA))
_HEAD = ("head.weight", "head.bias")
_OUTLINE_UM = 4.0
# Half of a crypt is about 20 µm wide; half of a villus, twice that: deeper inside, nothing is near the outline.
_DEEP_UM = 40.0


@dataclass(frozen=True, eq=False)
class TwoHeadLoss:
    """The loss of the labels plus that of the second head.

    Parameters
    ----------
    labels : SegmentationLoss
        Of all channels but the last.
    kind : {"outline", "distance"}
        What the last channel is.
    weight : float
        Of its loss.
    mpp : float
        µm per pixel.
    """

    labels: SegmentationLoss
    kind: str
    weight: float
    mpp: float

    def __call__(self, logits: Tensor, truth: Tensor) -> tuple[Tensor, Tensor]:
        """Compute it.

        Parameters
        ----------
        logits : (batch, n_classes + 1, rows, cols) float tensor
            Of the network.
        truth : (batch, rows, cols) tensor of uint8
            Compartments, `histo.train.source.IGNORE` and `NOT_CRYPT`.

        Returns
        -------
        loss, cross_entropy : scalar tensor
            The sum, and the labels' cross entropy for the log.
        """
        loss, cross_entropy = self.labels(logits[:, :-1], truth)
        make = outlines if self.kind == "outline" else way_inside
        each = [make(one, self.mpp) for one in truth.cpu().numpy()]
        target, known = (torch.from_numpy(np.stack(part)).to(logits.device) for part in zip(*each, strict=True))
        said = logits[:, -1].float()
        if self.kind == "outline":
            wrong = functional.binary_cross_entropy_with_logits(said, target, reduction="none")
        else:
            wrong = functional.smooth_l1_loss(said, target, reduction="none", beta=0.1)
        return loss + self.weight * (wrong * known).sum() / known.sum().clamp(min=1), cross_entropy


def outlines(truth: NDArray[np.uint8], mpp: float) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Mark the outlines of crypts and of villi.

    Parameters
    ----------
    truth : (rows, cols) array of uint8
        Compartments, `histo.train.source.IGNORE` and `NOT_CRYPT`.
    mpp : float
        µm per pixel.

    Returns
    -------
    target : (rows, cols) array of float32
        1 in a band along the edges of crypts and villi, 4 µm wide or one pixel on either side; else 0.
    known : (rows, cols) array of bool
        Where that can be said: not beside pixels without truth.
    """
    near = cv2.getStructuringElement(cv2.MORPH_RECT, (2 * max(round(_OUTLINE_UM / 2 / mpp), 1) + 1,) * 2)
    target, known = np.zeros(truth.shape, np.uint8), truth < N_CLASSES
    for structure in _STRUCTURES:
        inside = np.isin(truth, structure).view(np.uint8)
        outside = (known & (inside == 0)).view(np.uint8)
        target |= np.asarray(cv2.dilate(inside, near), np.uint8) & np.asarray(cv2.dilate(outside, near), np.uint8)
    is_clear = cv2.erode(known.view(np.uint8), near) > 0
    return target.astype(np.float32), is_clear


def way_inside(truth: NDArray[np.uint8], mpp: float) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Measure how far inside a crypt or a villus each pixel lies.

    Parameters
    ----------
    truth : (rows, cols) array of uint8
        Compartments, `histo.train.source.IGNORE` and `NOT_CRYPT`.
    mpp : float
        µm per pixel.

    Returns
    -------
    target : (rows, cols) array of float32
        Distance to the edge, 0 outside and 1 where that is 40 µm or more.
    known : (rows, cols) array of bool
        Where that can be said: where nothing without truth is nearer than the edge.
    """
    target, known = np.zeros(truth.shape, np.float32), truth < N_CLASSES
    is_clear = known.copy()
    for structure in _STRUCTURES:
        inside = np.isin(truth, structure)
        to_edge, to_any = _depth(inside | ~known, mpp), _depth(inside, mpp)
        target += to_any * inside
        is_clear &= to_edge == to_any
    return target, is_clear


def _depth(inside: NDArray[np.bool_], mpp: float) -> NDArray[np.float32]:
    # The edge runs between two pixels, half of one before the nearest that lies outside.
    far = cv2.distanceTransform(inside.view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE) - 0.5
    return np.asarray(np.clip(far * mpp / _DEEP_UM, 0, 1), np.float32)


def n_channels(settings: LossSettings) -> int:
    """Say how many channels the network has while it is trained."""
    return N_CLASSES + (settings.second_head != "none")


def widen_head(weights: Mapping[str, Tensor], network: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Put the channels that a network has more than its start behind those of the start.

    Parameters
    ----------
    weights : mapping of str to Tensor
        Of a model.
    network : mapping of str to Tensor
        Those of the network that is to begin with them, with as many channels or more.

    Returns
    -------
    dict of str to Tensor
    """
    more = {name: torch.cat([weights[name], network[name][len(weights[name]) :]]) for name in _HEAD}
    return {**weights, **more}


def without_second_head(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Leave the channels of the compartments, which are what a model is made of."""
    return {**weights, **{name: weights[name][:N_CLASSES] for name in _HEAD}}
