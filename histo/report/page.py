"""The report: one HTML page that needs nothing but itself."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined

from histo.io.results import write_atomically
from histo.report.answer import Answer, answer_of
from histo.report.cell_view import CellView, cell_view
from histo.report.endpoint_view import EndpointView, endpoint_views
from histo.report.gallery import SectionCard, gallery_of
from histo.report.marker_view import MarkerView, marker_view
from histo.report.profile import ProfileTables
from histo.report.profile_view import MIN_LENGTH_MM, ProfileView, profile_views
from histo.report.provenance import Provenance, provenance_of
from histo.report.quality import Quality, quality_of
from histo.report.roster import AnimalRow, animal_rows
from histo.report.wording import NOTHING, plural
from histo.schema import check_table, empty_table, table_schema
from histo.study import ESTIMATORS, Endpoint, StudyTables, endpoint_named
from histo.types import Compartment

__all__ = ["render_report"]


@dataclass(frozen=True)
class _Page:
    """Everything that the template prints."""

    title: str
    study: StudyTables
    n_slides_scored: int
    failures: list[dict[str, str]]
    answer: Answer
    endpoints: list[EndpointView]
    columns: list[Endpoint]
    animals: list[AnimalRow]
    cells: CellView | None
    markers: MarkerView | None
    quality: Quality
    profiles: list[ProfileView]
    n_profiles_left_out: int
    gallery: list[SectionCard]
    provenance: Provenance

    @property
    def n_slides(self) -> int:
        """Slides that went in."""
        return self.n_slides_scored + len(self.failures)

    @property
    def n_animals(self) -> int:
        """Animals with a section."""
        known = self.study.sections["animal"]
        return int(known[known != ""].nunique())


def render_report(
    study: StudyTables,
    path: str | os.PathLike[str],
    *,
    overlays: str | os.PathLike[str] | None = None,
    failures: pd.DataFrame | None = None,
    run: Mapping[str, object] | None = None,
    profiles: ProfileTables | None = None,
    tables: Mapping[str, pd.DataFrame] | None = None,
    title: str = "",
) -> Path:
    """Write a study's report as one self-contained HTML page.

    Parameters
    ----------
    study : StudyTables
        The study. Without a design, with one group or without any section the page says what is missing.
    path : path-like
        The HTML file; it appears complete or not at all.
    overlays : path-like, optional
        Folder with the picture ``<slide>_<section>.png`` of each section.
    failures : DataFrame, optional
        The ``failures`` table.
    run : mapping, optional
        What ``run.json`` holds; see `histo.report.provenance.provenance_of` for the keys that are printed by name.
    profiles : ProfileTables, optional
        Villi, crypts, units and layers of all sections, for their course along the gut.
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
    tables = tables or {}
    page = _Page(
        title=title or "Small-intestine histology",
        study=study,
        n_slides_scored=int(study.sections["slide"].nunique()),
        failures=_failure_rows(failures),
        answer=(answer := answer_of(study)),
        endpoints=endpoint_views(study, answer),
        columns=[endpoint_named(name) for name in study.plan.endpoints],
        animals=animal_rows(study),
        cells=cell_view(study, tables.get("scores")),
        markers=marker_view(study, tables),
        quality=quality_of(study, tables.get("exclusions")),
        profiles=(along := profile_views(study.sections, profiles))[0],
        n_profiles_left_out=along[1],
        gallery=gallery_of(study.sections, Path(overlays) if overlays is not None else None),
        provenance=provenance_of(study.sections, run),
    )
    environment = Environment(
        loader=PackageLoader("histo.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["plural"] = plural
    html = environment.get_template("report.html.j2").render(
        page=page,
        estimators=ESTIMATORS,
        nothing=NOTHING,
        compartments=list(Compartment)[1:],
        min_length_mm=MIN_LENGTH_MM,
    )
    target = Path(path)
    with write_atomically(target) as unfinished:
        unfinished.write_text(html, encoding="utf-8")
    return target


def _failure_rows(failures: pd.DataFrame | None) -> list[dict[str, str]]:
    columns = table_schema("failures").columns
    table = empty_table(columns) if failures is None else check_table(failures, columns)
    return [{str(key): str(value) for key, value in row.items()} for row in table.fillna("").to_dict("records")]
