from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import ndimage
from scipy.spatial import cKDTree

from histo.phantom import CellSpec, DrawnTruth, SectionSpec, draw_truth
from histo.phantom.cells import Cells, join_cells, make_cells
from histo.phantom.crowding import move_apart
from histo.phantom.raster import Canvas
from histo.types import CellClass, Compartment

from .conftest import short

CROWDED = replace(CellSpec().infiltrated("mucosa"), iel_per_100=30.0)


@pytest.fixture(scope="module")
def crowded() -> DrawnTruth:
    return draw_truth(replace(short(SectionSpec.mouse(), 500.0), cells=CROWDED), mpp=1.0, seed=6)


def nuclei(places: list[tuple[float, float]], axes: tuple[float, float], cell_class: CellClass) -> Cells:
    """Nuclei whose length runs along the columns."""
    n = len(places)
    centre = np.array(places, float)
    return make_cells(
        centre, np.tile(axes, (n, 1)).astype(float), np.zeros(n), np.ones(n), cell_class, np.random.default_rng(0)
    )


def field_of(compartment: Compartment, mpp: float = 0.5) -> tuple[Canvas, np.ndarray]:
    canvas = Canvas((int(60 / mpp), int(60 / mpp)), mpp)
    return canvas, np.full(canvas.shape, compartment, np.uint8)


@pytest.mark.parametrize("mpp", [0.5, 2.0])
def test_round_nuclei_in_one_place_part_until_they_touch(mpp: float) -> None:
    cells = nuclei([(30.0, 30.0), (30.0, 30.0), (33.0, 30.0)], (6.0, 6.0), CellClass.LYMPHOCYTE)
    apart = move_apart(cells, *field_of(Compartment.SUBMUCOSA, mpp)).centre_um
    gaps = np.hypot(*(apart[:, None] - apart[None]).transpose(2, 0, 1))[np.triu_indices(3, 1)]
    assert (gaps > 5.8).all()
    # They are moved as little as it takes, not flung away.
    assert gaps.max() < 14


def test_long_nuclei_lie_closer_side_by_side_than_end_to_end() -> None:
    beside = nuclei([(30.0, 30.0), (31.0, 30.0)], (12.0, 3.0), CellClass.STROMAL)
    behind = nuclei([(30.0, 27.0), (30.0, 33.0)], (12.0, 3.0), CellClass.STROMAL)
    for cells, distance in ((beside, 3.0), (behind, 12.0)):
        one, other = move_apart(cells, *field_of(Compartment.SUBMUCOSA)).centre_um
        assert np.hypot(*(one - other)) == pytest.approx(distance, abs=0.3)


def test_nuclei_that_do_not_touch_stay_where_they_are() -> None:
    cells = nuclei([(20.0, 20.0), (20.0, 28.0), (40.0, 40.0)], (6.0, 6.0), CellClass.LYMPHOCYTE)
    np.testing.assert_array_equal(move_apart(cells, *field_of(Compartment.SUBMUCOSA)).centre_um, cells.centre_um)


def test_a_nucleus_across_a_basement_membrane_moves_into_its_own_tissue() -> None:
    canvas, labels = field_of(Compartment.VILLUS_LAMINA_PROPRIA)
    labels[: int(30 / canvas.mpp)] = Compartment.VILLUS_EPITHELIUM
    stroma = nuclei([(30.5, 30.0)], (6.0, 6.0), CellClass.LYMPHOCYTE)
    epithelium = nuclei([(29.0, 10.0)], (8.0, 4.0), CellClass.EPITHELIAL)
    below, above = move_apart(join_cells([stroma, epithelium]), canvas, labels).centre_um
    assert below[0] > 32.0
    assert below[1] == pytest.approx(30.0, abs=0.5)
    assert above[0] < 28.6


def test_no_membrane_parts_villus_core_and_crypt_zone() -> None:
    canvas, labels = field_of(Compartment.VILLUS_LAMINA_PROPRIA)
    labels[: int(30 / canvas.mpp)] = Compartment.LAMINA_PROPRIA
    cells = nuclei([(30.5, 30.0), (10.0, 10.0)], (6.0, 6.0), CellClass.LYMPHOCYTE)
    np.testing.assert_array_equal(move_apart(cells, canvas, labels).centre_um, cells.centre_um)


