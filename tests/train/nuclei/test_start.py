from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from histo.errors import InvalidRecipe, UnknownModel
from histo.nn import Normalisation, NucleiSpec, read_nuclei_model, write_model
from histo.nn.nuclei_network import build_nuclei_network
from histo.train.nuclei import open_nuclei_run, run_nuclei_training
from histo.train.nuclei.export import export_nuclei_model

MakeToy = Callable[[int], Path]


@pytest.fixture
def older(make_nuclei_toy: MakeToy, tmp_path: Path) -> Path:
    """A model that has learned one step of the toy recipe, beside that recipe."""
    path = make_nuclei_toy(1)
    run_nuclei_training(open_nuclei_run(path, tmp_path / "first"), device="cpu", n_workers=0)
    export_nuclei_model(open_nuclei_run(path, tmp_path / "first"), path.parent / "older", device="cpu")
    return path.parent / "older"


def start_from(path: Path, text: str = 'start = "older"') -> Path:
    recipe = path.read_text(encoding="utf-8")
    assert 'start = "random"' in recipe
    path.write_text(recipe.replace('start = "random"', text), encoding="utf-8")
    return path


def test_a_training_begins_with_the_weights_of_a_model_beside_the_recipe(older: Path) -> None:
    path = start_from(older.parent / "toy.toml")
    start = open_nuclei_run(path, older.parent / "second").start
    network = build_nuclei_network(2)
    start.load(network)
    learned = read_nuclei_model(older).network.state_dict()
    assert all(torch.equal(value, learned[name]) for name, value in network.state_dict().items())
    assert start.normalisation == read_nuclei_model(older).spec.normalisation


def test_a_card_says_what_the_weights_began_with_and_all_they_learned_from(older: Path) -> None:
    path = start_from(older.parent / "toy.toml")
    path.write_text(path.read_text(encoding="utf-8").replace('name = "toy"', 'name = "newer"'), encoding="utf-8")
    run_nuclei_training(open_nuclei_run(path, older.parent / "second"), device="cpu", n_workers=0)
    folder = export_nuclei_model(open_nuclei_run(path, older.parent / "second"), older.parent / "newer", device="cpu")
    assert read_nuclei_model(folder).spec.trained_on == ("dots", "discs")
    assert read_nuclei_model(older).spec.sha256 in (folder / "CARD.md").read_text(encoding="utf-8")


def test_what_the_start_has_learned_from_is_not_held_out(older: Path) -> None:
    path = start_from(older.parent / "toy.toml")
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace('held_out = ["dots2"]', 'held_out = ["dots1", "dots2"]'), encoding="utf-8")
    with pytest.raises(InvalidRecipe, match=r"toy.*has learned.*dots1(?!.*dots2)"):
        _ = open_nuclei_run(path, older.parent / "second").start


def test_a_model_of_other_classes_is_no_start(make_nuclei_toy: MakeToy, tmp_path: Path) -> None:
    spec = NucleiSpec(
        name="older",
        stain="he",
        classes=("epithelial", "stromal"),
        mpp=1.0,
        normalisation=Normalisation(),
        sha256="0" * 64,
        licence="CC0",
        trained_on=(),
    )
    write_model(tmp_path / "older", build_nuclei_network(2).state_dict(), spec)
    with pytest.raises(InvalidRecipe, match=r"stromal.*lymphocyte"):
        _ = open_nuclei_run(start_from(make_nuclei_toy(1)), tmp_path / "runs").start


def test_a_start_that_is_not_there_is_named(make_nuclei_toy: MakeToy, tmp_path: Path) -> None:
    path = start_from(make_nuclei_toy(1), 'start = "nowhere"')
    with pytest.raises(UnknownModel, match="nowhere"):
        _ = open_nuclei_run(path, tmp_path / "runs").start


def test_random_weights_are_described_and_have_learned_from_nothing(make_nuclei_toy: MakeToy, tmp_path: Path) -> None:
    start = open_nuclei_run(make_nuclei_toy(1), tmp_path / "runs").start
    assert start.learned_from == ()
    assert "random" in start.describe()
