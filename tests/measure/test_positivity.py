from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from histo.errors import InvalidArgument, InvalidTable
from histo.measure import Threshold, Thresholds, apply_thresholds, h_score, percent_positive, score_positivity

CD3 = Threshold("cd3", 0.2, 0.4, 0.6)
CELLS = pd.DataFrame(
    {
        "slide": ["a"] * 5 + ["b"] * 3,
        "cd3_intensity": [0.1, 0.2, 0.3, 0.5, 0.9, 0.1, 0.7, np.nan],
    }
)


def test_a_cell_is_positive_above_the_threshold_not_at_it():
    judged = apply_thresholds(CELLS, Thresholds((CD3,)))
    assert judged["cd3_is_positive"].tolist() == [False, False, True, True, True, False, True, False]
    assert judged["cd3_class"].tolist() == [0, 0, 1, 2, 3, 0, 3, 0]
    assert judged["cd3_is_positive"].dtype == bool
    assert "cd3_is_positive" not in CELLS


def test_percent_and_h_score_are_counted_by_slide():
    table = score_positivity(apply_thresholds(CELLS, Thresholds((CD3,))), CD3).set_index("slide")
    assert table.loc["a", "percent_positive"] == pytest.approx(60)
    assert table.loc["a", "h_score"] == pytest.approx(1 * 20 + 2 * 20 + 3 * 20)
    assert table.loc["b", ["n_cells", "n_unmeasured", "n_positive"]].tolist() == [2, 1, 1]
    assert table.loc["b", "percent_strong"] == pytest.approx(50)
    assert table.loc["b", "h_score"] == pytest.approx(150)


def test_all_cells_together_make_one_row():
    table = score_positivity(apply_thresholds(CELLS, Thresholds((CD3,))), CD3, by=())
    assert len(table) == 1
    assert table["n_cells"].item() == 7
    assert table["marker"].item() == "cd3"


def test_two_columns_can_say_what_belongs_together():
    cells = apply_thresholds(CELLS.assign(compartment=list("xyxyxyxy")), Thresholds((CD3,)))
    table = score_positivity(cells, CD3, by=("slide", "compartment"))
    assert table[["slide", "compartment"]].to_numpy().tolist() == [["a", "x"], ["a", "y"], ["b", "x"], ["b", "y"]]
    assert table["n_cells"].tolist() == [3, 2, 1, 1]


def test_no_cells_have_no_percentage():
    assert np.isnan(percent_positive(np.array([], bool)))
    assert np.isnan(h_score(np.array([], int)))


def test_the_h_score_runs_from_0_to_300():
    assert h_score(np.zeros(4, int)) == 0
    assert h_score(np.full(4, 3)) == 300


def test_another_measure_than_the_intensity_can_be_judged():
    foci = Threshold("ph3", 5, 10, 15, measure="foci")
    judged = apply_thresholds(pd.DataFrame({"ph3_foci": [4.0, 12.0]}), Thresholds((foci,)))
    assert judged["ph3_class"].tolist() == [0, 2]


def test_what_is_missing_or_impossible_is_refused():
    with pytest.raises(InvalidTable, match="cd3_intensity"):
        apply_thresholds(CELLS[["slide"]], Thresholds((CD3,)))
    with pytest.raises(InvalidTable, match="cd3_class"):
        score_positivity(CELLS, CD3)
    with pytest.raises(InvalidArgument, match="0, 1, 2 or 3"):
        h_score(np.array([0, 4]))
