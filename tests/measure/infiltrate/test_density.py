from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from histo import measure_infiltrate
from histo.errors import InvalidTable
from histo.measure import InfiltrateMeasures
from histo.schema import DENSITIES, INFILTRATE, check_table
from histo.types import CellClass, Compartment, Exclusion, LabelMap

from .conftest import BandedWall, in_pixels

BANDS = [edge[2] for edge in BandedWall().bands]
INVALID_CELLS = [
    ({"row": [1.0]}, "col, cell_class"),
    ({"row": [np.nan], "col": [1.0], "cell_class": ["stromal"]}, "lies nowhere"),
    ({"row": [1.0], "col": [1.0], "cell_class": ["neutrophil"]}, "epithelial, lymphocyte.*got neutrophil"),
    ({"row": [1.0], "col": [1.0], "cell_class": ["other"], "cd3_is_positive": [0.7]}, "cd3_is_positive"),
]


def _cells(wall: BandedWall, rng: np.random.Generator) -> pd.DataFrame:
    parts = [
        wall.strew(rng, n, compartment, cell_class)
        for compartment in BANDS
        for n, cell_class in zip((12, 7, 3, 5, 2), CellClass, strict=True)
    ]
    return pd.concat(parts, ignore_index=True)


def _numbers(measures: InfiltrateMeasures) -> pd.DataFrame:
    return measures.densities.set_index(["compartment", "population"])


@pytest.mark.parametrize("mpp", [1.0, 2.0, 5.0])
def test_density_is_count_over_area_at_any_pixel_size(wall: BandedWall, rng: np.random.Generator, mpp: float) -> None:
    found = _numbers(measure_infiltrate(in_pixels(_cells(wall, rng), mpp), wall.labels(mpp)))
    for compartment in BANDS:
        row = found.loc[(compartment.label, "lymphocyte")]
        assert row["n_cells"] == 7
        assert row["area_mm2"] == pytest.approx(wall.area_mm2(compartment))
        assert row["cells_per_mm2"] == pytest.approx(7 / wall.area_mm2(compartment))
        assert found.loc[(compartment.label, "inflammatory"), "n_cells"] == 10
        assert found.loc[(compartment.label, "all"), "n_cells"] == 29


def test_lamina_propria_of_villi_and_crypt_zone_are_put_together(wall: BandedWall, rng: np.random.Generator) -> None:
    found = _numbers(measure_infiltrate(in_pixels(_cells(wall, rng), 2.0), wall.labels(2.0)))
    assert found.loc[("mucosal_lamina_propria", "granulocyte"), "n_cells"] == 6
    assert found.loc[("mucosal_lamina_propria", "granulocyte"), "cells_per_mm2"] == pytest.approx(6 / 0.3)


def test_cells_of_a_fine_slide_are_found_on_a_coarse_map_that_begins_elsewhere(
    wall: BandedWall, rng: np.random.Generator
) -> None:
    cells, labels = _cells(wall, rng), wall.labels(2.0)
    expected = _numbers(measure_infiltrate(in_pixels(cells, 2.0), labels))
    moved = LabelMap(labels.array, mpp=2.0, origin=(310.0, 77.5), slide_mpp=0.25)
    on_slide = in_pixels(cells, 0.25)
    on_slide = on_slide.assign(row=on_slide["row"] + 310.0, col=on_slide["col"] + 77.5)
    found = _numbers(measure_infiltrate(on_slide, moved))
    pd.testing.assert_frame_equal(found, expected)


def test_compartment_without_area_has_no_density(wall: BandedWall, rng: np.random.Generator) -> None:
    found = _numbers(measure_infiltrate(in_pixels(_cells(wall, rng), 2.0), wall.labels(2.0)))
    gland = found.loc[("submucosal_gland", "lymphocyte")]
    assert gland["n_cells"] == 0
    assert np.isnan(gland[["cells_per_mm2", "ci_low_per_mm2", "ci_high_per_mm2", "cells_per_mm"]].astype(float)).all()


