from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import tifffile
import torch

from histo.errors import InvalidRecipe, TrainingStopped
from histo.nn import load_junction_model
from histo.train import train
from histo.train.checkpoint import CHECKPOINT_FILE, read_checkpoint
from histo.train.junction import open_junction_run, run_junction_training

MakeToy = Callable[[int], Path]


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


def test_a_small_network_learns_squares_and_becomes_a_model(make_junction_toy: MakeToy, tmp_path: Path) -> None:
    path = make_junction_toy(100)
    stages: list[str] = []
    folder = train(
        path,
        folder=tmp_path / "runs",
        device="cpu",
        n_workers=0,
        progress=lambda stage, done, total: stages.append(stage),
    )
    metrics = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    scores = {(row["origin"], row["what"]): row for row in metrics["dice"]}
    assert scores["squares", "course of junctions"]["dice"] > 0.75, scores
    assert scores["squares", "course of junctions"]["n_pictures"] == 1
    assert ("squares", "gaps along junctions") not in scores
    model = load_junction_model(folder)
    assert model.spec.trained_on == ("squares", "drawn monolayers and sections")
    assert model.spec.validated_on == ("squares",)
    card = (folder / "CARD.md").read_text(encoding="utf-8")
    assert model.spec.sha256 in card
    assert "0.2, estimated" in card
    assert set(stages) == {"drawing", "training", "judging"}


def _stop_after(step: int) -> Callable[[str, int, int], None]:
    def progress(stage: str, done: int, total: int) -> None:
        if stage == "training" and done == step:
            raise KeyboardInterrupt

    return progress


def test_a_training_that_was_stopped_goes_on_to_the_very_same_weights(
    make_junction_toy: MakeToy, tmp_path: Path
) -> None:
    path = make_junction_toy(6)
    run_junction_training(open_junction_run(path, tmp_path / "whole"), device="cpu", n_workers=0)
    with pytest.raises((KeyboardInterrupt, TrainingStopped)):
        run_junction_training(
            open_junction_run(path, tmp_path / "torn"), device="cpu", n_workers=0, progress=_stop_after(5)
        )
    assert read_checkpoint(tmp_path / "torn" / "toy" / CHECKPOINT_FILE).step == 4
    run_junction_training(open_junction_run(path, tmp_path / "torn"), device="cpu", n_workers=0)
    whole, torn = (
        read_checkpoint(tmp_path / name / "toy" / CHECKPOINT_FILE).averaged_weights for name in ("whole", "torn")
    )
    assert all(torch.equal(whole[name], torn[name]) for name in whole)


def test_another_recipe_or_other_pictures_do_not_go_on(make_junction_toy: MakeToy, tmp_path: Path) -> None:
    path = make_junction_toy(1)
    run_junction_training(open_junction_run(path, tmp_path / "runs"), device="cpu", n_workers=0)
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("is_estimated = true\n", "").replace("mpp = 0.2\nlicence", "mpp = 0.21\nlicence"))
    with pytest.raises(InvalidRecipe, match="not the one"):
        open_junction_run(path, tmp_path / "runs")
    path.write_text(text)
    picture = tmp_path / "squares" / "squares0.tif"
    tifffile.imwrite(picture, tifffile.imread(picture)[::-1])
    with pytest.raises(InvalidRecipe, match="not those"):
        run_junction_training(open_junction_run(path, tmp_path / "runs"), device="cpu", n_workers=0)
    with pytest.raises(InvalidRecipe, match="nothing has been trained"):
        _ = open_junction_run(path, tmp_path / "empty").last


def test_a_training_goes_on_with_the_fields_it_began_with_though_the_code_that_draws_has_changed(
    make_junction_toy: MakeToy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make_junction_toy(1)
    run_junction_training(open_junction_run(path, tmp_path / "runs"), device="cpu", n_workers=0)
    began = open_junction_run(path, tmp_path / "runs").prepare()
    monkeypatch.setattr("histo.train.junction.run.drawing_digest", lambda *, junctions: "another")
    assert open_junction_run(path, tmp_path / "runs").prepare().trained == began.trained
    assert "another" in str(open_junction_run(path, tmp_path / "runs", resume=False).prepare().trained["drawn"][0])
