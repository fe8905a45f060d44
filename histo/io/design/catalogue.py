"""The columns that histo knows in a design table."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace

from histo.io.design.cell import Number, as_name, as_section, as_slide, as_timepoint
from histo.io.design.column import DesignColumn, Scope

__all__ = ["COLUMNS", "COURSES", "REQUIRED", "columns_markdown", "course_column", "day_of", "known_column"]

_SEGMENTS = ("duodenum", "jejunum", "ileum")
_STAINS = {"he": "he", "h&e": "he", "dab": "dab", "ihc": "dab", "fluorescence": "fluorescence", "if": "fluorescence"}
_PREPARATIONS = {"section": "section", "monolayer": "monolayer", "en face": "monolayer", "en-face": "monolayer"}
_FLAGS = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}
_SEXES = {"female": "female", "f": "female", "♀": "female", "male": "male", "m": "male", "♂": "male"}
_PER_PIXEL = {"um": 0, "um/px": 0, "um/pixel": 0, "nm": -3, "nm/px": -3, "nm/pixel": -3}
_IN_PLASMA = {"ug/ml": 0, "mg/l": 0, "ng/ul": 0, "ng/ml": -3, "ug/l": -3, "mg/ml": 3, "pg/ml": -6}
_WEIGHTS = {"g": 0, "kg": 3, "mg": -3}
_DAY = re.compile(r"0|[1-9]\d{0,2}", re.ASCII)


def known_column(name: str) -> DesignColumn | None:
    """Find a column by its name, those of single days too; None if histo has none of this name.

    Examples
    --------
    >>> known_column("clinical_score_day_7").scope, known_column("diet")
    ('animal', None)
    """
    if name in COLUMNS:
        return COLUMNS[name]
    for base in COURSES:
        day = day_of(name, base)
        if day is not None:
            return replace(COLUMNS[base], name=name, definition=f"{base} on day {day}.", scope="animal")
    return None


def course_column(base: str, day: int) -> str:
    """Name the column of one day of a daily course: ``clinical_score_day_7``."""
    return f"{base}_day_{day}"


def day_of(name: str, base: str) -> int | None:
    """Read the day of such a name; None if it is not one of this course.

    Examples
    --------
    >>> day_of("weight_g_day_7", "weight_g"), day_of("7", "weight_g")
    (7, None)
    """
    beginning = course_column(base, 0)[:-1]
    day = name.removeprefix(beginning)
    return int(day) if name != day and _DAY.fullmatch(day) else None


def columns_markdown() -> str:
    """Write the documentation of all columns, for the docs site."""
    rows = [
        f"| `{column.name}`{' (needed)' if column.is_required else ''} | {_OF[column.scope]} | {column.expected} "
        f"| {column.definition} |"
        for column in COLUMNS.values()
    ]
    return "\n".join(["| column | of each | cells | meaning |", "|--|--|--|--|", *rows])


def _one_of(spellings: Mapping[str, str | bool]) -> Callable[[str], str | bool | None]:
    return lambda text: spellings.get(text.casefold())


_OF: dict[Scope, str] = {
    "section": "row",
    "slide": "slide",
    "arm": "group and timepoint",
    "animal": "animal",
    "visit": "animal and timepoint",
}
_YES_OR_NO = f"one of {', '.join(_FLAGS)}"
_PLASMA = "µg per ml of plasma; the header may say another unit, as in {name} (ng/ml)"


def _permeability(name: str, tracer: str) -> DesignColumn:
    return DesignColumn(
        name,
        "a number from 0",
        f"{tracer} that passed from the gut into the blood, {_PLASMA.format(name=name)}.",
        Number(low=0),
        "float64",
        "visit",
        _IN_PLASMA,
    )


def _outcome(name: str, expected: str, definition: str, low: float, high: float) -> DesignColumn:
    return DesignColumn(name, expected, definition, Number(low, high), "float64", "animal")


_HIGHEST_SCORE = 20.0
_SCORE = f"a number from 0 to {_HIGHEST_SCORE:g}"
_FILLED = "worked out where there are columns of single days"

COLUMNS = {
    column.name: column
    for column in (
        DesignColumn(
            "slide",
            "the name of a slide",
            "File name of the slide; folder and extension may be left out.",
            lambda text: as_slide(text) or None if as_name(text) else None,
            is_required=True,
        ),
        DesignColumn(
            "section",
            "the name of a section",
            "Piece of gut on the slide: s1, s2, ... from top left to bottom right, or names of your own in that order; "
            "empty when the row is for the whole slide.",
            as_section,
        ),
        DesignColumn("animal", "the name of an animal", "The animal, which is the unit of analysis.", is_required=True),
        DesignColumn(
            "group", "the name of a group", "Experimental group; one an animal.", scope="animal", is_required=True
        ),
        DesignColumn(
            "timepoint",
            "a day (7, d7, day 7, 7 dpi) or a name, in all rows the same kind",
            "Days post immunisation, or names in the order in which they first appear.",
            as_timepoint,
        ),
        DesignColumn(
            "segment",
            f"one of {', '.join(_SEGMENTS)}",
            "Part of the small intestine.",
            lambda text: text.casefold() if text.casefold() in _SEGMENTS else None,
        ),
        DesignColumn(
            "stain", f"one of {', '.join(_STAINS)}", "What the slide is stained with.", _one_of(_STAINS), scope="slide"
        ),
        DesignColumn(
            "marker",
            "markers, as CD3 or CD4; Foxp3=Cy5",
            "What the antibodies bind to, divided by semicolons; with = the channel.",
            str,
            scope="slide",
        ),
        DesignColumn(
            "mpp",
            "µm per pixel, a number from 0.01 to 100 with a point",
            "µm per pixel of the slide at its full size; wins over what the file says. The header may be µm/px.",
            Number(0.01, 100),
            "float64",
            "slide",
            _PER_PIXEL,
        ),
        DesignColumn(
            "control",
            _YES_OR_NO,
            "Whether the group is the control that others are compared with; one group may be.",
            _one_of(_FLAGS),
            "bool",
            "arm",
        ),
        DesignColumn(
            "negative_control",
            _YES_OR_NO,
            "Whether the slide was stained without the first antibody: it sets thresholds and counts nowhere else.",
            _one_of(_FLAGS),
            "bool",
            "slide",
        ),
        DesignColumn("batch", "the name of a batch", "What was stained or scanned together.", scope="slide"),
        DesignColumn(
            "preparation",
            f"one of {', '.join(_PREPARATIONS)}",
            "How cells stained for a junction protein are seen: cut across, in a section of gut (also when nothing is "
            "said), or from above, in a monolayer.",
            _one_of(_PREPARATIONS),
            scope="slide",
        ),
        DesignColumn(
            "labels",
            "a GeoJSON file or an OME-Zarr label map of histo, by its path from the table's folder",
            "Compartments of a slide stained for a junction protein: drawn by hand, or those of an earlier run.",
            scope="slide",
        ),
        DesignColumn(
            "imaging_order",
            "a number",
            "Place in the order in which slides stained for a junction protein were imaged, or minutes: tells whether "
            "the stain bleached.",
            Number(),
            "float64",
            "slide",
        ),
        DesignColumn("sex", "female or male (f or m)", "Sex of the animal.", _one_of(_SEXES), scope="animal"),
        DesignColumn("cage", "the name of a cage", "Cage in which the animal was kept.", scope="animal"),
        DesignColumn(
            "species",
            "the name of a species",
            "mouse or human: by which rubrics its sections are graded; mouse when nothing is said.",
            scope="animal",
        ),
        DesignColumn(
            "clinical_score",
            _SCORE,
            "Clinical score at the row's timepoint, no unit (of EAE mostly 0 to 5). Columns clinical_score_day_0, "
            "clinical_score_day_1, ... hold the animal's daily course; the score of the timepoint is then taken from "
            "there.",
            Number(0, _HIGHEST_SCORE),
            "float64",
            "visit",
        ),
        _outcome(
            "clinical_peak", _SCORE, f"Highest clinical score of the animal's course; {_FILLED}.", 0, _HIGHEST_SCORE
        ),
        _outcome(
            "clinical_cumulative",
            "a number from 0",
            "Clinical scores added up over every day from the first to the last that was scored; a day that was missed "
            f"in between counts with the value on the line between its neighbours; {_FILLED}. Courses of different "
            "length give sums that cannot be compared.",
            0,
            1e6,
        ),
        _outcome(
            "clinical_onset_day",
            "a day from 0 to 999",
            f"First day with a clinical score above 0; empty of an animal that stayed well; {_FILLED}.",
            0,
            999,
        ),
        DesignColumn(
            "weight_g",
            "a weight above 0",
            "Body weight at the row's timepoint, g; the header may say kg, and weight alone is g too. Columns "
            "weight_g_day_0, weight_g_day_1, ... hold the daily course.",
            Number(low=1e-3),
            "float64",
            "visit",
            _WEIGHTS,
        ),
        _outcome(
            "weight_loss_percent",
            "a number from 0 to 100",
            f"Largest loss of body weight since the first weighing, % of that weight; {_FILLED}.",
            0,
            100,
        ),
        _permeability("na_f", "Sodium fluorescein (Na-F, 376 Da)"),
        _permeability("fitc_bsa", "Fluorescein-labelled bovine serum albumin (FITC-BSA, 66 kDa)"),
        _permeability("fitc_dextran", "Fluorescein-labelled dextran (FITC-dextran, of the study's size)"),
    )
}
"""The columns by name, but for those of single days."""

REQUIRED = tuple(column.name for column in COLUMNS.values() if column.is_required)
COURSES = ("clinical_score", "weight_g")
"""Columns that may be there for single days, too."""
