from __future__ import annotations

from pathlib import Path

import pytest

from histo.errors import InvalidRecipe
from histo.train import Recipe, read_recipe

REPOSITORY = Path(__file__).parents[2]


@pytest.mark.parametrize(
    "path", sorted(REPOSITORY.glob("models/structure-*/train.toml")), ids=lambda path: path.parent.name
)
def test_shipped_recipes_are_valid_and_named_like_their_folder(path: Path) -> None:
    assert read_recipe(path).name == path.parent.name


@pytest.mark.parametrize(
    "text",
    [
        'name = "a"',
        'name = "a.b-2"\nencoder = "resnet18"\n[drawn]\nheld_out = 0',
        'name = "real"\n[drawn]\nsections = 0\n[real]\nsets = ["x"]\nshare = 1.0',
    ],
)
def test_a_recipe_needs_little_more_than_a_name(text: str, tmp_path: Path) -> None:
    path = tmp_path / "train.toml"
    path.write_text(text)
    assert isinstance(read_recipe(path), Recipe)


@pytest.mark.parametrize(
    ("text", "messages"),
    [
        ("", ["1 problem;", "name: Field required"]),
        ("name = ", ["does not read", "a TOML file"]),
        ('name = "Grand Plan"', ["name: String should match"]),
        ('name = "a"\nencoder = "vgg16"', ["encoder: Value error, must be one of", "'vgg16'"]),
        ('name = "a"\nmpp = 0', ["mpp: Input should be greater than or equal to 0.1"]),
        ('name = "a"\ncrop = 200', ["crop: Input should be a multiple of 32"]),
        ('name = "a"\nhalo = 256', ["halo 256 leaves nothing of a tile of 512"]),
        ('name = "a"\ncolour = "red"', ["colour: Extra inputs"]),
        (
            'name = "a"\n[optimisation]\nsteps = 0\nbatch = "many"',
            ["2 problems", "optimisation.steps", "optimisation.batch"],
        ),
        ('name = "a"\n[augmentation]\nblur = 1.5\nscale_low = 2', ["augmentation.blur", "augmentation.scale_low"]),
        ('name = "a"\n[drawn]\nfirst_seed = 90005', ["among those trained on"]),
        ('name = "a"\n[real]\nshare = 0.5', ["no sets are named"]),
        ('name = "a"\n[drawn]\nsections = 0', ["real.share and glands.share must add up to 1"]),
        (
            'name = "a"\n[real]\nsets = ["x"]\nshare = 0.7\n[glands]\nshare = 0.4',
            ["real.share and glands.share add up to more than 1"],
        ),
        ('name = "a"\n[real]\nfolds = [["b", "c"], ["c"]]', ["real: Value error, folds: a source is in one fold only"]),
        ('name = "a"\ntemperature = 0', ["temperature: Input should be greater than or equal to 0.05"]),
    ],
)
def test_all_problems_of_a_recipe_are_in_one_message(text: str, messages: list[str], tmp_path: Path) -> None:
    path = tmp_path / "train.toml"
    path.write_text(text)
    with pytest.raises(InvalidRecipe) as caught:
        read_recipe(path)
    for message in (str(path), *messages):
        assert message in str(caught.value)


def test_a_recipe_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidRecipe, match=r"nowhere\.toml"):
        read_recipe(tmp_path / "nowhere.toml")


def test_a_recipe_that_only_judges_in_another_way_gives_the_same_weights() -> None:
    recipe = Recipe(name="a")
    real = recipe.real.model_copy(update={"folds": (("b",),)})
    assert recipe.trains_like(recipe.model_copy(update={"real": real, "temperature": 1.5, "licence": "CC0"}))
    assert not recipe.trains_like(recipe.model_copy(update={"seed": 2}))
