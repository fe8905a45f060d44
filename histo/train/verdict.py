"""How a model did on what it was not trained on: what its card and its metrics file report."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from histo.train.calibration import Calibration
from histo.train.drawn import DRAWN
from histo.train.record import TrainingRecord

__all__ = ["METRICS_FILE", "Verdict", "compare_with_start"]

METRICS_FILE = "metrics.json"


@dataclass(frozen=True, eq=False)
class Verdict:
    """A model, judged.

    Parameters
    ----------
    judged : DataFrame
        From `histo.train.judgement_table`: held-out drawn sections and real fields.
    before : DataFrame, optional
        The same of the model that the training started from, on the real fields.
    calibration : Calibration, optional
        None if nothing was there to calibrate on, or the recipe names a temperature.
    left_out : DataFrame, optional
        Of `LeftOut`: the recipe's networks on the fields of sources that each of them never saw.
    """

    judged: pd.DataFrame
    before: pd.DataFrame | None = None
    calibration: Calibration | None = None
    left_out: pd.DataFrame | None = None

    @property
    def is_real(self) -> bool:
        """Whether any real field was judged, by this network or by those that its recipe made without the source."""
        return self.left_out is not None or bool((self.judged["origin"] != DRAWN).any())

    def as_dict(self, record: TrainingRecord) -> dict[str, object]:
        """Return what ``metrics.json`` holds."""
        entries: dict[str, object] = {
            "steps": record.step,
            "steps_planned": record.recipe.optimisation.steps,
            "drawing": record.drawing,
            "start": record.start,
            "dice": _rows(self.judged),
        }
        if self.before is not None:
            entries["dice_before"] = _rows(self.before)
        if self.left_out is not None:
            entries["dice_of_sources_left_out"] = _rows(self.left_out)
        if self.calibration is not None:
            entries["calibration"] = self.calibration.as_dict()
        return entries


def compare_with_start(model: Path) -> pd.DataFrame:
    """Set a model beside the one that its training started from.

    Parameters
    ----------
    model : Path
        A model's folder.

    Returns
    -------
    DataFrame
        One row per held-out real field and compartment: `source`, `field`, `compartment`, and Dice `before` and
        `after`. Empty if no real field was held out.
    """
    metrics = json.loads((model / METRICS_FILE).read_text(encoding="utf-8"))
    columns = ["origin", "field", "compartment", "dice"]
    after, before = (pd.DataFrame(metrics.get(name, []), columns=columns) for name in ("dice", "dice_before"))
    both = before.merge(after, on=columns[:3], suffixes=("_before", "_after"))
    return both.rename(columns={"origin": "source", "dice_before": "before", "dice_after": "after"})


def _rows(table: pd.DataFrame) -> list[dict[str, object]]:
    return [
        {str(key): None if isinstance(value, float) and math.isnan(value) else value for key, value in row.items()}
        for row in table.to_dict(orient="records")
    ]
