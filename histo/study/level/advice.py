"""The ``power`` table in plain sentences, which say whether to add animals or sections."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from typing import Any

import pandas as pd

from histo.study.level.endpoint import endpoint_named
from histo.study.wording import format_value, in_sentence, plural

__all__ = ["describe_power"]

_Row = Mapping[Any, Any]


def describe_power(table: pd.DataFrame) -> list[str]:
    """Say of each endpoint and segment what the layout finds, and what helps: animals or sections.

    Parameters
    ----------
    table : DataFrame
        The ``power`` table.

    Returns
    -------
    list of str
        A paragraph an endpoint and segment, in the order of the table.
    """
    return [
        _paragraph(str(endpoint), str(segment), {str(row["scenario"]): row for row in rows.to_dict("records")})
        for (endpoint, segment), rows in table.groupby(["endpoint", "segment"], sort=False)
    ]


def _paragraph(endpoint: str, segment: str, rows: Mapping[str, _Row]) -> str:
    sampled = rows["as sampled"]
    where = f" in the {segment}" if segment else ""
    what = f"{in_sentence(endpoint_named(endpoint).label)}{where}"
    found = f"a difference of {_difference(endpoint, sampled)}"
    if sampled["power"] > 0:
        first = (
            f"For {what}, {_layout(sampled)} find {found} in {_chance(sampled['power'])} of studies "
            f"({_chance(sampled['power_low'])} to {_chance(sampled['power_high'])}: the scatter is known no better)."
        )
    else:
        first = f"For {what}, {sampled['note']}; what follows is for {found}."
    needed = [] if abs(sampled["power"] - sampled["target"]) < 0.005 else [_needed(rows)]
    return " ".join([first, _compared(rows), *needed])


def _compared(rows: Mapping[str, _Row]) -> str:
    """Set one more animal beside twice the sections, and say which of them to add."""
    one_more = rows["one more animal"]["power"]
    if "twice the sections" not in rows:
        return (
            f"One more animal in each group makes it {_chance(one_more)}. What more sections would do cannot be told: "
            "each animal has one."
        )
    twice, endless = rows["twice the sections"]["power"], rows["sections without end"]["power"]
    if one_more >= endless:
        verdict = "Add animals, not sections."
    elif one_more >= twice:
        verdict = "Add animals first: one more in each group does more than twice the sections."
    else:
        verdict = "Here sections help more: those of one animal differ more than animals do."
    return (
        f"Twice the sections make it {_chance(twice)}, any number of them no more than {_chance(endless)}; one more "
        f"animal in each group makes it {_chance(one_more)}. {verdict}"
    )


def _needed(rows: Mapping[str, _Row]) -> str:
    animals, sections = rows["animals needed"], rows.get("sections needed")
    target = _chance(animals["target"])
    if animals["power"] < animals["target"] - 0.005:
        return f"For {target}, {animals['note']}."
    text = f"{target} needs {animals['n_animals']} animals in each group"
    if sections is None:
        return f"{text}."
    if not isfinite(sections["n_sections"]):
        return f"{text}; with {sections['n_animals']}, no number of sections is enough."
    n_sections = plural(int(sections["n_sections"]), "section")
    return f"{text} with as many sections as now, or {n_sections} of each of {sections['n_animals']} animals."


def _layout(row: _Row) -> str:
    number = f"{row['n_sections']:.2g}"
    return f"{row['n_animals']} animals in each group with {number} section{'' if number == '1' else 's'} each"


def _difference(endpoint: str, row: _Row) -> str:
    value = format_value(abs(row["effect"]), endpoint_named(endpoint))
    percent = abs(row["effect_percent"])
    return f"{value} ({percent:.0f} % of the reference)" if isfinite(percent) else value


def _chance(chance: float) -> str:
    return f"{100 * chance:.0f} %"
