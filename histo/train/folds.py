"""Which sources are held out together when each is to be judged by a network that never saw it."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from histo.errors import InvalidAnnotation, InvalidRecipe
from histo.train.annotationset import read_annotation_set
from histo.train.recipe import Recipe

__all__ = ["SPLITS_FILE", "Fold", "fold_recipe", "read_folds"]

SPLITS_FILE = "splits.toml"

Fold = tuple[str, ...]
"""Sources that are held out together."""


class _Split(BaseModel):
    # Splits also list the fields of each source, for people.
    model_config = ConfigDict(extra="ignore", frozen=True)

    held_out_source: str


class _Splits(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    folds: Annotated[tuple[_Split, ...], Field(min_length=1)]


def read_folds(recipe: Recipe, beside: Path) -> tuple[Fold, ...]:
    """Find the folds of a recipe: its own, else those of its sets.

    Parameters
    ----------
    recipe : Recipe
        ``real.folds`` says which sources are held out together. Without it, each source of ``splits.toml`` is a fold,
        or each source of ``dataset.toml`` where a set has no splits.
    beside : Path
        Folder that the sets' names are relative to.

    Returns
    -------
    tuple of Fold
        In order; fields that the recipe does not use count for nothing.

    Raises
    ------
    InvalidRecipe
        If real fields are not used at all, or a fold names a source that has no field.
    InvalidAnnotation
        If a set or its splits do not read.
    """
    if recipe.real.share == 0:
        raise InvalidRecipe(
            "no source can be left out of a training without real fields",
            expected="real.sets, and real.share above 0",
            got="real.share = 0",
            next_step="histo evaluate --annotations judges a model on fields that it was not trained on.",
        )
    there: list[str] = []
    folds: list[Fold] = []
    for name in recipe.real.sets:
        fields = read_annotation_set(beside / name).fields
        own = dict.fromkeys(field.source for field in fields if field.name not in recipe.real.unused_fields)
        there.extend(own)
        splits = beside / name / SPLITS_FILE
        sources = _read_splits(splits) if splits.is_file() else tuple(own)
        folds.extend((source,) for source in sources if source in own)
    chosen = recipe.real.folds or tuple(dict.fromkeys(folds))
    unknown = sorted({source for fold in chosen for source in fold} - set(there))
    if unknown:
        raise InvalidRecipe(
            "real.folds does not fit the sets",
            expected=f"some of {', '.join(sorted(set(there)))}",
            got=", ".join(unknown),
        )
    return chosen


def fold_recipe(recipe: Recipe, fold: Fold) -> Recipe:
    """Make the recipe that trains without some sources and judges by them.

    Parameters
    ----------
    recipe : Recipe
        The whole one.
    fold : Fold
        What is left out.

    Returns
    -------
    Recipe
        Named ``<name>-without-<source.source>``.

    Examples
    --------
    >>> fold_recipe(Recipe(name="structure-v2"), ("abdo", "Lab 7")).name
    'structure-v2-without-abdo.lab-7'
    """
    sources = ".".join(re.sub(r"[^a-z0-9._-]+", "-", source.lower()) for source in fold)
    real = recipe.real.model_copy(update={"held_out_sources": fold, "held_out_fields": (), "folds": ()})
    return recipe.model_copy(update={"name": f"{recipe.name}-without-{sources}", "real": real})


def _read_splits(path: Path) -> tuple[str, ...]:
    try:
        found = _Splits.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, ValidationError) as error:
        raise InvalidAnnotation(
            "the set's splits do not read",
            file=path,
            expected='[[folds]], each with held_out_source = "..."',
            got=" ".join(str(error).split()),
            next_step="Mend it, or delete it: each source is then a fold.",
        ) from error
    return tuple(fold.held_out_source for fold in found.folds)
