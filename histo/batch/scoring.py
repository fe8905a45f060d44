"""Score one slide: from its file to its finished folder."""

from __future__ import annotations

import shutil
import time
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

import pandas as pd

from histo.batch.barrier import BarrierMeter, barrier_tables, draw_barrier
from histo.batch.cell_file import CELL_FILE_NAME, append_cells
from histo.batch.cell_finder import load_cell_finder
from histo.batch.cells import CellCounter
from histo.batch.channels import panel_channels
from histo.batch.given_labels import read_given_labels
from histo.batch.job import Job
from histo.batch.monolayer import find_barrier_sections, map_field
from histo.batch.outputs import ScoredSection, draw_section_overlay, outputs_of, write_section
from histo.batch.record import RECORD_NAME, InputFile, SlideRecord, slide_folder
from histo.batch.row import section_row, with_identity
from histo.batch.stain import GIVEN_LABELS, NO_STRUCTURE, StainVerdict, judge_stain
from histo.batch.tissue_map import believe_dark_tissue, map_tissue
from histo.errors import CorruptModel, SlideNotFound, UnreadableSlide
from histo.io import Slide, open_slide
from histo.io.results import write_atomically, write_table
from histo.measure import measure_section
from histo.nn import Model, NucleiModel, choose_device, load_model
from histo.segmentation import exclude, keep_own, segment, tabulate_exclusions
from histo.tissue import Section, find_sections, mark_blur
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
    scorer = _Scorer(job, str(choose_device(job.device)))
    with write_atomically(slide_folder(job.results, job.slide.name)) as unfinished:
        unfinished.mkdir()
        with open_slide(job.slide.path, mpp=job.slide.mpp) as slide:
            parts, outputs = scorer.score(slide, unfinished)
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
            device=scorer.device,
            seconds=round(time.perf_counter() - start, 3),
            finished=datetime.now(UTC).isoformat(timespec="seconds"),
            sections=tuple(parts["sections"]["section"]),
            outputs=outputs,
        )
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


class _Scorer:
    """Scores the sections of one slide, one at a time, so that memory holds one."""

    def __init__(self, job: Job, device: str) -> None:
        self.job = job
        self.device = device
        self.panel = job.slide.panel

    def score(self, slide: Slide, folder: Path) -> tuple[dict[str, pd.DataFrame], tuple[str, ...]]:
        """Score every piece of gut on the slide; cells go into the folder at once, the other tables are returned."""
        wanted, planned = self.job.fingerprint, self.job.slide
        verdict = self._judge(slide)
        model = _model(wanted.model, wanted.model_sha256) if verdict.asks_the_model else None
        counter = self._counter(verdict)
        meter = BarrierMeter(self.job, self.device) if planned.junction_markers else None
        rows: dict[str, list[pd.DataFrame]] = {}
        outputs: list[str] = []
        sections = find_sections(slide) if meter is None else find_barrier_sections(slide, planned)
        if verdict.stain == "dab":
            sections = [believe_dark_tissue(section) for section in sections]
        with append_cells(folder / CELL_FILE_NAME) as append:
            for section in sections:
                others = [other for other in sections if other.id != section.id]
                scored = self._measure(slide, (section, others), verdict, model)
                tables = self._tables(slide, scored, model, counter)
                if meter is None:
                    overlay = draw_section_overlay(slide, scored, tables.get("cells"))
                else:
                    measured = meter.measure(slide, scored)
                    tables |= barrier_tables(tables["sections"], measured)
                    overlay = draw_barrier(slide, scored, measured)
                outputs += write_section(self.job.results, scored, overlay)
                for name, table in tables.items():
                    identified = with_identity(table, scored.id)
                    if name == "cells":
                        append(identified)
                    else:
                        rows.setdefault(name, []).append(identified)
        return {name: pd.concat(tables, ignore_index=True) for name, tables in rows.items()}, tuple(outputs)

    def _judge(self, slide: Slide) -> StainVerdict:
        """Say what can be scored on the slide, and whose compartments it has."""
        planned = self.job.slide
        verdict = judge_stain(slide, planned.stain, any_stain=self.job.fingerprint.any_stain)
        if planned.is_monolayer:
            return StainVerdict(verdict.stain, (NO_STRUCTURE,))
        return verdict.with_labels() if planned.labels and planned.junction_markers else verdict

    def _counter(self, verdict: StainVerdict) -> CellCounter | None:
        wanted = self.job.fingerprint
        if not wanted.nuclei_model:
            return None
        model = _nuclei_model(wanted.nuclei_model, verdict.stain, wanted.nuclei_sha256)
        return CellCounter(model, verdict.stain, self.panel, self.device)

    def _measure(
        self, slide: Slide, pieces: tuple[Section, list[Section]], verdict: StainVerdict, model: Model | None
    ) -> ScoredSection:
        section, others = pieces
        planned = self.job.slide
        if verdict.stain != "fluorescence" and not planned.is_monolayer:  # whose sharpness is measured otherwise
            section = mark_blur(slide, section)
        if model is not None:
            found = segment(slide, model=model, section=section, device=self.device)
        elif verdict.has_structure:
            found = read_given_labels(planned.labels, slide, section)
        else:
            found = map_field(slide) if planned.is_monolayer else map_tissue(slide, section)
        labels = keep_own(found, section, others)
        if GIVEN_LABELS not in verdict.flags:  # whoever drew labels knew what is glass and dirt
            labels = exclude(labels, section)
        return ScoredSection(
            id=SectionId(self.job.slide.name, section.id),
            section=section,
            labels=labels,
            measures=measure_section(labels),
            exclusions=tabulate_exclusions(found, labels),
            flags=verdict.flags,
            stain=verdict.stain,
            has_structure=verdict.has_structure,
            channels=panel_channels(slide, self.panel).shown if self._shows_channels(verdict) else (),
            labels_from=Path(planned.labels).name if model is None and verdict.has_structure else "",
        )

    def _shows_channels(self, verdict: StainVerdict) -> bool:
        return verdict.stain == "fluorescence" and self.job.slide.is_scored_by_cells

    def _tables(
        self, slide: Slide, scored: ScoredSection, model: Model | None, counter: CellCounter | None
    ) -> dict[str, pd.DataFrame]:
        measures = scored.measures
        tables = {
            "sections": section_row(slide, scored, None if model is None else model.spec),
            "villi": measures.villi,
            "crypts": measures.crypts,
            "units": measures.units,
            "layers": measures.layers,
            "exclusions": scored.exclusions,
        }
        if counter is None:
            return tables
        return tables | counter.count(slide, scored)


@lru_cache(maxsize=1)
def _model(name: str, sha256: str) -> Model:
    """Load a model once a process, and make sure it is the one that the batch began with."""
    model = load_model(name)
    if model.spec.sha256 != sha256:
        raise CorruptModel(
            "the model was changed while the batch ran", expected=f"sha256 {sha256}", got=f"sha256 {model.spec.sha256}"
        )
    return model


@lru_cache(maxsize=2)
def _nuclei_model(name: str, stain: str, sha256: str) -> NucleiModel:
    """Load the model that finds cells once a process."""
    return load_cell_finder(name, stain, sha256)
