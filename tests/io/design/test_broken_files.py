"""Files that hold no table, or a damaged one, say what they are and what to do."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from histo.errors import InvalidDesign
from histo.io.design import read_design

SOUND = "slide,animal,group\na,m1,control\nb,m2,EAE\n"
ROWS: list[list[object]] = [line.split(",") for line in SOUND.splitlines()]
Make = Callable[[Path], object]


def _workbook(rows: list[list[object]], **sheets: list[list[object]]) -> openpyxl.Workbook:
    workbook = openpyxl.Workbook()
    workbook.active.title = "Sheet1"
    for row in rows:
        workbook.active.append(row)
    for name, others in sheets.items():
        sheet = workbook.create_sheet(name)
        for row in others:
            sheet.append(row)
    return workbook


def _excel(rows: list[list[object]], **sheets: list[list[object]]) -> Make:
    return lambda path: _workbook(rows, **sheets).save(path)


def _with_cells(**cells: object) -> Make:
    def make(path: Path) -> None:
        workbook = _workbook(ROWS)
        for place, value in cells.items():
            workbook.active[place] = value
        workbook.save(path)

    return make


def _merged(*areas: str) -> Make:
    def make(path: Path) -> None:
        workbook = _workbook([[*ROWS[0], "cage"], *([*row, 1] for row in ROWS[1:])])
        for area in areas:
            workbook.active.merge_cells(area)
        workbook.save(path)

    return make


def _cut(make: Make, n_bytes: int) -> Make:
    def cut(path: Path) -> None:
        make(path)
        path.write_bytes(path.read_bytes()[:-n_bytes])

    return cut


def _locked(path: Path) -> None:
    """Write the head of what Excel writes under a password: a container of old Office with an encrypted stream."""
    path.write_bytes(
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 1016 + "EncryptedPackage".encode("utf-16-le") + b"\0" * 512
    )


def _bomb(path: Path) -> None:
    """Add a member of 210 MB of zeros, 1 MB packed, to a sound workbook."""
    _excel(ROWS)(path)
    with (
        zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open("xl/media/a.bin", "w") as stream,
    ):
        for _ in range(21):
            stream.write(b"\0" * 10_000_000)


def _with_sheet_xml(change: Callable[[bytes], bytes]) -> Make:
    def make(path: Path) -> None:
        _excel(ROWS)(path)
        with zipfile.ZipFile(path) as archive:
            members = {name: archive.read(name) for name in archive.namelist()}
        name = "xl/worksheets/sheet1.xml"
        with zipfile.ZipFile(path, "w") as archive:
            for member, content in members.items():
                archive.writestr(member, change(content) if member == name else content)

    return make


def _laughs(xml: bytes) -> bytes:
    """Add entities that would unfold to ten thousand million letters."""
    entities = b'<!ENTITY a0 "aaaaaaaaaa">' + b"".join(
        b'<!ENTITY a%d "%s">' % (number, b"&a%d;" % (number - 1) * 10) for number in range(1, 10)
    )
    head, _, body = xml.rpartition(b"<worksheet")
    return head + b"<!DOCTYPE x [" + entities + b"]><worksheet" + body.replace(b"</sheetData>", b"&a9;</sheetData>")


def _archive(member: str) -> Make:
    def make(path: Path) -> None:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(member, "")

    return make


def _huge_parquet(path: Path) -> None:
    """Write a million rows of four columns, which pack to next to nothing."""
    names = pa.array(["a"] * 1_000_000)
    pq.write_table(pa.table(dict.fromkeys(["slide", "animal", "group", "batch"], names)), path)


_FAR = "W90000"
BROKEN: list[tuple[str, Make, str]] = [
    ("absent.csv", lambda path: None, "nothing at this path"),
    ("folder.csv", lambda path: path.mkdir(), "a folder"),
    ("empty.csv", lambda path: path.write_bytes(b""), "an empty file"),
    ("no ending", lambda path: path.write_text(SOUND), "a name without an ending"),
    ("design.docx", lambda path: path.write_bytes(b"PK"), r"\*\.csv, \*\.tsv.*got \*\.docx"),
    ("latin.csv", lambda path: path.write_bytes(SOUND.replace("m2", "mé").encode("cp1252")), "row 3.*UTF-8.*byte 0xe9"),
    ("half.csv", lambda path: path.write_bytes(SOUND.encode("utf-16")[:-1]), "UTF-8|UTF-16"),
    ("unmarked.csv", lambda path: path.write_bytes(SOUND.encode("utf-16-le")), "row 1.*NUL bytes, as in a binary"),
    ("image.csv", lambda path: path.write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0"), r"a picture \(PNG\)"),
    ("slide.tsv", lambda path: path.write_bytes(b"II*\0\x08\0\0\0"), r"a picture or slide \(TIFF\)"),
    ("page.csv", lambda path: path.write_text("<html><table><tr><td>slide"), r"a web page \(HTML\)"),
    ("workbook.csv", _excel(ROWS), r"got an Excel workbook \(.xlsx\).*Give the file the ending .xlsx"),
    ("prose.txt", lambda path: path.write_text("Dear reader,\nthis is no table.\n"), "the column 'slide'"),
    ("text.xlsx", lambda path: path.write_text(SOUND), "an Excel workbook.*got text.*ending .csv"),
    ("cut.xlsx", _cut(_excel(ROWS), 500), "an Excel workbook.*a damaged archive"),
    ("locked.xlsx", _locked, "locked with a password.*take the password off"),
    ("old.xlsx", lambda path: path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), r"\(.xls\).*save it as .xlsx"),
    ("letter.xlsx", _archive("word/document.xml"), "a Word document"),
    ("archive.xlsx", _archive("photo.jpg"), "a zip archive"),
    ("hollow.xlsx", _archive("xl/workbook.xml"), "a damaged one"),
    ("bomb.xlsx", _bomb, "got 210 MB when unpacked"),
    ("laughs.xlsx", _with_sheet_xml(_laughs), "a damaged one"),
    ("far.xlsx", _with_sheet_xml(lambda xml: xml.replace(b'"C3"', b'"XFD3"')), r"row 3: expected 3 cells.*got 16384"),
    ("wide.xlsx", _with_sheet_xml(lambda xml: xml.replace(b"</sheetData>", b"".join(
        b'<row r="%d"><c r="XFD%d"><v>1</v></c></row>' % (row, row) for row in range(9, 200)) + b"</sheetData>")),
     "at most 2,000,000 cells"),
    ("blank.xlsx", _excel([], Design=ROWS), "a blank first row in the sheet 'Sheet1'; the workbook has 'Design' too"),
    ("notes first.xlsx", _excel([["Notes of 2 May"], ["all well"]], Design=ROWS),
     "row 1: expected the columns slide, animal, group.*'Notes of 2 May' in the sheet 'Sheet1'.*'Design' too"),
    ("merged.xlsx", _merged("B2:B3"), r"1 problem.*row 3, column 'animal'.*B2:B3 merged into one"),
    ("header.xlsx", _merged("B1:D1"), "row 1: expected a cell for every row and column; got B1:D1 merged into one"),
    ("formula.xlsx", _with_cells(B3="=B2"), r"1 problem.*row 3, column 'animal'.*'=B2', a formula without its result"),
    ("error.xlsx", _with_cells(C3="#REF!"), r"row 3, column 'group'.*'#REF!', an error of the spreadsheet"),
    ("text.parquet", lambda path: path.write_text(SOUND), "a Parquet file; got text"),
    ("cut.parquet", _cut(lambda path: pd.DataFrame(ROWS[1:], columns=ROWS[0]).to_parquet(path), 40), "a damaged one"),
    ("huge.parquet", _huge_parquet, "at most 2,000,000 cells; got 4,000,000"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "make", "message"), BROKEN, ids=[case[0] for case in BROKEN])
def test_file_without_a_sound_table_says_what_it_is(tmp_path: Path, name: str, make: Make, message: str) -> None:
    make(tmp_path / name)
    with pytest.raises(InvalidDesign, match=f"(?s){message}") as caught:
        read_design(tmp_path / name)
    assert str(tmp_path / name) in str(caught.value)
    assert caught.value.problems
    assert caught.value.next_step


def test_cells_far_away_and_blank_do_no_harm(tmp_path: Path) -> None:
    _with_cells(**{_FAR: " "})(tmp_path / "d.xlsx")
    assert read_design(tmp_path / "d.xlsx").table["animal"].tolist() == ["m1", "m2"]


def test_merged_cells_beside_the_table_do_no_harm(tmp_path: Path) -> None:
    _merged("F1:G3", "A9:C12")(tmp_path / "d.xlsx")
    assert len(read_design(tmp_path / "d.xlsx").table) == 2


@pytest.fixture(scope="module")
def sound_files() -> dict[str, bytes]:
    """The bytes of a sound table in each kind of file."""
    workbook, table = io.BytesIO(), io.BytesIO()
    _workbook(ROWS).save(workbook)
    pd.DataFrame(ROWS[1:], columns=ROWS[0]).to_parquet(table)
    return {"d.csv": SOUND.encode(), "d.xlsx": workbook.getvalue(), "d.parquet": table.getvalue()}


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_damaged_bytes_give_a_design_or_one_clear_error(
    sound_files: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    name = data.draw(st.sampled_from(sorted(sound_files)))
    content = bytearray(sound_files[name])
    for place in data.draw(st.lists(st.integers(0, len(content) - 1), min_size=1, max_size=8)):
        content[place] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.mktemp("damaged") / name
    path.write_bytes(bytes(content))
    n_rows, problems = 0, ()
    try:
        n_rows = len(read_design(path).table)
    except InvalidDesign as error:
        problems = error.problems
    assert bool(n_rows) != bool(problems)
