from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from histo.train import evaluation, loop
from histo.train.drawn import DrawnPool
from histo.train.source import store_source
from histo.types import Compartment

RECIPE = """
name = "toy"
encoder = "mobilenet_v3_small"
crop = 64
tile = 128
halo = 32
[drawn]
sections = 3
held_out = 1
[augmentation]
stain = 0.3
grey = 0.0
missing_stain = 0.0
[optimisation]
steps = {steps}
batch = 4
learning_rate = 0.005
warmup_steps = 5
ema_decay = 0.9
checkpoint_every = 4
"""


def draw_discs(seed: int, side: int = 200) -> tuple[np.ndarray, np.ndarray]:
    """Violet discs on pale glass: a crypt is what is violet."""
    rng = np.random.default_rng(seed)
    down, across = np.mgrid[:side, :side]
    truth = np.zeros((side, side), np.uint8)
    for row, col in rng.uniform(0, side, size=(6, 2)):
        truth[(down - row) ** 2 + (across - col) ** 2 < 30**2] = Compartment.CRYPT
    image = np.where(truth[..., None] > 0, np.uint8([120, 60, 150]), np.uint8([240, 225, 235]))
    return (image + rng.integers(0, 12, size=image.shape)).astype(np.uint8), truth


@pytest.fixture
def make_toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[int], Path]:
    """A recipe of so many steps, whose drawn sections are discs that lie drawn already."""
    for module in (evaluation, loop):
        monkeypatch.setattr(module, "drawing_digest", lambda: "discs")

    def make(steps: int) -> Path:
        path = tmp_path / "toy.toml"
        path.write_text(RECIPE.format(steps=steps), encoding="utf-8")
        for runs in ("runs", "other"):
            pool = DrawnPool(tmp_path / runs / "drawn", 1.0, "discs")
            for seed in (10_000, 10_001, 10_002, 90_000):
                store_source(pool.path(seed), *draw_discs(seed), name=f"drawn-{seed}", origin="drawn")
        return path

    return make
