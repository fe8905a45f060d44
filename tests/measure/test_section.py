from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from histo import Compartment, LabelMap
from histo.measure import SectionMeasures, measure_crypts, measure_layers, measure_section, measure_units, measure_villi
from histo.schema import CRYPTS, LAYERS, UNITS, VILLI, Column

EMPTY_MAPS = [
    np.zeros((40, 60), dtype=np.uint8),
    np.full((40, 60), Compartment.SUBMUCOSA, dtype=np.uint8),
    np.full((40, 60), Compartment.OTHER_TISSUE, dtype=np.uint8),
    np.full((1, 1), Compartment.MUSCULARIS, dtype=np.uint8),
]


def _tables(measures: SectionMeasures) -> list[tuple[pd.DataFrame, tuple[Column, ...]]]:
    return [
        (measures.villi, VILLI.columns),
        (measures.crypts, CRYPTS.columns),
        (measures.units, UNITS.columns),
        (measures.layers, LAYERS.columns),
    ]


@pytest.mark.parametrize("array", EMPTY_MAPS)
@pytest.mark.parametrize("mpp", [0.25, 1.0, 8.0])
def test_maps_without_mucosa_give_empty_tables_of_the_right_columns(array: np.ndarray, mpp: float) -> None:
    for table, columns in _tables(measure_section(LabelMap(array, mpp=mpp))):
        assert table.empty
        assert list(table.columns) == [column.name for column in columns]


def test_a_drawn_strip_gives_what_was_drawn(draw: Callable[..., Any]) -> None:
    drawing = draw()
    measures = measure_section(drawing.labels(1.0))
    assert len(measures.villi) == drawing.n_villi
    assert measures.villi["is_accepted"].all()
    assert measures.villi["villus_height_um"].to_numpy() == pytest.approx(drawing.villus_height_um, rel=0.01)
    assert measures.crypts["crypt_depth_um"].to_numpy() == pytest.approx(drawing.crypt_depth_um, rel=0.02)
    assert measures.units["vh_cd"].to_numpy() == pytest.approx(3.5, rel=0.02)
    assert measures.layers["submucosa_um"].to_numpy() == pytest.approx(drawing.submucosa_um, rel=0.02)
    assert measures.layers["muscularis_um"].to_numpy() == pytest.approx(drawing.muscularis_um, rel=0.02)


def test_single_tables_are_those_of_the_whole_section(draw: Callable[..., Any]) -> None:
    labels = draw(length_um=700.0).labels(2.0)
    measures = measure_section(labels)
    pd.testing.assert_frame_equal(measure_villi(labels), measures.villi)
    pd.testing.assert_frame_equal(measure_crypts(labels), measures.crypts)
    pd.testing.assert_frame_equal(measure_layers(labels), measures.layers)
    pd.testing.assert_frame_equal(measure_units(measures.villi, measures.crypts), measures.units)
