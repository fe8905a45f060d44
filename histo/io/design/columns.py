"""What may stand in each column of a design table, and what it is read as."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from histo.io.slides.opening import slide_name

__all__ = ["COLUMNS", "REQUIRED", "DesignColumn", "as_day", "as_number", "as_slide"]

_SEGMENTS = ("duodenum", "jejunum", "ileum")
_STAINS = {"he": "he", "h&e": "he", "dab": "dab", "ihc": "dab", "fluorescence": "fluorescence", "if": "fluorescence"}
_FLAGS = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}
_DAY = re.compile(r"(?:days?|d|dpi)?[ _.]*([+-]?\d+(?:\.\d+)?) *(?:days?|d|dpi)?", re.IGNORECASE | re.ASCII)
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.IGNORECASE | re.ASCII)


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


def as_slide(text: str) -> str:
    """Read a slide's name from its name or path, with or without extension, with slashes of either kind."""
    return slide_name(text.replace("\\", "/"))


def _as_mpp(text: str) -> float | None:
    mpp = as_number(text)
    return mpp if mpp is not None and 0.01 <= mpp <= 100 else None


def _as_weight(text: str) -> float | None:
    weight = as_number(text)
    return weight if weight is not None and weight > 0 else None


@dataclass(frozen=True)
class DesignColumn:
    """A column that histo knows: which cells it takes, in words, and what they are read as (None: not one of them)."""

    name: str
    expected: str
    read: Callable[[str], str | float | bool | None] = str
    kind: Literal["str", "float64", "bool"] = "str"
    is_required: bool = False

    @property
    def empty(self) -> str | float | bool:
        """What an empty cell is read as."""
        empty: dict[str, str | float | bool] = {"str": "", "float64": math.nan, "bool": False}
        return empty[self.kind]


COLUMNS = {
    column.name: column
    for column in (
        DesignColumn("slide", "the name of a slide", as_slide, is_required=True),
        DesignColumn("section", "the name of a section"),
        DesignColumn("animal", "the name of an animal", is_required=True),
        DesignColumn("group", "the name of a group", is_required=True),
        DesignColumn("timepoint", "a day or a name"),
        DesignColumn(
            "segment",
            f"one of {', '.join(_SEGMENTS)}",
            lambda text: text.lower() if text.lower() in _SEGMENTS else None,
        ),
        DesignColumn("stain", f"one of {', '.join(_STAINS)}", lambda text: _STAINS.get(text.lower())),
        DesignColumn("marker", "markers, as CD3 or CD4; Foxp3=Cy5"),
        DesignColumn("mpp", "µm per pixel, a number from 0.01 to 100 with a point", _as_mpp, "float64"),
        DesignColumn("control", f"one of {', '.join(_FLAGS)}", lambda text: _FLAGS.get(text.lower()), "bool"),
        DesignColumn("negative_control", f"one of {', '.join(_FLAGS)}", lambda text: _FLAGS.get(text.lower()), "bool"),
        DesignColumn("batch", "the name of a batch"),
        DesignColumn("sex", "the animal's sex"),
        DesignColumn("cage", "the name of a cage"),
        DesignColumn("clinical_score", "a number", as_number, "float64"),
        DesignColumn("weight", "a number above 0", _as_weight, "float64"),
    )
}
REQUIRED = tuple(column.name for column in COLUMNS.values() if column.is_required)
