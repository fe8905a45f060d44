from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from histo import LabelMap
from histo.measure import measure_section, measure_units
from histo.schema import CRYPTS, UNITS, VILLI, Column, empty_table


def _table(columns: tuple[Column, ...], **values: list[object]) -> pd.DataFrame:
    n = len(next(iter(values.values())))
    blank = {"string": "", "float64": 0.0, "int64": 0, "bool": True}
    return pd.DataFrame({column.name: values.get(column.name, [blank[column.kind]] * n) for column in columns})


def _villi(positions: list[float], heights: list[float], accepted: list[bool] | None = None) -> pd.DataFrame:
    return _table(
        VILLI.columns,
        villus_id=[f"v{i + 1}" for i in range(len(positions))],
        position_um=list(positions),
        villus_height_um=list(heights),
        is_accepted=list(accepted or [True] * len(positions)),
    )


def _crypts(positions: list[float], depths: list[float], accepted: list[bool] | None = None) -> pd.DataFrame:
    return _table(
        CRYPTS.columns,
        crypt_id=[f"c{i + 1}" for i in range(len(positions))],
        position_um=list(positions),
        crypt_depth_um=list(depths),
        is_accepted=list(accepted or [True] * len(positions)),
    )


def test_a_unit_is_a_villus_with_the_crypts_on_both_sides_of_its_foot() -> None:
    units = measure_units(_villi([100, 200], [400, 300]), _crypts([50, 150, 250], [100, 120, 80]))
    assert units["crypt_ids"].tolist() == ["c1 c2", "c2 c3"]
    assert units["vh_cd"].tolist() == pytest.approx([400 / 110, 300 / 100])


def test_rejected_villi_and_crypts_form_no_unit() -> None:
    villi = _villi([100, 200], [400, 300], [True, False])
    units = measure_units(villi, _crypts([90, 110], [100, 900], [True, False]))
    assert units["villus_id"].tolist() == ["v1"]
    assert units["vh_cd"].tolist() == [4.0]


def test_crypts_far_from_any_foot_are_left_out() -> None:
    units = measure_units(_villi([100, 200], [400, 300]), _crypts([1000], [100]))
    assert units.empty
    assert list(units.columns) == [column.name for column in UNITS.columns]


def test_no_villi_or_no_crypts_give_no_units() -> None:
    assert measure_units(empty_table(VILLI.columns), _crypts([1], [100])).empty
    assert measure_units(_villi([1], [100]), empty_table(CRYPTS.columns)).empty


@pytest.mark.parametrize(("below", "right"), [(0, 0), (7, 13), (40, 1)])
@pytest.mark.parametrize("mpp", [1.0, 2.0])
def test_ids_stay_when_the_map_is_shifted_or_rescaled(
    draw: Callable[..., Any], below: int, right: int, mpp: float
) -> None:
    drawing = draw(length_um=600.0, turn_deg=10.0)
    first = measure_section(drawing.labels(1.0)).units
    moved = LabelMap(np.pad(drawing.labels(mpp).array, ((below, 3), (right, 5))), mpp=mpp)
    second = measure_section(moved).units
    for column in ("unit_id", "villus_id", "crypt_ids"):
        assert second[column].tolist() == first[column].tolist(), column
    assert second["vh_cd"].to_numpy() == pytest.approx(first["vh_cd"].to_numpy(), rel=0.03)
