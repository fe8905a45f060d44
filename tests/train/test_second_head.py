from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from histo.nn import read_model
from histo.train import train
from histo.train.checkpoint import CHECKPOINT_FILE, read_checkpoint
from histo.train.loss import SegmentationLoss
from histo.train.second_head import TwoHeadLoss, outlines, way_inside
from histo.train.source import IGNORE
from histo.types import Compartment


@pytest.fixture
def crypts() -> np.ndarray:
    """Two crypts, 60 µm wide and 4 µm apart, at 2 µm/px; what lies above them is not known."""
    truth = np.full((60, 90), Compartment.LAMINA_PROPRIA, np.uint8)
    truth[20:60, 10:40] = truth[20:60, 42:72] = Compartment.CRYPT
    truth[:20] = IGNORE
    return truth


@pytest.mark.parametrize("finer", [1, 2, 4])
def test_outlines_are_four_micrometres_wide_at_any_pixel_size(finer: int, crypts: np.ndarray) -> None:
    target, known = outlines(np.kron(crypts, np.ones((finer, finer), np.uint8)), mpp=2.0 / finer)
    across = target[50 * finer]
    assert np.flatnonzero(np.diff(across)).tolist() == [edge * finer - 1 for edge in (9, 11, 39, 43, 71, 73)]
    assert known[50 * finer].all()


def test_nothing_is_said_of_edges_that_border_on_the_unknown(crypts: np.ndarray) -> None:
    target, known = outlines(crypts, mpp=2.0)
    assert not known[:21].any()
    assert not target[20, 12:38].any()
    depth, known = way_inside(crypts, mpp=2.0)
    assert not known[:20].any()
    assert not known[20:34, 25].any()  # 14 px below the unknown, 15 px from either side
    assert known[36, 25]
    assert depth[36, 25] == pytest.approx(14.5 / 20)


@pytest.mark.parametrize("finer", [1, 2])
def test_the_way_inside_is_longest_along_the_axis_and_nothing_outside(finer: int, crypts: np.ndarray) -> None:
    depth, _ = way_inside(np.kron(crypts, np.ones((finer, finer), np.uint8)), mpp=2.0 / finer)
    across = depth[55 * finer]
    assert across.argmax() in (24 * finer, 25 * finer - 1, 25 * finer)
    assert across.max() == pytest.approx(30 / 40, abs=0.03)
    assert not across[40 * finer : 42 * finer].any()
    assert not across[: 10 * finer].any()


@pytest.mark.parametrize("kind", ["outline", "distance"])
def test_a_second_head_that_is_right_costs_nothing_more(kind: str, crypts: np.ndarray) -> None:
    truth = torch.from_numpy(crypts)[None]
    target, known = (torch.from_numpy(part) for part in (outlines if kind == "outline" else way_inside)(crypts, 2.0))
    labels = 30.0 * torch.nn.functional.one_hot(truth.where(truth < 10, 0).long(), 10).permute(0, 3, 1, 2).float()
    right = 60.0 * target - 30.0 if kind == "outline" else target
    cost = TwoHeadLoss(SegmentationLoss(torch.ones(10), 0.5), kind, weight=0.5, mpp=2.0)

    def loss(said: torch.Tensor) -> float:
        return float(cost(torch.cat([labels, said[None, None]], dim=1), truth)[0])

    assert loss(right) == pytest.approx(float(cost.labels(labels, truth)[0]), abs=1e-4)
    assert loss(right.where(known, torch.tensor(99.0))) == pytest.approx(loss(right), abs=1e-4)
    assert loss(right.roll(5, dims=1)) > loss(right) + 0.01


@pytest.mark.parametrize("kind", ["outline", "distance"])
def test_a_second_head_is_trained_and_left_behind(kind: str, make_toy: Callable[[int], Path], tmp_path: Path) -> None:
    torch.set_num_threads(1)
    recipe = make_toy(2)
    text = recipe.read_text(encoding="utf-8") + f'[loss]\nsecond_head = "{kind}"\n'
    recipe.write_text(text, encoding="utf-8")
    folder = train(recipe, folder=tmp_path / "runs", device="cpu", n_workers=0)
    network = read_model(folder).network
    assert network.head.out_channels == 10
    kept = read_checkpoint(tmp_path / "runs" / "toy" / CHECKPOINT_FILE).averaged_weights
    assert len(kept["head.bias"]) == 11
    assert torch.equal(kept["head.bias"][:10], network.head.bias)
    recipe.write_text(text.replace('"toy"', '"later"\nstart = "toy"'), encoding="utf-8")
    later = read_model(train(recipe, folder=tmp_path / "runs", device="cpu", n_workers=0)).network
    assert torch.allclose(later.head.weight, network.head.weight, atol=0.02)
