"""Numbers and codes in the words of a report."""

from __future__ import annotations

from histo.study.wording import NOTHING, format_change, format_interval, format_p, format_value, plural

__all__ = [
    "NOTHING",
    "describe_flag",
    "flag_list",
    "format_change",
    "format_interval",
    "format_p",
    "format_value",
    "plural",
]

_FLAGS = {
    "cut_at_border": "goes on beyond the slide",
    "few_crypts": "few crypts accepted",
    "few_units": "few villus-crypt units",
    "few_villi": "few villi accepted",
    "field_of_view": "a cut-out of a larger piece",
    "folded": "folded; folds are excluded",
    "ink": "pen, pointer or lettering in the window, excluded",
    "low_confidence": "the model was unsure",
    "negative_control": "stained without the antibody; counts in no group",
    "no_crypts": "no crypts",
    "no_structure": "no label map: cells only",
    "no_villi": "no villi",
    "oblique": "crypts or villi mostly seen in part, as when cut obliquely",
    "out_of_focus": "out of focus",
    "partly_out_of_focus": "out of focus in part, which is excluded",
    "pale": "pale",
}


def describe_flag(flag: str) -> str:
    """Say a quality flag in words; one that is not known here is only freed of its underscores."""
    return _FLAGS.get(flag, flag.replace("_", " "))


def flag_list(flags: str) -> list[str]:
    """Say all flags of a section in words."""
    return [describe_flag(flag) for flag in flags.split()]
