"""The junction network: a small U-Net at the image's own size, for lines that are two pixels wide."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from histo.nn.convolution import convolution

__all__ = ["DEEPEST_STRIDE", "REACH_PX", "JunctionNet", "build_junction_network"]

DEEPEST_STRIDE = 16
"""Side of the coarsest stage's pixel: tiles begin at multiples of it, else they are seen differently."""

REACH_PX = 112
"""No output depends on a pixel farther away than this: a halo this wide makes any two tiles agree."""

_CHANNELS = (16, 24, 40, 64, 96)
# An untrained network sees no junction: one pixel in twenty is one, and most of them are stained.
_CENTRELINE_LOGIT, _PRESENT_LOGIT = -3.0, 1.0


class JunctionNet(nn.Module):
    """Five stages of two convolutions each, halved from one to the next, and as many on the way back up.

    20 µm around a place tell whether two stumps are one broken junction; what lies beyond would have to be read,
    computed and thrown away around each tile.
    """

    def __init__(self) -> None:
        super().__init__()
        self.first = _double(3, _CHANNELS[0])
        self.down = nn.ModuleList(_double(finer, coarser) for finer, coarser in pairwise(_CHANNELS))
        self.up = nn.ModuleList(_double(finer + coarser, finer) for finer, coarser in reversed([*pairwise(_CHANNELS)]))
        self.head = nn.Conv2d(_CHANNELS[0], 2, kernel_size=1)
        with torch.no_grad():
            bias = self.head.bias
            if bias is not None:
                bias.copy_(torch.tensor([_CENTRELINE_LOGIT, _PRESENT_LOGIT]))

    def forward(self, image: Tensor) -> Tensor:
        """Compute what is said of each pixel.

        Parameters
        ----------
        image : (batch, 3, rows, cols) float tensor
            Normalised grey, three times the same; rows and cols are multiples of `DEEPEST_STRIDE`.

        Returns
        -------
        (batch, 2, rows, cols) float tensor
            Logits: that the middle of a junction runs here, and that a junction that runs here is stained here.
        """
        features = self.first(image)
        skips = []
        for stage in self.down:
            skips.append(features)
            features = stage(functional.max_pool2d(features, 2))
        for stage, skip in zip(self.up, reversed(skips), strict=True):
            larger = functional.interpolate(features, scale_factor=2.0, mode="nearest")
            features = stage(torch.cat([skip, larger], dim=1))
        maps: Tensor = self.head(features)
        return maps


def build_junction_network() -> JunctionNet:
    """Build a network with random weights, in channels-last memory format.

    Returns
    -------
    JunctionNet

    Examples
    --------
    >>> sum(weights.numel() for weights in build_junction_network().parameters()) < 5e5
    True
    """
    network = JunctionNet()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = 0.05
    return network.to(memory_format=torch.channels_last)


def _double(channels_in: int, channels_out: int) -> nn.Sequential:
    return nn.Sequential(*convolution(channels_in, channels_out), *convolution(channels_out, channels_out))
