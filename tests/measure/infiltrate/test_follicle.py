from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from histo import measure_infiltrate
from histo.types import Compartment, LabelMap

from .conftest import BandedWall, in_pixels

AGGREGATE_UM = 70.0


def _disc(rng: np.random.Generator, radius_um: float, per_mm2: float, centre: tuple[float, float]) -> pd.DataFrame:
    """Lymphocytes on a jittered lattice inside a disc."""
    step = 1000.0 / np.sqrt(per_mm2)
    grid = np.stack(np.meshgrid(*[np.arange(-radius_um, radius_um, step)] * 2), axis=-1).reshape(-1, 2)
    grid = grid[np.hypot(*grid.T) < radius_um] + rng.normal(
        0, 0.2 * step, (np.count_nonzero(np.hypot(*grid.T) < radius_um), 2)
    )
    return pd.DataFrame(
        {"row_um": grid[:, 0] + centre[0], "col_um": grid[:, 1] + centre[1], "cell_class": "lymphocyte"}
    )


def _submucosa(wall: BandedWall, rng: np.random.Generator) -> pd.DataFrame:
    return wall.strew(rng, 30, Compartment.SUBMUCOSA, "lymphocyte")


@pytest.mark.parametrize("mpp", [1.0, 2.0])
def test_dense_aggregate_is_found_and_left_out_of_the_submucosa(
    wall: BandedWall, rng: np.random.Generator, mpp: float
) -> None:
    aggregate = _disc(rng, AGGREGATE_UM, 16000.0, (625.0, 500.0))
    cells = in_pixels(pd.concat([_submucosa(wall, rng), aggregate], ignore_index=True), mpp)
    measures = measure_infiltrate(cells, wall.labels(mpp))
    follicle = measures.follicles.iloc[0]
    assert len(measures.follicles) == 1
    assert not follicle["is_labelled"]
    assert follicle["follicle_area_um2"] == pytest.approx(np.pi * AGGREGATE_UM**2, rel=0.15)
    assert follicle["n_cells"] == pytest.approx(len(aggregate), rel=0.08)
    assert follicle["row"] * mpp == pytest.approx(625.0, abs=10)
    assert measures.density_per_mm2("submucosa", "lymphocyte") < 2 * 30 / wall.area_mm2(Compartment.SUBMUCOSA)
    inside = measures.cells["follicle_id"] == "f1"
    assert inside.sum() == follicle["n_cells"]
    assert (measures.cells.loc[inside, "compartment"] == "submucosa").all()


def test_area_goes_from_the_submucosa_to_the_follicle(wall: BandedWall, rng: np.random.Generator) -> None:
    cells = pd.concat([_submucosa(wall, rng), _disc(rng, AGGREGATE_UM, 16000.0, (625.0, 500.0))])
    found = measure_infiltrate(in_pixels(cells, 2.0), wall.labels(2.0))
    area = found.densities[found.densities["population"] == "all"].set_index("compartment")["area_mm2"]
    assert area["submucosa"] + area["lymphoid"] == pytest.approx(wall.area_mm2(Compartment.SUBMUCOSA))
    assert area["lymphoid"] == pytest.approx(found.follicles["follicle_area_um2"].sum() / 1e6)


@pytest.mark.parametrize(("radius_um", "per_mm2"), [(30.0, 16000.0), (120.0, 6000.0)])
def test_small_or_loose_aggregate_is_no_follicle(
    wall: BandedWall, rng: np.random.Generator, radius_um: float, per_mm2: float
) -> None:
    cells = _disc(rng, min(radius_um, 70.0), per_mm2, (625.0, 500.0))
    assert len(measure_infiltrate(in_pixels(cells, 2.0), wall.labels(2.0)).follicles) == 0


def test_crowded_core_of_a_villus_is_no_follicle(rng: np.random.Generator) -> None:
    narrow = BandedWall(bands=((300.0, 345.0, Compartment.VILLUS_LAMINA_PROPRIA),))
    cells = narrow.strew(rng, round(14000 * 0.045), Compartment.VILLUS_LAMINA_PROPRIA, "lymphocyte")
    assert len(measure_infiltrate(in_pixels(cells, 2.0), narrow.labels(2.0)).follicles) == 0


def test_labelled_follicles_are_counted_apart_from_top_to_bottom(wall: BandedWall, rng: np.random.Generator) -> None:
    labels = wall.labels(2.0)
    array = labels.array.copy()
    array[285:335, 300:400] = Compartment.LYMPHOID
    array[230:260, 100:180] = Compartment.LYMPHOID
    array[300:312, 20:32] = Compartment.LYMPHOID
    cells = pd.concat([_submucosa(wall, rng), _disc(rng, 40.0, 16000.0, (620.0, 700.0))])
    measures = measure_infiltrate(in_pixels(cells, 2.0), LabelMap(array, mpp=2.0))
    assert measures.follicles["is_labelled"].tolist() == [True, True]
    assert measures.follicles["follicle_area_um2"].tolist() == [30 * 80 * 4.0, 50 * 100 * 4.0]
    assert measures.follicles["row"].is_monotonic_increasing
    assert measures.follicles["n_lymphocytes"].iloc[0] == 0
    # The speck is no follicle, but is not submucosa either. Pixels at corners are of what lies around them.
    area = measures.densities.set_index(["compartment", "population"])["area_mm2"]
    assert area["lymphoid", "all"] == pytest.approx((30 * 80 + 50 * 100 + 12 * 12) * 4.0 / 1e6, rel=0.004)


def test_aggregate_that_touches_a_labelled_follicle_belongs_to_it(wall: BandedWall, rng: np.random.Generator) -> None:
    thick = replace(wall, bands=(*wall.bands[:4], (550.0, 800.0, Compartment.SUBMUCOSA)))
    array = thick.labels(2.0).array.copy()
    array[300:350, 200:225] = Compartment.LYMPHOID
    cells = _disc(rng, 80.0, 16000.0, (650.0, 480.0))
    measures = measure_infiltrate(in_pixels(cells, 2.0), LabelMap(array, mpp=2.0))
    assert measures.follicles["is_labelled"].tolist() == [True]
    assert measures.follicles["follicle_area_um2"].item() > 50 * 25 * 4.0 + 5000
