from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from histo.batch.grading import SECTION_MEASURES, control_rows, grade_extents, score_sections
from histo.schema import empty_table, table_schema

Draw = Callable[..., pd.DataFrame]


@pytest.fixture
def sections(draw_sections_table: Draw) -> pd.DataFrame:
    """Three animals a group; those of EAE at day 14 have ten times as many cells in lamina propria and submucosa."""
    drawn = draw_sections_table(segments=("ileum",), n_animals=3, sections_per_animal=(1, 1))
    is_ill = ((drawn["group"] == "EAE") & (drawn["timepoint"] == "14")).to_numpy()
    animal = drawn["animal"].str[-1].astype(float)
    columns = dict.fromkeys(SECTION_MEASURES, 100.0 + animal)
    for name in SECTION_MEASURES[1:3]:
        columns[name] = columns[name] * np.where(is_ill, 10, 1)
    return drawn.assign(**columns)


def test_controls_are_those_marked_else_those_of_the_reference_group(sections: pd.DataFrame) -> None:
    is_control = sections["group"] == "control"
    assert control_rows(sections).tolist() == is_control.tolist()
    marks = [None, *(sections["timepoint"] == "7")[1:]]
    marked = control_rows(sections.assign(control=pd.Series(marks, dtype=object)))
    assert marked.tolist() == [mark is True or mark is np.True_ for mark in marks]
    assert not control_rows(sections.replace({"group": {"control": "PBS"}})).any()
    assert not control_rows(sections.assign(animal="")).any()


def test_the_extent_of_an_infiltrate_is_seen_beside_the_controls(sections: pd.DataFrame) -> None:
    infiltrate = sections.assign(infiltrate_extent="", infiltrate_extent_reason="")
    graded = grade_extents(infiltrate, control_rows(sections))
    extents = graded.groupby(["group", "timepoint"])["infiltrate_extent"].unique().map(list).to_dict()
    assert extents == {("EAE", "7"): ["none"], ("EAE", "14"): ["submucosa"], ("control", "14"): ["none"]}
    assert graded["infiltrate_extent_reason"].str.contains("3 control animals").all()


def test_each_section_is_scored_by_the_rubrics_of_its_species(sections: pd.DataFrame) -> None:
    mixed = sections.assign(species=["Human", *["mouse"] * (len(sections) - 2), "human"])
    table, notes = score_sections(mixed, control_rows(sections).mask(mixed.index == 0, False), (), has_cells=True)
    assert table["profile"].iloc[[0, -1]].tolist() == ["marsh-oberhuber"] * 2
    assert set(table["profile"].iloc[1:-1]) == {"mouse-infiltrate", "marsh-like-mouse"}
    assert table["slide"].drop_duplicates().tolist() == mixed["slide"].tolist()
    assert notes == ("cut-offs relative to controls cannot be used: " + notes[0].split(": ", 1)[1],)


def test_grades_stand_beside_controls_of_the_study(sections: pd.DataFrame) -> None:
    table, notes = score_sections(sections, control_rows(sections), ("mouse-infiltrate",), has_cells=True)
    grades = table.groupby(["group", "timepoint"])["grade"].unique().map(list).to_dict()
    assert grades == {("EAE", "7"): ["0"], ("EAE", "14"): ["2"], ("control", "14"): ["0"]}
    assert not notes


def test_what_a_person_read_from_the_slide_counts_and_nonsense_is_refused(sections: pd.DataFrame) -> None:
    read = {"epithelial_lifting": "0", "denuded_villi": "0", "lamina_propria_disintegration": "0"}
    none = pd.Series(False, index=sections.index)
    table, _ = score_sections(sections.assign(**read), none, ("chiu",), has_cells=False)
    assert (table["grade"] == "0").all()
    table, notes = score_sections(sections.assign(**read | {"denuded_villi": "many"}), none, ("chiu",), has_cells=False)
    assert table.empty
    assert "many" in notes[-1]


def test_nothing_is_scored_that_nobody_asked_for(sections: pd.DataFrame) -> None:
    table, notes = score_sections(sections, control_rows(sections), (), has_cells=False)
    pd.testing.assert_frame_equal(table, empty_table(table_schema("scores").columns))
    assert notes == ()
