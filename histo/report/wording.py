"""Numbers and codes in the words of a report."""

from __future__ import annotations

from math import isfinite, nan

from histo.study.wording import NOTHING, format_change, format_interval, format_p, format_value, plural

__all__ = [
    "NOTHING",
    "begin_sentence",
    "describe_flag",
    "describe_reject",
    "flag_list",
    "format_change",
    "format_effect",
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

_REJECTS = {
    "cut_at_border": "goes on beyond the section or into what was excluded",
    "detached": "detached from the wall",
    "fused": "grown together with its neighbour",
    "incomplete": "base not seen",
    "low_confidence": "the model was unsure",
    "no_junction": "no villus-crypt junction seen",
    "no_layer": "no wall beneath",
    "tangential": "cut across, so that its axis is not seen",
    "too_small": "too small",
}


def format_effect(effect: float, low: float = nan, high: float = nan) -> str:
    """Write a standardised effect with a true minus, and with its interval where that is known.

    Examples
    --------
    >>> format_effect(-1.234), format_effect(1.0, -0.2, 2.2)
    ('−1.2', '+1.0 (−0.2 to +2.2)')
    """
    if not isfinite(effect):
        return NOTHING
    interval = f" ({low:+.1f} to {high:+.1f})" if isfinite(low) and isfinite(high) else ""
    return f"{effect:+.1f}{interval}".replace("-", "−")


def begin_sentence(text: str) -> str:
    """Write the first letter large and leave the others as they are.

    Examples
    --------
    >>> begin_sentence("no animal with a value in EAE @ 7")
    'No animal with a value in EAE @ 7'
    """
    return text[:1].upper() + text[1:]


def describe_flag(flag: str) -> str:
    """Say a quality flag in words; one that is not known here is only freed of its underscores."""
    return _FLAGS.get(flag, flag.replace("_", " "))


def describe_reject(code: str) -> str:
    """Say a reason for not accepting a villus or crypt in words."""
    return _REJECTS.get(code, code.replace("_", " "))


def flag_list(flags: str) -> list[str]:
    """Say all flags of a section in words."""
    return [describe_flag(flag) for flag in flags.split()]
