from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from histo.errors import DesignProblem, InvalidDesign
from histo.io.design import Design, read_design
from histo.io.design.cell import as_day

SOUND = """slide,animal,group,timepoint,segment,mpp
a.svs,m1,control,,duodenum,0.25
b.ome.tif,m2,EAE,day 7,Jejunum,
c,m3,EAE,d14,ILEUM,0.5
"""


def _read(tmp_path: Path, text: str, name: str = "animals.csv") -> Design:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return read_design(path)


def _header(columns: str, *rows: str) -> str:
    return "\n".join(["slide,animal,group" + columns, *rows])


def _excel(rows: list[list[object]]) -> Callable[[Path], object]:
    def write(path: Path) -> None:
        workbook = openpyxl.Workbook()
        for row in rows:
            workbook.active.append(row)
        workbook.save(path)

    return write


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
    table = _read(tmp_path, _header(",iga,dose,note", "a,m1,g,1.5,,x", "b,m2,g,,,1")).table
    assert table["iga"].tolist()[0] == 1.5
    assert str(table["iga"].dtype) == "float64"
    assert table["dose"].tolist() == ["", ""]
    assert table["note"].tolist() == ["x", "1"]


def test_columns_that_are_near_to_known_ones_but_mean_something_else_are_kept(tmp_path: Path) -> None:
    table = _read(tmp_path, _header(",age,strain,Treatment", "a,m1,g,12,C57BL/6,MOG")).table
    assert table.iloc[0, -3:].tolist() == [12.0, "C57BL/6", "MOG"]


def test_names_that_look_like_numbers_stay_names(tmp_path: Path) -> None:
    table = _read(tmp_path, _header(",cage,batch", "007,01,1e3,02,3")).table
    assert table.iloc[0].tolist() == ["007", "", "01", "1e3", "", "", "02", "3"]


STAINS = [("H&E", "he"), ("he", "he"), ("DAB", "dab"), ("IHC", "dab"), ("IF", "fluorescence"), ("", "")]


@pytest.mark.parametrize(("written", "read"), STAINS)
def test_stain_has_one_spelling(tmp_path: Path, written: str, read: str) -> None:
    assert _read(tmp_path, _header(",stain", f"a,m1,g,{written}")).table["stain"].tolist() == [read]


def test_the_control_group_comes_first_and_all_its_rows_are_marked(tmp_path: Path) -> None:
    design = _read(tmp_path, _header(",control", "a,m1,EAE,no", "b,m2,sham,Yes", "c,m3,EAE,", "d,m4,sham,"))
    assert design.controls == ("sham",)
    assert design.groups == ("sham", "EAE")
    assert design.table["control"].tolist() == [False, True, False, True]


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


HEADERS = [
    ("Time-point", "d7", "timepoint", "7"),
    ("µm/px", "0.5", "mpp", 0.5),
    ("mpp (nm/px)", "250", "mpp", 0.25),
    ("Na-F", "1.5", "na_f", 1.5),
    ("Na-F (ng/ml)", "1500", "na_f", 1.5),
    ("NaF [µg per mL]", "1.5", "na_f", 1.5),
    ("FITC BSA (mg/l)", "3", "fitc_bsa", 3.0),
    ("FITC-Dextran\n(ng/mL)", "3", "fitc_dextran", 0.003),
    ("Body weight (kg)", "0.0215", "weight_g", 21.5),
    ("weight_kg", "0.0215", "weight_g", 21.5),
    ("weight", "21.5", "weight_g", 21.5),
    ("Na-F ng/ml", "1500", "na_f", 1.5),
    ("Na-F before", "1500", "na_f_before", 1500.0),
    ("Clinical score (0-5)", "2", "clinical_score", 2.0),
    ("Clinical score, day 07", "2.5", "clinical_score_day_7", 2.5),
    ("Clinical score day 07", "2.5", "clinical_score_day_7", 2.5),
    ("weight d3", "20", "weight_g_day_3", 20.0),
]


@pytest.mark.parametrize(("written", "cell", "name", "value"), HEADERS)
def test_headers_are_read_leniently_and_their_units_taken(
    tmp_path: Path, written: str, cell: str, name: str, value: float | str
) -> None:
    table = _read(tmp_path, f'slide,animal,group,"{written}"\na,m1,g,{cell}\n').table
    assert table[name].tolist() == [value]


def test_a_table_with_decimal_commas_throughout_is_read(tmp_path: Path) -> None:
    table = _read(tmp_path, "slide;animal;group;mpp;weight_g;iga\na;m1;g;0,25;20;1,5\nb;m2;g;;21,5;2\n").table
    assert table["mpp"].tolist()[0] == 0.25
    assert table["weight_g"].tolist() == [20.0, 21.5]
    assert table["iga"].tolist() == [1.5, 2.0]


def test_the_line_that_names_the_delimiter_is_no_row(tmp_path: Path) -> None:
    assert _read(tmp_path, "sep=;\nslide;animal;group\na;m1;g\n").table.index.tolist() == [2]


def test_rows_of_an_animal_complete_one_another(tmp_path: Path) -> None:
    rows = ["a,m1,g,f,7,20", "b,m1,g,,d7,", "c,m1,g,,14,", "d,m2,g,,7,"]
    table = _read(tmp_path, _header(",sex,timepoint,weight_g", *rows)).table
    assert table["sex"].tolist() == ["female", "female", "female", ""]
    assert table["weight_g"].fillna(0).tolist() == [20, 20, 0, 0]


def test_sections_that_histo_names_have_one_spelling(tmp_path: Path) -> None:
    design = _read(tmp_path, _header(",section", "a,m1,g,S01", "a,m2,g,upper"))
    assert design.table["section"].tolist() == ["s1", "upper"]


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


def test_a_misspelt_slide_and_its_row_name_one_another_and_no_slide_that_has_its_row(tmp_path: Path) -> None:
    design = _read(tmp_path, _header("", "m01_jejunum,m1,g", "m02_jejunm,m2,g", "m03_jejunum,m3,g"))
    without_row, without_slide = design.check_against(["m01_jejunum", "m02_jejunum", "m03_jejunum"])
    assert without_row.got == "none, so it is of no animal; the nearest is 'm02_jejunm'"
    assert without_slide.got == "'m02_jejunm', without a file; the nearest is 'm02_jejunum'"
    assert "nearest" not in design.check_against(["m01_jejunum", "m02_jejunm", "m03_jejunum", "m04_jejunum"])[0].got


def test_check_against_names_slides_without_rows_and_rows_without_slides(tmp_path: Path) -> None:
    design = _read(tmp_path, SOUND)
    assert design.check_against(["x/a.svs", "b", "c.ndpi"]) == []
    assert design.check_against(["a", "c", "zz.svs"]) == [
        DesignProblem(None, "slide", "a row for slide 'zz'", "none, so it is of no animal"),
        DesignProblem(3, "slide", "one of the slides that are there", "'b', without a file"),
    ]
