from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from histo.errors import HistoError, InvalidArgument, InvalidTable
from histo.measure.staining import normalise_staining


def study() -> pd.DataFrame:
    """Two batches, the second exposed twice as long; in each two controls, one of them with two sections."""
    return pd.DataFrame(
        {
            "animal": ["a", "a", "b", "x", "n", "c", "d", "y"],
            "batch": ["1", "1", "1", "1", "1", "2", "2", "2"],
            "control": [True, True, True, False, False, True, True, False],
            "negative_control": [False, False, False, False, True, False, False, False],
            "pixel_um": 0.5,
            "mean_signal": [110.0, 130.0, 80.0, 220.0, 20.0, 180.0, 220.0, 400.0],
            "positive_area_percent": 5.0,
            "positive_pixels_per_mm2": 200_000.0,
        }
    )


def test_signal_is_over_the_controls_of_its_batch_less_the_negative_control() -> None:
    found = normalise_staining(study(), columns=["mean_signal"])["mean_signal_over_controls"]
    # Batch 1: animals at 100 and 60 over the negative control, so 80; batch 2 has no negative control.
    np.testing.assert_allclose(found, [90 / 80, 110 / 80, 60 / 80, 200 / 80, np.nan, 0.9, 1.1, 2.0])


def test_an_animal_counts_once_however_many_sections_it_has() -> None:
    table = study()
    many = pd.concat([table, *[table.iloc[[0, 1]]] * 5], ignore_index=True)
    one, other = (
        normalise_staining(given, columns=["mean_signal"])["mean_signal_over_controls"][3] for given in (table, many)
    )
    assert one == other


def test_table_is_left_as_it_was() -> None:
    table = study()
    normalise_staining(table, columns=["mean_signal"])
    pd.testing.assert_frame_equal(table, study())


def test_regions_are_compared_with_their_own() -> None:
    table = pd.concat([study().assign(region="crypt"), study().assign(region="villus_epithelium", mean_signal=50.0)])
    found = normalise_staining(
        table.reset_index(drop=True).query("batch == '2'"), by=["batch", "region"], columns=["mean_signal"]
    )
    assert found.loc[found["region"] == "villus_epithelium", "mean_signal_over_controls"].eq(1.0).all()


@given(st.floats(0.01, 100.0), st.lists(st.floats(1.0, 1e4), min_size=3, max_size=8))
def test_exposure_of_a_batch_drops_out(exposure: float, values: list[float]) -> None:
    table = pd.DataFrame(
        {
            "animal": [f"a{i}" for i in range(len(values))],
            "batch": "1",
            "control": [i < 2 for i in range(len(values))],
            "mean_signal": values,
        }
    )
    one, other = (
        normalise_staining(given, columns=["mean_signal"])["mean_signal_over_controls"]
        for given in (table, table.assign(mean_signal=table["mean_signal"] * exposure))
    )
    np.testing.assert_allclose(one, other, rtol=1e-9)
    assert one[:2].mean() == pytest.approx(1.0)


INVALID: list[tuple[dict[str, Any], dict[str, Any], type[HistoError], str]] = [
    ({}, {"by": ["lot"]}, InvalidTable, "lot"),
    ({}, {"controls": "sham"}, InvalidTable, "sham"),
    ({}, {"columns": []}, InvalidArgument, "lists of names"),
    ({}, {"columns": "mean_signal"}, InvalidArgument, "lists of names"),
    ({"control": "yes"}, {}, InvalidTable, "which rows are controls"),
    ({"control": False}, {}, InvalidTable, "batch 1 has no control animal"),
    ({"mean_signal": 20.0}, {}, InvalidTable, "show no mean_signal above"),
    ({"pixel_um": [0.5] * 7 + [0.25]}, {}, InvalidTable, "0.25, 0.5"),
    ({"animal": None}, {"columns": ["iod"]}, InvalidTable, "iod"),
]


@pytest.mark.parametrize(("changed", "options", "error", "message"), INVALID)
def test_invalid_tables_are_named(
    changed: dict[str, Any], options: dict[str, Any], error: type[HistoError], message: str
) -> None:
    with pytest.raises(error, match=message):
        normalise_staining(study().assign(**changed), **options)


def test_labels_of_rows_that_repeat_are_refused() -> None:
    with pytest.raises(InvalidTable, match="told apart by the index"):
        normalise_staining(pd.concat([study(), study()]))
