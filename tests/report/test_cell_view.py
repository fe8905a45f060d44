from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from histo.report import Study, render_report
from histo.report.cell_view import cell_view
from histo.score import control_baselines, score_table

Draw = Callable[..., pd.DataFrame]
DENSITIES = {
    "iel_per_100": 12.0,
    "mucosa_inflammatory_per_mm2": 3000.0,
    "submucosa_inflammatory_per_mm2": 400.0,
    "muscularis_inflammatory_per_mm2": 20.0,
}
RUN = {"nuclei_models": [{"name": "nuclei-he-v1", "sha256": "0123456789abcdef", "validated_on": []}]}


@pytest.fixture(scope="module")
def counted(draw_sections_table: Draw) -> pd.DataFrame:
    """A study whose EAE animals of day 14 have ten times the cells of the controls."""
    sections = draw_sections_table(segments=("ileum",), n_animals=3, sections_per_animal=(2, 2))
    is_ill = (sections["group"] == "EAE") & (sections["timepoint"] == "14")
    animal = sections["animal"].str[-1].astype(float)
    return sections.assign(
        **{name: value * (1 + animal / 100) * np.where(is_ill, 10, 1) for name, value in DENSITIES.items()}
    )


@pytest.fixture(scope="module")
def scores(counted: pd.DataFrame) -> pd.DataFrame:
    controls = control_baselines(counted, counted["group"] == "control")
    return score_table(counted, ["mouse-infiltrate", "chiu"], controls, species="mouse")


def test_a_group_has_the_mean_of_its_animals(counted: pd.DataFrame) -> None:
    view = cell_view(Study(counted), None)
    assert view is not None
    assert [endpoint.name for endpoint in view.endpoints] == list(DENSITIES)
    of_control = view.densities[0]  # the reference stands first
    assert (of_control.arm, of_control.segment, of_control.n_animals) == ("control @ 14", "ileum", 3)
    assert of_control.means[1].startswith("3,060 (")  # animals have 3030, 3060 and 3090


def test_grades_are_counted_by_group_with_a_reason_for_each_that_is_missing(
    counted: pd.DataFrame, scores: pd.DataFrame
) -> None:
    view = cell_view(Study(counted), scores)
    assert view is not None
    infiltrate, chiu = view.profiles
    assert infiltrate.grades == ["0", "3"]
    assert {row.arm: row.counts for row in infiltrate.rows} == {
        "EAE @ 7": [6, 0],
        "EAE @ 14": [0, 6],
        "control @ 14": [6, 0],
    }
    assert [row.n_without for row in chiu.rows] == [6, 6, 6]
    assert sum(count for _, count in chiu.reasons) == len(counted)
    assert "transmural" in infiltrate.examples[1][1]


def test_the_page_shows_cells_and_scores_where_there_are_any(
    counted: pd.DataFrame, scores: pd.DataFrame, draw_sections_table: Draw, tmp_path: Path
) -> None:
    def page(sections: pd.DataFrame, **tables: pd.DataFrame) -> str:
        path = render_report(Study(sections), tmp_path / "report.html", tables=tables, run=RUN)
        return path.read_text(encoding="utf-8")

    shown = page(counted, scores=scores)
    for part in (
        "Cells and scores",
        "profile mouse-infiltrate",
        "Why: a section of each grade",
        "controls",
        "3,060 (",
        "nuclei-he-v1 0123456789ab, of",
    ):
        assert part in shown
    few = draw_sections_table(segments=("ileum",), n_animals=2, sections_per_animal=(2, 2))
    assert "Cells and scores" not in page(few, scores=scores.iloc[:0])


def test_cells_of_unknown_animals_are_said_to_be_so(counted: pd.DataFrame, tmp_path: Path) -> None:
    unknown = counted.head(4).assign(animal="", group="", timepoint="", segment="")
    html = render_report(Study(unknown), tmp_path / "report.html").read_text(encoding="utf-8")
    assert "not known which slide is of which animal" in html
