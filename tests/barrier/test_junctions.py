"""From a picture of stained junctions to tables, whole and by compartment."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import histo
from histo.errors import InvalidArgument, MissingPixelSize, UnknownModel
from histo.measure.junction import JunctionMeasures
from histo.phantom.junction import DrawnJunctions, MonolayerSpec, draw_monolayer
from histo.schema import JUNCTION_CELLS, JUNCTION_FIELDS, JUNCTIONS
from histo.types import Compartment, LabelMap

VILLUS, CRYPT, STROMA = Compartment.VILLUS_EPITHELIUM, Compartment.CRYPT, Compartment.LAMINA_PROPRIA


@pytest.fixture(scope="module")
def drawn() -> DrawnJunctions:
    return draw_monolayer(MonolayerSpec(), mpp=0.2, seed=3)


@pytest.fixture(scope="module")
def whole(drawn: DrawnJunctions) -> JunctionMeasures:
    return histo.measure_junctions(drawn.image, mpp=drawn.mpp, model="ridge")


def halves(drawn: DrawnJunctions, left: Compartment, right: Compartment, *, coarser: int = 1) -> LabelMap:
    rows, cols = (size // coarser for size in drawn.image.shape[:2])
    array = np.full((rows, cols), int(right), dtype=np.uint8)
    array[:, : cols // 2] = int(left)
    return LabelMap(array, mpp=drawn.mpp * coarser)


def restricted(drawn: DrawnJunctions, labels: LabelMap) -> JunctionMeasures:
    return histo.measure_junctions(drawn.image, mpp=drawn.mpp, model="ridge", labels=labels)


def of_region(measures: JunctionMeasures, region: Compartment) -> pd.Series:
    return measures.field.set_index("compartment").loc[region.label]


def test_network_of_a_drawn_field_is_measured(drawn: DrawnJunctions, whole: JunctionMeasures) -> None:
    field, truth = whole.field.iloc[0], drawn.field.iloc[0]
    assert field["network_length_mm_per_mm2"] == pytest.approx(truth["network_length_mm_per_mm2"], rel=0.08)
    assert field["mean_straightness"] == pytest.approx(truth["mean_straightness"], abs=0.03)
    assert field["compartment"] == ""


@pytest.mark.parametrize("stain", ["fluorescence", "dab"])
def test_pixels_twice_as_large_and_another_stain_show_the_same_network(
    drawn: DrawnJunctions, stain: str, whole: JunctionMeasures
) -> None:
    twin = draw_monolayer(MonolayerSpec(), mpp=0.1 if stain == "fluorescence" else 0.2, seed=3, stain=stain)
    field = histo.measure_junctions(twin.image, mpp=twin.mpp, stain=stain, model="ridge").field.iloc[0]
    found = whole.field.iloc[0]
    assert field["network_length_mm_per_mm2"] == pytest.approx(found["network_length_mm_per_mm2"], rel=0.08)


def test_columns_are_those_of_the_schema(drawn: DrawnJunctions, whole: JunctionMeasures) -> None:
    for measures in (whole, restricted(drawn, halves(drawn, VILLUS, CRYPT))):
        assert list(measures.junctions) == [column.name for column in JUNCTIONS.columns]
        assert list(measures.cells) == [column.name for column in JUNCTION_CELLS.columns]
        assert list(measures.field) == [column.name for column in JUNCTION_FIELDS.columns]


def test_stroma_is_left_out(drawn: DrawnJunctions, whole: JunctionMeasures) -> None:
    measures = restricted(drawn, halves(drawn, VILLUS, STROMA))
    assert set(measures.junctions["compartment"]) == set(measures.cells["compartment"]) == {"villus_epithelium"}
    assert 0.3 < len(measures.junctions) / len(whole.junctions) < 0.7
    assert len(measures.network.junctions) == len(measures.junctions)
    middle = drawn.image.shape[1] / 2
    assert measures.junctions[["start_col", "end_col"]].min(axis=1).max() < middle
    assert np.isnan(of_region(measures, CRYPT)["network_length_mm_per_mm2"])
    assert of_region(measures, VILLUS)["area_mm2"] == pytest.approx(whole.field["area_mm2"].item() / 2, rel=0.01)


def test_compartments_add_up_to_the_field(drawn: DrawnJunctions, whole: JunctionMeasures) -> None:
    measures = restricted(drawn, halves(drawn, VILLUS, CRYPT))
    field, found = whole.field.iloc[0], measures.field
    assert len(measures.junctions) == len(whole.junctions)
    assert found["area_mm2"].sum() == pytest.approx(field["area_mm2"])
    length = (found["network_length_mm_per_mm2"] * found["area_mm2"]).sum()
    assert length == pytest.approx(field["network_length_mm_per_mm2"] * field["area_mm2"])
    assert found["n_junctions"].sum() == field["n_junctions"]
    assert (found["cells_per_mm2"] * found["area_mm2"]).sum() == pytest.approx(
        field["cells_per_mm2"] * field["area_mm2"], rel=0.1
    )
    assert np.isnan(found["ijoq_original"]).all()


def test_coarser_label_map_says_the_same(drawn: DrawnJunctions) -> None:
    fine, coarse = (restricted(drawn, halves(drawn, VILLUS, CRYPT, coarser=factor)) for factor in (1, 4))
    for region in (VILLUS, CRYPT):
        lengths = [of_region(each, region)["network_length_mm_per_mm2"] for each in (fine, coarse)]
        assert lengths[0] == pytest.approx(lengths[1], rel=0.03)


def test_label_map_of_another_field_is_refused(drawn: DrawnJunctions) -> None:
    with pytest.raises(InvalidArgument, match="not of the same size"):
        restricted(drawn, LabelMap(np.full((40, 40), VILLUS), mpp=drawn.mpp))


@pytest.mark.parametrize(
    ("change", "error", "said"),
    [
        ({"mpp": None}, MissingPixelSize, "mpp"),
        ({"stain": "dab"}, InvalidArgument, "RGB"),
        ({"stain": "he"}, InvalidArgument, "stain"),
        ({"model": "nobody-v1"}, UnknownModel, "nobody-v1"),
    ],
)
def test_what_cannot_be_measured_is_told(
    drawn: DrawnJunctions, change: dict[str, object], error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        histo.measure_junctions(drawn.image, **{"mpp": 0.2, "model": "ridge"} | change)


def test_a_path_is_to_be_opened_first() -> None:
    with pytest.raises(InvalidArgument, match=r"histo\.open_slide"):
        histo.measure_junctions("field.tif", mpp=0.2)  # type: ignore[arg-type]
