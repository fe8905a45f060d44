from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd
import pytest

Change = tuple[str, str, str]
"""Endpoint, timepoint, segment; an empty segment is all of them."""


@pytest.fixture(scope="session")
def draw_changed(draw_sections_table: Callable[..., pd.DataFrame]) -> Callable[..., pd.DataFrame]:
    """A function that draws a study of EAE whose endpoints change by known factors, and by nothing else."""

    def draw(changes: Mapping[Change, float], **layout: object) -> pd.DataFrame:
        table = draw_sections_table(has_effects=False, **layout)
        for (endpoint, timepoint, segment), factor in changes.items():
            is_changed = (table["group"] == "EAE") & (table["timepoint"] == timepoint)
            if segment:
                is_changed &= table["segment"] == segment
            table.loc[is_changed, endpoint] *= factor
        return table

    return draw


@pytest.fixture(scope="session")
def with_scores() -> Callable[..., pd.DataFrame]:
    """A function that gives every animal its clinical score: healthy animals 0, those of EAE at 14 one to five."""

    def give(table: pd.DataFrame, scores: Mapping[str, float] | None = None) -> pd.DataFrame:
        diseased = sorted(table.loc[(table["group"] == "EAE") & (table["timepoint"] == "14"), "animal"].unique())
        known = dict(scores or dict(zip(diseased, np.arange(len(diseased)) % 5 + 1.0, strict=True)))
        return table.assign(clinical_score=table["animal"].map(lambda animal: known.get(animal, 0.0)))

    return give