def test_a_single_cell_and_none_are_left_alone() -> None:
    one = nuclei([(30.0, 30.0)], (6.0, 6.0), CellClass.LYMPHOCYTE)
    assert move_apart(one, *field_of(Compartment.SUBMUCOSA)) is one
    none = one.where(np.zeros(1, bool))
    assert len(move_apart(none, *field_of(Compartment.SUBMUCOSA))) == 0


def test_nuclei_of_a_crowded_section_do_not_lie_in_the_same_place(crowded: DrawnTruth) -> None:
    places = crowded.cells[["row", "col"]].to_numpy() * crowded.labels.mpp
    nearest = cKDTree(places).query(places, k=2)[0][:, 1]
    assert len(places) > 1500
    assert (nearest > 3.0).mean() > 0.998
    assert (nearest > 4.0).mean() > 0.98


def test_moving_apart_takes_no_cell_from_its_compartment() -> None:
    canvas, labels = field_of(Compartment.VILLUS_LAMINA_PROPRIA)
    labels[:, : int(30 / canvas.mpp)] = Compartment.SUBMUCOSA
    rng = np.random.default_rng(2)
    places = [(float(row), float(col)) for row, col in rng.uniform(1, 59, (60, 2))]
    cells = nuclei(places, (6.0, 5.0), CellClass.LYMPHOCYTE)
    moved = move_apart(cells, canvas, labels)
    assert not np.array_equal(moved.centre_um, cells.centre_um)
    np.testing.assert_array_equal(canvas.look_up(labels, moved.centre_um), canvas.look_up(labels, cells.centre_um))


def test_most_intraepithelial_lymphocytes_lie_in_the_basal_half(crowded: DrawnTruth) -> None:
    labels = crowded.labels
    to_core = ndimage.distance_transform_edt(labels.array != Compartment.VILLUS_LAMINA_PROPRIA) * labels.mpp
    to_lumen = ndimage.distance_transform_edt(labels.array != Compartment.BACKGROUND) * labels.mpp
    villous = crowded.cells[crowded.cells["compartment"] == "villus_epithelium"]

    def basal_share(cells: pd.DataFrame) -> float:
        at = tuple(np.rint(cells[["row", "col"]].to_numpy()).astype(int).T)
        return float((to_core[at] < to_lumen[at]).mean())

    lymphocytes = villous[villous["cell_class"] == "lymphocyte"]
    assert len(lymphocytes) > 80
    assert basal_share(lymphocytes) > 0.8
    assert 100 * len(lymphocytes) / (villous["cell_class"] == "epithelial").sum() == pytest.approx(30.0, rel=0.25)


def test_a_section_drawn_on_a_coarser_map_holds_the_same_cells(crowded: DrawnTruth) -> None:
    coarse = draw_truth(replace(short(SectionSpec.mouse(), 500.0), cells=CROWDED), mpp=2.0, seed=6)
    fine_um, coarse_um = (
        (truth.cells[["row", "col"]].to_numpy() + 0.5) * truth.labels.mpp for truth in (crowded, coarse)
    )
    away = cKDTree(coarse_um).query(fine_um)[0]
    assert len(coarse_um) == pytest.approx(len(fine_um), rel=0.02)
    assert (away < 1.0).mean() > 0.9
    for marker in ("cd4_is_positive", "foxp3_is_positive", "is_goblet"):
        assert coarse.cells[marker].sum() == pytest.approx(crowded.cells[marker].sum(), rel=0.06, abs=4)


def test_a_granulocyte_is_drawn_with_two_lobes_within_its_length() -> None:
    granulocyte = nuclei([(30.0, 30.0)], (6.4, 4.6), CellClass.GRANULOCYTE)
    lymphocyte = nuclei([(10.0, 10.0)], (6.0, 5.5), CellClass.LYMPHOCYTE)
    lobes = join_cells([granulocyte, lymphocyte]).lobed()
    two = lobes.where(lobes.cell_class == CellClass.GRANULOCYTE)
    np.testing.assert_allclose(two.centre_um.mean(axis=0), (30.0, 30.0))
    np.testing.assert_allclose(two.centre_um[:, 0], 30.0)
    assert np.ptp(two.centre_um[:, 1]) + two.axes_um[0, 1] == pytest.approx(6.4, rel=0.1)
    assert len(lobes) == 3
    assert lymphocyte.lobed() is lymphocyte