def test_excluded_tissue_gives_neither_cells_nor_room(wall: BandedWall, rng: np.random.Generator) -> None:
    cells = in_pixels(_cells(wall, rng), 2.0)
    excluded = np.zeros(wall.labels(2.0).shape, dtype=np.uint8)
    excluded[:, :250] = Exclusion.PEN
    found = _numbers(measure_infiltrate(cells, wall.labels(2.0, excluded)))
    seen = cells[cells["col_um"] > 500.0]
    assert found.loc[("excluded", "all"), "n_cells"] == len(cells) - len(seen)
    assert found.loc[("submucosa", "all"), "area_mm2"] == pytest.approx(wall.area_mm2(Compartment.SUBMUCOSA) / 2)
    assert found.xs("all", level="population")["n_cells"].drop("mucosal_lamina_propria").sum() == len(cells)


def test_cells_per_mm_are_counted_along_the_wall(wall: BandedWall, rng: np.random.Generator) -> None:
    found = _numbers(measure_infiltrate(in_pixels(_cells(wall, rng), 2.0), wall.labels(2.0)))
    row = found.loc[("submucosa", "lymphocyte")]
    assert row["wall_length_mm"] == pytest.approx(1.0, rel=0.02)
    assert row["cells_per_mm"] == pytest.approx(7.0, rel=0.02)


def test_map_without_a_wall_has_no_cells_per_mm() -> None:
    labels = LabelMap(np.full((100, 100), Compartment.SUBMUCOSA), mpp=2.0)
    cells = pd.DataFrame({"row": [5.0], "col": [5.0], "cell_class": ["stromal"]})
    measures = measure_infiltrate(cells, labels)
    assert measures.densities["cells_per_mm"].isna().all()
    assert measures.density_per_mm2("submucosa", "stromal") == pytest.approx(25.0)


def test_positive_cells_are_counted_by_marker(wall: BandedWall, rng: np.random.Generator) -> None:
    cells = in_pixels(_cells(wall, rng), 2.0)
    cells = cells.assign(cd3_is_positive=(cells["cell_class"] == "lymphocyte"), foxp3_is_positive=False)
    found = _numbers(measure_infiltrate(cells, wall.labels(2.0)))
    assert found.loc[("submucosa", "cd3+"), "n_cells"] == 7
    assert found.loc[("submucosa", "foxp3+"), "n_cells"] == 0


def test_interval_holds_the_density_and_narrows_with_the_count(wall: BandedWall, rng: np.random.Generator) -> None:
    few, many = (
        _numbers(
            measure_infiltrate(
                in_pixels(wall.strew(rng, n, Compartment.MUSCULARIS, "lymphocyte"), 2.0), wall.labels(2.0)
            )
        ).loc[("muscularis", "lymphocyte")]
        for n in (5, 500)
    )
    for row in (few, many):
        assert row["ci_low_per_mm2"] < row["cells_per_mm2"] < row["ci_high_per_mm2"]
    widths = [(row["ci_high_per_mm2"] - row["ci_low_per_mm2"]) / row["cells_per_mm2"] for row in (few, many)]
    assert widths[1] < widths[0] / 5


def test_no_cell_at_all_gives_densities_of_zero(wall: BandedWall) -> None:
    cells = pd.DataFrame({"row": [], "col": [], "cell_class": pd.Series(dtype="str")})
    measures = measure_infiltrate(cells, wall.labels(2.0))
    assert measures.density_per_mm2("submucosa") == 0.0
    assert len(measures.cells) == len(measures.follicles) == len(measures.clustering) == 0


def test_tables_are_those_of_the_schema(wall: BandedWall, rng: np.random.Generator) -> None:
    measures = measure_infiltrate(in_pixels(_cells(wall, rng), 2.0), wall.labels(2.0))
    pd.testing.assert_frame_equal(measures.densities, check_table(measures.densities, DENSITIES.columns))
    pd.testing.assert_frame_equal(measures.infiltrate, check_table(measures.infiltrate, INFILTRATE.columns))
    assert measures.infiltrate["n_cells"].item() == len(measures.cells)


