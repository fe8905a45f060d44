"""Tables of a study's levels: animals, groups, how much each level scatters, and how many of each are needed."""

from __future__ import annotations

from histo.schema.column import Table, count, number, text

__all__ = ["ANIMALS", "GROUPS", "POWER", "VARIANCE_COMPONENTS"]

_ENDPOINT = "A measure of the sections table: villus_height_um, crypt_depth_um, vh_cd, ..."

ANIMALS = Table(
    "animals",
    "one animal, per segment",
    (
        text("endpoint", _ENDPOINT),
        number("value", "Mean of the animal's sections."),
        number("sd", "Standard deviation between the animal's sections."),
        count("n_sections", "Sections that carried a value."),
        count("n_dropped", "Sections without a value or below the minimum number of units."),
        number("n_units", "Accepted units (villi, crypts, ...) behind those sections; missing where none are counted."),
        text("estimator", "How the value was made from sections, and theirs from units, with the minimum numbers."),
        text("note", "What was dropped and why, in words; empty when nothing was."),
    ),
)

GROUPS = Table(
    "groups",
    "one group at one timepoint, per segment and endpoint",
    (
        text("endpoint", _ENDPOINT),
        number("mean", "Mean over animals."),
        number("sd", "Standard deviation between animals."),
        number("ci_low", "Lower end of the 95 % interval of the mean (t, animals)."),
        number("ci_high", "Upper end of that interval."),
        count("n_animals", "Animals."),
        count("n_sections", "Sections behind them."),
        text("estimator", "How the mean and its interval were made from animals."),
    ),
)

VARIANCE_COMPONENTS = Table(
    "variance_components",
    "one level at which an endpoint scatters, per segment; differences of groups and timepoints are taken off",
    (
        text("endpoint", _ENDPOINT),
        text("segment", "Segment."),
        text(
            "level", "animal (within its group and timepoint), section (within its animal), unit (within its section)."
        ),
        number("variance", "Variance of this level alone; squared unit of the endpoint."),
        number("ci_low", "Lower end of its 95 % interval."),
        number("ci_high", "Upper end of that interval."),
        number("sd", "Square root of the variance, in the unit of the endpoint."),
        number("share", "The variance over the sum of all levels, 0 to 1."),
        number(
            "icc",
            "How alike two that share this one are, 0 to 1. Of animals: the values of two sections of one animal. Of "
            "sections: two units of one section. Missing of the lowest level.",
        ),
        number("icc_low", "Lower end of its 95 % interval; missing where no such interval is known."),
        number("icc_high", "Upper end of that interval."),
        count("n", "Animals, sections or units."),
        count("df", "Degrees of freedom of this level's mean square."),
        number("n_each", "Sections of an animal, or units of a section (harmonic mean); missing of the lowest level."),
        text("estimator", "How it was estimated."),
        text("note", "What a reader must know: the estimate was below 0, a level that could not be told apart, ..."),
    ),
)

POWER = Table(
    "power",
    "one layout of a study of two groups, with what it finds, per endpoint and segment",
    (
        text("endpoint", _ENDPOINT),
        text("segment", "Segment."),
        text(
            "scenario",
            "as sampled; twice the sections; sections without end; one more animal; animals needed; sections needed.",
        ),
        count("n_animals", "Animals in each of the two groups."),
        number("n_sections", "Sections of each animal; inf without end; missing where no number of them is enough."),
        number("n_units", "Accepted units of each section; missing where units were not told apart."),
        number("animal_sd", "Standard deviation between animals' values in this layout, from the study's components."),
        number("effect", "The true difference that is asked about, in the unit of the endpoint."),
        number("effect_percent", "The same in percent of the reference's mean; missing without a reference."),
        number("effect_sd", "The same over the standard deviation between animals' values as sampled."),
        number("power", "Chance, 0 to 1, that the default test finds it."),
        number("power_low", "The same if animals scatter as much as the upper end of the 95 % interval says."),
        number("power_high", "The same if they scatter as little as its lower end says."),
        number("smallest_effect", "Smallest true difference that this layout finds with the target's chance."),
        number("smallest_effect_percent", "The same in percent of the reference's mean."),
        number("target", "That chance, 0 to 1."),
        number("level", "Level of the test, after division by the number of tests."),
        text("note", "What a reader must know: no such number is enough, these animals cannot reach the level, ..."),
    ),
)
