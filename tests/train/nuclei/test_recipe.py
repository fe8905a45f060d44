from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from histo.errors import InvalidAnnotation, InvalidRecipe
from histo.train.nuclei import open_nuclei_run, read_nuclei_recipe
from histo.train.recipe import recipe_task

MakeToy = Callable[[int], Path]
MODELS = Path(__file__).parents[3] / "models"


@pytest.mark.parametrize("name", ["nuclei-he-v1", "nuclei-if-v1"])
def test_the_recipes_that_are_shipped_read(name: str) -> None:
    path = MODELS / name / "train.toml"
    assert recipe_task(path) == "nuclei"
    assert read_nuclei_recipe(path).name == name
    assert recipe_task(MODELS / "structure-v1" / "train.toml") != "nuclei"


def test_the_pictures_held_out_by_the_shipped_recipes_are_there(real_data: Path, tmp_path: Path) -> None:
    recipe = read_nuclei_recipe(MODELS / "nuclei-he-v1" / "train.toml")
    for entry in recipe.sets:
        assert (real_data / entry.folder).is_dir()
        for name in entry.held_out:
            assert list((real_data / entry.folder).glob(f"{name}.*")), name


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("share = 0.5", "share = 0.4", "add up to 1"),
        ("halo = 144", "halo = 64", "too narrow"),
        ("tile = 416", "tile = 288", "leaves nothing"),
        ('"epithelial", ', "", "at least two"),
        ('["lymphocyte"]', '["lymphoma"]', "not classes of cells"),
        ("nucleus_um2 = 78.0", "nucleus_um2 = 78.0\nmpp = 1.0", "either mpp"),
        ('reader = "centres"', 'reader = "xml"', "reader"),
        ('held_out = ["discs1"]', 'held_out = ["*"]', "all pictures are held out"),
        ('name = "discs"', 'name = "dots"', "each name once"),
        ('task = "nuclei"', 'task = "nuclei"\nfrobnicate = 1', "frobnicate"),
        ('stain = "he"', 'stain = "fluorescence"\ndrawn = { share = 0.1, sections = 1 }', "add up|H&E"),
        ("steps", "=", "does not read"),
    ],
)
def test_a_recipe_that_cannot_be_is_refused(make_nuclei_toy: MakeToy, old: str, new: str, message: str) -> None:
    path = make_nuclei_toy(4)
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(InvalidRecipe, match=message):
        read_nuclei_recipe(path)


def test_a_picture_to_hold_out_that_is_absent_is_refused(make_nuclei_toy: MakeToy, tmp_path: Path) -> None:
    path = make_nuclei_toy(4)
    path.write_text(path.read_text(encoding="utf-8").replace("dots2", "dots9"), encoding="utf-8")
    with pytest.raises(InvalidRecipe, match="dots9"):
        open_nuclei_run(path, tmp_path / "runs").prepare()


def test_a_set_that_is_absent_is_refused(
    make_nuclei_toy: MakeToy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make_nuclei_toy(4)
    path.write_text(path.read_text(encoding="utf-8").replace('folder = "dots"', 'folder = "spots"'), encoding="utf-8")
    monkeypatch.delenv("HISTO_DATA", raising=False)
    with pytest.raises(InvalidAnnotation, match="no pictures"):
        open_nuclei_run(path, tmp_path / "runs").prepare()
