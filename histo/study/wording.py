"""Numbers in the words of sentences: values with units, intervals, changes, p-values, counts."""

from __future__ import annotations

from math import isfinite

from histo.study.level.endpoint import Endpoint

__all__ = ["NOTHING", "format_change", "format_interval", "format_p", "format_value", "in_sentence", "plural"]

NOTHING = "–"
"""What stands in a table where there is no number."""

_MINUS = "−"


def format_value(value: float, endpoint: Endpoint, *, has_unit: bool = True, is_signed: bool = False) -> str:
    """Write a value with its unit, and a true minus.

    Examples
    --------
    >>> from histo.study import endpoint_named
    >>> format_value(-12.34, endpoint_named("crypt_depth_um"))
    '−12.3 µm'
    """
    if not isfinite(value):
        return NOTHING
    sign = "+" if is_signed else ""
    number = f"{value:{sign},.{endpoint.decimals}f}".replace("-", _MINUS)
    separator = "" if endpoint.unit.startswith("/") else " "
    return f"{number}{separator}{endpoint.unit}" if has_unit and endpoint.unit else number


def format_interval(low: float, high: float, endpoint: Endpoint) -> str:
    """Write an interval of a difference: ``−1.2 to +3.4``."""
    if not (isfinite(low) and isfinite(high)):
        return NOTHING
    ends = (format_value(end, endpoint, has_unit=False, is_signed=True) for end in (low, high))
    return " to ".join(ends)


def format_change(difference: float, reference: float) -> str:
    """Write a difference in per cent of the reference.

    Examples
    --------
    >>> format_change(-30.0, 120.0)
    '−25 %'
    """
    if not (isfinite(difference) and isfinite(reference)) or reference == 0:
        return NOTHING
    return f"{100 * difference / abs(reference):+.0f} %".replace("-", _MINUS)


def format_p(p_value: float) -> str:
    """Write a p-value with two digits, three places at most.

    Examples
    --------
    >>> format_p(0.00794), format_p(0.0301), format_p(0.4), format_p(0.00001)
    ('0.008', '0.030', '0.40', '<0.001')
    """
    if not isfinite(p_value):
        return NOTHING
    if p_value < 0.001:
        return "<0.001"
    return f"{p_value:.3f}" if p_value < 0.1 else f"{p_value:.2f}"


def in_sentence(label: str) -> str:
    """Write a label within a sentence: small, unless it is an abbreviation.

    Examples
    --------
    >>> in_sentence("Villus height"), in_sentence("VH:CD"), in_sentence("IEL per 100 epithelial cells")
    ('villus height', 'VH:CD', 'IEL per 100 epithelial cells')
    """
    is_abbreviation = len(label) > 1 and not label[1].islower()
    return label if is_abbreviation else label[:1].lower() + label[1:]


def plural(count: int, noun: str, plural_noun: str = "") -> str:
    """Write a count with its noun.

    Examples
    --------
    >>> plural(1, "slide"), plural(2, "slide"), plural(0, "villus", "villi")
    ('1 slide', '2 slides', '0 villi')
    """
    return f"{count:,} {noun if count == 1 else plural_noun or noun + 's'}"
