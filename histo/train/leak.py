"""Whether the weights that a training starts from have learned from what it holds out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from histo.errors import InvalidRecipe, UnknownModel
from histo.train.annotationset import read_annotation_set
from histo.train.recipe import Recipe, read_recipe
from histo.train.start import start_folder

__all__ = ["RECIPE_FILE", "check_held_out"]

RECIPE_FILE = "train.toml"
"""A model's recipe, in its folder."""


def check_held_out(recipe: Recipe, beside: Path) -> None:
    """Refuse to judge by fields that the starting weights, or those that these started from, were trained on.

    Parameters
    ----------
    recipe : Recipe
        Its sets are the same as another recipe's if their folders have the same name.
    beside : Path
        Folder that its sets and its start are relative to.

    Raises
    ------
    InvalidRecipe
        If they were; the message lists the fields.
    """
    for name, before in _recipes_behind(recipe, beside):
        learned = {Path(folder).name for folder in before.real.sets} if before.real.share > 0 else set()
        seen = [
            field.name
            for folder in recipe.real.sets
            if Path(folder).name in learned
            for field in read_annotation_set(beside / folder).fields
            if recipe.real.holds_out(field) and not (before.real.holds_out(field) or before.real.leaves_out(field))
        ]
        if seen:
            raise InvalidRecipe(
                f"{name}, which the training starts from, has learned from fields that are to be held out",
                got=", ".join(seen),
                next_step="Hold out others, or start from weights that have not seen them.",
            )


def _recipes_behind(recipe: Recipe, beside: Path) -> Iterator[tuple[str, Recipe]]:
    folder = start_folder(recipe, beside)
    while folder is not None and (folder / RECIPE_FILE).is_file():
        recipe = read_recipe(folder / RECIPE_FILE)
        yield recipe.name, recipe
        try:
            folder = start_folder(recipe, folder)
        except UnknownModel:
            # Weights that are not kept any more cannot be asked.
            return
