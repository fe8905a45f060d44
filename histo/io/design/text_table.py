"""Design tables as text: CSV, TSV, divided by comma, semicolon or tab."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

from histo.io.design.file_kind import kind_of
from histo.io.design.sheet import Sheet, check_size, sheet_of, stripped, unreadable

__all__ = ["read_text"]

_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_DELIMITERS = "\t,;"
# Excel writes this line above the header, and shows the header as row 1 when it reads it again.
_DELIMITER_LINE = re.compile(r"sep=(?P<delimiter>[,;\t])\r?\n", re.IGNORECASE)


def read_text(path: Path, content: bytes) -> Sheet:
    """Read the cells of a text.

    Raises
    ------
    InvalidDesign
        If it is not text in UTF-8 (or UTF-16 with its mark), or its quotes do not close.
    """
    text = _decoded(path, content)
    said = _DELIMITER_LINE.match(text)
    if said:
        text = text[said.end() :]
    delimiter = said["delimiter"] if said else _delimiter_of(text)
    check_size(path, text.count(delimiter))
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows: list[tuple[str, ...]] = []
    try:
        rows.extend(stripped(row) for row in lines)
    except csv.Error as error:
        got = f"{error}, in the row that begins there or a quote left open above"
        raise unreadable(path, f"cells divided by {delimiter!r}", got, row=len(rows) + 1) from error
    return sheet_of(path, rows, delimiter=delimiter)


def _delimiter_of(text: str) -> str:
    """Find what divides the first line that is divided: further down, decimal commas may be in the majority."""
    divided = (line for line in text.split("\n", 20) if any(delimiter in line for delimiter in _DELIMITERS))
    return max(_DELIMITERS, key=next(divided, "").count)


def _decoded(path: Path, content: bytes) -> str:
    kind = kind_of(content)
    if content.startswith(_UTF16_MARKS):
        encoding = "utf-16"
    elif kind in {"text", ""}:
        encoding = "utf-8-sig"
    elif kind == "a binary file":
        row = content.count(b"\n", 0, content.index(b"\0")) + 1
        raise unreadable(path, "a table as text in UTF-8", "NUL bytes, as in a binary file or other encoding", row=row)
    else:
        raise unreadable(path, "a table as text", kind, next_step=_next_step(kind))
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        row = content.count(b"\n", 0, error.start) + 1
        got = f"byte 0x{content[error.start]:02x}, which is not"
        raise unreadable(path, "text in UTF-8", got, row=row, next_step="Save it as 'CSV UTF-8'.") from error
    if "\0" in text:
        row = text.count("\n", 0, text.index("\0")) + 1
        raise unreadable(path, "a table as text in UTF-8", "a NUL character", row=row)
    return text


def _next_step(kind: str) -> str | None:
    endings = {"an Excel workbook (.xlsx)": ".xlsx", "a Parquet file": ".parquet"}
    return f"Give the file the ending {endings[kind]}." if kind in endings else None
