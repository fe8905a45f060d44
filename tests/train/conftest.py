from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from histo.io.annotations import polygons_from_labels, write_geojson
from histo.train import evaluation, run
from histo.train.drawn import DrawnPool
from histo.train.source import store_source
from histo.types import Compartment, LabelMap

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
    for module in (evaluation, run):
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


@pytest.fixture
def write_disc_set() -> Callable[[Path, dict[str, str]], None]:
    """A function that writes an annotation set of discs at 0.5 µm/px, one field for each name, with its source."""

    def write_set(folder: Path, sources: dict[str, str]) -> None:
        folder.mkdir()
        lines = ['name = "discs"']
        for seed, (name, source) in enumerate(sources.items()):
            image, truth = draw_discs(seed, side=240)
            cv2.imwrite(str(folder / f"{name}.png"), image[..., ::-1])
            write_geojson(folder / f"{name}.geojson", polygons_from_labels(LabelMap(truth, mpp=0.5)))
            lines += ["[[fields]]", f'name = "{name}"', f'image = "{name}.png"', f'labels = "{name}.geojson"']
            lines += [f'source = "{source}"', "mpp = 0.5"]
        (folder / "dataset.toml").write_text("\n".join(lines), encoding="utf-8")

    return write_set
