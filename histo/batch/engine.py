"""Run a batch: resume what was begun, score what is missing, lose nothing."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from histo import __version__
from histo.batch.assembly import StudyRules, assemble
from histo.batch.attempt import attempt
from histo.batch.barrier_threshold import read_barrier_rules
from histo.batch.cell_assembly import CellRules
from histo.batch.cell_finder import CellFinder, choose_cell_finders
from histo.batch.given_labels import describe_given_labels
from histo.batch.grading import choose_profiles
from histo.batch.job import Job, Outcome
from histo.batch.junction_finder import JunctionFinder, choose_junction_finder
from histo.batch.lock import locked
from histo.batch.planning import Plan, PlannedSlide
from histo.batch.pool import run_in_processes
from histo.batch.provenance import UsedModels, write_run_record
from histo.batch.record import Fingerprint, InputFile, SlideRecord, read_record
from histo.batch.scoring import describe_input, forget_slide
from histo.batch.settings import Settings
from histo.batch.staining import check_phenotypes
from histo.batch.summary import RunSummary
from histo.batch.thresholds import read_thresholds
from histo.errors import CorruptResults, HistoError, ResultsNotWritten
from histo.io.results import remove_unfinished
from histo.measure import PhenotypeRules, read_phenotypes
from histo.nn import ModelSpec, choose_device, load_model
from histo.report import Study

__all__ = ["Progress", "read_cell_rules", "run"]

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Progress:
    """Where a batch stands, after each slide.

    Parameters
    ----------
    n_done, n_total : int
        Slides done, scored or failed, and slides in all.
    outcome : Outcome
        The slide that has just ended.
    """

    n_done: int
    n_total: int
    outcome: Outcome


def run(
    plan: Plan,
    out: Path,
    settings: Settings | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> RunSummary:
    """Score every slide of a plan into a results folder.

    A slide that was finished before, from the same file with the same settings, is not done again; kill the process at
    any moment, run it again, and the results are those of a run that was never stopped.

    Parameters
    ----------
    plan : Plan
        The slides, as `histo.batch.plan` finds them.
    out : Path
        The results folder; made if it is not there.
    settings : Settings, optional
        Models, device, workers, rubrics.
    progress : callable, optional
        Called with a `Progress` after each slide.

    Returns
    -------
    RunSummary
        Slides in, scored, failed.

    Raises
    ------
    UnknownModel, CorruptModel
        If a model is not there or not whole; before any work.
    UnknownProfile, InvalidProfile, InvalidRule, InvalidArgument
        If a rubric, the rules of phenotypes or given thresholds are not there or do not read, or a rule asks for
        markers that no slide shows; before any work.
    ResultsInUse
        If another process writes into the folder.
    ResultsNotWritten
        If the results cannot be written any more, as on a full disk. What was finished stays.
    """
    start = time.perf_counter()
    settings = settings or Settings()
    out = Path(out)
    model = load_model(settings.model).spec
    finders = choose_cell_finders(plan, settings)
    rules = read_cell_rules(plan, settings)
    barrier = read_barrier_rules(settings)
    choose_profiles(settings.profiles, "", has_cells=settings.cells)
    device = choose_device(settings.device)
    junction_finder = choose_junction_finder(plan, settings)
    finder_of = _Finders(model, finders, junction_finder)
    jobs = [Job(slide, out, _fingerprint(slide, settings, finder_of), settings.device) for slide in plan.slides]
    with locked(out):
        for folder in (out, *(out / name for name in ("slides", "labels", "objects", "overlays"))):
            remove_unfinished(folder)
        outcomes: list[Outcome] = []
        n_workers = settings.n_workers(len(jobs), on_gpu=device.type != "cpu")
        for outcome in _outcomes(jobs, n_workers, is_isolated=settings.is_isolated):
            outcomes.append(outcome)
            _log(outcome)
            if outcome.failure is not None:
                forget_slide(out, outcome.slide)
            _stop_if_hopeless(out, outcome)
            if progress is not None:
                progress(Progress(len(outcomes), len(jobs), outcome))
        failures = [outcome.failure for outcome in outcomes if outcome.failure is not None]
        judged_by = StudyRules(rules, barrier, settings.profiles)
        assembled = assemble(out, plan, failures, counted=finders.keys(), rules=judged_by)
        notes = (*plan.notes, *(() if junction_finder is None else junction_finder.notes), *assembled)
        page = out / "report.html" if settings.report else None
        summary = _summarise(plan, out, outcomes, notes=notes, report=page, seconds=time.perf_counter() - start)
        nuclei = {spec.name: spec for _, spec in finders.values() if spec is not None}
        seers = () if junction_finder is None or junction_finder.spec is None else (junction_finder.spec,)
        models = UsedModels(model, tuple(nuclei.values()), seers)
        write_run_record(plan, settings, rules, models, str(device), summary)
        if page is not None:
            Study.from_results(out).report(page)
    return summary


def read_cell_rules(plan: Plan, settings: Settings) -> CellRules:
    """Read the files that say by what cells are judged.

    Raises
    ------
    InvalidRule
        If the rules of phenotypes do not read, or ask for markers that no slide of the plan shows.
    InvalidArgument
        If the thresholds do not read.
    """
    rules = PhenotypeRules(()) if settings.phenotypes is None else read_phenotypes(settings.phenotypes)
    check_phenotypes(rules, plan)
    return CellRules(rules, {} if settings.thresholds is None else read_thresholds(Path(settings.thresholds)))


@dataclass(frozen=True)
class _Finders:
    """What sees structure, cells by the slide's name, and junctions."""

    structure: ModelSpec
    cells: Mapping[str, CellFinder]
    junctions: JunctionFinder | None


