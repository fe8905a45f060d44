"""Cells that hold no value: errors of the spreadsheet, formulas, and texts that were read in the wrong encoding."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

__all__ = ["Blemish", "blemish_of"]

_ERROR = re.compile(
    r"#(?:DIV/0!|N/A|NAME\?|NULL!|NUM!|REF!|VALUE!|SPILL!|CALC!|FIELD!|GETTING_DATA|#+)|Err:\d+", re.ASCII
)
_FORMULA = re.compile(r"=[\w(+\-\"'$@{].*", re.DOTALL)
# Line breaks and tabs, and what joins or parts letters in some scripts; other signs without a face make two names of
# one.
_ALLOWED = "\n\t\u200c\u200d"
# Bytes of UTF-8 read as cp1252 begin with one of these (those of two bytes for Latin and Greek, and the micro sign).
_GARBLED = re.compile(r"[ÂÃÎÏ][\u0080-\u00bf\u0152-\u0192\u02c6-\u2122]")


@dataclass(frozen=True)
class Blemish:
    """Why a cell holds no value: what was expected of it, and what is to be said of its text."""

    expected: str
    remark: str


def blemish_of(text: str) -> Blemish | None:
    """Say why a cell holds no value; None if it may hold one.

    Parameters
    ----------
    text : str
        The cell.

    Examples
    --------
    >>> blemish_of("#N/A").remark, blemish_of("MÃ¶we").remark, blemish_of("#7")
    ('an error of the spreadsheet', "which was 'Möwe' before it was read in another encoding", None)
    """
    if _ERROR.fullmatch(text):
        return Blemish("a value", "an error of the spreadsheet")
    if _FORMULA.fullmatch(text):
        return Blemish("a value", "a formula without its result; paste values only")
    strange = next((character for character in text if _is_strange(character)), "")
    if strange:
        return Blemish("letters, numbers and signs", f"with the character U+{ord(strange):04X}, which is none of them")
    if _GARBLED.search(text) and (meant := _read_again(text)):
        return Blemish("text in UTF-8", f"which was {meant!r} before it was read in another encoding")
    return None


def _is_strange(character: str) -> bool:
    if character in _ALLOWED:
        return False
    category = unicodedata.category(character)
    return category in {"Cc", "Cf", "Cs"} or character == "\ufffd" or ord(character) & 0xFFFE == 0xFFFE


def _read_again(text: str) -> str:
    """Undo that UTF-8 was read as cp1252; empty where that is not what happened."""
    try:
        return text.encode("cp1252").decode("utf-8")
    except UnicodeError:
        return ""
