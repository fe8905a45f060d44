from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from histo.cli import main
from histo.errors import InvalidAnnotation, InvalidRecipe, TrainingStopped
from histo.io.labels import read_label_map
from histo.nn import read_model
from histo.train import export_model, leave_one_source_out, open_run, read_recipe, run_training
from histo.train.folds import fold_recipe, read_folds
from histo.train.left_out import read_left_out
from histo.train.run import open_run_of

SOURCES = {"a1": "atlas", "b1": "bench", "b2": "bench", "c1": "clinic"}


@pytest.fixture
def recipe(
    make_toy: Callable[[int], Path], write_disc_set: Callable[[Path, dict[str, str]], None], tmp_path: Path
) -> Path:
    """Four fields of three sources, 0.5 µm/px, in a set beside a recipe of two steps that uses nothing else."""
    path = make_toy(2)
    write_disc_set(tmp_path / "set", SOURCES)
    real = '[real]\nsets = ["set"]\nshare = 0.5\n'
    path.write_text(path.read_text(encoding="utf-8") + real, encoding="utf-8")
    return path


def judge(recipe: Path, runs: Path, **more: object) -> pd.DataFrame:
    torch.set_num_threads(1)
    return leave_one_source_out(recipe, folder=runs, device="cpu", n_workers=0, **more).judged


def set_folds(recipe: Path, folds: str) -> None:
    recipe.write_text(recipe.read_text(encoding="utf-8") + f"folds = {folds}\n", encoding="utf-8")


def test_every_field_is_judged_once_by_a_network_that_never_saw_its_source(recipe: Path, tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    judged = judge(recipe, runs)
    fields = judged[judged["field"] != "all"]
    assert dict(zip(fields["field"], fields["source"], strict=True)) == SOURCES
    assert (fields["fold"] == fields["source"]).all()
    assert list(judged.columns[:5]) == ["fold", "source", "field", "compartment", "dice"]
    kept = pd.read_csv(runs / "toy-leave-one-source-out.csv")
    assert np.allclose(kept["dice"], judged["dice"], equal_nan=True, atol=1e-5)
    calibration = json.loads((runs / "toy-leave-one-source-out.json").read_text(encoding="utf-8"))["calibration"]
    assert calibration["origins"] == ["atlas", "bench", "clinic"]
    run = open_run_of(fold_recipe(read_recipe(recipe), ("bench",)), recipe, runs)
    assert run.folder.name == "toy-without-bench"
    assert run.is_finished
    assert {entry.name for entry in run.prepare_fields().entries.values() if entry.source != "bench"} == {"a1", "c1"}
    assert [path.name.split("-")[0] for path in run.prepare_fields().trained] == ["a1", "c1"]


def test_maps_and_networks_of_the_folds_are_kept_and_shown(
    recipe: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    judged = judge(recipe, tmp_path / "runs").query("field == 'b2' and compartment == 'background'")
    fold = tmp_path / "runs" / "toy-without-bench"
    labels = read_label_map(fold / "labels" / "b2.ome.zarr")
    assert (labels.shape, labels.mpp, labels.slide_mpp) == ((120, 120), 1.0, 0.5)
    assert labels.confidence is not None
    assert (labels.array == 0).sum() == judged["predicted_um2"].item()
    assert read_model(fold / "model").name == "toy-without-bench"
    command = ["train", str(recipe), "--leave-one-source-out", "--runs", str(tmp_path / "runs"), "--device", "cpu"]
    assert main(command) == 0
    shown = capsys.readouterr().out
    assert all(f"{source}" in shown and f"{field}" in shown for field, source in SOURCES.items())
    assert "temperature = " in shown


def test_sources_can_be_held_out_together(recipe: Path, tmp_path: Path) -> None:
    set_folds(recipe, '[["atlas", "clinic"], ["bench"]]')
    judged = judge(recipe, tmp_path / "runs")
    folds = judged.groupby("fold", sort=False)["source"].unique().map(list).to_dict()
    assert folds == {"atlas.clinic": ["atlas", "clinic"], "bench": ["bench"]}
    assert (tmp_path / "runs" / "toy-without-atlas.clinic").is_dir()


def test_a_stopped_round_goes_on_with_the_fold_it_was_in_and_trains_none_twice(recipe: Path, tmp_path: Path) -> None:
    trained: list[str] = []

    def stop_in_second(stage: str, done: int, total: int) -> None:
        trained.append(stage)
        if stage == "training without bench (2/3)" and done == 1:
            os.kill(os.getpid(), signal.SIGTERM)

    runs = tmp_path / "runs"
    set_steps(recipe, 4)
    with pytest.raises(TrainingStopped, match="after 2 of 4"):
        judge(recipe, runs, progress=stop_in_second)
    whole = judge(recipe, tmp_path / "other")
    trained.clear()
    resumed = judge(recipe, runs, progress=lambda stage, *_: trained.append(stage))
    assert [stage for stage in trained if stage.startswith("training")] == [
        *["training without bench (2/3)"] * 2,
        *["training without clinic (3/3)"] * 4,
    ]
    pd.testing.assert_frame_equal(whole, resumed)


def set_steps(recipe: Path, steps: int) -> None:
    text = recipe.read_text(encoding="utf-8")
    recipe.write_text(text.replace("steps = 2\n", f"steps = {steps}\n"), encoding="utf-8")


def test_a_fold_trained_from_a_recipe_of_its_own_counts(recipe: Path, tmp_path: Path) -> None:
    text = recipe.read_text(encoding="utf-8")
    own = recipe.with_name("own.toml")
    own.write_text(text.replace('"toy"', '"toy-without-bench"') + 'held_out_sources = ["bench"]\n', encoding="utf-8")
    run_training(open_run(own, tmp_path / "runs"), device="cpu", n_workers=0)
    stages: set[str] = set()
    judge(recipe, tmp_path / "runs", progress=lambda stage, *_: stages.add(stage))
    assert {stage for stage in stages if stage.startswith("training")} == {
        "training without atlas (1/3)",
        "training without clinic (3/3)",
    }


def test_folds_are_those_of_the_sets_splits(recipe: Path, tmp_path: Path) -> None:
    splits = "\n".join(f'[[folds]]\nheld_out_source = "{name}"\nfields = []' for name in ("clinic", "bench", "atlas"))
    (tmp_path / "set" / "splits.toml").write_text(splits, encoding="utf-8")
    assert read_folds(read_recipe(recipe), tmp_path) == (("clinic",), ("bench",), ("atlas",))


def test_a_source_whose_fields_are_unused_is_no_fold(recipe: Path, tmp_path: Path) -> None:
    recipe.write_text(recipe.read_text(encoding="utf-8") + 'unused_fields = ["c1", "b1"]\n', encoding="utf-8")
    assert read_folds(read_recipe(recipe), tmp_path) == (("atlas",), ("bench",))


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (lambda recipe: set_folds(recipe, '[["atlas", "nobody"]]'), InvalidRecipe, "atlas, bench, clinic.*got nobody"),
        (lambda recipe: set_folds(recipe, '[["atlas"], ["atlas"]]'), InvalidRecipe, "in one fold only"),
        (lambda recipe: set_folds(recipe, "[[]]"), InvalidRecipe, "real.folds.0"),
        (lambda recipe: set_folds(recipe, '[["atlas", "bench", "clinic"]]'), InvalidRecipe, "nothing is left to train"),
        (
            lambda recipe: recipe.write_text(recipe.read_text().replace("share = 0.5", "share = 0.0")),
            InvalidRecipe,
            "without real fields.*evaluate --annotations",
        ),
        (
            lambda recipe: (recipe.parent / "set" / "splits.toml").write_text("folds = 1"),
            InvalidAnnotation,
            "splits.toml.*held_out_source",
        ),
    ],
)
def test_folds_that_cannot_be_are_refused(
    change: Callable[[Path], object], error: type[Exception], message: str, recipe: Path, tmp_path: Path
) -> None:
    change(recipe)
    with pytest.raises(error, match=message):
        judge(recipe, tmp_path / "runs")


