from __future__ import annotations

import pandas as pd
import pytest

from histo.cli.dice_table import dice_table


def test_each_field_has_a_row_and_the_mean_passes_over_what_is_absent() -> None:
    rows = [
        ("lab", "b", "crypt", 0.8),
        ("lab", "b", "villus", 0.9),
        ("atlas", "a", "crypt", 0.4),
        ("atlas", "a", "other_tissue", 0.1),
        ("lab", "all", "crypt", 0.7),
    ]
    table = dice_table(pd.DataFrame(rows, columns=["source", "field", "compartment", "after"]), "after")
    assert list(table.columns) == ["source", "field", "villus", "crypt"]
    assert list(table["field"]) == ["b", "a", "mean"]
    assert table["crypt"].tolist() == pytest.approx([0.8, 0.4, 0.6])
    assert table["villus"].tolist() == pytest.approx([0.9, float("nan"), 0.9], nan_ok=True)
