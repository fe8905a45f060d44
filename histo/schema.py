"""Every column of every result table: name, type, unit, definition.

This is the only place where column names are documented; the docs page, the empty tables and the checks on reading and
writing are made from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd

from histo.errors import InvalidArgument, InvalidTable

__all__ = ["IDENTITY", "TABLES", "Column", "Table", "check_table", "empty_table", "schema_markdown", "table_schema"]

Kind = Literal["string", "int64", "float64", "bool"]


@dataclass(frozen=True)
class Column:
    """One column: its name carries the unit, its definition says what it measures."""

    name: str
    kind: Kind
    definition: str


@dataclass(frozen=True)
class Table:
    """One result table: what a row is, and its columns."""

    name: str
    row: str
    columns: tuple[Column, ...]

    @property
    def names(self) -> list[str]:
        """Column names in order."""
        return [column.name for column in self.columns]


def _text(name: str, definition: str) -> Column:
    return Column(name, "string", definition)


def _count(name: str, definition: str) -> Column:
    return Column(name, "int64", definition)


def _number(name: str, definition: str) -> Column:
    return Column(name, "float64", definition)


def _flag(name: str, definition: str) -> Column:
    return Column(name, "bool", definition)


IDENTITY = (
    _text("slide", "Name of the slide file without its extensions."),
    _text(
        "section", "Piece of gut on the slide: s1, s2, ... from top left to bottom right, or as the design names it."
    ),
    _text("animal", "Animal, the unit of analysis; empty without a design table."),
    _text("group", "Experimental group; empty without a design table."),
    _text("timepoint", "Days post immunisation, or any ordered factor, as the design writes it."),
    _text("segment", "duodenum, jejunum or ileum, as the design writes it."),
)
"""The columns that every row of every per-section table carries first."""

_POINT = "level-0 pixel of the slide"
_ALONG = "along the mucosa-submucosa border, torn pieces in their order; a Swiss roll counts from its outer end; µm."
_REJECT = (
    "Why it was not accepted: tangential, fused, cut_at_border, detached, low_confidence, too_small, no_junction, "
    "no_layer; empty when accepted."
)

VILLI = Table(
    "villi",
    "one villus, accepted or not",
    (
        _text("villus_id", "Stable id within the section: v1, v2, ... in order of position along the wall."),
        _number("villus_height_um", "Length of the centreline from tip to villus-crypt junction, µm."),
        _number("villus_width_um", "Width at half of the height, perpendicular to the centreline, µm."),
        _number("villus_width_20_um", "Width at a fifth of the height from the junction, µm."),
        _number("villus_width_80_um", "Width at four fifths of the height from the junction, µm."),
        _number("villus_area_um2", "Area of villous epithelium and its lamina propria, µm²."),
        _number("villus_perimeter_um", "Luminal contour from junction over the tip to junction, µm."),
        _number("tip_row", f"Row of the tip, {_POINT}."),
        _number("tip_col", f"Column of the tip, {_POINT}."),
        _number("base_row", f"Row of the centreline's end at the villus-crypt junction, {_POINT}."),
        _number("base_col", f"Column of that end, {_POINT}."),
        _number("position_um", f"Position of the base {_ALONG}"),
        _flag("is_accepted", "Whether its axis is seen from base to tip, so that it counts."),
        _text("reject_reason", _REJECT),
        _number(
            "confidence",
            "0 to 1: mean probability of its pixels times geometric quality, which is 1 for a tube with two free sides "
            "all along, a foot as broad as itself and the area of length times width. Below 0.2, or with a mean "
            "probability below 0.5, it is rejected as low_confidence.",
        ),
    ),
)

CRYPTS = Table(
    "crypts",
    "one crypt, accepted or not",
    (
        _text("crypt_id", "Stable id within the section: c1, c2, ... in order of position along the wall."),
        _number("crypt_depth_um", "Length of the centreline from crypt base to villus-crypt junction, µm."),
        _number("crypt_width_um", "Width at half of the depth, perpendicular to the centreline, µm."),
        _number("crypt_width_20_um", "Width at a fifth of the depth from the junction, µm."),
        _number("crypt_width_80_um", "Width at four fifths of the depth from the junction, µm."),
        _number("crypt_area_um2", "Area of the crypt with its lumen, µm²."),
        _number("crypt_perimeter_um", "Outline from the mouth over the base to the mouth, µm."),
        _number("mouth_row", f"Row of the mouth at the villus-crypt junction, {_POINT}."),
        _number("mouth_col", f"Column of the mouth, {_POINT}."),
        _number("base_row", f"Row of the crypt's base, {_POINT}."),
        _number("base_col", f"Column of the crypt's base, {_POINT}."),
        _number("position_um", f"Position of the mouth {_ALONG}"),
        _flag("is_accepted", "Whether its axis is seen from base to mouth, so that it counts."),
        _text("reject_reason", _REJECT),
        _number(
            "confidence",
            "0 to 1: mean probability of its pixels times geometric quality, which is 1 for a tube with two free sides "
            "all along, twice as deep as wide and of the area of depth times width. Below 0.2, or with a mean "
            "probability below 0.5, it is rejected as low_confidence.",
        ),
    ),
)

UNITS = Table(
    "units",
    "one accepted villus with the accepted crypts at its foot",
    (
        _text("unit_id", "Stable id within the section: u1, u2, ..."),
        _text("villus_id", "The villus."),
        _text("crypt_ids", "The crypts at its foot, joined by a space."),
        _number("villus_height_um", "Height of the villus, µm."),
        _number("crypt_depth_um", "Mean depth of the crypts, µm."),
        _number("vh_cd", "Villus height over mean crypt depth of this unit."),
        _number("position_um", f"Position of the unit {_ALONG}"),
    ),
)

LAYERS = Table(
    "layers",
    "one position along the wall, every 10 µm",
    (
        _number("position_um", f"Position {_ALONG}"),
        _number("row", f"Row of that point of the border, {_POINT}."),
        _number("col", f"Column of that point, {_POINT}."),
        _number(
            "mucosa_um",
            "Perpendicular to the border, from it to a line drawn taut over the tips of the villi, which bridges up to "
            "450 µm between tips of which neither is less than 0.6 times as high; µm.",
        ),
        _number("crypt_zone_um", "Perpendicular to the border, from it to the villus-crypt junction, µm."),
        _number(
            "submucosa_um",
            "Muscularis mucosae and submucosa, perpendicular to the border, µm; missing where there is none, and "
            "inside a fold, where the perpendicular runs into the other limb.",
        ),
        _number(
            "muscularis_um", "Muscularis externa, perpendicular to its inner border, µm; missing where there is none."
        ),
    ),
)

SECTIONS = Table(
    "sections",
    "one piece of gut that was scored",
    (
        _text("stain", "Stain: he, dab, fluorescence."),
        _number("slide_mpp", "µm per level-0 pixel that every length rests on."),
        _text("mpp_source", "Where that value was found."),
        _number("label_mpp", "µm per pixel of the label map."),
        _text("model", "Model that made the label map, with the first 12 characters of its sha256."),
        _text("flags", "Quality remarks joined by a space: few_villi, low_confidence, out_of_focus, ..."),
        _number("confidence", "0 to 1: mean probability of the tissue's labels."),
        _number("tissue_area_mm2", "Area of all compartments but background, mm²."),
        _number("excluded_mm2", "Labelled as tissue, but excluded; by reason in the table exclusions, mm²."),
        _number("wall_length_mm", "Length of the mucosa-submucosa border, mm."),
        _count("n_villi", "Villi found."),
        _count("n_villi_accepted", "Villi that count."),
        _count("n_crypts", "Crypts found."),
        _count("n_crypts_accepted", "Crypts that count."),
        _text("villi_rejected", "How many do not count for each reason: detached=4 tangential=2; empty of none."),
        _text("crypts_rejected", "The same of crypts."),
        _count("n_units", "Villi paired with crypts at their foot."),
        _number("villus_height_um", "Mean over accepted villi, µm."),
        _number("villus_height_sd_um", "Standard deviation over accepted villi, µm."),
        _number("villus_width_um", "Mean over accepted villi, µm."),
        _number("crypt_depth_um", "Mean over accepted crypts, µm."),
        _number("crypt_depth_sd_um", "Standard deviation over accepted crypts, µm."),
        _number("vh_cd", "Mean of the units' villus height over crypt depth: the section's VH:CD."),
        _number("vh_cd_of_means", "Mean villus height over mean crypt depth; not the same number, shown beside it."),
        _number("mucosa_um", "Median mucosa thickness along the wall, µm."),
        _number("mucosa_iqr_um", "Its interquartile range, µm."),
        _number("mucosa_missing", "Share of the wall's length, 0 to 1, that has no mucosa thickness."),
        _count("mucosa_gaps", "Stretches of at least 50 µm of wall that have none."),
        _number("submucosa_um", "Median submucosa thickness along the wall, µm."),
        _number("submucosa_iqr_um", "Its interquartile range, µm."),
        _number("submucosa_missing", "Share of the wall's length, 0 to 1, that has no submucosa thickness."),
        _count("submucosa_gaps", "Stretches of at least 50 µm of wall that have none."),
        _number("muscularis_um", "Median muscularis thickness along the wall, µm."),
        _number("muscularis_iqr_um", "Its interquartile range, µm."),
        _number("muscularis_missing", "Share of the wall's length, 0 to 1, that has no muscularis thickness."),
        _count("muscularis_gaps", "Stretches of at least 50 µm of wall that have none."),
        _number("villi_per_mm", "Villi found per mm of muscularis mucosae (the wall's line)."),
        _number("crypts_per_mm", "Crypts found per mm of muscularis mucosae (the wall's line)."),
        _number(
            "surface_amplification",
            "Length of the mucosa's border with the lumen over the length of the muscularis mucosae (the wall's line); "
            "pieces of villi cut off from their base count.",
        ),
        _number("row", f"Top row of the section's window, {_POINT}."),
        _number("col", f"Left column of the window, {_POINT}."),
        _number("height", "Height of the window, level-0 pixels."),
        _number("width", "Width of the window, level-0 pixels."),
    ),
)

EXCLUSIONS = Table(
    "exclusions",
    "one reason for which a part of a section's window was not measured",
    (
        _text("reason", "Code: text, pen, fold, blur, glass, ..., as in the excluded layer of the label map."),
        _text("meaning", "The reason in words."),
        _flag("hides_tissue", "Whether gut may lie under it, so that villi, crypts and layers that reach it are cut."),
        _count("n_patches", "Connected patches."),
        _number("area_mm2", "Their area, mm²."),
        _number("tissue_mm2", "The part of it that the model had labelled as tissue, mm²: what is lost."),
    ),
)

ANIMALS = Table(
    "animals",
    "one animal, per segment",
    (
        _text("endpoint", "A measure of the sections table: villus_height_um, crypt_depth_um, vh_cd, ..."),
        _number("value", "Mean of the animal's sections."),
        _number("sd", "Standard deviation between the animal's sections."),
        _count("n_sections", "Sections that carried a value."),
        _count("n_dropped", "Sections without a value or below the minimum number of units."),
        _text("note", "What was dropped and why, in words; empty when nothing was."),
    ),
)

GROUPS = Table(
    "groups",
    "one group at one timepoint, per segment and endpoint",
    (
        _text("endpoint", "A measure of the sections table."),
        _number("mean", "Mean over animals."),
        _number("sd", "Standard deviation between animals."),
        _number("ci_low", "Lower end of the 95 % interval of the mean (t, animals)."),
        _number("ci_high", "Upper end of that interval."),
        _count("n_animals", "Animals."),
        _count("n_sections", "Sections behind them."),
    ),
)

CONTRASTS = Table(
    "contrasts",
    "one comparison of two groups of animals, per segment and endpoint",
    (
        _text("endpoint", "A measure of the sections table."),
        _text("segment", "Segment."),
        _text("reference", "Group and timepoint compared against."),
        _text("comparison", "Group and timepoint compared."),
        _count("n_reference", "Animals in the reference."),
        _count("n_comparison", "Animals in the comparison."),
        _number("mean_reference", "Mean of the reference's animals."),
        _number("mean_comparison", "Mean of the comparison's animals."),
        _number("difference", "Comparison minus reference."),
        _number("ci_low", "Lower end of the 95 % interval of the difference."),
        _number("ci_high", "Upper end of that interval."),
        _number("hedges_g", "Difference over the pooled standard deviation between animals, small-sample corrected."),
        _text("test", "The test, named."),
        _number("p_value", "Its two-sided p-value; the animal is the unit."),
        _number("p_adjusted", "The same, corrected over the family."),
        _text("correction", "How it was corrected, and over which family."),
        _text("note", "What a reader must know: too few animals for a test, none at this timepoint, ..."),
    ),
)

FAILURES = Table(
    "failures",
    "one slide that could not be scored",
    (
        _text("slide", "Name of the slide file."),
        _text("path", "Path as it was given."),
        _text("reason", "Reason code: missing_pixel_size, unreadable_slide, no_tissue, ..."),
        _text("message", "What is wrong: expected, got."),
        _text("next_step", "What to do about it."),
    ),
)

_PER_SECTION = {"sections", "villi", "crypts", "units", "layers", "exclusions"}
TABLES: dict[str, Table] = {
    table.name: Table(table.name, table.row, (*IDENTITY, *table.columns)) if table.name in _PER_SECTION else table
    for table in (SECTIONS, VILLI, CRYPTS, UNITS, LAYERS, EXCLUSIONS)
}
TABLES["animals"] = Table("animals", ANIMALS.row, (*IDENTITY[2:], *ANIMALS.columns))
TABLES["groups"] = Table("groups", GROUPS.row, (*IDENTITY[3:], *GROUPS.columns))
TABLES["contrasts"] = CONTRASTS
TABLES["failures"] = FAILURES


def table_schema(name: str) -> Table:
    """Look up a result table.

    Raises
    ------
    InvalidArgument
        If there is none of this name; the message lists those there are.
    """
    if name not in TABLES:
        raise InvalidArgument("unknown table", expected=f"one of {', '.join(TABLES)}", got=repr(name))
    return TABLES[name]


def empty_table(columns: tuple[Column, ...]) -> pd.DataFrame:
    """Make a table of no rows with these columns and types."""
    return pd.DataFrame({column.name: pd.Series(dtype=_dtype(column)) for column in columns})


def check_table(table: pd.DataFrame, columns: tuple[Column, ...]) -> pd.DataFrame:
    """Put a table's columns into order and type.

    Parameters
    ----------
    table : DataFrame
        May hold more columns than asked for; they keep their order behind the known ones.
    columns : tuple of Column
        The columns that it must have.

    Returns
    -------
    DataFrame
        A copy.

    Raises
    ------
    InvalidTable
        If columns are missing or there twice, or a value does not fit its column's type.
    """
    twice = sorted({str(name) for name in table.columns[table.columns.duplicated()]})
    if twice:
        raise InvalidTable("columns stand in the table twice", expected="each column once", got=", ".join(twice))
    missing = [column.name for column in columns if column.name not in table.columns]
    if missing:
        raise InvalidTable("columns are missing", expected=", ".join(missing), got=", ".join(map(str, table.columns)))
    known = [column.name for column in columns]
    ordered = table[[*known, *(name for name in table.columns if name not in known)]].reset_index(drop=True)
    return ordered.assign(**{column.name: _fitted(ordered[column.name], column) for column in columns})


def _fitted(values: pd.Series[Any], column: Column) -> pd.Series[Any]:
    """Convert to the column's type; a cast that would lose or invent something is refused."""
    if column.kind == "string":
        return values.astype("str")
    if column.kind == "bool":
        fits, converted = values.isin([True, False]), values
    else:
        converted = pd.to_numeric(values, errors="coerce")
        is_whole = converted.notna() & (converted % 1 == 0)
        fits = is_whole if column.kind == "int64" else converted.notna() | values.isna()
    if not fits.all():
        first = int((~fits).to_numpy().argmax())
        raise InvalidTable(
            f"column {column.name}: a value does not fit",
            expected=_EXPECTED[column.kind],
            got=f"{values.astype(object).iloc[first]!r} in row {first + 1}",
        )
    return pd.Series(converted, dtype=_dtype(column))


_EXPECTED = {"int64": "a whole number", "float64": "a number", "bool": "True or False"}


def schema_markdown() -> str:
    """Write the documentation of all tables, for the docs site."""
    parts = []
    for table in TABLES.values():
        parts.append(f"## {table.name}\n\nA row is {table.row}.\n\n| column | type | definition |\n|--|--|--|")
        parts.extend(f"| `{column.name}` | {column.kind} | {column.definition} |" for column in table.columns)
        parts.append("")
    return "\n".join(parts)


def _dtype(column: Column) -> str:
    return "str" if column.kind == "string" else column.kind
