"""Tables of how groups compare, and of what could not be scored."""

from __future__ import annotations

from histo.schema.column import Table, count, number, text

__all__ = ["CONTRASTS", "FAILURES", "OVERALL"]

CONTRASTS = Table(
    "contrasts",
    "one comparison of two groups of animals, per segment and endpoint",
    (
        text("endpoint", "A measure of the sections table."),
        text("segment", "Segment."),
        text("contrast", "What was compared with what: `EAE @ 7 - control @ 7`."),
        text("reference", "Group and timepoint compared against: a."),
        text("comparison", "Group and timepoint compared: b."),
        number("estimate", "Mean of the comparison's animals minus mean of the reference's."),
        number("ci_low", "Lower end of the 95 % interval of the estimate."),
        number("ci_high", "Upper end of that interval."),
        number(
            "effect_size",
            "Hedges' g: the estimate over the pooled standard deviation between animals, small-sample corrected.",
        ),
        number("effect_low", "Lower end of the 95 % interval of the true effect size (noncentral t)."),
        number("effect_high", "Upper end of that interval."),
        text("test", "The test, named."),
        number("statistic", "Its statistic."),
        number("df", "Its degrees of freedom; empty where it has none, as a permutation test."),
        number("p", "Its two-sided p-value; the animal is the unit. A mid-p value where the test's name says so."),
        number("p_plain", "The plain permutation p-value beside a mid-p value: never too small, and coarse."),
        number("p_adjusted", "The same, corrected over the family."),
        text("correction", "How it was corrected, and over which family."),
        count("n_animals_a", "Animals in the reference."),
        count("n_animals_b", "Animals in the comparison."),
        count("n_sections", "Sections behind both."),
        number("mean_a", "Mean of the reference's animals."),
        number("mean_b", "Mean of the comparison's animals."),
        text("note", "What a reader must know: too few animals for a test, none at this timepoint, ..."),
    ),
)

OVERALL = Table(
    "overall",
    "all arms of a segment tested at once, per endpoint",
    (
        text("endpoint", "A measure of the sections table."),
        text("segment", "Segment."),
        text("arms", "Groups and timepoints that were tested, in order."),
        text("design", "What the arms are: two groups, several groups, ordered timepoints, followed animals."),
        text("why", "Why this test follows from the design, in words."),
        number("estimate", "Difference of two arms, or slope per step of ordered ones; empty for several groups."),
        number("ci_low", "Lower end of the 95 % interval of the estimate."),
        number("ci_high", "Upper end of that interval."),
        number("effect_size", "Hedges' g of two arms, Somers' D of ordered ones, share of variance of several."),
        text("test", "The test, named."),
        number("statistic", "Its statistic."),
        number("df", "Its degrees of freedom; empty where it has none."),
        number("p", "Its p-value; the animal is the unit. A mid-p value where the test's name says so."),
        number("p_plain", "The plain permutation p-value beside a mid-p value."),
        number("p_adjusted", "The same as p, corrected over the endpoints of the segment."),
        text("correction", "How it was corrected, and over which family."),
        count("n_animals", "Animals with a value."),
        text("note", "What a reader must know."),
    ),
)

FAILURES = Table(
    "failures",
    "one slide that could not be scored",
    (
        text("slide", "Name of the slide file."),
        text("path", "Path as it was given."),
        text("reason", "Reason code: missing_pixel_size, unreadable_slide, no_tissue, ..."),
        text("message", "What is wrong: expected, got."),
        text("next_step", "What to do about it."),
    ),
)
