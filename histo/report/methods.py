"""The methods paragraph: what was done, with versions and parameters, in words that can be pasted into a manuscript."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import version

import pandas as pd

from histo.report.provenance import Provenance
from histo.report.wording import plural
from histo.study import AnalysisPlan, StudyTables, endpoint_named

__all__ = ["methods_paragraph", "value_rules"]

_DRAWN_BY = version("matplotlib")


def methods_paragraph(study: StudyTables, contrasts: pd.DataFrame, provenance: Provenance) -> str:
    """Write the paragraph.

    Parameters
    ----------
    study : StudyTables
        What was analysed, by which plan.
    contrasts : DataFrame
        The ``contrasts`` table; without rows nothing is said of tests.
    provenance : Provenance
        Models and version.

    Returns
    -------
    str
        Plain text, without line breaks.
    """
    sentences = [*_measured(study, provenance), *_levels(study)]
    if len(contrasts):
        sentences += _compared(study.plan, contrasts)
    software = ", ".join(f"{name} {version(name)}" for name in ("numpy", "scipy", "pandas", "statsmodels"))
    return " ".join(
        [*sentences, f"Tables and figures were made with {software} and matplotlib {version('matplotlib')}."]
    )


def _measured(study: StudyTables, provenance: Provenance) -> Iterator[str]:
    sections = study.sections
    models = f" by the model {', '.join(provenance.models)} (name and beginning of the sha256 of its weights)"
    program = f"histo {provenance.version}" if provenance.version else "histo"
    yield (
        f"Sections of the small intestine were segmented{models if provenance.models else ''} and measured with "
        f"{program}."
    )
    on_slides, on_maps = (_range_of(sections[name]) for name in ("slide_mpp", "label_mpp"))
    if on_slides:
        yield f"Slides had {on_slides} µm per pixel{f', label maps {on_maps}' if on_maps else ''}."
    yield (
        f"{plural(sections['slide'].nunique(), 'slide')} with {plural(len(sections), 'section')} gave "
        f"{int(sections['n_villi_accepted'].sum()):,} accepted villi of {int(sections['n_villi'].sum()):,} and "
        f"{int(sections['n_crypts_accepted'].sum()):,} accepted crypts of {int(sections['n_crypts'].sum()):,}; "
        "only those whose axis is seen from base to tip were accepted."
    )


def _range_of(values: pd.Series) -> str:
    known = values.dropna()
    if known.empty:
        return ""
    low, high = float(known.min()), float(known.max())
    return f"{low:.3g}" if f"{low:.3g}" == f"{high:.3g}" else f"{low:.3g} to {high:.3g}"


def value_rules(study: StudyTables) -> list[tuple[str, str]]:
    """Say of each endpoint of the plan how an animal's value was made from its sections, and theirs from units."""
    animals = study.animals().drop_duplicates("endpoint").set_index("endpoint")["estimator"]
    return [(endpoint_named(name).label, str(animals[name])) for name in study.plan.endpoints if name in animals.index]


def _levels(study: StudyTables) -> Iterator[str]:
    rules = value_rules(study)
    if rules:
        told = "; ".join(f"{label}: {rule.replace('; section:', ', a section being the')}" for label, rule in rules)
        yield f"The value of an animal in a segment was made so. {told}."
        yield f"A group was described by the {study.groups()['estimator'].iloc[0]}."
    yield "The animal was the unit of analysis throughout."


def _compared(plan: AnalysisPlan, contrasts: pd.DataFrame) -> Iterator[str]:
    against = ", ".join(dict.fromkeys(contrasts["reference"]))
    tests = [name for name in dict.fromkeys(contrasts["test"]) if name != "none"]
    corrections = [name for name in dict.fromkeys(contrasts["correction"]) if name != "none"]
    family = ", ".join(endpoint_named(name).label for name in plan.endpoints)
    yield f"Within each segment, groups were compared with {against}."
    if tests:
        yield f"Tests: {'; '.join(tests)}. Every p-value is two-sided."
    yield f"Differences are given with their {100 * (1 - plan.level):g} % interval and with Hedges' g."
    yield f"The declared family of endpoints was: {family}."
    yield f"Correction for multiplicity: {'; '.join(corrections) or 'none'}."
    yield f"A difference was said to hold at adjusted p ≤ {plan.level:g}."
