from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from histo.cli import main
from histo.errors import InvalidRecipe, TrainingStopped, UnknownModel
from histo.nn import read_model
from histo.train import compare_with_start, fine_tune, read_recipe, train, write_fine_tuning_recipe
from histo.train.settings import DrawnSource, Optimisation


@pytest.fixture
def base(
    make_toy: Callable[[int], Path],
    write_disc_set: Callable[[Path, dict[str, str]], None],
    write_untrained: Callable[..., Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Path:
    """A model that knows nothing, a set of three fields, and a fine-tuning of four small steps beside drawn discs."""
    torch.set_num_threads(1)
    make_toy(1)
    write_disc_set(tmp_path / "my_set", {"a1": "animal-1", "a2": "animal-1", "b1": "animal-2"})
    monkeypatch.setattr(fine_tune, "_DRAWN", DrawnSource(sections=3, held_out=1))
    monkeypatch.setattr(fine_tune, "_OPTIMISATION", Optimisation(steps=4, batch=2, warmup_steps=1))
    monkeypatch.chdir(tmp_path)
    return write_untrained(tmp_path / "base", mpp=1.0)


def test_the_recipe_says_what_will_be_done_and_can_be_repeated(base: Path, tmp_path: Path) -> None:
    path = write_fine_tuning_recipe(base, ["my_set"], "my-model", hold_out=["animal-2", "a2"])
    recipe = read_recipe(path)
    assert path == Path("my-model/train.toml")
    assert (recipe.name, recipe.start, recipe.real.sets) == ("my-model", "../base", ("../my_set",))
    assert (recipe.real.held_out_sources, recipe.real.held_out_fields) == (("animal-2",), ("a2",))
    assert (recipe.encoder, recipe.mpp, recipe.tile, recipe.halo) == ("mobilenet_v3_small", 1.0, 128, 32)
    assert 0 < recipe.real.share < 1
    before = path.read_bytes()
    assert write_fine_tuning_recipe(base, ["my_set"], "my-model", hold_out=["a2", "animal-2"]) == path
    assert path.read_bytes() == before


def test_a_model_beside_is_named_by_its_place_and_one_that_is_installed_by_its_name(
    base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert read_recipe(write_fine_tuning_recipe("base", ["my_set"], "one")).start == "../base"
    monkeypatch.setenv("HISTO_MODELS", str(tmp_path))
    assert read_recipe(write_fine_tuning_recipe("base", ["my_set"], "two")).start == "base"


def test_the_new_model_is_named_after_model_and_set(base: Path) -> None:
    assert write_fine_tuning_recipe(base, ["my_set"]) == Path("base-my_set/train.toml")


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"model": "structure-v9"}, UnknownModel, "structure-v9"),
        (
            {"hold_out": ["animal-9"]},
            InvalidRecipe,
            r"source \(animal-1, animal-2\) or a field \(a1, a2, b1\).*animal-9",
        ),
        ({"output": "My Model"}, InvalidRecipe, "named like its folder.*'My Model'.*--out"),
        ({"annotations": []}, InvalidRecipe, "nothing to learn from"),
        ({"output": "base"}, InvalidRecipe, "another recipe.*--out"),
    ],
)
def test_what_cannot_be_fine_tuned_is_refused(
    arguments: dict[str, object], error: type[Exception], message: str, base: Path
) -> None:
    (base / "train.toml").write_text('name = "base"')
    given = {"model": base, "annotations": ["my_set"], "output": "my-model", **arguments}
    with pytest.raises(error, match=message):
        write_fine_tuning_recipe(given.pop("model"), given.pop("annotations"), given.pop("output"), **given)


def test_fine_tuning_shows_the_held_out_fields_before_and_after(
    base: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    command = ["train", "--from-model", str(base), "--annotations", "my_set", "--hold-out", "animal-2"]
    assert main([*command, "--out", "my-model", "--device", "cpu"]) == 0
    shown = capsys.readouterr().out
    assert "before" in shown
    assert "after" in shown
    assert shown.strip().endswith("my-model")
    compared = compare_with_start(Path("my-model"))
    assert {"b1"} == set(compared["field"]) - {"all"}
    assert (compared["before"] != compared["after"]).any()
    spec = read_model(Path("my-model")).spec
    assert spec.trained_on == ("nothing", "drawn sections", "my_set")
    assert spec.temperature != 1.0
    card = Path("my-model/CARD.md").read_text(encoding="utf-8")
    assert "| started from | base, version 1, sha256" in card
    assert "In brackets: the model that it started from" in card


def test_without_held_out_fields_nothing_is_claimed_of_real_sections(
    base: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["train", "--from-model", str(base), "--annotations", "my_set", "--out", "my-model", "--device", "cpu"]
    assert main(command) == 0
    assert "not known (--hold-out)" in " ".join(capsys.readouterr().err.split())
    assert compare_with_start(Path("my-model")).empty
    assert "validated on drawings only" in Path("my-model/CARD.md").read_text(encoding="utf-8")


def test_a_stopped_fine_tuning_goes_on_to_the_very_same_weights(base: Path) -> None:
    def stop(stage: str, done: int, total: int) -> None:
        if stage == "training" and done == 1:
            os.kill(os.getpid(), signal.SIGTERM)

    path = write_fine_tuning_recipe(base, ["my_set"], "my-model", hold_out=["a2"])
    with pytest.raises(TrainingStopped):
        train(path, path.parent, folder="runs", device="cpu", n_workers=0, progress=stop)
    resumed = train(path, path.parent, folder="runs", device="cpu", n_workers=0)
    whole = train(path, "whole", folder="other", device="cpu", n_workers=0)
    assert read_model(resumed).spec.sha256 == read_model(whole).spec.sha256


def test_a_field_added_later_is_not_passed_over(base: Path, tmp_path: Path) -> None:
    path = write_fine_tuning_recipe(base, ["my_set"], "my-model")
    train(path, path.parent, folder="runs", device="cpu", n_workers=0)
    dataset = tmp_path / "my_set" / "dataset.toml"
    dataset.write_text(dataset.read_text(encoding="utf-8").replace("mpp = 0.5", "mpp = 0.6", 1), encoding="utf-8")
    with pytest.raises(InvalidRecipe, match=r"not those that the checkpoint was made with.*--restart"):
        train(path, path.parent, folder="runs", device="cpu", n_workers=0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "no recipe"),
        (["--from-model", "base"], "--from-model alone"),
        (["a.toml", "--from-model", "base", "--annotations", "my_set"], "both"),
        (["a.toml", "--hold-out", "a1"], "both"),
    ],
)
def test_a_command_that_is_not_clear_is_answered(
    arguments: list[str], message: str, base: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", *arguments]) == 2
    assert message in capsys.readouterr().err
