"""What the text of a cell is read as: numbers, days, names of slides and sections."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from histo.io.slides.opening import slide_name

__all__ = ["Number", "as_day", "as_name", "as_number", "as_section", "as_slide", "as_timepoint", "is_placeholder"]

_DAY = re.compile(r"(?:days?|d|dpi)?[ _.]*([+-]?\d+(?:\.\d+)?) *(?:days?|d|dpi)?", re.IGNORECASE | re.ASCII)
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.IGNORECASE | re.ASCII)
_NUMBERED_SECTION = re.compile(r"s0*([1-9]\d*)", re.IGNORECASE | re.ASCII)
_DATE_OR_RANGE = re.compile(r"\d+ *(?:[-/.–]|to) *\d+(?: *[-/.] *\d+)?(?:[ T]\d.*)?", re.IGNORECASE | re.ASCII)
_PLACEHOLDERS = {"na", "n/a", "n.a.", "nan", "null", "-", "--", "---", "–", "—", "?", "??", "???", "tbd", "unknown"}


def is_placeholder(text: str) -> bool:
    """Whether a cell only says that nothing is known: two animals called NA would become one."""
    return text.casefold() in _PLACEHOLDERS


def as_name(text: str) -> str | None:
    """Read a name, or give None for what stands for the lack of one."""
    return None if is_placeholder(text) else text


def as_number(text: str) -> float | None:
    """Read a finite number written with a point, or give None.

    Examples
    --------
    >>> as_number("0.25"), as_number("0,25"), as_number("nan")
    (0.25, None, None)
    """
    number = float(text) if _NUMBER.fullmatch(text) else math.inf
    return number if math.isfinite(number) else None


def as_day(text: str) -> float | None:
    """Read a timepoint that is a day, or give None.

    Examples
    --------
    >>> as_day("day 7"), as_day("d7"), as_day("7 dpi"), as_day("onset")
    (7.0, 7.0, 7.0, None)
    """
    day = _DAY.fullmatch(text)
    return float(day[1]) if day else None


def as_timepoint(text: str) -> str | None:
    """Read a timepoint: a day in one spelling, a name as it stands, or None for a date, a range or a placeholder.

    Examples
    --------
    >>> as_timepoint("day 7"), as_timepoint("d7.50"), as_timepoint("onset"), as_timepoint("7-14")
    ('7', '7.5', 'onset', None)
    """
    day = as_day(text)
    if day is not None:
        written = f"{day:.6f}".rstrip("0").rstrip(".")
        return "0" if written == "-0" else written
    return None if _DATE_OR_RANGE.fullmatch(text) else as_name(text)


def as_slide(text: str) -> str:
    """Read a slide's name from its name or path, with or without extension, with slashes of either kind."""
    return slide_name(text.replace("\\", "/"))


def as_section(text: str) -> str | None:
    """Read a section's name; those that histo gives have one spelling.

    Examples
    --------
    >>> as_section("S02"), as_section("upper piece")
    ('s2', 'upper piece')
    """
    numbered = _NUMBERED_SECTION.fullmatch(text)
    return f"s{numbered[1]}" if numbered else as_name(text)


@dataclass(frozen=True)
class Number:
    """Reads numbers from `low` to `high`, written in another unit if need be.

    Parameters
    ----------
    low, high : float
        The smallest and largest that make sense, in the column's unit.
    exponent : int
        A written number is so many powers of ten of the column's unit: 3 for kg in a column of g.
    """

    low: float = -math.inf
    high: float = math.inf
    exponent: int = 0

    def __call__(self, text: str) -> float | None:
        """Read a number, or give None."""
        number = as_number(text)
        if number is None:
            return None
        # Dividing by a power of ten rounds once, where multiplying by its inverse would round twice.
        scaled = number * 10**self.exponent if self.exponent >= 0 else number / 10**-self.exponent
        return scaled if self.low <= scaled <= self.high else None
