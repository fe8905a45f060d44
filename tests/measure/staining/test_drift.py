from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from histo.errors import HistoError, InvalidArgument, InvalidTable
from histo.measure.staining import find_drift


def run(fall: float, *, n: int = 20, spread: float = 0.03, batch: str = "1") -> pd.DataFrame:
    """Fields imaged one after the other, the last as much weaker than the first as said."""
    noise = np.random.default_rng(0).normal(0, spread, n)
    signal = 100 * (1 + noise + fall * np.linspace(-0.5, 0.5, n))
    return pd.DataFrame({"minute": 2.0 * np.arange(n), "mean_signal": signal, "batch": batch})


def test_change_over_a_run_is_that_drawn() -> None:
    found = find_drift(run(-0.4), order="minute").iloc[0]
    assert found["change"] == pytest.approx(-0.4, abs=0.04)
    assert found["is_drifting"]


def test_order_of_the_rows_does_not_matter_and_that_of_imaging_does() -> None:
    table = run(-0.4)
    shuffled = table.sample(frac=1.0, random_state=0)
    pd.testing.assert_frame_equal(find_drift(shuffled, order="minute"), find_drift(table, order="minute"))
    assert not find_drift(shuffled.assign(minute=range(len(table))), order="minute")["is_drifting"].any()


def test_steady_and_slightly_falling_runs_are_left_alone() -> None:
    tables = [run(0.0, batch="1"), run(-0.1, batch="2"), run(-0.6, n=5, batch="3")]
    found = find_drift(pd.concat(tables, ignore_index=True), order="minute")
    assert found["batch"].tolist() == ["1", "2", "3"]
    assert not found["is_drifting"].any()
    assert np.isnan(found["change"].iloc[2])


def test_missing_fields_are_left_out() -> None:
    table = run(-0.4)
    table.loc[3, "mean_signal"] = np.nan
    assert find_drift(table, order="minute")["n_fields"].tolist() == [19]


INVALID: list[tuple[dict[str, Any], type[HistoError], str]] = [
    ({"order": "hour"}, InvalidTable, "hour"),
    ({"order": "minute", "by": ["lot"]}, InvalidTable, "lot"),
    ({"order": "minute", "limit": 0.0}, InvalidArgument, "positive"),
]


@pytest.mark.parametrize(("options", "error", "message"), INVALID)
def test_invalid_input_is_named(options: dict[str, Any], error: type[HistoError], message: str) -> None:
    with pytest.raises(error, match=message):
        find_drift(run(0.0), **options)
