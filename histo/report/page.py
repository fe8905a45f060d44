"""The report: one HTML page that needs nothing but itself, and its figures in a folder beside it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined

from histo.io.results import write_atomically
from histo.report.answer import Answer, answer_of
from histo.report.cell_view import CellView, cell_view
from histo.report.endpoint_view import EndpointView, Panel, endpoint_views
from histo.report.export import figures_folder, write_figures
from histo.report.figure import DrawnFigure
from histo.report.gallery import SectionCard, gallery_of
from histo.report.layout import Layout, layout_of
from histo.report.marker_view import MarkerView, marker_view
from histo.report.methods import methods_paragraph, value_rules
from histo.report.overview import draw_overview
from histo.report.precision_view import PrecisionView, precision_view
from histo.report.profile_view import MIN_LENGTH_MM, ProfileView, profile_views
from histo.report.provenance import Provenance, provenance_of
from histo.report.quality import Quality, quality_of
from histo.report.question_view import QuestionView, question_views
from histo.report.repeats import UNITS_DRAWN_PER_ANIMAL, RepeatTables
from histo.report.roster import AnimalRow, animal_rows
from histo.report.wording import NOTHING, begin_sentence, plural
from histo.schema import check_table, empty_table, table_schema
from histo.study import Endpoint, StudyTables, endpoint_named
from histo.types import Compartment

__all__ = ["render_report"]


@dataclass(frozen=True, eq=False)
class _Page:
    """Everything that the template prints."""

    title: str
    study: StudyTables
    figures_folder: str
    n_slides_scored: int
    failures: list[dict[str, str]]
    layout: Layout
    answer: Answer
    heat_map: DrawnFigure | None
    forests: list[Panel]
    questions: list[QuestionView]
    endpoints: list[EndpointView]
    columns: list[Endpoint]
    animals: list[AnimalRow]
    cells: CellView | None
    markers: MarkerView | None
    precision: PrecisionView | None
    quality: Quality
    profiles: list[ProfileView]
    n_profiles_left_out: int
    gallery: list[SectionCard]
    provenance: Provenance
    methods: str
    value_rules: list[tuple[str, str]]

    @property
    def n_slides(self) -> int:
        """Slides that went in."""
        return self.n_slides_scored + len(self.failures)

    @property
    def n_animals(self) -> int:
        """Animals with a section."""
        known = self.study.sections["animal"]
        return int(known[known != ""].nunique())

    @property
    def has_segments(self) -> bool:
        """Whether the study tells segments apart."""
        return bool((self.study.sections["segment"] != "").any())

    @property
    def has_units(self) -> bool:
        """Whether single villi, crypts or places are drawn."""
        return any((panel.figure.data["level"] == "unit").any() for view in self.endpoints for panel in view.panels)

    @property
    def figures(self) -> list[DrawnFigure]:
        """All figures, in the order of the page."""
        return list(self._figures())

    def _figures(self) -> Iterator[DrawnFigure]:
        if self.heat_map is not None:
            yield self.heat_map
        yield from (panel.figure for panel in self.forests)
        for view in self.endpoints:
            yield from (panel.figure for panel in (*view.panels, *view.courses))
        yield from (view.figure for view in self.profiles)


def render_report(
    study: StudyTables,
    path: str | os.PathLike[str],
    *,
    overlays: str | os.PathLike[str] | None = None,
    failures: pd.DataFrame | None = None,
    run: Mapping[str, object] | None = None,
    repeats: RepeatTables | None = None,
    tables: Mapping[str, pd.DataFrame] | None = None,
    title: str = "",
) -> Path:
    """Write a study's report: one self-contained HTML page, and its figures as files in a folder beside it.

    Parameters
    ----------
    study : StudyTables
        The study. Without a design, with one group or without any section the page says what is missing.
    path : path-like
        The HTML file; it appears complete or not at all. ``report.html`` has its figures in ``report_figures/``: SVG,
        and the numbers that were drawn as CSV.
    overlays : path-like, optional
        Folder with the picture ``<slide>_<section>.png`` of each section.
    failures : DataFrame, optional
        The ``failures`` table.
    run : mapping, optional
        What ``run.json`` holds; see `histo.report.provenance.provenance_of` for the keys that are printed by name.
    repeats : RepeatTables, optional
        Villi, crypts, units and layers of all sections, for the figures.
    tables : mapping of str to DataFrame, optional
        Further tables of the run by name: ``exclusions``, ``scores``, ``thresholds`` and ``positivity`` are shown.
    title : str, optional
        Heading of the page.

    Returns
    -------
    Path
        The page.

    Raises
    ------
    InvalidTable
        If the failures lack columns.
    """
    target = Path(path)
    page = _gathered(
        study,
        title or "Small-intestine histology",
        (Path(overlays) if overlays is not None else None, figures_folder(target)),
        _failure_rows(failures),
        run,
        repeats,
        tables or {},
    )
    html = (
        _environment()
        .get_template("report.html.j2")
        .render(
            page=page,
            nothing=NOTHING,
            compartments=list(Compartment)[1:],
            min_length_mm=MIN_LENGTH_MM,
            units_drawn=UNITS_DRAWN_PER_ANIMAL,
        )
    )
    write_figures(figures_folder(target), page.figures)
    with write_atomically(target) as unfinished:
        unfinished.write_text(html, encoding="utf-8")
    return target


def _gathered(
    study: StudyTables,
    title: str,
    folders: tuple[Path | None, Path],
    failures: list[dict[str, str]],
    run: Mapping[str, object] | None,
    repeats: RepeatTables | None,
    tables: Mapping[str, pd.DataFrame],
) -> _Page:
    """Ask the study everything that the page shows."""
    answer = answer_of(study)
    heat_map, forests = draw_overview(study, answer.contrasts)
    profiles, n_profiles_left_out = profile_views(study.sections, repeats)
    provenance = provenance_of(study.sections, run)
    overlays, figures = folders
    return _Page(
        title=title,
        study=study,
        figures_folder=figures.name,
        n_slides_scored=int(study.sections["slide"].nunique()),
        failures=failures,
        layout=layout_of(study, answer.contrasts),
        answer=answer,
        heat_map=heat_map,
        forests=forests,
        questions=question_views(study) if answer.effects else [],
        endpoints=endpoint_views(study, answer, repeats),
        columns=[endpoint_named(name) for name in study.plan.endpoints],
        animals=animal_rows(study),
        cells=cell_view(study, tables.get("scores")),
        markers=marker_view(study, tables),
        precision=precision_view(study),
        quality=quality_of(study, tables.get("exclusions")),
        profiles=profiles,
        n_profiles_left_out=n_profiles_left_out,
        gallery=gallery_of(study.sections, overlays),
        provenance=provenance,
        methods=methods_paragraph(study, answer.contrasts, provenance),
        value_rules=value_rules(study),
    )


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("histo.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["plural"] = plural
    environment.filters["begun"] = begin_sentence
    return environment


def _failure_rows(failures: pd.DataFrame | None) -> list[dict[str, str]]:
    columns = table_schema("failures").columns
    table = empty_table(columns) if failures is None else check_table(failures, columns)
    return [{str(key): str(value) for key, value in row.items()} for row in table.fillna("").to_dict("records")]
