from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from histo.report import Study, render_report
from histo.report.marker_view import marker_view
from histo.schema import IDENTITY, POSITIVITY, THRESHOLDS, check_table

Draw = Callable[..., pd.DataFrame]


def _rows(table: tuple, **values: object) -> pd.DataFrame:
    nothing = {"string": "", "int64": 0, "float64": np.nan, "bool": False}
    row = {column.name: nothing[column.kind] for column in table}
    return check_table(pd.DataFrame([row | values]), table)


THRESHOLD = _rows(
    THRESHOLDS.columns,
    stain="dab",
    batch="b1",
    marker="cd3",
    site="ring",
    measure="intensity",
    weak=0.1234,
    method="controls",
    n_cells=1200,
    n_slides=2,
    origin="cd3_intensity above 0.1234: percentile 99",
)
NO_THRESHOLD = _rows(THRESHOLDS.columns, stain="dab", marker="ki67", site="nucleus", origin="no two groups")
CONTROL = _rows((*IDENTITY, *POSITIVITY.columns), slide="n1", section="s1", marker="cd3", is_negative_control=True)
TABLES = {"thresholds": pd.concat([THRESHOLD, NO_THRESHOLD], ignore_index=True), "positivity": CONTROL}


@pytest.fixture(scope="module")
def judged(draw_sections_table: Draw) -> pd.DataFrame:
    """Ten per cent of the cells of controls are positive, forty of the animals of day 14."""
    sections = draw_sections_table(segments=("ileum",), n_animals=3, sections_per_animal=(2, 2))
    is_ill = (sections["group"] == "EAE") & (sections["timepoint"] == "14")
    return sections.assign(cd3_percent_positive=np.where(is_ill, 40.0, 10.0), cd3_positive_per_mm2=1234.4)


def test_each_marker_shows_its_threshold_and_who_set_it(judged: pd.DataFrame) -> None:
    view = marker_view(Study(judged), TABLES)
    assert view is not None
    known, unknown = view.thresholds
    assert (known.value, known.source, known.rests_on) == ("0.1234", "negative controls", "1,200 cells of 2 slides")
    assert (known.run, known.measure) == ("dab b1", "cd3_intensity, in the ring")
    assert (unknown.value, unknown.source, unknown.origin) == ("", "none", "no two groups")
    assert view.n_controls == 1


def test_a_group_has_the_mean_percentage_of_its_animals(judged: pd.DataFrame) -> None:
    view = marker_view(Study(judged), TABLES)
    assert view is not None
    assert view.columns == ["cd3 positive, %", "cd3 positive per mm²"]
    means = {row.arm: row.means for row in view.rows}
    assert means["EAE @ 14"][0].startswith("40.0")
    assert means["control @ 14"][0].startswith("10.0")
    assert means["control @ 14"][1].startswith("1,234")


def test_the_page_has_a_part_on_markers_where_any_were_measured(
    judged: pd.DataFrame, draw_sections_table: Draw, tmp_path: Path
) -> None:
    def page(sections: pd.DataFrame, tables: dict[str, pd.DataFrame]) -> str:
        return render_report(Study(sections), tmp_path / "r.html", tables=tables).read_text(encoding="utf-8")

    shown = page(judged, TABLES)
    for part in ('id="markers"', "0.1234", "negative controls", "no two groups", "40.0", "1 section stained without"):
        assert part in shown
    plain = draw_sections_table(segments=("ileum",), n_animals=2, sections_per_animal=(2, 2))
    assert 'id="markers"' not in page(plain, {})


def test_a_section_without_structure_shows_what_was_counted_and_not_missing_villi(judged: pd.DataFrame) -> None:
    from histo.report.gallery import gallery_of

    row = judged.head(1).assign(flags="no_structure", tissue_area_mm2=0.5)
    (card,) = gallery_of(row, None)
    assert card.numbers == [("cd3 positive", f"{row['cd3_percent_positive'].iloc[0]:.1f} %")]
    assert card.accepted == "0.50 mm² of tissue"
    assert card.flags == ["no label map: cells only"]
