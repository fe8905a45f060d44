from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from histo.errors import InvalidArgument
from histo.junction_maps import JunctionMaps
from histo.measure.junction import JunctionMeasures, MeasureSettings, measure_network, trace_network
from histo.measure.junction.original import binarised, ijoq_original, tijor_original
from histo.phantom.junction import MonolayerSpec, draw_monolayer
from histo.schema import JUNCTION_CELLS, JUNCTION_FIELDS, JUNCTIONS

EXTENSIVE = ["area_mm2", "n_junctions", "n_cells", "n_cells_cut"]


def _band(mpp: float, width_um: float = 0.8, ground: float = 5.0) -> JunctionMeasures:
    """Measure a band of Gaussian profile and height 10 whose middle third is bare."""
    n = round(18 / mpp)
    row, col = (np.mgrid[:n, :n] - (n - 1) / 2) * mpp
    line = np.exp(-0.5 * (row / (width_um / 2.3548)) ** 2)
    stained = np.abs(col) > 3
    maps = JunctionMaps(np.exp(-0.5 * (row / 0.25) ** 2), stained.astype(float), mpp)
    return measure_network(trace_network(maps), ground + 10 * line * stained)


@pytest.mark.parametrize("mpp", [0.1, 0.2])
def test_light_of_a_band_is_measured_over_its_background(mpp: float) -> None:
    (band,) = _band(mpp).junctions.itertuples()
    assert band.width_um == pytest.approx(0.8, rel=0.05)
    assert band.background == pytest.approx(5.0, abs=0.1)
    assert band.continuity == pytest.approx(2 / 3, abs=0.02)
    # A Gaussian of height 10 holds 10 times its width times sqrt(pi / ln 16) on each µm of the stained 12.
    assert band.integrated_intensity == pytest.approx(12 * 10 * 0.8 * np.sqrt(np.pi / np.log(16)), rel=0.05)
    # Over half of the height is the width at half maximum, of a band of 1 µm, on two thirds of the length.
    assert band.interface_occupancy == pytest.approx(0.8 * 2 / 3, abs=0.08)
    assert 7 < band.cluster_density < 10


def test_light_does_not_depend_on_what_is_added_or_multiplied() -> None:
    plain, bright = _band(0.2), _band(0.2, ground=500.0)
    same = ["width_um", "mean_intensity", "interface_occupancy", "cluster_density", "continuity"]
    np.testing.assert_allclose(bright.junctions[same], plain.junctions[same], rtol=0.01)


def test_tables_have_the_columns_of_the_schema(draw_net: Callable) -> None:
    maps = draw_net(side_um=20.0).maps(0.2)
    measures = measure_network(trace_network(maps), maps.centreline)
    for table, schema in (
        (measures.junctions, JUNCTIONS),
        (measures.cells, JUNCTION_CELLS),
        (measures.field, JUNCTION_FIELDS),
    ):
        assert list(table.columns) == schema.names
    assert set(measures.junctions["cell_a"]) | set(measures.junctions["cell_b"]) <= set(measures.cells["cell_id"])
    assert measures.network.graph.shape == (len(measures.junctions), 2)
    assert measures.network.mask.sum() > 0


def test_cells_fill_the_field(draw_net: Callable) -> None:
    maps = draw_net(side_um=24.0).maps(0.1)
    cells = measure_network(trace_network(maps), maps.centreline).cells
    assert cells["area_um2"].sum() == pytest.approx(24.0**2, rel=0.01)
    whole = cells[~cells["touches_border"]]
    assert (whole["solidity"] > 0.95).all()
    assert whole["n_neighbours"].between(3, 10).all()


