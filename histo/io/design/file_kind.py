"""What a file is, by its bytes: names of files are often wrong."""

from __future__ import annotations

import io
import zipfile

__all__ = ["kind_of"]

_BEGINNINGS = {
    b"PAR1": "a Parquet file",
    b"%PDF": "a PDF",
    b"{\\rtf": "a text document (RTF)",
    b"\x89PNG": "a picture (PNG)",
    b"\xff\xd8\xff": "a picture (JPEG)",
    b"II*\x00": "a picture or slide (TIFF)",
    b"MM\x00*": "a picture or slide (TIFF)",
    b"\x1f\x8b": "a packed file (gzip)",
}
_MEMBERS = {
    "xl/workbook.xml": "an Excel workbook (.xlsx)",
    "xl/workbook.bin": "a binary Excel workbook (.xlsb)",
    "word/document.xml": "a Word document",
    "content.xml": "an OpenDocument file (.ods)",
    "Index/Document.iwa": "a Numbers document",
}
_OLD_OFFICE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
# An encrypted workbook is a stream of this name in a container of the old Office format ([MS-OFFCRYPTO], 2.3.4.4).
_ENCRYPTED_STREAM = "EncryptedPackage".encode("utf-16-le")


def kind_of(content: bytes) -> str:
    r"""Name the kind of a file.

    Parameters
    ----------
    content : bytes
        The whole file.

    Returns
    -------
    str
        With its article; ``"text"`` for text in UTF-8, empty if nothing is known.

    Examples
    --------
    >>> kind_of(b"PAR1..."), kind_of(b"slide,animal"), kind_of(b"\xe9")
    ('a Parquet file', 'text', '')
    """
    if content.startswith(_OLD_OFFICE):
        is_locked = _ENCRYPTED_STREAM in content
        return "an Excel workbook locked with a password" if is_locked else "an old Excel workbook (.xls)"
    if content.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _kind_of_archive(content)
    kinds = (kind for beginning, kind in _BEGINNINGS.items() if content.startswith(beginning))
    return next(kinds, "") or _kind_of_text(content)


def _kind_of_text(content: bytes) -> str:
    start = content[:1024].lower()
    if b"<html" in start or b"<!doctype html" in start or b"<table" in start:
        return "a web page (HTML)"
    if b"\0" in start:
        return "a binary file"
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return ""
    return "text"


def _kind_of_archive(content: bytes) -> str:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = set(archive.namelist())
    except (zipfile.BadZipFile, OSError, ValueError):
        return "a damaged archive or workbook, cut off or changed"
    return next((kind for member, kind in _MEMBERS.items() if member in names), "a zip archive")
