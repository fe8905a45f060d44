"""Tables of markers: from where on a cell is positive, and how many are."""

from __future__ import annotations

from histo.schema.column import Table, count, flag, number, text

__all__ = ["POSITIVITY", "THRESHOLDS"]

POSITIVITY = Table(
    "positivity",
    "one marker in one compartment of a section",
    (
        text(
            "compartment",
            "tissue: all of it, without background, exclusions and what lies outside of the map; or one of its "
            "compartments, as in densities, where the section has a label map.",
        ),
        text("marker", "The marker, in lower case."),
        count("n_cells", "Cells in which it was measured."),
        count("n_unmeasured", "Cells without a value, as those without a ring; they count neither way."),
        count("n_positive", "Cells above the threshold."),
        number("percent_positive", "100 times positive over measured cells; missing without cells or a threshold."),
        number("percent_weak", "Percentage of 1+ cells."),
        number("percent_moderate", "Percentage of 2+ cells."),
        number("percent_strong", "Percentage of 3+ cells."),
        number("h_score", "Percentage of 1+ cells plus twice that of 2+ plus three times that of 3+; 0 to 300."),
        flag("is_negative_control", "Whether the slide was stained without the antibody."),
    ),
)

THRESHOLDS = Table(
    "thresholds",
    "one marker in one staining run: the slides of one stain and one batch of the design table",
    (
        text("stain", "dab or fluorescence."),
        text("batch", "Batch of the design table; empty where it names none."),
        text("marker", "The marker, in lower case."),
        text("site", "Where it is looked for: nucleus or ring."),
        text("measure", "What is compared: the column <marker>_<measure> of the cells."),
        number("weak", "A cell is positive (1+) above this; missing where no threshold could be set."),
        number("moderate", "2+ begins here."),
        number("strong", "3+ begins here."),
        text(
            "method",
            "Its source. controls: a percentile of the cells of negative-control slides; study: Otsu's threshold over "
            "all slides of the run; scored: cells called by a person; given: by the user; empty where there is none.",
        ),
        text("detail", "The percentile, the scale, or the file that it was given in."),
        count("n_cells", "Cells that it rests on."),
        count("n_slides", "Slides that it rests on."),
        number("separation", "Distance of the two groups that Otsu's threshold makes, in standard deviations."),
        number("variance_share", "Share of the variance between those groups, 0 to 1."),
        number("agreement", "F1 of positive cells on the scored cells that it was chosen on."),
        text("origin", "All of this in one line; where there is no threshold, why, and what to do."),
    ),
)
