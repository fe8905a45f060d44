from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from histo.errors import DesignProblem, InvalidDesign
from histo.io.design import Design, read_design
from histo.io.design.columns import as_day

SOUND = """slide,animal,group,timepoint,segment,mpp
a.svs,m1,control,,duodenum,0.25
b.ome.tif,m2,EAE,day 7,Jejunum,
c,m3,EAE,d14,ILEUM,0.5
"""


def _read(tmp_path: Path, text: str, name: str = "animals.csv") -> Design:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return read_design(path)


def _changed(old: str, new: str) -> str:
    assert old in SOUND
    return SOUND.replace(old, new)


def _header(columns: str, *rows: str) -> str:
    return "\n".join(["slide,animal,group" + columns, *rows])


# name, text of the file, (row, column, part of expected, part of got) of every problem
BROKEN_TABLES: list[tuple[str, str, list[tuple[int | None, str | None, str, str]]]] = [
    ("slide missing", _changed("slide,", "picture,"), [(1, "slide", "the column 'slide'", "only picture, animal")]),
    ("slide misspelt", _changed("slide,", "slides,"), [(1, "slide", "the column 'slide'", "'slides'; rename it")]),
    (
        "all required missing",
        "a,b\n1,2\n",
        [(1, name, f"the column {name!r}", "only a, b") for name in ("slide", "animal", "group")],
    ),
    ("optional misspelt", _changed("timepoint", "timepiont"), [(1, "timepoint", "the column", "'timepiont'")]),
    ("header hyphenated", _changed("timepoint", "time-point"), [(1, "timepoint", "the column", "'time_point'")]),
    ("column twice", _changed("mpp", "Group"), [(1, "group", "each column once", "2 columns")]),
    ("column unnamed", _changed("segment", ""), [(1, None, "a name for every column", "column 5 of 6")]),
    ("slide empty", _changed("a.svs", ""), [(2, "slide", "the name of a slide", "nothing")]),
    ("animal empty", _changed("m2", " "), [(3, "animal", "the name of an animal", "nothing")]),
    ("group empty", _changed("control", ""), [(2, "group", "the name of a group", "nothing")]),
    ("row too long", _changed("0.5\n", "0.5,,x\n"), [(4, None, "6 cells", "8, the last 'x'")]),
    ("row too short", _changed("c,m3,EAE,d14,ILEUM,0.5", "c,m3"), [(4, "group", "the name of a group", "nothing")]),
    ("slide twice", _changed("c,", "b,"), [(4, "slide", "each slide and section once", "'b', as in row 3")]),
    (
        "section twice",
        _header(",section", "a,m1,g,s1", "a,m1,g,s2", "a.svs,m1,g,s1"),
        [(4, "slide", "each slide and section once", "'a.svs' section 's1', as in row 2")],
    ),
    (
        "animal in two groups",
        _changed("m3", "m1"),
        [(4, "group", "animal 'm1' in one group, 'control' as in row 2", "'EAE'")],
    ),
    ("mpp zero", _changed("0.25", "0"), [(2, "mpp", "0.01 to 100", "'0'")]),
    ("mpp negative", _changed("0.25", "-0.25"), [(2, "mpp", "0.01 to 100", "'-0.25'")]),
    ("mpp in nm", _changed("0.25", "250"), [(2, "mpp", "µm per pixel", "'250'")]),
    ("mpp with unit", _changed("0.25", "0.25 µm"), [(2, "mpp", "a number", "'0.25 µm'")]),
    ("mpp not finite", _changed("0.25", "nan"), [(2, "mpp", "a number", "'nan'")]),
    ("mpp with comma", _changed("0.25", '"0,25"'), [(2, "mpp", "with a point", "'0,25'")]),
    ("unknown segment", _changed("Jejunum", "colon"), [(3, "segment", "duodenum, jejunum, ileum", "'colon'")]),
    ("unknown stain", _header(",stain", "a,m1,g,PAS"), [(2, "stain", "he, h&e, dab", "'PAS'")]),
    ("timepoint no day", _changed("d14", "onset"), [(4, "timepoint", "a day, as in the other rows", "'onset'")]),
    ("control unclear", _header(",control", "a,m1,g,maybe"), [(2, "control", "yes, true, 1, no", "'maybe'")]),
    ("score no number", _header(",clinical_score", "a,m1,g,bad"), [(2, "clinical_score", "a number", "'bad'")]),
    ("weight zero", _header(",weight", "a,m1,g,0"), [(2, "weight", "above 0", "'0'")]),
    ("Excel error", _header(",na_f", "a,m1,#N/A,1", "b,m2,g,#DIV/0!"), [
        (2, "group", "a value", "'#N/A'"),
        (3, "na_f", "a value", "'#DIV/0!'"),
    ]),
    ("no rows", "slide,animal,group\n", [(None, None, "a row for every slide", "no rows")]),
    ("only blank rows", "slide,animal,group\n,,\n\n", [(None, None, "a row for every slide", "no rows")]),
    ("header blank", "\nslide,animal,group\n", [(None, None, "names of the columns", "a blank first row")]),
    ("quote left open", 'slide,animal,group\n"a,m1,g\n', [(None, None, "cells divided by ','", "unexpected end")]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "expected"), [case[1:] for case in BROKEN_TABLES], ids=[case[0] for case in BROKEN_TABLES]
)
def test_broken_table_is_answered_with_row_and_column(
    tmp_path: Path, text: str, expected: list[tuple[int | None, str | None, str, str]]
) -> None:
    with pytest.raises(InvalidDesign) as caught:
        _read(tmp_path, text)
    problems = caught.value.problems
    assert [(problem.row, problem.column) for problem in problems] == [case[:2] for case in expected]
    for problem, (_, _, right, found) in zip(problems, expected, strict=True):
        assert right in problem.expected
        assert found in problem.got
        assert str(problem) in str(caught.value)
    assert caught.value.next_step


