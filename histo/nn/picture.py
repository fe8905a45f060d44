"""Turn RGB into what a network takes, where there is anything to see."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from histo.nn.spec import Normalisation

__all__ = ["as_input", "is_glass"]

# Glass without a single pixel darker than this in any colour holds no tissue.
_DARKEST_GLASS = 225


def is_glass(picture: NDArray[np.uint8]) -> bool:
    """Say whether a picture is empty: the network is not asked about it."""
    return int(picture.min()) >= _DARKEST_GLASS


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