@pytest.fixture(scope="module")
def drawn() -> dict[str, JunctionMeasures]:
    """One drawn tissue: as it is, on pixels twice as large, and its four quarters."""
    spec = MonolayerSpec(height_um=80.0, width_um=80.0)
    spec = replace(spec, stain=replace(spec.stain, gap_fraction=0.2, gap_um=2.5))

    def measured(spec: MonolayerSpec, mpp: float) -> JunctionMeasures:
        field = draw_monolayer(spec, mpp=mpp, seed=4)
        return measure_network(trace_network(JunctionMaps(field.centrelines, field.present, mpp)), field.image)

    quarters = {
        f"{top:.0f} {left:.0f}": measured(
            replace(spec, height_um=40.0, width_um=40.0, top_um=spec.top_um + top, left_um=spec.left_um + left), 0.1
        )
        for top in (0.0, 40.0)
        for left in (0.0, 40.0)
    }
    return {"whole": measured(spec, 0.1), "coarse": measured(spec, 0.2), **quarters}


def test_lengths_and_gaps_of_a_drawn_monolayer_are_right(drawn: dict[str, JunctionMeasures]) -> None:
    spec = MonolayerSpec(height_um=80.0, width_um=80.0)
    spec = replace(spec, stain=replace(spec.stain, gap_fraction=0.2, gap_um=2.5))
    true = draw_monolayer(spec, mpp=0.1, seed=4).field.iloc[0]
    for name in ("whole", "coarse"):
        found = drawn[name].field.iloc[0]
        assert found["network_length_mm_per_mm2"] == pytest.approx(true["network_length_mm_per_mm2"], rel=0.02)
        assert found["gap_fraction"] == pytest.approx(true["gap_fraction"], abs=0.02)
    whole = drawn["whole"].junctions
    assert whole.loc[whole["is_whole"], "straightness"].mean() == pytest.approx(true["mean_straightness"], abs=0.02)


def test_quarters_of_a_field_say_what_the_field_says(drawn: dict[str, JunctionMeasures]) -> None:
    whole = drawn["whole"].field.drop(columns="compartment").iloc[0]
    rows = [one.field.drop(columns="compartment").iloc[0] for name, one in drawn.items() if " " in name]
    mean = np.mean(rows, axis=0)
    mean = dict(zip(whole.index, mean, strict=True))
    steady = ["network_length_mm_per_mm2", "gap_fraction", "tijor_per_um", "ijoq_per_um", "mean_straightness"]
    for name in steady:
        assert mean[name] == pytest.approx(whole[name], rel=0.02), name
    # A stub of a junction that a seam cuts off can be too short to be seen: a corner is half a cell.
    assert mean["cells_per_mm2"] == pytest.approx(whole["cells_per_mm2"], rel=0.05)
    # What the papers define is another number for a quarter of the same field.
    assert abs(mean["ijoq_original"] / whole["ijoq_original"] - 1) > 0.3


def test_signal_of_another_shape_is_refused(draw_net: Callable) -> None:
    network = trace_network(draw_net(side_um=12.0).maps(0.2))
    with pytest.raises(InvalidArgument, match="pixels"):
        measure_network(network, np.zeros((3, 3)))
    with pytest.raises(InvalidArgument, match="finite"):
        measure_network(network, np.full(network.shape, np.nan))


def test_background_lies_within_reach() -> None:
    with pytest.raises(InvalidArgument, match="within the reach"):
        MeasureSettings(background_um=2.0)


def test_published_scores_count_a_grid_of_lines() -> None:
    grid = np.zeros((512, 512), dtype=np.float32)
    grid[10::32] = grid[:, 10::32] = 100
    grid[11::32] = grid[:, 11::32] = 100
    white = binarised(grid, n_cells=256)
    assert ijoq_original(white) == pytest.approx(16 / 512, rel=0.1)
    assert tijor_original(white) == pytest.approx(1 / 32, rel=0.2)


def test_ijoq_as_published_doubles_with_twice_the_cells() -> None:
    few, many = (np.zeros((512, 512), dtype=np.float32) for _ in range(2))
    few[16::64] = few[:, 16::64] = few[17::64] = few[:, 17::64] = 1
    many[16::32] = many[:, 16::32] = many[17::32] = many[:, 17::32] = 1
    scores = [ijoq_original(binarised(one, 100)) for one in (few, many)]
    assert scores[1] / scores[0] == pytest.approx(2, rel=0.1)