def _excel(rows: list[list[object]]) -> Callable[[Path], object]:
    def write(path: Path) -> None:
        workbook = openpyxl.Workbook()
        for row in rows:
            workbook.active.append(row)
        workbook.save(path)

    return write


def _cut_excel(path: Path) -> None:
    _excel([["slide", "animal", "group"], ["a", "m1", "g"]])(path)
    path.write_bytes(path.read_bytes()[:-500])


BROKEN_FILES: list[tuple[str, Callable[[Path], object], str]] = [
    ("absent.csv", lambda path: None, "nothing at this path"),
    ("folder.csv", lambda path: path.mkdir(), "a folder"),
    ("empty.csv", lambda path: path.write_bytes(b""), "an empty file"),
    ("design.docx", lambda path: path.write_bytes(b"PK"), r"\*\.csv, \*\.tsv.*got \*\.docx"),
    ("latin.csv", lambda path: path.write_bytes(SOUND.replace("m2", "mé").encode("cp1252")), "row 3.*UTF-8.*byte 0xe9"),
    ("half.csv", lambda path: path.write_bytes(SOUND.encode("utf-16")[:-1]), "UTF-8|UTF-16"),
    ("image.csv", lambda path: path.write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0"), "UTF-8.*0x89"),
    ("binary.tsv", lambda path: path.write_bytes(b"II*\0\x08\0\0\0"), "a binary file"),
    ("prose.txt", lambda path: path.write_text("Dear reader,\nthis is no table.\n"), "the column 'slide'"),
    ("text.xlsx", lambda path: path.write_text(SOUND), "an Excel workbook.*BadZipFile"),
    ("cut.xlsx", _cut_excel, "an Excel workbook"),
    ("blank.xlsx", _excel([]), "a blank first row"),
    ("text.parquet", lambda path: path.write_text(SOUND), "a Parquet file"),
]


@pytest.mark.parametrize(("name", "make", "message"), BROKEN_FILES, ids=[case[0] for case in BROKEN_FILES])
def test_file_that_is_no_table_says_what_it_is(
    tmp_path: Path, name: str, make: Callable[[Path], object], message: str
) -> None:
    make(tmp_path / name)
    with pytest.raises(InvalidDesign, match=f"(?s){message}") as caught:
        read_design(tmp_path / name)
    assert str(tmp_path / name) in str(caught.value)
    assert caught.value.problems
    assert caught.value.next_step


def test_all_problems_come_at_once_in_order_of_rows(tmp_path: Path) -> None:
    text = "slides,animal,group,mpp,segment\na,m1,x,-1,colon\nb,m1,y,1,\n,,,,\nc,,z,fine,Ileum\n"
    with pytest.raises(InvalidDesign, match="6 problems") as caught:
        _read(tmp_path, text)
    places = [(problem.row, problem.column) for problem in caught.value.problems]
    assert [row for row, _ in places] == [1, 2, 2, 3, 5, 5]
    assert set(places) == {(1, "slide"), (2, "mpp"), (2, "segment"), (3, "group"), (5, "animal"), (5, "mpp")}


def test_sound_table_is_read_with_types(tmp_path: Path) -> None:
    table = _read(tmp_path, SOUND).table
    assert table["slide"].tolist() == ["a", "b", "c"]
    assert table["timepoint"].tolist() == ["", "7", "14"]
    assert table["segment"].tolist() == ["duodenum", "jejunum", "ileum"]
    assert table["section"].tolist() == ["", "", ""]
    assert table["mpp"].tolist()[::2] == [0.25, 0.5]
    assert pd.isna(table["mpp"].iloc[1])
    assert table.index.tolist() == [2, 3, 4]


def test_only_three_columns_are_needed(tmp_path: Path) -> None:
    table = _read(tmp_path, _header("", "a,m1,g")).table
    assert list(table.columns) == ["slide", "section", "animal", "group", "timepoint", "segment"]


def test_other_columns_are_kept_as_numbers_or_texts(tmp_path: Path) -> None:
    table = _read(tmp_path, _header(",na_f,fitc_bsa,note", "a,m1,g,1.5,,x", "b,m2,g,,,1")).table
    assert table["na_f"].tolist()[0] == 1.5
    assert str(table["na_f"].dtype) == "float64"
    assert table["fitc_bsa"].tolist() == ["", ""]
    assert table["note"].tolist() == ["x", "1"]


def test_names_that_look_like_numbers_stay_names(tmp_path: Path) -> None:
    table = _read(tmp_path, _header(",cage,batch", "007,01,1e3,02,3")).table
    assert table.iloc[0].tolist() == ["007", "", "01", "1e3", "", "", "02", "3"]


STAINS = [("H&E", "he"), ("he", "he"), ("DAB", "dab"), ("IHC", "dab"), ("IF", "fluorescence"), ("", "")]


@pytest.mark.parametrize(("written", "read"), STAINS)
def test_stain_has_one_spelling(tmp_path: Path, written: str, read: str) -> None:
    assert _read(tmp_path, _header(",stain", f"a,m1,g,{written}")).table["stain"].tolist() == [read]


def test_control_groups_come_first(tmp_path: Path) -> None:
    design = _read(tmp_path, _header(",control", "a,m1,EAE,no", "b,m2,sham,Yes", "c,m3,naive,1", "d,m4,EAE,"))
    assert design.controls == ("sham", "naive")
    assert design.groups == ("sham", "naive", "EAE")
    assert design.table["control"].tolist() == [False, True, True, False]


DAYS = [("7", 7), ("d7", 7), ("day 7", 7), ("Day7", 7), ("7 d", 7), ("7 days", 7), ("14 dpi", 14), ("dpi 14", 14),
        ("day_7", 7), ("-1", -1), ("7.5", 7.5),
        ("week 2", None), ("onset", None), ("", None), ("7-14", None), ("٧", None)]  # fmt: skip


@pytest.mark.parametrize(("text", "day"), DAYS)
def test_day_is_read_in_any_spelling(text: str, day: float | None) -> None:
    assert as_day(text) == day


def test_days_are_ordered_by_number_and_spellings_merge(tmp_path: Path) -> None:
    design = _read(tmp_path, _header(",timepoint", "a,m1,g,d14", "b,m2,g,7", "c,m3,g,day 7", "d,m4,g,", "e,m5,g,21.5"))
    assert design.timepoints == ("7", "14", "21.5")


def test_named_timepoints_keep_the_order_of_the_table(tmp_path: Path) -> None:
    assert _read(tmp_path, _header(",timepoint", "a,m1,g,pre", "b,m2,g,onset", "c,m3,g,peak")).timepoints == (
        "pre",
        "onset",
        "peak",
    )


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_text_tables_of_all_kinds_are_the_same(tmp_path: Path, delimiter: str, encoding: str, line_end: str) -> None:
    path = tmp_path / "animals.csv"
    path.write_bytes(SOUND.replace("m1", "Möwe µ").replace(",", delimiter).replace("\n", line_end).encode(encoding))
    table = read_design(path).table
    assert table["animal"].tolist() == ["Möwe µ", "m2", "m3"]
    assert table["mpp"].iloc[0] == 0.25


def test_excel_and_parquet_are_read_as_csv_is(tmp_path: Path) -> None:
    rows = [
        ["Slide ", "animal", "group", "timepoint", "segment", "mpp", "control"],
        ["a.svs", 1, "control", None, "duodenum", 0.25, True],
        [None] * 7,
        ["b.ome.tif", 2.0, "EAE", 7, "Jejunum", None, False],
    ]
    _excel(rows)(tmp_path / "d.xlsx")
    pd.DataFrame([rows[1], rows[3]], columns=rows[0]).to_parquet(tmp_path / "d.parquet")
    excel, parquet = read_design(tmp_path / "d.xlsx").table, read_design(tmp_path / "d.parquet").table
    pd.testing.assert_frame_equal(excel.reset_index(drop=True), parquet.reset_index(drop=True))
    assert excel["animal"].tolist() == ["1", "2"]
    assert excel["timepoint"].tolist() == ["", "7"]
    assert excel.index.tolist() == [2, 4]


def test_rows_are_numbered_as_the_spreadsheet_does_across_quoted_line_breaks(tmp_path: Path) -> None:
    text = 'slide,animal,group,note\na,m1,g,"two\nlines"\n\nb,m2,g,\n'
    assert _read(tmp_path, text).table.index.tolist() == [2, 4]


def test_row_is_found_with_or_without_extension_and_folder(tmp_path: Path) -> None:
    design = _read(tmp_path, SOUND)
    for name in ("b", "b.ome.tif", "scans/b.svs"):
        assert design.row_for(name)["animal"] == "m2"


def test_slide_cell_may_be_a_windows_path(tmp_path: Path) -> None:
    assert _read(tmp_path, _header("", "D:\\scans\\m07.svs,m7,g")).row_for("m07")["animal"] == "m7"


def test_row_of_the_section_is_preferred_to_that_of_the_slide(tmp_path: Path) -> None:
    design = _read(tmp_path, _header(",section", "a,m1,g,", "a,m2,g,s2", "b,m3,g,s2"))
    assert design.row_for("a", "s1")["animal"] == "m1"
    assert design.row_for("a", "s2")["animal"] == "m2"
    with pytest.raises(InvalidDesign, match=r"a row for section 's1' of slide 'b'.*got rows for 's2'"):
        design.row_for("b")


def test_slide_without_row_is_an_error_that_names_the_nearest(tmp_path: Path) -> None:
    design = _read(tmp_path, SOUND.replace("a.svs", "m07_jejunum.svs"))
    with pytest.raises(InvalidDesign, match=r"a row for slide 'm07_jejunm'.*nearest is 'm07_jejunum'"):
        design.row_for("m07_jejunm.svs")


def test_check_against_names_slides_without_rows_and_rows_without_slides(tmp_path: Path) -> None:
    design = _read(tmp_path, SOUND)
    assert design.check_against(["x/a.svs", "b", "c.ndpi"]) == []
    assert design.check_against(["a", "c", "zz.svs"]) == [
        DesignProblem(None, "slide", "a row for slide 'zz'", "none"),
        DesignProblem(3, "slide", "one of the slides that are there", "'b'"),
    ]


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
