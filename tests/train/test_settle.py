from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from histo.errors import InvalidRecipe, TrainingStopped
from histo.train import open_run, run_training, trainer
from histo.train.checkpoint import CHECKPOINT_FILE, TrainingState, read_checkpoint
from histo.train.recipe import read_recipe
from histo.train.schedule import learning_rate
from histo.train.settings import Optimisation, Settling
from histo.train.settle import hold_statistics, settle

MakeToy = Callable[[int], Path]


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


def _begin() -> TrainingState:
    torch.manual_seed(1)
    network = nn.Sequential(nn.Conv2d(1, 2, 1), nn.BatchNorm2d(2, momentum=0.3))
    return TrainingState.begin(network, Optimisation(ema_decay=0.9))


def _batches(n: int) -> list[Tensor]:
    generator = torch.Generator().manual_seed(2)
    return [torch.rand((4, 1, 8, 8), generator=generator) * (number + 1) for number in range(n)]


def test_statistics_are_the_mean_over_all_batches_of_the_averaged_weights() -> None:
    state = _begin()
    state.average.weights["0.weight"] *= 3
    batches = _batches(5)
    settle(state, batches, lambda batch: batch)
    weights = state.average.weights
    seen = [nn.functional.conv2d(batch, weights["0.weight"], weights["0.bias"]) for batch in batches]
    expected = torch.stack([maps.mean((0, 2, 3)) for maps in seen]).mean(0)
    spread = torch.stack([maps.transpose(0, 1).flatten(1).var(1) for maps in seen]).mean(0)
    layer = next(module for module in state.network.modules() if isinstance(module, nn.BatchNorm2d))
    assert layer.momentum == 0.3
    torch.testing.assert_close(layer.running_mean, expected)
    torch.testing.assert_close(layer.running_var, spread)
    torch.testing.assert_close(weights["1.running_mean"], expected)


def test_without_a_batch_the_statistics_stay_those_of_the_average() -> None:
    state = _begin()
    state.average.weights["1.running_mean"] += 7
    settle(state, [], lambda batch: batch)
    assert state.network.state_dict()["1.running_mean"].tolist() == [7.0, 7.0]


def test_the_optimiser_forgets_what_gradients_were_like_before() -> None:
    state = _begin()
    torch.autograd.backward(state.network(_batches(1)[0]).square().mean())
    state.optimiser.step()
    assert state.optimiser.state
    settle(state, [], lambda batch: batch)
    assert not state.optimiser.state


def test_held_layers_normalise_as_in_a_prediction_and_count_no_more() -> None:
    network = _begin().network.train()
    hold_statistics(network)
    image = _batches(1)[0]
    trained = network(image)
    assert network.state_dict()["1.running_mean"].tolist() == [0.0, 0.0]
    torch.testing.assert_close(trained, network.eval()(image))


def test_settling_has_a_warm_up_and_a_cosine_of_its_own() -> None:
    settings = Optimisation(
        steps=150,
        warmup_steps=10,
        learning_rate=0.1,
        settling=Settling(steps=50, warmup_steps=5, learning_rate=0.02),
    )
    alone = Optimisation(steps=100, warmup_steps=10, learning_rate=0.1)
    assert [learning_rate(step, settings) for step in range(100)] == [learning_rate(step, alone) for step in range(100)]
    rates = [learning_rate(step, settings) for step in range(100, 150)]
    assert rates.index(max(rates)) in {4, 5}
    assert max(rates) == pytest.approx(0.02)
    assert rates[-1] < 0.001


def _with_settling(recipe: Path, steps: int) -> Path:
    with recipe.open("a", encoding="utf-8") as file:
        file.write(f"\n[optimisation.settling]\nsteps = {steps}\nbatches = 2\nwarmup_steps = 1\n")
    return recipe


def test_a_training_holds_the_statistics_of_its_settling_to_the_end(
    make_toy: MakeToy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settled: list[dict[str, Tensor]] = []

    def watched(state: TrainingState, *rest: Any) -> None:
        settle(state, *rest)
        settled.append({name: value.clone() for name, value in state.network.state_dict().items()})

    monkeypatch.setattr(trainer, "settle", watched)
    recipe = _with_settling(make_toy(6), 3)
    run_training(open_run(recipe, tmp_path / "runs"), device="cpu", n_workers=0)
    trained = read_checkpoint(tmp_path / "runs" / "toy" / CHECKPOINT_FILE).averaged_weights
    assert len(settled) == 1
    statistics = [name for name in trained if "running_" in name]
    assert statistics
    for name in statistics:
        torch.testing.assert_close(trained[name], settled[0][name])
    assert any(not torch.equal(value, settled[0][name]) for name, value in trained.items() if name not in statistics)


@pytest.mark.parametrize("stopped_at", [2, 3, 4])
def test_a_training_stopped_about_its_settling_resumes_to_the_very_same_weights(
    stopped_at: int, make_toy: MakeToy, tmp_path: Path
) -> None:
    recipe = _with_settling(make_toy(6), 3)
    run_training(open_run(recipe, tmp_path / "runs"), device="cpu", n_workers=0)

    def stop(stage: str, done: int, total: int) -> None:
        if stage == "training" and done == stopped_at - 1:
            os.kill(os.getpid(), signal.SIGTERM)

    with pytest.raises(TrainingStopped):
        run_training(open_run(recipe, tmp_path / "other"), device="cpu", n_workers=0, progress=stop)
    assert read_checkpoint(tmp_path / "other" / "toy" / CHECKPOINT_FILE).step == stopped_at
    run_training(open_run(recipe, tmp_path / "other"), device="cpu", n_workers=0)
    whole, resumed = (read_checkpoint(tmp_path / name / "toy" / CHECKPOINT_FILE) for name in ("runs", "other"))
    for name, tensor in whole.tensors.items():
        assert torch.equal(tensor, resumed.tensors[name]), name


def test_more_settling_than_steps_is_refused(make_toy: MakeToy) -> None:
    with pytest.raises(InvalidRecipe, match="one part of all 6 steps"):
        read_recipe(_with_settling(make_toy(6), 7))
