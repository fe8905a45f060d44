"""What only a whole study tells of its stains: drift with the order of imaging."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from histo.batch.barrier import SLIDE_BARRIER_TABLES
from histo.batch.barrier_assembly import MeasuredStudy, assemble_barrier
from histo.batch.barrier_threshold import BarrierRules
from histo.batch.staining import StainedSlide
from histo.io.design import read_panel
from histo.io.results import read_table, write_table
from histo.measure.staining.census import take_census
from histo.schema import IDENTITY, table_schema

N_SLIDES = 8


def _study(results: Path, signals: list[float], *, is_strict: bool) -> MeasuredStudy:
    """Assemble slides of one section each, imaged in this order; every other one is of a control animal."""
    sections = pd.DataFrame({
        "slide": [f"s{number}" for number in range(len(signals))],
        "section": "s1",
        "animal": [f"a{number}" for number in range(len(signals))],
        "stain": "dab",
        "flags": "",
        "imaging_order": range(len(signals)),
    })  # fmt: skip
    for name, signal in zip(sections["slide"], signals, strict=True):
        for table in SLIDE_BARRIER_TABLES:
            write_table(results / "slides" / name, table, _rows(table, name, signal))
    slides = [StainedSlide(name, "dab", "r1", read_panel("zonulin", "dab")) for name in sections["slide"]]
    return assemble_barrier(
        results,
        sections,
        slides,
        BarrierRules(is_strict=is_strict),
        is_control=pd.Series(range(len(signals))) % 2 == 0,
        identify=lambda rows: rows,
    )


def _rows(table: str, slide: str, signal: float) -> pd.DataFrame:
    columns = table_schema(table).columns
    if table == "staining_census":
        census = take_census({"tissue": pd.Series([signal] * 200).to_numpy()}, {})
        known = {column.name: "" for column in IDENTITY} | {"slide": slide, "section": "s1", "marker": "zonulin"}
        return census.assign(**known)
    kinds = {"string": "", "int64": 0, "float64": float("nan"), "bool": False}
    row = {column.name: kinds[column.kind] for column in columns}
    row |= {"slide": slide, "section": "s1", "marker": "zonulin", "stain": "dab", "area_of": "tissue"}
    row |= {"pixel_um": 0.5, "mean_signal": signal, "noise": 0.01}
    return pd.DataFrame([row] if table == "staining" else [], columns=[column.name for column in columns])


@pytest.mark.parametrize("is_strict", [False, True])
def test_a_stain_that_bleaches_is_told_and_withheld_where_that_was_asked_for(tmp_path: Path, is_strict: bool) -> None:
    fading = [1.0 - 0.07 * number for number in range(N_SLIDES)]
    study = _study(tmp_path, fading, is_strict=is_strict)
    assert any("zonulin (dab r1 section): the signal changes with the order" in note for note in study.notes)
    staining = read_table(tmp_path, "staining")
    assert staining["flags"].str.contains("drifting").all()
    over = staining["mean_signal_over_controls"]
    assert over.isna().all() if is_strict else over[::2].mean() == pytest.approx(1.0)
    assert ("zonulin_mean_signal_over_controls" in study.sections) == (not is_strict)


def test_a_stain_that_stays_is_not_called_fading(tmp_path: Path) -> None:
    study = _study(tmp_path, [1.0, 0.9, 1.05, 0.95, 1.0, 1.1, 0.92, 1.02], is_strict=True)
    assert not any("order of imaging" in note for note in study.notes)
    staining = read_table(tmp_path, "staining")
    assert (staining["flags"] == "").all()
    assert staining["mean_signal_over_controls"][::2].mean() == pytest.approx(1.0)
    # Pixels that are all alike fall into no two groups, and nothing is called positive.
    assert staining["positive_area_percent"].isna().all()
    assert any("no pixel is called positive by zonulin (dab r1 section)" in note for note in study.notes)
