"""How a model did on what it was not trained on: what its card and its metrics file report."""

from __future__ import annotations

import math
from dataclasses import dataclass

import pandas as pd

from histo.train.calibration import Calibration
from histo.train.drawn import DRAWN
from histo.train.record import TrainingRecord

__all__ = ["Verdict"]


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
    """

    judged: pd.DataFrame
    before: pd.DataFrame | None = None
    calibration: Calibration | None = None

    @property
    def is_real(self) -> bool:
        """Whether any real field was judged."""
        return bool((self.judged["origin"] != DRAWN).any())

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
        if self.calibration is not None:
            entries["calibration"] = self.calibration.as_dict()
        return entries


def _rows(table: pd.DataFrame) -> list[dict[str, object]]:
    return [
        {str(key): None if isinstance(value, float) and math.isnan(value) else value for key, value in row.items()}
        for row in table.to_dict(orient="records")
    ]
