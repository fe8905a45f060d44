"""Which slides were stained for which markers, together with which others."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from histo.batch.cells import TISSUE
from histo.batch.planning import Plan
from histo.errors import InvalidRule
from histo.io.design import Design, Panel, as_slide
from histo.measure import PhenotypeRules
from histo.schema import table_schema
from histo.types import CellClass

__all__ = ["StainedSlide", "check_phenotypes", "stained_slides"]

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
    """

    name: str
    stain: str
    batch: str
    panel: Panel
    is_negative_control: bool = False

    @property
    def run(self) -> tuple[str, str]:
        """Stain and batch: only what was stained together is judged together."""
        return self.stain, self.batch


def stained_slides(plan: Plan, finished: Iterable[str]) -> list[StainedSlide]:
    """List the slides with markers.

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
    if plan.design is None:
        return []
    names = set(finished)
    return [
        StainedSlide(
            slide.name,
            slide.stain,
            batch=_said(plan.design, slide.name, "batch"),
            panel=slide.panel,
            is_negative_control=_said(plan.design, slide.name, "negative_control") == str(True),
        )
        for slide in plan.slides
        if slide.name in names and slide.panel.markers
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
