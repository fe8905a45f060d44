"""Which slides were stained for which markers, together with which others."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

import pandas as pd

from histo.batch.cells import TISSUE
from histo.batch.planning import Plan, PlannedSlide
from histo.errors import InvalidRule
from histo.io.design import Design, Panel, as_slide
from histo.measure import PhenotypeRules
from histo.schema import table_schema
from histo.types import CellClass

__all__ = ["StainedSlide", "barrier_slides", "check_phenotypes", "flag_controls", "stained_slides"]

_NEGATIVE_CONTROL = "negative_control"
# How the columns of markers end.
_ENDINGS = ("_intensity", "_is_positive", "_class", "_mean", "_median")


@dataclass(frozen=True)
class StainedSlide:
    """One slide whose markers were measured.

    Parameters
    ----------
    name : str
        The slide.
    stain : str
        ``dab`` or ``fluorescence``.
    batch : str
        Batch of the design table; empty where it names none.
    panel : Panel
        Its markers.
    is_negative_control : bool
        Whether it was stained without the antibody.
    preparation : str
        ``monolayer`` of cells seen from above, else ``section``.
    """

    name: str
    stain: str
    batch: str
    panel: Panel
    is_negative_control: bool = False
    preparation: str = "section"

    @property
    def run(self) -> tuple[str, str]:
        """Stain and batch: only what was stained together is judged together."""
        return self.stain, self.batch


def stained_slides(plan: Plan, finished: Iterable[str]) -> list[StainedSlide]:
    """List the slides with markers of cells.

    Parameters
    ----------
    plan : Plan
        All slides, and the design table.
    finished : iterable of str
        Names of those that were scored.

    Returns
    -------
    list of StainedSlide
        In the order of their names.
    """
    return _stained(plan, finished, lambda slide: slide.panel)


def barrier_slides(plan: Plan, finished: Iterable[str]) -> list[StainedSlide]:
    """List the slides with markers of junctions, as `stained_slides` does; their panels hold those alone."""
    return _stained(plan, finished, lambda slide: Panel(slide.junction_markers))


def flag_controls(sections: pd.DataFrame, controls: Collection[str]) -> pd.DataFrame:
    """Flag the sections of slides that were stained without the antibody, each once."""
    flags = (sections["flags"] + f" {_NEGATIVE_CONTROL}").str.strip()
    is_new = sections["slide"].isin(controls) & ~sections["flags"].str.split().map(lambda own: _NEGATIVE_CONTROL in own)
    return sections.assign(flags=sections["flags"].where(~is_new.astype(bool), flags))


def _stained(plan: Plan, finished: Iterable[str], panel_of: Callable[[PlannedSlide], Panel]) -> list[StainedSlide]:
    if plan.design is None:
        return []
    names = set(finished)
    return [
        StainedSlide(
            slide.name,
            slide.stain,
            batch=_said(plan.design, slide.name, "batch"),
            panel=panel_of(slide),
            is_negative_control=_said(plan.design, slide.name, "negative_control") == str(True),
            preparation="monolayer" if slide.is_monolayer else "section",
        )
        for slide in plan.slides
        if slide.name in names and panel_of(slide).markers
    ]


def check_phenotypes(rules: PhenotypeRules, plan: Plan) -> None:
    """Make sure that rules have usable names, and that any slide is stained for all that each asks for.

    Raises
    ------
    InvalidRule
        If a rule bears the name of another column or population, or can hold on no slide; the message names each.
    """
    taken = {column.name for column in table_schema("cells").columns} | set(CellClass) | {"all", "inflammatory", TISSUE}
    wrong = [name for name, _ in rules if name.casefold() in taken or name.endswith((*_ENDINGS, "+"))]
    if wrong:
        raise InvalidRule(
            "phenotypes have names that mean something else in the tables",
            expected="a name of its own, such as Treg",
            got=", ".join(wrong),
        )
    panels = [{name.casefold() for name in slide.panel.names} for slide in plan.slides]
    impossible = [
        f"\n  {name} = {str(rule)!r}"
        for name, rule in rules
        if not any({marker.casefold() for marker in rule.markers} <= panel for panel in panels)
    ]
    if impossible:
        known = sorted(set().union(*panels)) or ["none"]
        raise InvalidRule(
            f"rules ask for markers that no slide shows together; there are {', '.join(known)}:{''.join(impossible)}",
            next_step="Name the slides' markers in the design table's column marker, or mend the rules.",
        )


def _said(design: Design, slide: str, column: str) -> str:
    """Read a column of the first row of a slide; empty where the design has none."""
    if column not in design.table:
        return ""
    rows = design.table.loc[design.table["slide"] == as_slide(slide), column]
    return str(rows.iloc[0]) if len(rows) else ""
