"""The nuclei network: few stages, so that what a pixel depends on is near and tiles meet without seams."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from histo.nn.convolution import convolution
from histo.nn.encoder import Encoder
from histo.nn.lite import LITE_CHANNELS, lite_stages

__all__ = [
    "DEEPEST_STRIDE",
    "N_GEOMETRY",
    "OUTPUT_STRIDE",
    "REACH_PX",
    "NucleiNet",
    "build_nuclei_network",
]

OUTPUT_STRIDE = 2
"""Side of one output pixel, in image pixels."""

DEEPEST_STRIDE = 16
"""Side of the coarsest stage's pixel: tiles begin at multiples of it, else they are seen differently."""

REACH_PX = 112
"""No output depends on a pixel farther away than this: a halo this wide makes any two tiles agree."""

N_GEOMETRY = 4
"""Channels before those of the classes: centre, inside, and way to the centre along rows and columns."""

_BLOCKS_OF_LAST_STAGE = 3
_LAST_CHANNELS = 80
_DECODER_CHANNELS = (64, 48, 32)
# An untrained network finds nothing: one pixel in a hundred is a centre, one in five lies in a nucleus.
_CENTRE_LOGIT, _INSIDE_LOGIT = -4.0, -1.5


class NucleiNet(nn.Module):
    """Four stages of EfficientNet-Lite0 and a U-Net decoder up to half of the image's size.

    The fourth stage ends before its 5 x 5 filters, and there is no fifth: 0.05 mm around a nucleus tell what it is, and
    what a network of all stages sees beyond would have to be read, computed and thrown away around each tile.

    Parameters
    ----------
    n_classes : int
        Classes of cells; 0 for nuclei only.
    """

    def __init__(self, n_classes: int) -> None:
        super().__init__()
        stages = lite_stages()[:4]
        last = stages[3]
        stages[3] = nn.Sequential(*list(last.children())[:_BLOCKS_OF_LAST_STAGE])
        self.encoder = Encoder(stages, (*LITE_CHANNELS[:3], _LAST_CHANNELS))
        *skips, deepest = self.encoder.channels
        blocks = []
        for skip, channels in zip(reversed(skips), _DECODER_CHANNELS, strict=True):
            blocks.append(nn.Sequential(*convolution(deepest + skip, channels), *convolution(channels, channels)))
            deepest = channels
        self.blocks = nn.ModuleList(blocks)
        self.head = nn.Conv2d(deepest, N_GEOMETRY + n_classes, kernel_size=1)
        with torch.no_grad():
            bias = self.head.bias
            if bias is not None:
                bias[:2] = torch.tensor([_CENTRE_LOGIT, _INSIDE_LOGIT])

    def forward(self, image: Tensor) -> Tensor:
        """Compute what is said of each output pixel.

        Parameters
        ----------
        image : (batch, 3, rows, cols) float tensor
            Normalised; rows and cols are multiples of `DEEPEST_STRIDE`.

        Returns
        -------
        (batch, 4 + n_classes, rows / 2, cols / 2) float tensor
            Logits of being a centre and of lying in a nucleus; the way to its centre in units of
            `histo.nn.nuclei_decode.WAY_UNIT_UM`, rows and columns; logits of the classes.
        """
        *skips, features = self.encoder(image)
        for block, skip in zip(self.blocks, reversed(skips), strict=True):
            larger = functional.interpolate(features, scale_factor=2.0, mode="nearest")
            features = block(torch.cat([larger, skip], dim=1))
        maps: Tensor = self.head(features)
        return maps


def build_nuclei_network(n_classes: int) -> NucleiNet:
    """Build a network with random weights, in channels-last memory format.

    Parameters
    ----------
    n_classes : int
        Classes of cells; 0 for nuclei only.

    Returns
    -------
    NucleiNet

    Examples
    --------
    >>> network = build_nuclei_network(n_classes=5)
    >>> sum(weights.numel() for weights in network.parameters()) < 1e6
    True
    """
    network = NucleiNet(n_classes)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = 0.05
    return network.to(memory_format=torch.channels_last)
