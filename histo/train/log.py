"""The log of a training: one CSV row a step, cut back to the checkpoint when resumed."""

from __future__ import annotations

import csv
from dataclasses import asdict, dataclass, fields
from pathlib import Path

__all__ = ["LOG_FILE", "LogRow", "append_log", "cut_log"]

LOG_FILE = "log.csv"


@dataclass(frozen=True)
class LogRow:
    """One step.

    Parameters
    ----------
    step : int
        Counted from 0.
    loss, cross_entropy : float
        Of its batch.
    learning_rate : float
        It was done with.
    seconds : float
        It took, waiting for the batch included.
    """

    step: int
    loss: float
    cross_entropy: float
    learning_rate: float
    seconds: float


_NAMES = [field.name for field in fields(LogRow)]


def append_log(path: Path, rows: list[LogRow]) -> None:
    """Add rows, with a header if the file is new."""
    is_new = not path.exists()
    with path.open("a", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, _NAMES)
        if is_new:
            writer.writeheader()
        writer.writerows({name: _short(value) for name, value in asdict(row).items()} for row in rows)


def cut_log(path: Path, first_step: int) -> None:
    """Drop the rows from a step on: they are about to be written again."""
    if not path.exists():
        return
    with path.open(newline="", encoding="utf-8") as file:
        kept = [row for row in csv.DictReader(file) if row["seconds"] and int(row["step"]) < first_step]
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, _NAMES)
        writer.writeheader()
        writer.writerows(kept)


def _short(value: float) -> str:
    return str(value) if isinstance(value, int) else f"{value:.6g}"
