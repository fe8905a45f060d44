from __future__ import annotations

import csv
import json
import os
import signal
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from histo.errors import CorruptModel, InvalidRecipe, TrainingStopped
from histo.nn import load_model
from histo.train import evaluate, export_model, open_run, run_training, train
from histo.train.checkpoint import CHECKPOINT_FILE, read_checkpoint

MakeToy = Callable[[int], Path]


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


def test_a_small_network_learns_two_colours_and_becomes_a_model(make_toy: MakeToy, tmp_path: Path) -> None:
    stages: list[str] = []
    folder = train(
        make_toy(60),
        folder=tmp_path / "runs",
        device="cpu",
        n_workers=0,
        progress=lambda stage, done, total: stages.append(stage),
    )
    with (tmp_path / "runs" / "toy" / "log.csv").open() as file:
        losses = [float(row["loss"]) for row in csv.DictReader(file)]
    assert len(losses) == 60
    assert np.mean(losses[-10:]) < 0.3 * np.mean(losses[:5])
    table = evaluate(folder, drawn_seeds=[90_000], folder=tmp_path / "runs", device="cpu")
    dice = table[table["field"] == "all"].set_index("compartment")["dice"]
    assert dice["crypt"] > 0.9
    assert folder == tmp_path / "toy"
    assert {path.name for path in folder.iterdir()} == {
        "CARD.md",
        "metrics.json",
        "model.toml",
        "train.toml",
        "weights.safetensors",
    }
    assert json.loads((folder / "metrics.json").read_text())["steps"] == 60
    card = (folder / "CARD.md").read_text(encoding="utf-8")
    assert load_model(folder).spec.sha256 in card
    assert "How well it does on real tissue" in card
    assert stages.count("training") == 60
    assert set(stages) == {"training", "judging"}


def _stop_after(step: int) -> Callable[[str, int, int], None]:
    def progress(stage: str, done: int, total: int) -> None:
        if stage == "training" and done == step:
            os.kill(os.getpid(), signal.SIGTERM)

    return progress


def test_a_stopped_training_resumes_to_the_very_same_weights(make_toy: MakeToy, tmp_path: Path) -> None:
    recipe = make_toy(9)
    run_training(open_run(recipe, tmp_path / "runs"), device="cpu", n_workers=0)
    with pytest.raises(TrainingStopped, match="Run it again"):
        run_training(open_run(recipe, tmp_path / "other"), device="cpu", n_workers=0, progress=_stop_after(1))
    stopped = read_checkpoint(tmp_path / "other" / "toy" / CHECKPOINT_FILE)
    assert stopped.step == 2
    run_training(open_run(recipe, tmp_path / "other"), device="cpu", n_workers=0)
    whole, resumed = (read_checkpoint(tmp_path / name / "toy" / CHECKPOINT_FILE) for name in ("runs", "other"))
    assert whole.step == resumed.step == 9
    assert whole.tensors.keys() == resumed.tensors.keys()
    for name, tensor in whole.tensors.items():
        assert torch.equal(tensor, resumed.tensors[name]), name
    logs = [(tmp_path / name / "toy" / "log.csv").read_text().splitlines() for name in ("runs", "other")]
    without_seconds = [[line.rsplit(",", 1)[0] for line in log] for log in logs]
    assert without_seconds[0] == without_seconds[1]


def test_a_finished_training_is_not_done_again(make_toy: MakeToy, tmp_path: Path) -> None:
    recipe = make_toy(2)
    run_training(open_run(recipe, tmp_path / "runs"), device="cpu", n_workers=0)
    before = (tmp_path / "runs" / "toy" / CHECKPOINT_FILE).read_bytes()
    steps: list[int] = []
    run_training(
        open_run(recipe, tmp_path / "runs"),
        device="cpu",
        n_workers=0,
        progress=lambda stage, done, total: steps.append(done) if stage == "training" else None,
    )
    assert steps == []
    assert (tmp_path / "runs" / "toy" / CHECKPOINT_FILE).read_bytes() == before


def test_an_unfinished_training_can_be_exported_and_its_card_says_so(make_toy: MakeToy, tmp_path: Path) -> None:
    recipe = make_toy(50)
    with pytest.raises(TrainingStopped):
        run_training(open_run(recipe, tmp_path / "runs"), device="cpu", n_workers=0, progress=_stop_after(1))
    folder = export_model(recipe, tmp_path / "half", folder=tmp_path / "runs", device="cpu")
    assert "of 50 planned: **the training is not finished**" in (folder / "CARD.md").read_text(encoding="utf-8")


def test_a_changed_recipe_does_not_go_on_from_the_old_checkpoint(make_toy: MakeToy, tmp_path: Path) -> None:
    recipe = make_toy(1)
    run_training(open_run(recipe, tmp_path / "runs"), device="cpu", n_workers=0)
    recipe.write_text(recipe.read_text().replace("batch = 4", "batch = 2"))
    with pytest.raises(InvalidRecipe, match="not the one that its checkpoint was made with"):
        open_run(recipe, tmp_path / "runs")
    assert open_run(recipe, tmp_path / "runs", resume=False).checkpoint is None


def test_nothing_can_be_exported_before_anything_was_trained(make_toy: MakeToy, tmp_path: Path) -> None:
    with pytest.raises(InvalidRecipe, match="nothing has been trained yet"):
        export_model(make_toy(1), folder=tmp_path / "runs")


@pytest.mark.parametrize("content", [b"", b"not a checkpoint", b"\x08\x00\x00\x00\x00\x00\x00\x00{}      "])
def test_a_damaged_checkpoint_is_refused(content: bytes, make_toy: MakeToy, tmp_path: Path) -> None:
    recipe = make_toy(1)
    path = tmp_path / "runs" / "toy" / CHECKPOINT_FILE
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(CorruptModel, match="checkpoint does not read"):
        open_run(recipe, tmp_path / "runs")
