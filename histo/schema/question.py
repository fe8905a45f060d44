"""Tables of the named questions of a study, and of its p-values as papers often give them."""

from __future__ import annotations

from histo.schema.column import Table, count, number, text

__all__ = ["AS_PUBLISHED", "QUESTIONS"]

QUESTIONS = Table(
    "questions",
    "one finding of one named question",
    (
        text("question", "onset, progression, barrier, segment or equivalence."),
        text(
            "aspect",
            "What of it: first, before signs and later (onset); trend, clinical score and clinical score, same day "
            "(progression); composite or a part of it (barrier); where and elsewhere (segment); the margin "
            "(equivalence).",
        ),
        text("endpoint", "A measure of the sections table, several joined by a space, or a composite."),
        text("segment", "Segment; whole gut is each animal's mean over the segments; empty without segments."),
        text("timepoint", "Timepoint of the comparison; several joined by a comma."),
        text("contrast", "What was compared with what, or put in order: `EAE @ 7 - control @ 0`."),
        text(
            "verdict",
            "shown (adjusted p at or below the level; of equivalence: that it is), not shown (which is not the same as "
            "absent), not tested, or missing (not measured).",
        ),
        text("finding", "The same in a sentence, with n and interval."),
        number("estimate", "What was estimated, in the endpoint's unit unless the finding gives another."),
        number("ci_low", "Lower end of the 95 % interval of the estimate."),
        number("ci_high", "Upper end of that interval."),
        number("effect_size", "Hedges' g of a difference, Somers' D of a trend, Spearman's rank correlation."),
        text("test", "The test, named; none where nothing was tested."),
        number("statistic", "Its statistic."),
        number("df", "Its degrees of freedom; empty where it has none, as a permutation test."),
        number("p", "Its two-sided p-value; the animal is the unit."),
        number("p_adjusted", "The same, corrected over the family."),
        text("correction", "How it was corrected, and over which family."),
        count("n_animals_a", "Animals in the reference, or all animals where there is none."),
        count("n_animals_b", "Animals in the comparison; 0 where there is none."),
        text("note", "What a reader must know."),
    ),
)

AS_PUBLISHED = Table(
    "as_published",
    "one comparison of two groups with its right p-value, and with the wrong one that takes sections for animals",
    (
        text("endpoint", "A measure of the sections table."),
        text("segment", "Segment."),
        text("contrast", "What was compared with what: `EAE @ 7 - control @ 7`."),
        number("p", "The p-value of the table contrasts, uncorrected: the animal is the unit."),
        number(
            "wrong_p_on_sections",
            "p-value of Student's t-test that takes sections for animals, as papers often give it. It is wrong, and "
            "stands here to be recognised only.",
        ),
        number(
            "false_positive_rate",
            "How often that wrong p-value falls to the level or below where nothing differs: simulated for the very "
            "numbers of animals and sections of this comparison, with the likeness estimated in this study.",
        ),
        number("icc", "Intraclass correlation of the endpoint's sections within animals that was simulated."),
        count("n_animals_a", "Animals in the reference."),
        count("n_animals_b", "Animals in the comparison."),
        count("n_sections_a", "Sections of the reference."),
        count("n_sections_b", "Sections of the comparison."),
        text("note", "Where the simulated likeness comes from; why something is missing."),
    ),
)
