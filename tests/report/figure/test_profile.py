from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from histo.report import Study, render_report
from histo.report.figure import DrawnFigure
from histo.report.figure.profile import draw_profile, running_summary
from histo.report.profile_view import profile_views
from histo.report.repeats import RepeatTables

Draw = Callable[..., pd.DataFrame]


def rising(length_mm: float, *, slide: str = "m1", gap_mm: tuple[float, float] = (0.0, 0.0)) -> RepeatTables:
    """A roll whose villi fall from 500 to 200 µm along the gut; nothing was measured in the gap."""
    at_um = np.arange(0.0, length_mm * 1000.0, 50.0)
    at_um = at_um[(at_um < gap_mm[0] * 1000) | (at_um >= gap_mm[1] * 1000)]
    identity = {"slide": slide, "section": "s1"}
    height = 500.0 - 300.0 * at_um / (length_mm * 1000.0)
    villi = pd.DataFrame(
        {**identity, "villus_height_um": height, "villus_width_um": 90.0, "position_um": at_um, "is_accepted": True}
    )
    crypts = pd.DataFrame({**identity, "crypt_depth_um": 100.0, "position_um": at_um, "is_accepted": True})
    units = pd.DataFrame({**identity, "vh_cd": height / 100.0, "position_um": at_um})
    layers = pd.DataFrame({**identity, "position_um": at_um, "mucosa_um": 600.0, "submucosa_um": 30.0})
    return RepeatTables(villi, crypts, units, layers.assign(muscularis_um=np.nan))


def test_the_median_follows_the_gut() -> None:
    villi = rising(40.0).villi

    found = running_summary(villi["position_um"] / 1000.0, villi["villus_height_um"], 1.0)

    assert len(found) == 40
    np.testing.assert_allclose(found["median"], 500.0 - 300.0 * found["position_mm"] / 40.0, atol=5.0)


def test_a_gap_stays_a_gap() -> None:
    villi = rising(40.0, gap_mm=(10.0, 13.0)).villi

    found = running_summary(villi["position_um"] / 1000.0, villi["villus_height_um"], 1.0)

    assert found.loc[found["median"].isna(), "position_mm"].tolist() == [10.5, 11.5, 12.5]
    assert found["n"].sum() == len(villi)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(st.floats(0, 100), st.floats(0, 2000)), max_size=60), st.floats(0.2, 5.0))
def test_every_value_is_counted_once_and_quartiles_are_in_order(pairs: list[tuple[float, float]], step: float) -> None:
    at, values = (pd.Series([pair[axis] for pair in pairs], dtype=float) for axis in (0, 1))

    found = running_summary(at, values, step)

    assert found["n"].sum() == len(pairs)
    known = found.dropna()
    assert (known["low"] <= known["median"]).all()
    assert (known["median"] <= known["high"]).all()


def drawn(tables: RepeatTables) -> DrawnFigure:
    return draw_profile(tables, 40.0, name="along_gut_m1_s1", title="Section s1 of slide m1 along the gut")


def test_the_same_tables_give_the_same_picture_with_its_axis_in_mm() -> None:
    figure = drawn(rising(40.0))

    assert figure.svg == drawn(rising(40.0)).svg
    assert "position along the gut (mm)" in figure.svg
    assert "VH:CD" in figure.svg


def test_the_numbers_of_the_picture_are_the_medians_that_were_drawn() -> None:
    data = drawn(rising(40.0)).data

    villi = data[data["measure"] == "villi"]
    np.testing.assert_allclose(villi["median"], 500.0 - 300.0 * villi["position_mm"] / 40.0, atol=5.0)
    assert set(data["measure"]) == {"villi", "crypts", "units", "mucosa", "submucosa"}  # no muscularis was seen


def test_a_section_without_any_villus_is_drawn_empty() -> None:
    tables = rising(40.0)
    nothing = RepeatTables(tables.villi[:0], tables.crypts[:0], tables.units[:0], tables.layers[:0])

    assert drawn(nothing).svg.startswith("<?xml")


def long_and_short() -> pd.DataFrame:
    rows = {"slide": ["m2", "m1"], "wall_length_mm": [2.0, 40.0], "section": "s1", "animal": ["a2", "a1"]}
    return pd.DataFrame({**rows, "group": "control", "timepoint": "", "segment": "jejunum"})


def test_only_long_sections_have_a_course_and_it_is_told_in_words() -> None:
    views, n_left_out = profile_views(long_and_short(), rising(40.0))

    assert [view.slide for view in views] == ["m1"]
    assert n_left_out == 0
    assert "450 µm in its first third, 250 µm in its last" in views[0].figure.alt


def test_without_tables_there_is_no_course() -> None:
    assert profile_views(long_and_short(), None) == ([], 0)


@pytest.mark.parametrize("is_given", [True, False])
def test_the_report_shows_the_course_only_where_there_is_one(
    draw_sections_table: Draw, tmp_path: Path, is_given: bool
) -> None:
    sections = draw_sections_table().assign(wall_length_mm=40.0)[:2]
    tables = rising(40.0, slide=str(sections["slide"].iloc[0]))

    path = render_report(Study(sections), tmp_path / "report.html", repeats=tables if is_given else None)

    html = path.read_text(encoding="utf-8")
    assert ('id="profiles"' in html) == is_given
    if is_given:
        picture = re.search(r'<figure class="profile">.*?svg\+xml;base64,([^"]+)"', html, re.DOTALL)
        assert picture is not None
        assert b"position along the gut" in b64decode(picture[1])


def test_the_report_says_what_was_excluded_and_what_it_cost(draw_sections_table: Draw, tmp_path: Path) -> None:
    exclusions = pd.DataFrame(
        {"meaning": ["stroke of a pen", "stroke of a pen"], "area_mm2": [0.5, 0.25], "tissue_mm2": [0.125, 0.0]}
    )

    path = render_report(Study(draw_sections_table()[:2]), tmp_path / "report.html", tables={"exclusions": exclusions})

    html = re.sub(r"\s+", " ", path.read_text(encoding="utf-8"))
    assert "stroke of a pen</th><td>2</td><td>0.750</td><td>0.125</td>" in html