@pytest.mark.parametrize(("columns", "message"), INVALID_CELLS)
def test_table_that_is_not_one_of_cells_is_refused(columns: dict[str, list[object]], message: str) -> None:
    with pytest.raises(InvalidTable, match=message):
        measure_infiltrate(pd.DataFrame(columns), LabelMap(np.ones((4, 4), dtype=int), mpp=2.0))


places = st.tuples(st.floats(-40, 940), st.floats(-40, 1040), st.sampled_from([str(name) for name in CellClass]))


def _table(found: list[tuple[float, float, str]]) -> pd.DataFrame:
    table = pd.DataFrame(found, columns=["row_um", "col_um", "cell_class"])
    return table.astype({"row_um": "float64", "col_um": "float64", "cell_class": "str"})


@settings(max_examples=12, deadline=None, phases=(Phase.explicit, Phase.generate))
@given(found=st.lists(places, max_size=40))
def test_every_cell_is_counted_once_and_by_one_class(found: list[tuple[float, float, str]]) -> None:
    measures = measure_infiltrate(in_pixels(_table(found), 5.0), BandedWall().labels(5.0))
    counts = measures.densities.set_index(["population", "compartment"])["n_cells"]
    single = counts.drop("mucosal_lamina_propria", level="compartment")
    assert single["all"].sum() == len(found)
    assert sum(single[member.value].sum() for member in CellClass) == len(found)
    row = measures.infiltrate.iloc[0]
    assert row["n_cells"] + row["n_cells_left_out"] == len(found)


@settings(max_examples=12, deadline=None, phases=(Phase.explicit, Phase.generate))
@given(
    found=st.lists(places, max_size=40),
    shift=st.tuples(st.integers(-3000, 3000), st.integers(-3000, 3000)),
    mirrored=st.booleans(),
)
def test_where_the_section_lies_on_the_slide_changes_no_density(
    found: list[tuple[float, float, str]], shift: tuple[int, int], mirrored: bool
) -> None:
    labels = BandedWall().labels(5.0)
    cells = in_pixels(_table(found), 5.0)
    # A cell on the very edge of a pixel may be given to either side: keep clear of edges.
    cells = cells.assign(row=cells["row"].round(1) + 0.03, col=cells["col"].round(1) + 0.03)
    expected = measure_infiltrate(cells, labels).densities
    array = labels.array[:, ::-1] if mirrored else labels.array
    col = labels.shape[1] - 1 - cells["col"] if mirrored else cells["col"]
    moved = LabelMap(array, mpp=5.0, origin=(float(shift[0]), float(shift[1])))
    again = measure_infiltrate(cells.assign(row=cells["row"] + shift[0], col=col + shift[1]), moved).densities
    pd.testing.assert_frame_equal(again, expected, rtol=1e-9)


@settings(max_examples=8, deadline=None, phases=(Phase.explicit, Phase.generate))
@given(found=st.lists(places, max_size=40), far=st.tuples(st.floats(5000, 9000), st.floats(-9000, -5000)))
def test_a_far_cell_changes_nothing_but_the_count_of_those_outside(
    found: list[tuple[float, float, str]], far: tuple[float, float]
) -> None:
    labels = BandedWall().labels(5.0)
    before = measure_infiltrate(in_pixels(_table(found), 5.0), labels)
    after = measure_infiltrate(in_pixels(_table([*found, (*far, "lymphocyte")]), 5.0), labels)
    is_outside = before.densities["compartment"] == "outside"
    pd.testing.assert_frame_equal(after.densities[~is_outside], before.densities[~is_outside])
    pd.testing.assert_frame_equal(after.cells.iloc[:-1], before.cells)
    for name in ("ratios", "follicles", "clustering"):
        pd.testing.assert_frame_equal(getattr(after, name), getattr(before, name))
