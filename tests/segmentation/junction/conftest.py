from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

from histo.nn import JunctionModel, JunctionSpec
from histo.nn.junction_network import build_junction_network


@pytest.fixture(scope="session")
def untrained() -> JunctionModel:
    """A junction model of random weights, in small tiles so that a small field needs several."""
    torch.manual_seed(2)
    network = build_junction_network()
    with torch.no_grad():
        network(torch.randn(2, 3, 64, 64))
        network.head.weight.mul_(300)
    spec = JunctionSpec(
        name="junctions-toy", mpp=0.2, tile=272, sha256="0" * 64, licence="BSD-3-Clause", trained_on=("drawn",)
    )
    return JunctionModel(spec, network.eval())


def _draw_cross(mpp: float, *, width_um: float = 0.5, gap_um: float = 0.0) -> np.ndarray:
    """Two lines of height 100 that cross in the middle of 16 x 16 µm; the level one has a gap around column 4 µm."""
    size = round(16 / mpp)
    at_um = (np.arange(size) + 0.5) * mpp - 8
    profile = np.exp(-(at_um**2) / (2 * (width_um / 2.355) ** 2))
    level = profile[:, None] * np.where(np.abs(at_um + 4) < gap_um / 2, 0.0, 1.0)[None, :]
    return (100 * np.maximum(level, profile[None, :])).astype(np.float32)


@pytest.fixture
def draw_cross() -> Callable[..., np.ndarray]:
    """Draws two lines that cross: ``draw_cross(mpp, width_um=0.5, gap_um=0.0)``."""
    return _draw_cross
