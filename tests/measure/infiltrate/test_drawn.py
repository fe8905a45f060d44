from __future__ import annotations

from dataclasses import replace

import pytest

from histo import measure_infiltrate
from histo.phantom import DrawnTruth, SectionSpec, draw_truth
from histo.types import LabelMap


@pytest.fixture(scope="module")
def ring() -> DrawnTruth:
    """A mouse ring with an infiltrate of the whole wall and two follicles, at 1 µm/px."""
    return draw_truth(_spec(), mpp=1.0, seed=6)


def _spec() -> SectionSpec:
    spec = SectionSpec.mouse("ring")
    return replace(
        spec, cells=spec.cells.infiltrated("transmural"), wall=replace(spec.wall, follicles=2, submucosa_um=70.0)
    )


def test_drawn_cells_lie_where_they_were_drawn(ring: DrawnTruth) -> None:
    found = measure_infiltrate(ring.cells.drop(columns="compartment"), ring.labels)
    assert (found.cells["compartment"] == ring.cells["compartment"]).all()
    counts = found.densities[found.densities["population"] == "all"].set_index("compartment")["n_cells"]
    for compartment, n in ring.cells["compartment"].value_counts().items():
        assert counts[compartment] == n


def test_densities_on_a_coarser_map_are_the_true_ones(ring: DrawnTruth) -> None:
    coarse = draw_truth(_spec(), mpp=2.0, seed=6).labels
    found = measure_infiltrate(ring.cells, LabelMap(coarse.array, mpp=2.0, slide_mpp=1.0))
    true = measure_infiltrate(ring.cells, ring.labels)
    for compartment in ("mucosal_lamina_propria", "submucosa", "muscularis", "lymphoid"):
        assert found.density_per_mm2(compartment) == pytest.approx(true.density_per_mm2(compartment), rel=0.03)
    assert found.infiltrate["iel_per_100"].item() == pytest.approx(true.infiltrate["iel_per_100"].item(), rel=0.03)


def test_follicles_that_the_map_does_not_show_are_found_among_the_cells(ring: DrawnTruth) -> None:
    shown = measure_infiltrate(ring.cells, ring.labels)
    bare = LabelMap(ring.labels.array.copy(), mpp=1.0)
    bare.array[bare.array == 7] = 5
    found = measure_infiltrate(ring.cells, bare)
    assert len(found.follicles) == len(shown.follicles) > 0
    assert found.follicles["follicle_area_um2"].sum() == pytest.approx(
        shown.follicles["follicle_area_um2"].sum(), rel=0.1
    )
    assert found.density_per_mm2("submucosa") == pytest.approx(shown.density_per_mm2("submucosa"), rel=0.04)
