"""The files of a model's folder that a training writes beside the weights."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from histo.io.atomic import write_atomically
from histo.train.lineage import RECIPE_FILE
from histo.train.verdict import METRICS_FILE

__all__ = ["CARD_FILE", "score_rows", "write_model_files"]

CARD_FILE = "CARD.md"


def write_model_files(place: Path, *, metrics: Mapping[str, object], card: str, recipe_path: Path) -> None:
    """Write ``metrics.json`` and ``CARD.md``, and lay a copy of the recipe beside them.

    Parameters
    ----------
    place : Path
        Folder of the model.
    metrics : mapping
        As JSON can hold it.
    card : str
        Markdown.
    recipe_path : Path
        May lie in the folder already.
    """
    _write(place / METRICS_FILE, json.dumps(metrics, indent=2, ensure_ascii=False) + "\n")
    _write(place / CARD_FILE, card)
    copy = place / RECIPE_FILE
    if not (copy.exists() and copy.samefile(recipe_path)):
        shutil.copyfile(recipe_path, copy)


def score_rows(table: pd.DataFrame) -> list[dict[str, object]]:
    """Turn a table into what JSON can hold: a number that is none becomes null."""
    return [
        {str(key): None if isinstance(value, float) and math.isnan(value) else value for key, value in row.items()}
        for row in table.to_dict(orient="records")
    ]


def _write(path: Path, text: str) -> None:
    with write_atomically(path) as partial:
        partial.write_text(text, encoding="utf-8")
