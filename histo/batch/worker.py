"""The process that scores slides for a batch: jobs come in by lines, outcomes go out by lines.

``python -m histo.batch.worker`` is started by `histo.batch.pool`. What crashes a decoder or fills the memory here costs
one slide, not the batch.
"""

from __future__ import annotations

import os
import sys
from queue import SimpleQueue
from threading import Thread

from histo.batch.attempt import attempt
from histo.batch.job import Job

__all__ = ["main"]


def main() -> None:
    """Answer jobs until the batch ends or dies."""
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
    # Whatever a library prints must not come between two replies.
    os.dup2(2, 1)
    jobs: SimpleQueue[str] = SimpleQueue()
    Thread(target=_read, args=(jobs,), daemon=True).start()
    while True:
        outcome = attempt(Job.from_json(jobs.get()))
        replies.write(outcome.to_json() + "\n")
        replies.flush()


def _read(jobs: SimpleQueue[str]) -> None:
    for line in sys.stdin:
        jobs.put(line)
    # The batch has closed the pipe or was killed: nothing may be written any more, as another batch may have begun.
    os._exit(0)


if __name__ == "__main__":
    main()
