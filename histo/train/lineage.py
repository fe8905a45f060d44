"""What lies behind the weights that a training starts from, and whether that has seen what is to be judged by."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from histo.errors import InvalidRecipe, UnknownModel
from histo.nn import find_model
from histo.nn.model import SPEC_FILE
from histo.nn.spec import ModelSpec, read_spec
from histo.train.annotationset import read_annotation_set
from histo.train.photographs import ORIGIN
from histo.train.recipe import FROM_PHOTOGRAPHS, FROM_RANDOM, Recipe, read_recipe

__all__ = ["RECIPE_FILE", "check_held_out", "describe_start", "recipes_behind", "sets_behind", "start_folder"]

RECIPE_FILE = "train.toml"
"""A model's recipe, in its folder."""


def start_folder(recipe: Recipe, beside: Path) -> Path | None:
    """Find the model that a recipe starts from.

    Parameters
    ----------
    recipe : Recipe
        Its `start` says which.
    beside : Path
        Folder that a model's folder is relative to.

    Returns
    -------
    Path or None
        None if it starts from random weights or those learned on photographs.

    Raises
    ------
    UnknownModel
        If it is not there.
    """
    if recipe.start in (FROM_RANDOM, FROM_PHOTOGRAPHS):
        return None
    folder = beside / recipe.start
    return folder if folder.is_dir() else find_model(recipe.start)


def recipes_behind(recipe: Recipe, beside: Path) -> Iterator[tuple[Path, Recipe]]:
    """Go back through the models that a recipe starts from, that its model started from, and so on.

    Parameters
    ----------
    recipe : Recipe
        The latest.
    beside : Path
        Folder that a model's folder is relative to.

    Yields
    ------
    folder, recipe
        Of each model, as far as they are still there.

    Raises
    ------
    UnknownModel
        If the model that the latest recipe starts from is not there.
    """
    folder = start_folder(recipe, beside)
    while folder is not None and (folder / RECIPE_FILE).is_file():
        recipe = read_recipe(folder / RECIPE_FILE)
        yield folder, recipe
        try:
            folder = start_folder(recipe, folder)
        except UnknownModel:
            return


def describe_start(recipe: Recipe, beside: Path) -> str:
    """Say for a card what weights a training started from, back to the first.

    Parameters
    ----------
    recipe : Recipe
        Its `start` says which weights.
    beside : Path
        Folder that a model's folder is relative to.

    Returns
    -------
    str
        Markdown, one line.

    Raises
    ------
    UnknownModel, CorruptModel
        If it starts from a model that is not there, or damaged.
    """
    folder = start_folder(recipe, beside)
    if folder is None:
        return f"encoder: {ORIGIN}; decoder: random" if recipe.start == FROM_PHOTOGRAPHS else "random weights"
    spec = read_spec(folder / SPEC_FILE, ModelSpec)
    parts = [f"{spec.name}, version {spec.version}, sha256 `{spec.sha256}`"]
    for _, before in recipes_behind(recipe, beside):
        if before.start == FROM_PHOTOGRAPHS:
            parts.append(f"its encoder from {ORIGIN}")
        elif before.start != FROM_RANDOM:
            parts.append(f"itself from {before.start}")
    return "; ".join(parts)


def sets_behind(recipe: Recipe, beside: Path) -> tuple[str, ...]:
    """Name the image sets that the starting weights have learned from.

    Parameters
    ----------
    recipe : Recipe
        Its `start` says which weights.
    beside : Path
        Folder that a model's folder is relative to.

    Returns
    -------
    tuple of str

    Raises
    ------
    UnknownModel, CorruptModel
        If it starts from a model that is not there, or damaged.
    """
    folder = start_folder(recipe, beside)
    if folder is not None:
        return read_spec(folder / SPEC_FILE, ModelSpec).trained_on
    return ("ImageNet (the encoder)",) if recipe.start == FROM_PHOTOGRAPHS else ()


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
    for _, before in recipes_behind(recipe, beside):
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
                f"{before.name}, which the training starts from, has learned from fields that are to be held out",
                got=", ".join(seen),
                next_step="Hold out others, or start from weights that have not seen them.",
            )
