"""What a person sees of a batch: the plan before, a bar or lines during, the balance after."""

from __future__ import annotations

import time
from collections.abc import Mapping
from types import TracebackType
from typing import Self, cast

from rich.console import Console
from rich.markup import escape

from histo.batch import Plan, RunSummary
from histo.batch import Progress as BatchStep
from histo.batch.cell_finder import CellFinder, check_cells_can_be_found
from histo.batch.channels import marker_channel
from histo.cli.bar import rate_bar
from histo.cli.console import print_json, stderr, stdout
from histo.errors import HistoError
from histo.io import open_slide

__all__ = ["BatchProgress", "show_plan", "show_summary"]


class BatchProgress:
    """Shows how far a batch is: a bar with rate and remaining time on a terminal, a line a slide elsewhere.

    Parameters
    ----------
    plan : Plan
        The batch; its notes are shown first.
    is_quiet : bool
        Show nothing, for a machine that reads the summary.
    """

    def __init__(self, plan: Plan, *, is_quiet: bool = False) -> None:
        self._plan = plan
        self._is_quiet = is_quiet
        self._start = time.perf_counter()
        self._n_done_before = 0
        self._bar = rate_bar(is_shown=not is_quiet)
        self._task = self._bar.add_task("scoring", total=len(plan.slides), rate="")

    def __enter__(self) -> Self:
        if not self._is_quiet:
            for note in self._plan.notes:
                stderr.print(f"[yellow]note:[/] {escape(note)}")
            if self._plan.ignored:
                n_ignored = len(self._plan.ignored)
                stderr.print(f"{n_ignored} other files left aside (--dry-run and run.json list them)")
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def __call__(self, step: BatchStep) -> None:
        """Show one more slide."""
        if self._is_quiet:
            return
        outcome = step.outcome
        self._n_done_before += outcome.was_done
        minutes = (time.perf_counter() - self._start) / 60
        rate = (step.n_done - self._n_done_before) / max(minutes, 1e-6)
        self._bar.update(self._task, completed=step.n_done, rate=f"{rate:.1f} slides/min" if rate else "")
        if outcome.failure is not None:
            failure = outcome.failure
            stderr.print(f"[red]failed[/] {escape(f'{failure.slide}: {failure.reason}: {failure.message}')}")
        elif not stderr.is_terminal:
            how = "done before" if outcome.was_done else f"{outcome.seconds:.1f} s"
            stderr.print(
                f"[{step.n_done}/{step.n_total}] {outcome.slide}: {len(outcome.sections)} sections, {how}", markup=False
            )
        for remark in outcome.remarks:
            stderr.print(f"[yellow]note:[/] {escape(f'{outcome.slide}: {remark}')}")


def show_plan(plan: Plan, finders: Mapping[str, CellFinder], *, as_json: bool) -> int:
    """Say what would be scored: every slide with its size, µm/px, stain and markers, or why it would fail.

    Parameters
    ----------
    plan : Plan
        The slides.
    finders : mapping of str to CellFinder
        The model that finds the cells of each slide, where they are looked for.
    as_json : bool
        Print it as JSON.

    Returns
    -------
    int
        1 if any slide would fail for what its file already shows, else 0.
    """
    rows = []
    for planned in plan.slides:
        row: dict[str, object] = {"slide": planned.name, "path": str(planned.path)}
        try:
            with open_slide(planned.path, mpp=planned.mpp) as slide:
                row |= {
                    "format": slide.format,
                    "rows": slide.shape[0],
                    "cols": slide.shape[1],
                    "mpp": round(slide.mpp, 6),
                    "stain": planned.stain,
                    "markers": [*planned.panel.names, *(marker.name for marker in planned.junction_markers)],
                }
                if planned.stain == "fluorescence":
                    for marker in planned.junction_markers:
                        marker_channel(slide, marker)
                if planned.name in finders:
                    check_cells_can_be_found(slide, planned, finders[planned.name])
        except HistoError as error:
            row |= {"problem": error.reason, "message": str(error)}
        rows.append(row)
    ignored = [{"path": str(file.path), "reason": file.reason} for file in plan.ignored]
    if as_json:
        print_json({"slides": rows, "ignored": ignored, "notes": plan.notes})
    else:
        for row in rows:
            stdout.print(f"{row['slide']}: {row.get('message') or _facts(row)}", markup=False)
        for file in ignored:
            stdout.print(f"left aside: {file['path']} ({file['reason']})", markup=False)
        for note in plan.notes:
            stdout.print(f"note: {note}", markup=False)
        n_problems = sum("problem" in row for row in rows)
        stdout.print(f"{len(rows)} slides, {n_problems} of them would fail; nothing was scored")
    return int(any("problem" in row for row in rows))


def _facts(row: Mapping[str, object]) -> str:
    stained = " ".join(filter(None, (str(row["stain"]), ", ".join(cast("list[str]", row["markers"])))))
    facts = f"{row['format']}, {row['rows']} x {row['cols']} px, {row['mpp']} µm/px"
    return f"{facts}, {stained}" if stained else facts


def show_summary(console: Console, summary: RunSummary) -> None:
    """Balance slides in against slides scored and failed, and say where the results lie."""
    before = f" ({summary.n_done_before} of them before)" if summary.n_done_before else ""
    console.print(
        f"{summary.n_in} slides: {summary.n_scored} scored{before}, {summary.n_failed} failed; "
        f"{summary.n_sections} sections in {summary.seconds:.0f} s"
    )
    for failure in summary.failures:
        console.print(f"[red]failed[/] {escape(f'{failure.slide}: {failure.reason}: {failure.message}')}")
        if failure.next_step:
            console.print(f"  [dim]next[/] {escape(failure.next_step)}")
    for note in summary.notes:
        console.print(f"[yellow]note:[/] {escape(note)}")
    console.print(f"results: {escape(str(summary.results))}")
    if summary.report is not None:
        console.print(f"report:  {escape(str(summary.report))}")