def _fingerprint(slide: PlannedSlide, settings: Settings, finders: _Finders) -> Fingerprint:
    name, nuclei = finders.cells.get(slide.name, ("", None))
    basis = Fingerprint(
        version=__version__,
        model=settings.model,
        model_sha256=finders.structure.sha256,
        mpp=slide.mpp,
        stain=slide.stain,
        marker=slide.marker,
        any_stain=settings.any_stain,
        nuclei_model=name,
        nuclei_sha256="" if nuclei is None else nuclei.sha256,
    )
    if not slide.junction_markers:
        return basis
    junctions = finders.junctions if slide.is_monolayer else None
    return replace(
        basis,
        preparation=slide.preparation,
        labels_sha256=describe_given_labels(slide.labels),
        junction_model="" if junctions is None else junctions.name,
        junction_sha256="" if junctions is None else junctions.sha256,
        staining_mpp=0.0 if slide.is_monolayer else settings.staining_mpp,
        strict_staining=settings.strict_staining,
    )


def _outcomes(jobs: list[Job], n_workers: int, *, is_isolated: bool) -> Iterator[Outcome]:
    waiting = []
    for job in jobs:
        record = _finished(job)
        if record is None:
            waiting.append(job)
        else:
            yield Outcome(job.slide.name, record.sections, was_done=True)
    if is_isolated and waiting:
        yield from run_in_processes(waiting, n_workers)
    else:
        yield from (attempt(job) for job in waiting)


def _finished(job: Job) -> SlideRecord | None:
    """Read the record of a slide if it need not be scored again."""
    try:
        record = read_record(job.results, job.slide.name)
    except CorruptResults as error:
        log.warning("%s", error)
        return None
    if record is None or not record.is_current(job.results, job.fingerprint):
        return None
    return record if _is_unchanged(job.slide, record.input) else None


def _is_unchanged(slide: PlannedSlide, known: InputFile) -> bool:
    """Compare size and time, and only if they differ the content, so that a thousand slides are not read to resume."""
    try:
        return known.is_stamp_of(slide.path) or describe_input(slide.path).sha256 == known.sha256
    except (HistoError, OSError):
        return False


def _log(outcome: Outcome) -> None:
    for remark in outcome.remarks:
        log.warning("%s: %s", outcome.slide, remark)
    if outcome.failure is not None:
        log.warning("%s failed: %s: %s", outcome.slide, outcome.failure.reason, outcome.failure.message)
    if outcome.traceback:
        log.error("%s: %s", outcome.slide, outcome.traceback)


def _stop_if_hopeless(out: Path, outcome: Outcome) -> None:
    if outcome.stops_the_batch and outcome.failure is not None:
        raise ResultsNotWritten(
            "the results cannot be written any more",
            file=out,
            got=outcome.failure.message,
            next_step="Make room and run the same command again: what is finished is kept.",
        )


def _summarise(
    plan: Plan, out: Path, outcomes: list[Outcome], *, notes: tuple[str, ...], report: Path | None, seconds: float
) -> RunSummary:
    failures = sorted((outcome.failure for outcome in outcomes if outcome.failure), key=lambda failure: failure.slide)
    return RunSummary(
        results=out,
        n_in=len(plan.slides),
        n_scored=sum(outcome.failure is None for outcome in outcomes),
        n_failed=len(failures),
        n_done_before=sum(outcome.was_done for outcome in outcomes),
        n_sections=sum(len(outcome.sections) for outcome in outcomes),
        failures=tuple(failures),
        notes=notes,
        report=report,
        seconds=round(seconds, 3),
    )
