from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from histo import measure_infiltrate
from histo.errors import InvalidTable
from histo.measure import InfiltrateMeasures
from histo.measure.phenotype import assign_phenotypes
from histo.types import Compartment

from .conftest import BandedWall, in_pixels

VILLUS = Compartment.VILLUS_EPITHELIUM


def _iel(measures: InfiltrateMeasures) -> pd.Series:
    return measures.ratios.set_index("ratio").loc["iel_per_100"]


def _epithelium(wall: BandedWall, rng: np.random.Generator, n_granulocytes: int = 0) -> pd.DataFrame:
    parts = [
        wall.strew(rng, 200, VILLUS, "epithelial"),
        wall.strew(rng, 24, VILLUS, "lymphocyte"),
        wall.strew(rng, n_granulocytes, VILLUS, "granulocyte"),
        wall.strew(rng, 300, Compartment.CRYPT, "epithelial"),
        wall.strew(rng, 40, Compartment.CRYPT, "lymphocyte"),
        wall.strew(rng, 90, Compartment.VILLUS_LAMINA_PROPRIA, "lymphocyte"),
    ]
    return pd.concat(parts, ignore_index=True)


@pytest.mark.parametrize("mpp", [1.0, 2.5])
def test_iel_are_lymphocytes_of_the_villi_per_100_epithelial_nuclei_there(
    wall: BandedWall, rng: np.random.Generator, mpp: float
) -> None:
    found = _iel(measure_infiltrate(in_pixels(_epithelium(wall, rng), mpp), wall.labels(mpp)))
    assert (found["n_numerator"], found["n_denominator"], found["value"]) == (24, 200, 12.0)
    assert found["ci_low"] < 12.0 < found["ci_high"]


def test_granulocytes_in_the_epithelium_are_no_iel(wall: BandedWall, rng: np.random.Generator) -> None:
    cells = in_pixels(_epithelium(wall, rng, n_granulocytes=50), 2.0)
    assert _iel(measure_infiltrate(cells, wall.labels(2.0)))["value"] == 12.0


def test_epithelium_over_a_follicle_is_left_out(wall: BandedWall, rng: np.random.Generator) -> None:
    domed = replace(wall, bands=(*wall.bands[:1], (150.0, 350.0, Compartment.LYMPHOID), *wall.bands[2:]))
    cells = _epithelium(wall, rng)
    near = cells[(cells["row_um"] > 100.0) & (cells["row_um"] < 150.0)]
    whole = cells[cells["row_um"] < 150.0]
    found = _iel(measure_infiltrate(in_pixels(cells, 2.0), domed.labels(2.0)))
    n_left = (whole["cell_class"] == "epithelial").sum() - (near["cell_class"] == "epithelial").sum()
    assert found["n_denominator"] == pytest.approx(n_left, abs=12)
    assert found["n_denominator"] < 0.65 * 200


def test_section_without_villous_epithelium_has_no_iel(wall: BandedWall, rng: np.random.Generator) -> None:
    bare = replace(wall, bands=wall.bands[1:])
    measures = measure_infiltrate(in_pixels(_epithelium(wall, rng), 2.0), bare.labels(2.0))
    assert np.isnan(_iel(measures)["value"])
    assert np.isnan(measures.infiltrate["iel_per_100"].item())


def _t_cells(wall: BandedWall, rng: np.random.Generator) -> pd.DataFrame:
    cells = wall.strew(rng, 100, Compartment.LAMINA_PROPRIA, "lymphocyte")
    number = np.arange(100)
    return cells.assign(
        CD4_is_positive=number < 60, foxp3_is_positive=number < 12, il17_is_positive=(number >= 12) & (number < 18)
    )


def test_treg_are_a_fraction_of_cd4_positive_cells(wall: BandedWall, rng: np.random.Generator) -> None:
    cells = in_pixels(_t_cells(wall, rng), 2.0)
    phenotypes = assign_phenotypes(cells, {"Treg": "CD4+ & Foxp3+", "Th17": "CD4+ & IL17+"})
    measures = measure_infiltrate(cells, wall.labels(2.0), phenotypes=phenotypes)
    found = measures.ratios.set_index(["ratio", "compartment"])
    treg = found.loc[("treg_fraction", "lamina_propria")]
    assert (treg["n_numerator"], treg["n_denominator"], treg["value"]) == (12, 60, 0.2)
    assert found.loc[("th17_treg_ratio", "lamina_propria"), "value"] == 0.5
    assert measures.infiltrate["treg_fraction"].item() == 0.2
    assert measures.infiltrate["th17_treg_ratio"].item() == 0.5
    assert np.isnan(found.loc[("th17_treg_ratio", "submucosa"), "value"])
    assert measures.density_per_mm2("lamina_propria", "Treg") == pytest.approx(120.0)


@pytest.mark.parametrize(
    ("phenotypes", "message"),
    [
        (pd.DataFrame({"Treg": [True]}), "of other cells"),
        (pd.DataFrame({"stromal": np.zeros(100, bool)}), "other populations; got stromal"),
        (pd.DataFrame({"Treg": np.full(100, 0.5)}), "column Treg"),
    ],
)
def test_phenotypes_that_do_not_fit_the_cells_are_refused(
    wall: BandedWall, rng: np.random.Generator, phenotypes: pd.DataFrame, message: str
) -> None:
    with pytest.raises(InvalidTable, match=message):
        measure_infiltrate(in_pixels(_t_cells(wall, rng), 5.0), wall.labels(5.0), phenotypes=phenotypes)


def test_without_phenotypes_there_are_no_ratios_of_t_cells(wall: BandedWall, rng: np.random.Generator) -> None:
    measures = measure_infiltrate(in_pixels(_epithelium(wall, rng), 2.0), wall.labels(2.0))
    assert list(measures.ratios["ratio"]) == ["iel_per_100"]
    assert np.isnan(measures.infiltrate["treg_fraction"].item())
