from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd

from histo.io.design import Design, read_design
from histo.study import StudyTables
from histo.study.assignment import assign_animals, rows_without_section


def design_of(tmp_path: Path, header: str, *rows: str) -> Design:
    path = tmp_path / "animals.csv"
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return read_design(path)


def assigned(tmp_path: Path, found: list[str], *rows: str) -> pd.DataFrame:
    design = design_of(tmp_path, "slide,section,animal,group,segment", *rows)
    return assign_animals(pd.DataFrame({"slide": "m7", "section": found}), design)


def test_sections_are_matched_by_their_number(tmp_path: Path) -> None:
    table = assigned(tmp_path, ["s1", "s2"], "m7,s2,a2,EAE,ileum", "m7,s1,a1,control,jejunum")

    assert table["animal"].tolist() == ["a1", "a2"]
    assert "section_name" not in table


def test_names_of_its_own_are_matched_in_reading_order(tmp_path: Path) -> None:
    found = [f"s{number}" for number in range(1, 11)]
    rows = [f"m7,piece {letter},a{letter},EAE,ileum" for letter in "QWERTZUIOP"]

    table = assigned(tmp_path, sorted(found), *rows)

    by_section = table.set_index("section")
    assert by_section.loc[found, "animal"].tolist() == [f"a{letter}" for letter in "QWERTZUIOP"]
    assert by_section.loc["s10", "section_name"] == "piece P"


def test_names_that_do_not_fit_the_number_of_pieces_are_not_guessed(tmp_path: Path) -> None:
    table = assigned(tmp_path, ["s1", "s2", "s3"], "m7,upper,a1,control,jejunum", "m7,lower,a2,EAE,ileum")

    assert table["animal"].tolist() == ["", "", ""]


def test_a_row_without_a_section_is_for_all_of_the_slide(tmp_path: Path) -> None:
    assert assigned(tmp_path, ["s1", "s2"], "m7,,a1,control,jejunum")["animal"].tolist() == ["a1", "a1"]


def test_sections_carry_what_the_design_says_of_their_animal(tmp_path: Path) -> None:
    header = "slide,animal,group,timepoint,sex,cage,batch,control,Na-F,clinical_score_day_6,clinical_score_day_7,iga"
    design = design_of(tmp_path, header, "a,m1,EAE,7,f,c1,b1,,1.5,1,2,3", "b,m2,control,7,m,c2,b1,yes,,0,0,")
    sections = pd.DataFrame({"slide": ["b", "a", "a", "x"], "section": ["s1", "s1", "s2", "s1"]})

    table = assign_animals(sections, design)

    assert table["sex"].tolist() == ["male", "female", "female", ""]
    assert table["cage"].tolist() == ["c2", "c1", "c1", ""]
    assert table["control"].tolist() == [True, False, False, False]
    assert table["na_f"].fillna(-1).tolist() == [-1, 1.5, 1.5, -1]
    assert table["clinical_score"].fillna(-1).tolist() == [0, 2, 2, -1]
    assert table["clinical_cumulative"].fillna(-1).tolist() == [0, 3, 3, -1]
    assert table["iga"].fillna(-1).tolist() == [-1, 3, 3, -1]
    assert table["animal"].tolist() == ["m2", "m1", "m1", ""]


def test_what_an_earlier_design_said_is_gone(tmp_path: Path) -> None:
    sections = pd.DataFrame({"slide": ["a"], "section": ["s1"]})
    before = design_of(tmp_path, "slide,section,animal,group,control,sex", "a,left,m1,EAE,yes,f")
    after = design_of(tmp_path, "slide,animal,group,cage", "a,m1,EAE,c1")

    table = assign_animals(assign_animals(sections, before), after)

    assert table.columns.tolist() == ["slide", "section", "animal", "group", "timepoint", "segment", "cage"]


def test_a_measure_is_not_replaced_by_a_column_of_the_same_name(tmp_path: Path) -> None:
    design = design_of(tmp_path, "slide,animal,group,villus_height_um", "a,m1,EAE,9")
    sections = pd.DataFrame({"slide": ["a"], "section": ["s1"], "villus_height_um": [400.0]})

    assert assign_animals(sections, design)["villus_height_um"].tolist() == [400.0]


def test_rows_of_sections_that_were_not_found_are_told(tmp_path: Path) -> None:
    design = design_of(
        tmp_path, "slide,section,animal,group", "a,s1,m1,g", "a,s3,m2,g", "b,,m3,g", "c,s1,m4,g", "d,left,m5,g"
    )
    sections = pd.DataFrame({"slide": ["a", "a", "b", "d", "d"], "section": ["s1", "s2", "s1", "s1", "s2"]})

    assert rows_without_section(sections, design) == [
        "row 3, column 'section': expected one of the pieces of gut on 'a' (s1, s2); got 's3'",
        "row 6, column 'section': expected one of the pieces of gut on 'd' (s1, s2); got 'left'",
    ]


def test_a_study_tells_which_batches_stand_for_groups(draw_sections_table: Callable[..., pd.DataFrame]) -> None:
    sections = draw_sections_table(n_animals=2, segments=("ileum",), sections_per_animal=(2, 2))

    (warning,) = StudyTables(sections.assign(batch=sections["group"])).warnings

    assert "batch is wholly confounded with group (control: control; EAE: EAE)" in warning
    assert StudyTables(sections.assign(batch="one")).warnings == ()
