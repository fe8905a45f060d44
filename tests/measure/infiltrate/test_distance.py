from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from histo import measure_infiltrate
from histo.errors import InvalidTable
from histo.types import Compartment, Exclusion, LabelMap

from .conftest import BandedWall, in_pixels

PLACES = pd.DataFrame({"row_um": [100.0, 160.0, 250.0, 520.0, 740.0], "col_um": 500.0, "cell_class": "lymphocyte"})
TO_EPITHELIUM_UM = [0.0, 10.0, 100.0, 70.0, 290.0]


@pytest.mark.parametrize("mpp", [1.0, 2.5, 5.0])
def test_distance_is_to_the_border_of_the_nearest_epithelium(wall: BandedWall, mpp: float) -> None:
    cells = measure_infiltrate(in_pixels(PLACES, mpp), wall.labels(mpp)).cells
    np.testing.assert_allclose(cells["distance_to_epithelium_um"], TO_EPITHELIUM_UM, atol=0.5 * mpp)


def test_distance_is_missing_where_an_exclusion_lies_nearer_than_any_epithelium(wall: BandedWall) -> None:
    excluded = np.zeros(wall.labels(2.0).shape, dtype=np.uint8)
    excluded[310:330] = Exclusion.FOLD
    cells = measure_infiltrate(in_pixels(PLACES, 2.0), wall.labels(2.0, excluded)).cells
    assert cells["distance_to_epithelium_um"].isna().tolist() == [False, False, False, False, True]


def test_map_without_epithelium_has_no_distance_to_it() -> None:
    labels = LabelMap(np.full((40, 40), Compartment.MUSCULARIS), mpp=2.0)
    cells = pd.DataFrame({"row": [3.0], "col": [4.0], "cell_class": ["stromal"]})
    assert measure_infiltrate(cells, labels).cells["distance_to_epithelium_um"].isna().all()


def test_distance_to_crypt_bases_is_in_micrometres_of_the_slide(wall: BandedWall) -> None:
    labels = wall.labels(2.0)
    fine = LabelMap(labels.array, mpp=2.0, slide_mpp=0.5)
    crypts = pd.DataFrame(
        {
            "base_row": [899.5, 899.5],
            "base_col": [1059.5, 999.5],
            "is_accepted": [True, False],
            "crypt_id": ["c1", "c2"],
        }
    )
    cells = measure_infiltrate(in_pixels(PLACES, 0.5), fine, crypts=crypts).cells
    # The accepted base lies 30 µm beside the cells, at row 450 µm; the rejected one does not count.
    expected = np.hypot(PLACES["row_um"] - 450.0, 30.0)
    np.testing.assert_allclose(cells["distance_to_crypt_base_um"], expected)


def test_without_crypts_there_is_no_distance_to_their_bases(wall: BandedWall) -> None:
    assert measure_infiltrate(in_pixels(PLACES, 2.0), wall.labels(2.0)).cells["distance_to_crypt_base_um"].isna().all()


def test_table_that_is_not_one_of_crypts_is_refused(wall: BandedWall) -> None:
    with pytest.raises(InvalidTable, match="base_col, is_accepted"):
        measure_infiltrate(in_pixels(PLACES, 5.0), wall.labels(5.0), crypts=pd.DataFrame({"base_row": [1.0]}))


def test_position_runs_along_the_wall(wall: BandedWall) -> None:
    cells = PLACES.iloc[[3, 3, 3]].assign(col_um=[200.0, 300.0, 700.0])
    found = measure_infiltrate(in_pixels(cells, 2.0), wall.labels(2.0)).cells["position_um"].to_numpy()
    np.testing.assert_allclose(np.abs(np.diff(found)), [100.0, 400.0], atol=6.0)


def test_cells_keep_their_rows_and_columns(wall: BandedWall) -> None:
    cells = in_pixels(PLACES, 2.0).assign(colour="red", compartment="muscularis").set_index(pd.Index([7, 3, 5, 1, 9]))
    found = measure_infiltrate(cells, wall.labels(2.0)).cells
    assert list(found.index) == [7, 3, 5, 1, 9]
    assert (found["colour"] == "red").all()
    assert found["compartment"].tolist() == [
        "villus_epithelium", "villus_lamina_propria", "villus_lamina_propria", "lamina_propria", "muscularis",
    ]  # fmt: skip
