from __future__ import annotations

from dataclasses import replace
from typing import get_args

import numpy as np
import pytest

from histo.errors import InvalidArgument
from histo.phantom import CellSpec, DrawnTruth, InflammatoryDensity, SectionSpec, draw_section, draw_truth
from histo.phantom.cell_spec import Extent
from histo.schema import CELLS, check_table
from histo.types import CellClass, Compartment

from .conftest import short

DENSE = CellSpec(
    lymphocyte_per_mm2=6000.0,
    granulocyte_per_mm2=1500.0,
    crypt_zone=InflammatoryDensity(lymphocyte_per_mm2=3000.0, granulocyte_per_mm2=3000.0),
    submucosa=InflammatoryDensity(lymphocyte_per_mm2=2500.0, granulocyte_per_mm2=1200.0),
    muscularis=InflammatoryDensity(lymphocyte_per_mm2=1800.0, granulocyte_per_mm2=1000.0),
    iel_per_100=30.0,
)


@pytest.fixture(scope="module")
def dense() -> DrawnTruth:
    """2 mm of human wall full of inflammatory cells."""
    return draw_truth(replace(short(SectionSpec.human(), 2000.0), cells=DENSE), mpp=1.0, seed=2)


@pytest.mark.parametrize(
    ("compartment", "expected"),
    [
        (Compartment.VILLUS_LAMINA_PROPRIA, InflammatoryDensity(6000.0, 1500.0)),
        (Compartment.LAMINA_PROPRIA, DENSE.crypt_zone),
        (Compartment.SUBMUCOSA, DENSE.submucosa),
        (Compartment.MUSCULARIS, DENSE.muscularis),
    ],
)
def test_each_compartment_holds_as_many_cells_as_asked_for(
    dense: DrawnTruth, compartment: Compartment, expected: InflammatoryDensity
) -> None:
    counts = dense.cells.loc[dense.cells.compartment == compartment.label, "cell_class"].value_counts()
    area_mm2 = dense.labels.area_um2(compartment) / 1e6
    for cell_class in (CellClass.LYMPHOCYTE, CellClass.GRANULOCYTE):
        asked = getattr(expected, f"{cell_class}_per_mm2") * area_mm2
        assert counts[cell_class] == pytest.approx(asked, abs=3 * np.sqrt(asked))


def test_cells_are_a_table_of_the_schema(dense: DrawnTruth) -> None:
    cells = check_table(dense.cells, CELLS.columns)
    assert set(cells.cell_class) <= set(CellClass)
    assert set(cells.compartment) <= {compartment.label for compartment in Compartment}


def test_a_th17_cell_is_cd4_positive_and_no_treg(dense: DrawnTruth) -> None:
    treg, th17 = dense.cells.foxp3_is_positive, dense.cells.il17_is_positive
    assert treg.any()
    assert th17.any()
    assert not (treg & th17).any()
    assert dense.cells.cd4_is_positive[treg | th17].all()
    assert (dense.cells.cell_class[dense.cells.cd4_is_positive] == "lymphocyte").all()


def test_infiltrate_grows_through_the_wall() -> None:
    spec = short(SectionSpec.mouse(), 900.0)
    layers = ["villus_lamina_propria", "submucosa", "muscularis"]
    found = []
    for extent in get_args(Extent):
        cells = draw_truth(replace(spec, cells=spec.cells.infiltrated(extent)), mpp=2.0, seed=1).cells
        inflammatory = cells[cells.cell_class.isin(["lymphocyte", "granulocyte"])]
        found.append(inflammatory.compartment.value_counts().reindex(layers, fill_value=0).to_numpy())
    none, mucosa, submucosa, transmural = found
    assert mucosa[0] > 1.4 * none[0]
    assert mucosa[1] < none[1] + 10
    assert mucosa[2] == 0
    assert submucosa[1] > 3 * mucosa[1]
    assert submucosa[2] == 0
    assert transmural[2] > 10


def test_unknown_extent_is_answered_with_those_there_are() -> None:
    with pytest.raises(InvalidArgument, match=r"none, mucosa, submucosa, transmural.*'serosa'"):
        CellSpec().infiltrated("serosa")  # type: ignore[arg-type]


def test_truth_without_a_picture_holds_the_same_cells() -> None:
    spec = short(SectionSpec.mouse(), 400.0)
    drawn, truth = draw_section(spec, mpp=2.0, seed=4), draw_truth(spec, mpp=2.0, seed=4)
    assert drawn.cells.equals(truth.cells)
