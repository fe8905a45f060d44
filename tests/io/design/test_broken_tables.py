"""Every kind of broken table has a message of its own, with the row and the column."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from histo.errors import DesignProblem, InvalidDesign
from histo.io.design import Design, read_design

SOUND = """slide,animal,group,timepoint,segment,mpp
a.svs,m1,control,,duodenum,0.25
b.ome.tif,m2,EAE,day 7,Jejunum,
c,m3,EAE,d14,ILEUM,0.5
"""
Expected = tuple[int | None, str | None, str, str]


def _read(tmp_path: Path, text: str, name: str = "animals.csv") -> Design:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return read_design(path)


def _changed(old: str, new: str) -> str:
    assert old in SOUND
    return SOUND.replace(old, new)


def _header(columns: str, *rows: str) -> str:
    return "\n".join(["slide,animal,group" + columns, *rows])


# kind, text of the file, (row, column, part of expected, part of got) of every problem
HEADERS: list[tuple[str, str, list[Expected]]] = [
    ("slide missing", _changed("slide,", "picture,"), [(1, "slide", "the column 'slide'", "only picture, animal")]),
    ("slide misspelt", _changed("slide,", "slides,"), [(1, "slide", "the column 'slide'", "'slides'; rename it")]),
    (
        "all required missing",
        "a,b\n1,2\n",
        [(1, name, f"the column {name!r}", "only a, b") for name in ("slide", "animal", "group")],
    ),
    ("optional misspelt", _changed("timepoint", "timepiont"), [(1, "timepoint", "the column", "'timepiont'")]),
    ("column twice", _changed("mpp", "Group"), [(1, "group", "each column once", "2 columns")]),
    ("column under two names", _header(",weight,weight_g", "a,m1,g,1,1"), [(1, "weight", "each column once", "2")]),
    ("day twice", _header(",clinical_score_day_7,Clinical score d07", "a,m1,g,1,1"), [
        (1, "clinical_score_day_7", "each column once", "2 columns"),
    ]),
    ("column unnamed", _changed("segment", ""), [(1, None, "a name for every column", "column 5 of 6")]),
    ("unknown unit", _header(",Na-F (RFU)", "a,m1,g,1"), [(1, "Na-F (RFU)", "a unit of ug/ml", "'RFU'")]),
    ("title above the header", "My EAE study\n\n" + SOUND, [
        (1, None, "names of the columns in the first row", "'My EAE study'; they seem to stand in row 3"),
    ]),
    ("no rows", "slide,animal,group\n", [(None, None, "a row for every slide", "no rows")]),
    ("only blank rows", "slide,animal,group\n,,\n\n", [(None, None, "a row for every slide", "no rows")]),
    ("header blank", "\nslide,animal,group\n", [(None, None, "names of the columns", "a blank first row")]),
]  # fmt: skip
CELLS: list[tuple[str, str, list[Expected]]] = [
    ("slide empty", _changed("a.svs", ""), [(2, "slide", "the name of a slide", "nothing")]),
    ("slide only a dot", _changed("a.svs", "."), [(2, "slide", "the name of a slide", "'.'")]),
    ("animal empty", _changed("m2", " "), [(3, "animal", "the name of an animal", "nothing")]),
    ("animal unknown", _changed("m2", "N/A"), [(3, "animal", "the name of an animal", "'N/A'; leave a cell empty")]),
    ("group empty", _changed("control", ""), [(2, "group", "the name of a group", "nothing")]),
    ("row too long", _changed("0.5\n", "0.5,,x\n"), [(4, None, "6 cells", "8, the last 'x'")]),
    ("row too short", _changed("c,m3,EAE,d14,ILEUM,0.5", "c,m3"), [(4, "group", "the name of a group", "nothing")]),
    ("mpp zero", _changed("0.25", "0"), [(2, "mpp", "0.01 to 100", "'0'")]),
    ("mpp negative", _changed("0.25", "-0.25"), [(2, "mpp", "0.01 to 100", "'-0.25'")]),
    ("mpp in nm", _changed("0.25", "250"), [(2, "mpp", "µm per pixel", "'250'")]),
    ("mpp with unit", _changed("0.25", "0.25 µm"), [(2, "mpp", "a number", "'0.25 µm'")]),
    ("mpp not finite", _changed("0.25", "nan"), [(2, "mpp", "a number", "'nan'; leave a cell empty")]),
    ("decimal comma", _changed("0.25", '"0,25"').replace("0.5", "1"), [
        (2, "mpp", "with a point", "'0,25' with a decimal comma"),
    ]),
    ("mixed decimal commas", _changed(",", ";").replace("0.25", "0,25"), [
        (2, "mpp", "with a point", "'0,25' with a decimal comma, but a point in row 4"),
    ]),
    ("unknown segment", _changed("Jejunum", "colon"), [(3, "segment", "duodenum, jejunum, ileum", "'colon'")]),
    ("unknown stain", _header(",stain", "a,m1,g,PAS"), [(2, "stain", "he, h&e, dab", "'PAS'")]),
    ("unknown sex", _header(",sex", "a,m1,g,mixed"), [(2, "sex", "female or male", "'mixed'")]),
    ("control unclear", _header(",control", "a,m1,g,maybe"), [(2, "control", "yes, true, 1, no", "'maybe'")]),
    ("score no number", _header(",clinical_score", "a,m1,g,bad"), [(2, "clinical_score", "a number", "'bad'")]),
    ("score below 0", _header(",clinical_score", "a,m1,g,-1"), [(2, "clinical_score", "from 0 to 20", "'-1'")]),
    ("score of a day", _header(",clinical_score_day_3", "a,m1,g,50"), [(2, "clinical_score_day_3", "to 20", "'50'")]),
    ("weight zero", _header(",weight", "a,m1,g,0"), [(2, "weight", "a weight above 0", "'0'")]),
    ("permeability below 0", _header(",Na-F", "a,m1,g,-0.1"), [(2, "Na-F", "a number from 0", "'-0.1'")]),
    ("error of the spreadsheet", _header(",na_f", "a,m1,#N/A,1", "b,m2,g,#DIV/0!"), [
        (2, "group", "a value", "'#N/A', an error of the spreadsheet"),
        (3, "na_f", "a value", "'#DIV/0!', an error"),
    ]),
    ("column too narrow", _header(",diet", "a,m1,g,####"), [(2, "diet", "a value", "'####', an error")]),
    ("formula as text", _header("", "a,=B3,g", "b,m2,g"), [(2, "animal", "a value", "'=B3', a formula without")]),
    ("encoded twice", _header("", "a,MÃ¶we,g"), [(2, "animal", "text in UTF-8", "which was 'Möwe' before")]),
    ("letters lost", _header("", "a,M\ufffdwe,g"), [(2, "animal", "letters, numbers and signs", "U+FFFD")]),
    ("control character", _header("", "a,m\x071,g"), [(2, "animal", "letters, numbers and signs", "U+0007")]),
    ("invisible character", _header("", "a,m1\u200b,g"), [(2, "animal", "letters, numbers and signs", "U+200B")]),
    ("quote left open", 'slide,animal,group\n"a,m1,g\n', [(2, None, "cells divided by ','", "unexpected end")]),
    ("NUL", _header("", "a,m1,g", "b,m\0,g"), [(3, None, "a table as text", "NUL")]),
]  # fmt: skip
DAYS = ",clinical_score,clinical_score_day_6,clinical_score_day_7,clinical_peak,timepoint"
ROWS: list[tuple[str, str, list[Expected]]] = [
    ("slide twice", _changed("c,", "b,"), [(4, "slide", "one row for each slide", "'b' again, as in row 3")]),
    ("section twice", _header(",section", "a,m1,g,s1", "a,m1,g,s2", "a.svs,m1,g,S01"), [
        (4, "section", "one row for each section", "'s1' of 'a' again, as in row 2"),
    ]),
    ("animal in two groups", _changed("m3", "m1"), [
        (4, "group", "one group of animal 'm1', 'control' as in row 2", "'EAE'"),
    ]),
    ("animal of two sexes", _header(",sex", "a,m1,g,f", "b,m1,g,", "c,m1,g,male"), [
        (4, "sex", "one sex of animal 'm1', 'f' as in row 2", "'male'"),
    ]),
    ("animal in two cages", _header(",cage", "a,m1,g,1", "b,m1,g,2"), [
        (3, "cage", "one cage of animal 'm1', '1' as in row 2", "'2'"),
    ]),
    ("two courses", _header(",clinical_score_day_9", "a,m1,g,1", "b,m1,g,1.5"), [
        (3, "clinical_score_day_9", "one clinical_score_day_9 of animal 'm1', '1' as in row 2", "'1.5'"),
    ]),
    ("two weights at a timepoint", _header(",timepoint,weight_g", "a,m1,g,7,20", "b,m1,g,14,19", "c,m1,g,d7,21"), [
        (4, "weight_g", "one weight_g of animal 'm1' at timepoint '7', '20' as in row 2", "'21'"),
    ]),
    ("two pixel sizes of a slide", _header(",section,mpp", "a,m1,g,s1,0.5", "a,m1,g,s2,0.25"), [
        (3, "mpp", "one mpp of slide 'a', '0.5' as in row 2", "'0.25'"),
    ]),
    ("two batches of a slide", _header(",section,batch", "a,m1,g,s1,x", "a,m1,g,s2,y"), [
        (3, "batch", "one batch of slide 'a', 'x' as in row 2", "'y'"),
    ]),
    ("score unlike its day", _header(DAYS, "a,m1,g,2,1,3,,7"), [
        (2, "clinical_score", "3, as clinical_score_day_7 says", "'2'"),
    ]),
    ("peak unlike the course", _header(DAYS, "a,m1,g,,1,3,2,7"), [
        (2, "clinical_peak", "3, as the course of clinical_score says", "'2'"),
    ]),
    ("onset of a healthy animal", _header(",clinical_onset_day,clinical_score_day_1", "a,m1,g,9,0"), [
        (2, "clinical_onset_day", "an empty cell", "'9'"),
    ]),
    ("timepoint no day", _changed("d14", "onset"), [(4, "timepoint", "a day, as in the other rows", "'onset'")]),
    ("timepoint a range", _changed("d14", "7-14"), [(4, "timepoint", "a day (7, d7, day 7, 7 dpi)", "'7-14'")]),
    ("timepoint a date", _changed("d14", "2026-03-07"), [(4, "timepoint", "a day (7", "'2026-03-07'")]),
    ("group in two spellings", _changed("m3,EAE", "m3,eae"), [
        (4, "group", "one spelling, 'EAE' as in row 3", "'eae'"),
    ]),
    ("animal in two spellings", _header("", "a,mouse 1,g", "b,Mouse1,g"), [
        (3, "animal", "one spelling, 'mouse 1' as in row 2", "'Mouse1'"),
    ]),
    ("two controls", _header(",control", "a,m1,EAE,no", "b,m2,sham,Yes", "c,m3,naive,1"), [
        (4, "control", "one control group, 'sham' as in row 3", "'naive' too"),
    ]),
    ("half a control", _header(",control", "a,m1,sham,yes", "b,m2,sham,no"), [
        (3, "control", "one control of group 'sham', 'yes' as in row 2", "'no'"),
    ]),
]  # fmt: skip
BROKEN = [*HEADERS, *CELLS, *ROWS]


@pytest.mark.parametrize(("text", "expected"), [case[1:] for case in BROKEN], ids=[case[0] for case in BROKEN])
def test_broken_table_is_answered_with_row_and_column(tmp_path: Path, text: str, expected: list[Expected]) -> None:
    with pytest.raises(InvalidDesign) as caught:
        _read(tmp_path, text)
    problems = caught.value.problems
    assert [(problem.row, problem.column) for problem in problems] == [case[:2] for case in expected]
    for problem, (_, _, right, found) in zip(problems, expected, strict=True):
        assert right in problem.expected
        assert found in problem.got
        assert str(problem) in str(caught.value)
    assert caught.value.next_step


def test_the_table_they_break_is_sound(tmp_path: Path) -> None:
    assert len(_read(tmp_path, SOUND).table) == 3


def test_all_problems_come_at_once_in_order_of_rows(tmp_path: Path) -> None:
    text = "slides,animal,group,mpp,segment\na,m1,x,-1,colon\nb,m1,y,1,\n,,,,\nc,,z,fine,Ileum\n"
    with pytest.raises(InvalidDesign, match="6 problems") as caught:
        _read(tmp_path, text)
    places = [(problem.row, problem.column) for problem in caught.value.problems]
    assert [row for row, _ in places] == [1, 2, 2, 3, 5, 5]
    assert set(places) == {(1, "slide"), (2, "mpp"), (2, "segment"), (3, "group"), (5, "animal"), (5, "mpp")}


cell = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12) | st.sampled_from(["a", "7", "d7"])


@settings(max_examples=30, deadline=None)
@given(st.lists(st.lists(cell, min_size=2, max_size=6), min_size=1, max_size=4))
def test_any_text_is_a_design_or_one_clear_error(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]]
) -> None:
    path = tmp_path_factory.mktemp("any") / "d.csv"
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([["slide", "animal", "group", "timepoint", "mpp"], *rows])
    problems: tuple[DesignProblem, ...] = ()
    try:
        read_design(path)
    except InvalidDesign as error:
        problems = error.problems
    is_short_or_long = any(
        len(row) < 3 or any(cell.strip() for cell in row[5:]) for row in rows if any(map(str.strip, row))
    )
    assert problems or not is_short_or_long
    assert all(problem.row is None or 1 <= problem.row <= len(rows) + 1 for problem in problems)
