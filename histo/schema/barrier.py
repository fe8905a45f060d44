"""Tables of junctions and barrier staining as a batch writes them: with the marker, and beside the study's controls."""

from __future__ import annotations

from histo.schema.column import IDENTITY, Column, Table, count, flag, number, text
from histo.schema.junction import JUNCTION_CELLS, JUNCTION_FIELDS, JUNCTIONS
from histo.schema.staining import STAINING, STAINING_CENSUS, STAINING_GAPS, STAINING_PROFILE, STAINING_REGIONS

__all__ = ["BATCH_BARRIER", "STAINING_THRESHOLDS"]

_MARKER = text("marker", "What was stained for, as histo calls it: zo-1, claudin-2; a slide has rows for each.")
_NEGATIVE = flag("is_negative_control", "Whether the slide was stained without the antibody.")


def _over_controls(name: str) -> Column:
    return number(
        f"{name}_over_controls",
        f"{name}, less the mean of the negative controls of its run, over the mean of its control animals, "
        "likewise; each animal counts once. Missing without control animals, and of negative controls.",
    )


_BESIDE_CONTROLS = (
    _NEGATIVE,
    *(_over_controls(name) for name in ("mean_signal", "positive_area_percent", "positive_pixels_per_mm2")),
)
_OF_FIELDS = (
    text("seen_by", "What saw the junctions: the model's name, or ridge filter. Do not compare fields of the two."),
    _NEGATIVE,
    _over_controls("mean_intensity"),
)
_MORE: dict[str, tuple[Column, ...]] = {
    JUNCTION_FIELDS.name: _OF_FIELDS,
    STAINING.name: _BESIDE_CONTROLS,
    STAINING_REGIONS.name: _BESIDE_CONTROLS,
}

BATCH_BARRIER = tuple(
    Table(table.name, table.row, (*IDENTITY, _MARKER, *table.columns, *_MORE.get(table.name, ())))
    for table in (
        JUNCTIONS,
        JUNCTION_CELLS,
        JUNCTION_FIELDS,
        STAINING,
        STAINING_REGIONS,
        STAINING_PROFILE,
        STAINING_GAPS,
        STAINING_CENSUS,
    )
)
"""In the order in which they are documented."""

STAINING_THRESHOLDS = Table(
    "staining_thresholds",
    "one junction protein in one staining run: the slides of one stain, batch and preparation of the design table",
    (
        text("stain", "dab or fluorescence."),
        text("batch", "Batch of the design table; empty where it names none."),
        text("preparation", "section or monolayer."),
        text("marker", "The protein."),
        number("pixel_um", "Side of the pixels that it rests on, µm; missing where they differ."),
        number("positive_above", "Signal over background from where a pixel is positive; missing where none was set."),
        text("method", "controls, study or given, as for cells; empty where there is none."),
        text("detail", "The percentile, how far the groups are apart, or the file that it was given in."),
        count("n_images", "Sections or fields that it rests on."),
        text("origin", "All of this in one line; where there is no threshold, why, and what to do."),
    ),
)
