"""Turn RGB into what a network takes."""

from __future__ import annotations

import torch
from torch import Tensor

from histo.nn.spec import Normalisation

__all__ = ["as_input"]


def as_input(images: Tensor, normalisation: Normalisation) -> Tensor:
    """Normalise images.

    Parameters
    ----------
    images : (batch, rows, cols, 3) tensor of uint8
        RGB.
    normalisation : Normalisation
        Mean and spread of red, green and blue.

    Returns
    -------
    (batch, 3, rows, cols) float tensor
        On the images' device, channels last in memory.
    """
    mean = torch.tensor(normalisation.mean, device=images.device) * 255
    spread = torch.tensor(normalisation.std, device=images.device) * 255
    return ((images - mean) / spread).permute(0, 3, 1, 2)
