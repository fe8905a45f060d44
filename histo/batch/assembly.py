"""Put the tables of a run together from what each slide wrote."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pandas as pd

from histo.batch.barrier_assembly import assemble_barrier
from histo.batch.barrier_threshold import BarrierRules
from histo.batch.cell_assembly import CellRules, assemble_cells, join_tables
from histo.batch.grading import SECTION_MEASURES, control_rows, grade_extents, has_structure, score_sections
from histo.batch.job import Failure
from histo.batch.planning import Plan
from histo.batch.record import slide_folder
from histo.batch.scoring import PART_TABLES
from histo.batch.staining import barrier_slides, stained_slides
from histo.errors import CorruptResults, HistoError
from histo.io.results import write_table
from histo.schema import BARRIER_TABLES, CELL_TABLES, IDENTITY, TABLES, empty_table
from histo.study import StudyTables
from histo.study.assignment import assign_animals, rows_without_section

__all__ = ["StudyRules", "assemble", "require_complete", "write_study_tables"]


@dataclass(frozen=True)
class StudyRules:
    """By what the slides of a study are judged together.

    Parameters
    ----------
    cells : CellRules
        By what cells are.
    barrier : BarrierRules
        By what junction proteins are.
    profiles : tuple of str
        Rubrics that were asked for.
    """

    cells: CellRules = field(default_factory=CellRules)
    barrier: BarrierRules = field(default_factory=BarrierRules)
    profiles: tuple[str, ...] = ()


def assemble(
    results: Path,
    plan: Plan,
    failures: Iterable[Failure],
    *,
    counted: Collection[str] = (),
    rules: StudyRules | None = None,
) -> tuple[str, ...]:
    """Write all tables of a results folder.

    Rows stand in the order of the slides' names, whatever the order in which the slides were finished, and hold no
    time: the same slides give the same bytes.

    Parameters
    ----------
    results : Path
        The results folder, with a folder for each finished slide.
    plan : Plan
        The slides, and the design that says which animal each belongs to.
    failures : iterable of Failure
        The slides that have no results.
    counted : collection of str
        Names of the slides whose cells were looked for.
    rules : StudyRules, optional
        By what is judged.

    Returns
    -------
    tuple of str
        Rows of the design whose section was not found, why markers could not be judged, and why there are no scores
        and no comparison of groups, if there are none.

    Raises
    ------
    CorruptResults
        If a slide is neither finished nor among the failures.
    """
    by_slide = {failure.slide: failure for failure in failures}
    require_complete(results, plan, by_slide)
    finished = [slide.name for slide in plan.slides if slide.name not in by_slide]
    sections = join_tables(results, "sections", finished)
    notes: tuple[str, ...] = ()
    if plan.design is not None:
        notes = tuple(f"{plan.design.path.name}: {line}" for line in rows_without_section(sections, plan.design))
        sections = _flag_unknown(assign_animals(sections, plan.design))
    is_control = control_rows(sections)
    rules = rules or StudyRules()
    identify = partial(_with_identity_of, sections)
    if counted:
        with_cells = [name for name in finished if name in counted]
        stained = stained_slides(plan, with_cells)
        study = assemble_cells(results, sections, (with_cells, stained), rules.cells, identify=identify)
        notes += study.notes
        sections = _write_infiltrate(results, study.sections, study.infiltrate, is_control)
    else:
        _remove_tables(results, CELL_TABLES)
    if measured := barrier_slides(plan, finished):
        barrier = assemble_barrier(results, sections, measured, rules.barrier, is_control=is_control, identify=identify)
        sections, notes = barrier.sections, (*notes, *barrier.notes)
    else:
        _remove_tables(results, BARRIER_TABLES)
    write_table(results, "sections", sections)
    for name in PART_TABLES[1:]:
        write_table(results, name, _with_identity_of(sections, join_tables(results, name, finished)))
    failed = [vars(by_slide[name]) for name in sorted(by_slide)]
    write_table(results, "failures", pd.DataFrame(failed) if failed else empty_table(TABLES["failures"].columns))
    has_map = has_structure(sections)
    has_cells = bool(sections.loc[has_map, "slide"].isin(counted).any())
    scores, not_scored = score_sections(sections[has_map], is_control[has_map], rules.profiles, has_cells=has_cells)
    write_table(results, "scores", scores)
    return (*notes, *not_scored, *write_study_tables(results, StudyTables(sections)))


def require_complete(results: Path, plan: Plan, failures: dict[str, Failure]) -> None:
    """Make sure that slides in = slides scored + slides failed, each exactly once.

    Raises
    ------
    CorruptResults
        If not; the message names the slides.
    """
    planned = {slide.name for slide in plan.slides}
    finished = {name for name in planned if slide_folder(results, name).is_dir()}
    lost = sorted(planned - finished - set(failures))
    twice = sorted(finished & set(failures))
    strange = sorted(set(failures) - planned)
    if lost or twice or strange:
        problems = [("neither scored nor failed", lost), ("scored and failed", twice), ("never planned", strange)]
        raise CorruptResults(
            "the results are not complete",
            file=results,
            got="; ".join(f"{what}: {', '.join(names)}" for what, names in problems if names),
            next_step="Run the same command again: it does only what is missing.",
        )


def write_study_tables(results: Path, study: StudyTables) -> tuple[str, ...]:
    """Write the tables of animals, groups and contrasts.

    Parameters
    ----------
    results : Path
        The results folder.
    study : StudyTables
        Its sections, with their animals.

    Returns
    -------
    tuple of str
        Why there is no comparison of groups, if there is none.
    """
    write_table(results, "animals", study.animals())
    write_table(results, "groups", study.groups())
    contrasts, notes = empty_table(TABLES["contrasts"].columns), []
    if study.has_animals:
        try:
            contrasts = study.compare()
        except HistoError as error:
            notes.append(f"no groups were compared: {error}")
    write_table(results, "contrasts", contrasts)
    return tuple(notes)


def _write_infiltrate(
    results: Path, sections: pd.DataFrame, infiltrate: pd.DataFrame, is_control: pd.Series[bool]
) -> pd.DataFrame:
    """Write the infiltrate table, and join to the sections what studies and rubrics ask for."""
    keys = ["slide", "section"]
    of_control = pd.Series(_keys(infiltrate).isin(_keys(sections[is_control])))
    has_map = pd.Series(_keys(infiltrate).isin(_keys(sections[has_structure(sections)])))
    graded = pd.concat([grade_extents(infiltrate[has_map], of_control[has_map]), infiltrate[~has_map]]).sort_index()
    write_table(results, "infiltrate", graded)
    return sections.merge(graded[[*keys, *SECTION_MEASURES]], on=keys, how="left", validate="one_to_one")


def _remove_tables(results: Path, names: Iterable[str]) -> None:
    """Remove what an earlier run, which looked for cells or junctions, has left."""
    for name in names:
        for extension in ("parquet", "csv"):
            (results / f"{name}.{extension}").unlink(missing_ok=True)


def _keys(rows: pd.DataFrame) -> pd.MultiIndex:
    return pd.MultiIndex.from_frame(rows[["slide", "section"]])


def _flag_unknown(sections: pd.DataFrame) -> pd.DataFrame:
    """Flag the sections that the design gives to no animal."""
    is_unknown = sections["animal"] == ""
    flags = (sections["flags"] + " not_in_design").str.strip()
    return sections.assign(flags=sections["flags"].where(~is_unknown, flags))


def _with_identity_of(sections: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """Copy animal, group, timepoint and segment from the sections to the rows of their villi, crypts, ..."""
    known = sections.set_index(["slide", "section"])
    keys = _keys(rows)
    names = [column.name for column in IDENTITY[2:]]
    return rows.assign(**{name: known[name].reindex(keys).to_numpy() for name in names})
