from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from histo.nn import Model, read_model


@pytest.fixture(scope="session")
def model_folder(tmp_path_factory: pytest.TempPathFactory, write_untrained: Callable[..., Path]) -> Path:
    """A small network of random weights, in small tiles so that a small picture needs several."""
    return write_untrained(tmp_path_factory.mktemp("models") / "toy", mpp=1.0, seed=3)


@pytest.fixture(scope="session")
def model(model_folder: Path) -> Model:
    return read_model(model_folder)


@pytest.fixture(scope="session")
def picture() -> np.ndarray:
    """300 x 400 px of coloured blobs."""
    rng = np.random.default_rng(5)
    coarse = rng.integers(0, 255, size=(30, 40, 3), dtype=np.uint8)
    return np.kron(coarse, np.ones((10, 10, 1), np.uint8))