def test_weights_that_have_learned_from_a_field_do_not_judge_it(recipe: Path, tmp_path: Path) -> None:
    from histo.train import train

    train(recipe, tmp_path / "base", folder=tmp_path / "runs", device="cpu", n_workers=0)
    text = recipe.read_text(encoding="utf-8").replace('"toy"', '"later"\nstart = "base"')
    recipe.write_text(text, encoding="utf-8")
    with pytest.raises(InvalidRecipe, match=r"toy, which the training starts from, has learned.*got a1"):
        judge(recipe, tmp_path / "runs")


def test_the_card_of_the_model_of_all_sources_says_what_leaving_them_out_has_shown(
    recipe: Path, tmp_path: Path
) -> None:
    runs = tmp_path / "runs"
    torch.set_num_threads(1)
    left_out = leave_one_source_out(recipe, folder=runs, device="cpu", n_workers=0)
    run_training(open_run(recipe, runs), device="cpu", n_workers=0)
    folder = export_model(recipe, folder=runs, device="cpu")
    card = (folder / "CARD.md").read_text(encoding="utf-8")
    assert "| bench | 2 |" in card
    assert "validated on drawings only" not in card
    spec = read_model(folder).spec
    assert spec.validated_on == ("set",)
    assert left_out.calibration is not None
    assert spec.temperature == pytest.approx(left_out.calibration.temperature)


def test_what_leaving_out_has_shown_of_another_recipe_is_not_on_the_card(recipe: Path, tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    judge(recipe, runs)
    found = read_left_out(read_recipe(recipe), runs)
    recipe.write_text(recipe.read_text(encoding="utf-8").replace("batch = 4", "batch = 2"), encoding="utf-8")
    assert found is not None
    assert read_left_out(read_recipe(recipe), runs) is None
