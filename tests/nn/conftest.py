from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from histo.nn import Model, ModelSpec, read_model, write_model
from histo.nn.network import build_network
from histo.types import Compartment


@pytest.fixture(scope="session")
def model_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small network of random weights, in small tiles so that a small picture needs several."""
    folder = tmp_path_factory.mktemp("models") / "toy"
    torch.manual_seed(3)
    spec = ModelSpec(
        name="toy",
        encoder="mobilenet_v3_small",
        classes=tuple(member.label for member in Compartment),
        mpp=1.0,
        tile=128,
        halo=32,
        sha256="0" * 64,
        licence="BSD-3-Clause",
        trained_on=("nothing",),
    )
    network = build_network(spec.encoder, len(spec.classes))
    with torch.no_grad():
        network.head.weight.mul_(40)  # so that random features give labels that differ
    write_model(folder, network.state_dict(), spec)
    return folder


@pytest.fixture(scope="session")
def model(model_folder: Path) -> Model:
    return read_model(model_folder)


@pytest.fixture(scope="session")
def picture() -> np.ndarray:
    """300 x 400 px of coloured blobs."""
    rng = np.random.default_rng(5)
    coarse = rng.integers(0, 255, size=(30, 40, 3), dtype=np.uint8)
    return np.kron(coarse, np.ones((10, 10, 1), np.uint8))
