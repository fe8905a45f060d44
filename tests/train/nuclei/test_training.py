from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from histo.errors import InvalidRecipe, TrainingStopped
from histo.nn import load_nuclei_model
from histo.train import train
from histo.train.checkpoint import CHECKPOINT_FILE, read_checkpoint
from histo.train.nuclei import open_nuclei_run, run_nuclei_training

MakeToy = Callable[[int], Path]


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


def test_a_small_network_learns_discs_and_becomes_a_model(make_nuclei_toy: MakeToy, tmp_path: Path) -> None:
    stages: list[str] = []
    path = make_nuclei_toy(40)
    path.write_text(path.read_text(encoding="utf-8").replace("checkpoint_every = 4", "checkpoint_every = 40"))
    folder = train(
        path,
        folder=tmp_path / "runs",
        device="cpu",
        n_workers=0,
        progress=lambda stage, done, total: stages.append(stage),
    )
    assert folder == tmp_path / "toy"
    with (tmp_path / "runs" / "toy" / "log.csv").open() as file:
        losses = [float(row["loss"]) for row in csv.DictReader(file)]
    assert np.mean(losses[-10:]) < 0.5 * np.mean(losses[:5])
    metrics = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    scores = {(row["origin"], row["what"]): row for row in metrics["f1"]}
    assert scores["dots", "detection (6 µm)"]["f1"] > 0.8
    assert scores["discs", "outlines (IoU 0.5)"]["f1"] > 0.6
    assert scores["discs", "detection (6 µm)"]["n_pictures"] == 1
    model = load_nuclei_model(folder)
    assert 0.2 <= model.spec.threshold <= 0.8
    assert model.spec.trained_on == ("dots", "discs")
    card = (folder / "CARD.md").read_text(encoding="utf-8")
    assert model.spec.sha256 in card
    assert "Nobody wrote down the µm/px of discs" in card
    assert set(stages) == {"training", "judging"}


def _stop_after(step: int) -> Callable[[str, int, int], None]:
    def progress(stage: str, done: int, total: int) -> None:
        if stage == "training" and done == step:
            raise KeyboardInterrupt

    return progress


def test_a_training_that_was_stopped_goes_on_to_the_very_same_weights(make_nuclei_toy: MakeToy, tmp_path: Path) -> None:
    path = make_nuclei_toy(8)
    run_nuclei_training(open_nuclei_run(path, tmp_path / "whole"), device="cpu", n_workers=0)
    with pytest.raises((KeyboardInterrupt, TrainingStopped)):
        run_nuclei_training(
            open_nuclei_run(path, tmp_path / "torn"), device="cpu", n_workers=0, progress=_stop_after(6)
        )
    assert read_checkpoint(tmp_path / "torn" / "toy" / CHECKPOINT_FILE).step == 4
    run_nuclei_training(open_nuclei_run(path, tmp_path / "torn"), device="cpu", n_workers=0)
    whole, torn = (
        read_checkpoint(tmp_path / name / "toy" / CHECKPOINT_FILE).averaged_weights for name in ("whole", "torn")
    )
    assert all(torch.equal(whole[name], torn[name]) for name in whole)


def test_another_recipe_or_other_pictures_do_not_go_on(make_nuclei_toy: MakeToy, tmp_path: Path) -> None:
    path = make_nuclei_toy(1)
    run_nuclei_training(open_nuclei_run(path, tmp_path / "runs"), device="cpu", n_workers=0)
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("batch = 4", "batch = 2"), encoding="utf-8")
    with pytest.raises(InvalidRecipe, match="not the one"):
        open_nuclei_run(path, tmp_path / "runs")
    path.write_text(text.replace('licence = "none"', 'licence = "CC0"'), encoding="utf-8")
    (tmp_path / "dots" / "dots0.json").write_text('{"detection": [[9, 9]]}', encoding="utf-8")
    with pytest.raises(InvalidRecipe, match="not those"):
        run_nuclei_training(open_nuclei_run(path, tmp_path / "runs"), device="cpu", n_workers=0)
    with pytest.raises(InvalidRecipe, match="nothing has been trained"):
        _ = open_nuclei_run(path, tmp_path / "empty").last
