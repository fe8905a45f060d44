"""Score one slide: from its file to its finished folder."""

from __future__ import annotations

import shutil
import time
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

import pandas as pd

from histo.batch.job import Job
from histo.batch.outputs import ScoredSection, outputs_of, write_section
from histo.batch.record import RECORD_NAME, InputFile, SlideRecord, slide_folder
from histo.batch.row import section_row, with_identity
from histo.batch.stain import check_stain
from histo.errors import CorruptModel, SlideNotFound, UnreadableSlide
from histo.io import Slide, open_slide
from histo.io.results import write_atomically, write_table
from histo.measure import measure_section
from histo.nn import Model, choose_device, load_model
from histo.segmentation import exclude, keep_own, segment, tabulate_exclusions
from histo.tissue import find_sections, mark_blur
from histo.types import SectionId

__all__ = ["PART_TABLES", "describe_input", "forget_slide", "score_slide"]

PART_TABLES = ("sections", "villi", "crypts", "units", "layers", "exclusions")
"""The tables that each slide writes for itself."""


def score_slide(job: Job) -> SlideRecord:
    """Score a slide and put its finished folder in place, as the last step.

    Parameters
    ----------
    job : Job
        The slide and what to score it with.

    Returns
    -------
    SlideRecord
        What now stands beside its tables.

    Raises
    ------
    HistoError
        Of the kind that says why the slide cannot be scored; nothing of it then counts as done.
    """
    start = time.perf_counter()
    forget_slide(job.results, job.slide.name)
    before = describe_input(job.slide.path)
    model, device = _model(job.fingerprint.model, job.fingerprint.model_sha256), str(choose_device(job.device))
    with open_slide(job.slide.path, mpp=job.slide.mpp) as slide:
        parts, outputs = _score_sections(slide, job, model, device)
    if not before.is_stamp_of(job.slide.path):
        raise UnreadableSlide(
            "the slide was changed while it was scored",
            next_step="Score it again when nothing writes to it any more.",
        )
    record = SlideRecord(
        slide=job.slide.name,
        path=str(job.slide.path),
        input=before,
        fingerprint=job.fingerprint,
        device=device,
        seconds=round(time.perf_counter() - start, 3),
        finished=datetime.now(UTC).isoformat(timespec="seconds"),
        sections=tuple(parts["sections"]["section"]),
        outputs=outputs,
    )
    with write_atomically(slide_folder(job.results, job.slide.name)) as unfinished:
        for name, table in parts.items():
            write_table(unfinished, name, table)
        (unfinished / RECORD_NAME).write_text(record.to_json(), encoding="utf-8")
    return record


def describe_input(path: Path) -> InputFile:
    """Take the sha256, size and time of a slide's file or folder.

    Raises
    ------
    SlideNotFound
        If there is nothing at this path.
    UnreadableSlide
        If it cannot be read to the end.
    """
    if not path.exists():
        raise SlideNotFound("there is no such file", file=path, next_step="Check the path; was it moved since?")
    try:
        return InputFile.of(path)
    except OSError as error:
        raise UnreadableSlide(
            "the file cannot be read",
            file=path,
            got=str(error),
            next_step="Check its permissions and the disk it lies on.",
        ) from error


def forget_slide(results: Path, slide: str) -> None:
    """Remove what was written of a slide, its record first, so that old and new never stand mixed."""
    folder = slide_folder(results, slide)
    if folder.exists():
        shutil.rmtree(folder)
    for output in outputs_of(results, slide):
        if output.is_dir():
            shutil.rmtree(output)
        else:
            output.unlink()


def _score_sections(
    slide: Slide, job: Job, model: Model, device: str
) -> tuple[dict[str, pd.DataFrame], tuple[str, ...]]:
    """Score every piece of gut on the slide; one at a time, so that memory holds one."""
    flags = check_stain(slide, job.slide.stain, any_stain=job.fingerprint.any_stain)
    rows: dict[str, list[pd.DataFrame]] = {name: [] for name in PART_TABLES}
    outputs: list[str] = []
    sections = find_sections(slide)
    for section in (mark_blur(slide, section) for section in sections):
        predicted = segment(slide, model=model, section=section, device=device)
        others = (other for other in sections if other.id != section.id)
        labels = exclude(keep_own(predicted, section, others), section)
        measures = measure_section(labels)
        exclusions = tabulate_exclusions(predicted, labels)
        section_id = SectionId(job.slide.name, section.id)
        scored = ScoredSection(section_id, section, labels, measures, exclusions, flags)
        outputs += write_section(job.results, slide, scored)
        tables = {
            "sections": section_row(slide, scored, model.spec),
            "villi": measures.villi,
            "crypts": measures.crypts,
            "units": measures.units,
            "layers": measures.layers,
            "exclusions": exclusions,
        }
        for name, table in tables.items():
            rows[name].append(with_identity(table, scored.id))
    return {name: pd.concat(tables, ignore_index=True) for name, tables in rows.items()}, tuple(outputs)


@lru_cache(maxsize=1)
def _model(name: str, sha256: str) -> Model:
    """Load a model once a process, and make sure it is the one that the batch began with."""
    model = load_model(name)
    if model.spec.sha256 != sha256:
        raise CorruptModel(
            "the model was changed while the batch ran", expected=f"sha256 {sha256}", got=f"sha256 {model.spec.sha256}"
        )
    return model
