"""What leaving one source out at a time has shown of a recipe, kept beside its runs for the card of its model."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from pydantic import TypeAdapter, ValidationError

from histo.io.atomic import write_atomically
from histo.train.calibration import Calibration
from histo.train.recipe import Recipe

__all__ = ["LeftOut", "read_left_out", "write_left_out"]


@dataclass(frozen=True, eq=False)
class LeftOut:
    """A recipe, judged by what each of its networks never saw.

    Parameters
    ----------
    judged : DataFrame
        As `histo.train.judgement_table` makes it, with `source` for its `origin`, and `fold` before it. The fields
        ``all`` are of a source's pixels taken together.
    calibration : Calibration or None
        Of all folds together: the temperature for a model that is trained on every source. None if there was nothing
        but glass.
    """

    judged: pd.DataFrame
    calibration: Calibration | None


def write_left_out(left_out: LeftOut, recipe: Recipe, folder: Path) -> None:
    """Keep the table as CSV, and the calibration with the recipe that both are of as JSON.

    Parameters
    ----------
    left_out : LeftOut
        To keep.
    recipe : Recipe
        Of all folds.
    folder : Path
        Where the runs lie.
    """
    facts = {
        "recipe": recipe.model_dump(mode="json"),
        "calibration": None if left_out.calibration is None else left_out.calibration.as_dict(),
    }
    path = _path(recipe, folder)
    with write_atomically(path) as partial:
        left_out.judged.to_csv(partial, index=False, lineterminator="\n", float_format="%.6g")
    with write_atomically(path.with_suffix(".json")) as partial:
        partial.write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")


def read_left_out(recipe: Recipe, folder: Path) -> LeftOut | None:
    """Read what was kept of a recipe.

    Parameters
    ----------
    recipe : Recipe
        Of all folds.
    folder : Path
        Where the runs lie.

    Returns
    -------
    LeftOut or None
        None if nothing was kept, or only of a recipe that would give other weights.
    """
    path = _path(recipe, folder)
    if not path.with_suffix(".json").is_file():
        return None
    facts = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    try:
        is_of_recipe = Recipe.model_validate(facts["recipe"]).trains_like(recipe)
    except (KeyError, ValidationError):
        return None
    if not is_of_recipe:
        return None
    return LeftOut(pd.read_csv(path), TypeAdapter(Calibration | None).validate_python(facts["calibration"]))


def _path(recipe: Recipe, folder: Path) -> Path:
    return folder / f"{recipe.name}-leave-one-source-out.csv"
