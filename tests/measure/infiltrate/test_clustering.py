from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from histo import measure_infiltrate
from histo.measure.infiltrate.clustering import RADII_UM, measure_clustering
from histo.measure.infiltrate.lattice import Lattice
from histo.types import Compartment, LabelMap

from .conftest import BandedWall, in_pixels

Points = np.ndarray


def _winding(mpp: float) -> LabelMap:
    """Submucosa as a thin wave with a hole: nearly every place is near an edge."""
    row, col = np.meshgrid(*(np.arange(round(size / mpp)) * mpp + mpp / 2 for size in (700, 1600)), indexing="ij")
    wave = np.abs(row - 350 - 180 * np.sin(col / 130)) < 55
    hole = np.hypot(row - 400, col - 800) < 60
    return LabelMap(np.where(wave & ~hole, Compartment.SUBMUCOSA, 0), mpp=mpp)


def _evenly(rng: np.random.Generator, labels: LabelMap, n: int) -> Points:
    """Independent even points, µm."""
    rows, cols = np.nonzero(labels.array)
    chosen = rng.integers(0, len(rows), n)
    places: Points = (np.stack([rows[chosen], cols[chosen]], axis=1) + rng.uniform(0, 1, (n, 2))) * labels.mpp
    return places


def _clumped(rng: np.random.Generator, labels: LabelMap, n_clumps: int, n_each: int, spread_um: float) -> Points:
    parents = np.repeat(_evenly(rng, labels, n_clumps), n_each, axis=0)
    points = parents + rng.normal(0, spread_um, parents.shape)
    at = np.clip((points / labels.mpp).astype(int), 0, np.array(labels.shape) - 1)
    kept: Points = points[labels.array[at[:, 0], at[:, 1]] > 0]
    return kept


def _measure(labels: LabelMap, points: Points, chosen: np.ndarray) -> pd.DataFrame:
    lattice = Lattice(labels)
    share = lattice.share(Compartment.SUBMUCOSA)
    rows = measure_clustering(lattice, share, lattice.bins(points), {"lymphocyte": chosen})
    return pd.DataFrame(rows).set_index("radius_um")


@pytest.mark.parametrize("mpp", [1.0, 4.0])
def test_independent_cells_have_an_l_as_long_as_the_radius_however_winding_the_compartment(mpp: float) -> None:
    labels = _winding(mpp)
    rng = np.random.default_rng(3)
    found = np.mean(
        [_measure(labels, _evenly(rng, labels, 800), np.ones(800, bool))["ripley_l_um"] for _ in range(12)], axis=0
    )
    np.testing.assert_allclose(found, RADII_UM, rtol=0.03)


def test_clumped_cells_have_a_longer_l_and_are_called_clustered(rng: np.random.Generator) -> None:
    labels = _winding(2.0)
    clumped, others = _clumped(rng, labels, 25, 12, 12.0), _evenly(rng, labels, 1500)
    chosen = np.arange(len(clumped) + len(others)) < len(clumped)
    found = _measure(labels, np.concatenate([clumped, others]), chosen)
    assert found["is_clustered"].all()
    assert (found["ripley_l_um"] > 1.2 * found.index).all()


def test_cells_on_a_lattice_keep_apart(rng: np.random.Generator) -> None:
    labels = LabelMap(np.full((500, 500), Compartment.SUBMUCOSA), mpp=2.0)
    grid = np.stack(np.meshgrid(*[np.arange(12.5, 1000, 25.0)] * 2), axis=-1).reshape(-1, 2)
    found = _measure(labels, grid + rng.uniform(-2, 2, grid.shape), np.ones(len(grid), bool))
    assert found.loc[20.0, "ripley_l_um"] < 16.0
    assert found.loc[80.0, "ripley_l_um"] == pytest.approx(80.0, rel=0.04)


def test_a_crowd_of_all_cells_is_no_cluster_of_one_class(rng: np.random.Generator) -> None:
    labels = _winding(2.0)
    everyone = _clumped(rng, labels, 30, 60, 20.0)
    chosen = rng.random(len(everyone)) < 0.3
    found = _measure(labels, everyone, chosen)
    assert (found["ripley_l_um"] > 1.15 * found.index).all()
    assert not found["is_clustered"].any()
    assert found["ripley_l_um"].between(0.9 * found["relabelled_l_um"], 1.1 * found["relabelled_l_um"]).all()


@pytest.mark.parametrize("n_chosen", [60, 400])
def test_limits_are_those_of_drawing_labels_by_chance(rng: np.random.Generator, n_chosen: int) -> None:
    labels = _winding(4.0)
    points = np.concatenate([_evenly(rng, labels, 500), _clumped(rng, labels, 20, 20, 20.0)])
    drawn = []
    for _ in range(150):
        chosen = np.zeros(len(points), bool)
        chosen[rng.choice(len(points), n_chosen, replace=False)] = True
        drawn.append(_measure(labels, points, chosen))
    found = np.array([one["ripley_l_um"] for one in drawn])
    limits = drawn[0]
    # L is the square root of what is averaged exactly: means agree on its square.
    np.testing.assert_allclose((found**2).mean(axis=0) ** 0.5, limits["relabelled_l_um"], rtol=0.04)
    spread = (limits["relabelled_high_um"] - limits["relabelled_low_um"]) / (2 * 1.96)
    clear = limits["relabelled_low_um"].to_numpy() > 0
    np.testing.assert_allclose(found.std(axis=0)[clear], spread[clear], rtol=0.25)
    share_above = np.mean([one["is_clustered"] for one in drawn], axis=0)
    assert (share_above < 0.08).all()


def test_fewer_than_ten_cells_are_not_judged(wall: BandedWall, rng: np.random.Generator) -> None:
    cells = pd.concat(
        [
            wall.strew(rng, 9, Compartment.SUBMUCOSA, "granulocyte"),
            wall.strew(rng, 40, Compartment.SUBMUCOSA, "lymphocyte"),
        ]
    )
    found = measure_infiltrate(in_pixels(cells, 2.0), wall.labels(2.0)).clustering
    assert set(found["population"]) == {"lymphocyte", "inflammatory"}
    assert set(found["compartment"]) == {"submucosa"}
    assert set(found["radius_um"]) == set(RADII_UM)


def test_where_all_cells_are_of_one_class_nothing_can_be_relabelled(wall: BandedWall, rng: np.random.Generator) -> None:
    cells = wall.strew(rng, 60, Compartment.MUSCULARIS, "lymphocyte")
    found = measure_infiltrate(in_pixels(cells, 2.0), wall.labels(2.0)).clustering
    np.testing.assert_allclose(found["ripley_l_um"], found["relabelled_high_um"], rtol=1e-4)
    assert not found["is_clustered"].any()
