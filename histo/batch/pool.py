"""Hand the slides of a batch to worker processes, and survive the death of any of them."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from queue import SimpleQueue
from threading import Lock

from histo.batch.job import Failure, Job, Outcome

__all__ = ["run_in_processes"]

log = logging.getLogger(__name__)


def run_in_processes(jobs: list[Job], n_workers: int) -> Iterator[Outcome]:
    """Score slides in processes of their own.

    Parameters
    ----------
    jobs : list of Job
        Begun in this order.
    n_workers : int
        Processes at the same time. The processors are shared out between them.

    Yields
    ------
    Outcome
        One for each job, in the order in which they end. A process that dies makes its slide a failure with reason
        ``worker_died``, and another process goes on with the next slide.
    """
    n_threads = max(1, (os.cpu_count() or 1) // n_workers)
    workers = [_Worker(n_threads) for _ in range(n_workers)]
    idle: SimpleQueue[_Worker] = SimpleQueue()
    for worker in workers:
        idle.put(worker)

    def score(job: Job) -> Outcome:
        worker = idle.get()
        try:
            return worker.ask(job)
        finally:
            idle.put(worker)

    with ThreadPoolExecutor(n_workers) as executor:
        answers = [executor.submit(score, job) for job in jobs]
        try:
            for answer in as_completed(answers):
                yield answer.result()
        finally:
            for answer in answers:
                answer.cancel()
            for worker in workers:
                worker.stop()


class _Worker:
    """One process at a time that scores slides; another is started when it has died."""

    def __init__(self, n_threads: int) -> None:
        self._environment = {**os.environ, **dict.fromkeys(_THREAD_VARIABLES, str(n_threads))}
        self._process: subprocess.Popen[str] | None = None
        self._is_stopped = False
        self._guard = Lock()
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 (lives as long as the worker)

    def stop(self) -> None:
        """End the process, whatever it does."""
        with self._guard:
            self._is_stopped = True
            if self._process is not None and self._process.poll() is None:
                self._process.kill()
            self._close()
            self._errors.close()

    def ask(self, job: Job) -> Outcome:
        """Score a slide."""
        start = time.perf_counter()
        try:
            process = self._running()
            if process is None or process.stdin is None or process.stdout is None:
                return self._died(job, start)
            process.stdin.write(job.to_json() + "\n")
            process.stdin.flush()
            line = process.stdout.readline()
        except (OSError, ValueError):
            # The pipe broke, or was closed by stop(): either way the process is gone.
            return self._died(job, start)
        return Outcome.from_json(line) if line.endswith("\n") else self._died(job, start)

    def _running(self) -> subprocess.Popen[str] | None:
        with self._guard:
            if self._process is None and not self._is_stopped:
                self._process = subprocess.Popen(
                    [sys.executable, "-m", "histo.batch.worker"],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=self._errors,
                    text=True,
                    encoding="utf-8",
                    env=self._environment,
                )
            return self._process

    def _died(self, job: Job, start: float) -> Outcome:
        with self._guard:
            code = None if self._process is None else self._process.wait()
            self._close()
            words = self._last_words()
        how = f"ended with code {code}" if code is None or code >= 0 else f"was killed by signal {-code}"
        message = f"the process that scored it {how}{words}"
        failure = Failure(job.slide.name, str(job.slide.path), "worker_died", message, _NEXT_STEP)
        return Outcome(slide=job.slide.name, failure=failure, seconds=time.perf_counter() - start)

    def _close(self) -> None:
        if self._process is None:
            return
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except OSError as error:
                    log.debug("closing a worker's pipe: %s", error)
        self._process.wait()
        self._process = None

    def _last_words(self) -> str:
        if self._errors.closed:
            return ""
        self._errors.seek(0)
        lines = self._errors.read().decode(errors="replace").strip().splitlines()
        self._errors.seek(0)
        self._errors.truncate()
        return f": {lines[-1]}" if lines else ""


_THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
_NEXT_STEP = (
    "Score it alone with --workers 1: if it fails again, it crashes a decoder or needs more memory than there is."
)
