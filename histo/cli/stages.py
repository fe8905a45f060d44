"""Progress of work in stages, such as drawing and then training."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Self

from rich.progress import TaskID

from histo.cli.bar import rate_bar
from histo.cli.console import stderr

__all__ = ["StageProgress"]

_SECONDS_BEFORE_A_BAR = 2.0
_SECONDS_BETWEEN_LINES = 30.0


class StageProgress:
    """Called with a stage's name, how much of it is done, and of how much.

    On a terminal a stage that takes longer than two seconds gets a bar with rate and remaining time; elsewhere a line
    every half minute, and one at its end.
    """

    def __init__(self) -> None:
        self._bar = rate_bar()
        self._tasks: dict[str, TaskID] = {}
        self._begun: dict[str, float] = {}
        self._last_line = 0.0

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Show it."""
        now = time.monotonic()
        seconds = now - self._begun.setdefault(stage, now)
        if stderr.is_terminal:
            self._move_bar(stage, done, total, seconds)
        elif seconds > _SECONDS_BEFORE_A_BAR and (done == total or now - self._last_line > _SECONDS_BETWEEN_LINES):
            left = f", {seconds / done * (total - done):.0f} s left" if 0 < done < total else ""
            stderr.print(f"{stage}: {done} of {total} in {seconds:.0f} s{left}", markup=False)
            self._last_line = now

    def _move_bar(self, stage: str, done: int, total: int, seconds: float) -> None:
        if stage not in self._tasks:
            if seconds < _SECONDS_BEFORE_A_BAR:
                return
            self._tasks[stage] = self._bar.add_task(stage, rate="")
        rate = f"{done / seconds:.2g}/s" if seconds > 0 else ""
        self._bar.update(self._tasks[stage], completed=done, total=total, rate=rate)
