"""Score one slide and say what became of it, whatever happens."""

from __future__ import annotations

import errno
import logging
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

from histo.batch.job import Failure, Job, Outcome, describe_failure
from histo.batch.scoring import score_slide
from histo.errors import HistoError

__all__ = ["attempt"]

_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EROFS}


def attempt(job: Job) -> Outcome:
    """Score a slide; an error becomes an outcome with a failure and never ends the batch.

    Parameters
    ----------
    job : Job
        The slide and what to score it with.

    Returns
    -------
    Outcome
        With a failure if the slide could not be scored, and the traceback if the error was not one of ours.
    """
    start = time.perf_counter()
    trace, stops, failure = "", False, None
    sections: tuple[str, ...] = ()
    with _remarks() as remarks:
        try:
            sections = score_slide(job).sections
        except HistoError as error:
            failure = describe_failure(job.slide, error)
        except Exception as error:  # noqa: BLE001 (one bad slide must not end a batch)
            trace = traceback.format_exc()
            stops = isinstance(error, OSError) and error.errno in _NO_ROOM
            failure = _unforeseen(job, error)
    return Outcome(
        slide=job.slide.name,
        sections=sections,
        failure=failure,
        seconds=time.perf_counter() - start,
        remarks=tuple(remarks),
        traceback=trace,
        stops_the_batch=stops,
    )


def _unforeseen(job: Job, error: Exception) -> Failure:
    if isinstance(error, MemoryError):
        message, next_step = "the memory was used up", "Score with fewer --workers."
    else:
        message = f"{type(error).__name__}: {error}"
        next_step = "This is a fault of histo: please report it with the log of --debug and, if you may, the slide."
    return Failure(job.slide.name, str(job.slide.path), "internal_error", message, next_step)


@contextmanager
def _remarks() -> Iterator[list[str]]:
    """Collect the warnings that our rooms log meanwhile, so that the batch can say which slide they belong to."""
    remarks: list[str] = []
    handler = _Collector(remarks)
    logger = logging.getLogger("histo")
    logger.addHandler(handler)
    try:
        yield remarks
    finally:
        logger.removeHandler(handler)


class _Collector(logging.Handler):
    """Keeps the text of warnings."""

    def __init__(self, remarks: list[str]) -> None:
        super().__init__(logging.WARNING)
        self.remarks = remarks

    def emit(self, record: logging.LogRecord) -> None:
        self.remarks.append(record.getMessage())
