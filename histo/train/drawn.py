"""A pool of drawn sections: drawn once from their seeds, kept on disk, used by every training that asks for them."""

from __future__ import annotations

import hashlib
import logging
import multiprocessing
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

import numpy as np

import histo.phantom
from histo.phantom import DrawnSection, draw_section, random_spec
from histo.train.source import store_source

__all__ = ["DRAWN", "DrawnPool", "draw_ahead", "draw_seed", "drawing_digest", "in_processes"]

DRAWN = "drawn"
"""Origin of all drawn sections."""

logger = logging.getLogger(__name__)


@cache
def drawing_digest(*, junctions: bool = False) -> str:
    """Hash the code that draws, so that what another version drew is never taken for this one's.

    Once a process, as the code is loaded once: files that are edited meanwhile say what this process cannot draw.

    Parameters
    ----------
    junctions : bool, optional
        Count the code that draws junctions too, without which other sections are drawn.

    Returns
    -------
    str
    """
    digest = hashlib.sha256()
    folder = Path(histo.phantom.__file__).parent
    for path in sorted(folder.glob("**/*.py")):
        if not junctions and path.is_relative_to(folder / "junction"):
            continue
        digest.update(path.name.encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def draw_seed(seed: int, mpp: float) -> DrawnSection:
    """Draw the H&E section that follows from a seed: its anatomy, its shape and how it is stained.

    Parameters
    ----------
    seed : int
        Decides everything.
    mpp : float
        µm per pixel.

    Returns
    -------
    DrawnSection
    """
    return draw_section(random_spec(np.random.default_rng(seed)), mpp=mpp, seed=seed, stain="he")


@dataclass(frozen=True)
class DrawnPool:
    """Drawn sections in a folder, one subfolder a seed.

    Parameters
    ----------
    folder : Path
        All pools lie here; this one in a subfolder that names its `digest` and `mpp`.
    mpp : float
        µm per pixel.
    digest : str
        Of the code that draws.
    """

    folder: Path
    mpp: float
    digest: str

    def path(self, seed: int) -> Path:
        """Say where the section of a seed lies."""
        return self.folder / f"{self.digest}-{self.mpp:g}" / str(seed)

    def has(self, seeds: Iterable[int]) -> bool:
        """Say whether all these are drawn."""
        return all(self.path(seed).is_dir() for seed in seeds)

    def fill(
        self, seeds: Iterable[int], *, n_workers: int = 0, progress: Callable[[int, int], None] | None = None
    ) -> list[Path]:
        """Draw what is missing.

        Parameters
        ----------
        seeds : iterable of int
            One section each.
        n_workers : int, optional
            Processes to draw in; 0 draws in this one.
        progress : callable, optional
            Called with the number of sections drawn and wanted.

        Returns
        -------
        list of Path
            Folders for `load_source`, in the order of the seeds.
        """
        seeds = list(seeds)
        missing = [seed for seed in seeds if not self.path(seed).is_dir()]
        if missing:
            logger.info("drawing %d of %d sections", len(missing), len(seeds))
        for n_drawn, _ in enumerate(self._draw(missing, n_workers), start=len(seeds) - len(missing) + 1):
            if progress is not None:
                progress(n_drawn, len(seeds))
        return [self.path(seed) for seed in seeds]

    def draw(self, seed: int) -> Path:
        """Draw one section if it is missing, and say where it lies."""
        folder = self.path(seed)
        if not folder.is_dir():
            section = draw_seed(seed, self.mpp)
            image = np.asarray(section.image, np.uint8)
            store_source(folder, image, section.labels.array, name=f"{DRAWN}-{seed}", origin=DRAWN)
        return folder

    def _draw(self, seeds: list[int], n_workers: int) -> Iterator[Path]:
        if n_workers == 0 or not seeds:
            yield from map(self.draw, seeds)
            return
        yield from in_processes([partial(self.draw, seed) for seed in seeds], n_workers)


def in_processes(jobs: Sequence[Callable[[], Path]], n_workers: int) -> Iterator[Path]:
    """Do jobs in several processes, and give what each returns as it is done.

    Parameters
    ----------
    jobs : sequence of callable
        That can be pickled.
    n_workers : int
        Processes.

    Yields
    ------
    Path
        In any order.
    """
    # A forked child of a process that runs torch can hang; a spawned one cannot.
    with ProcessPoolExecutor(n_workers, mp_context=multiprocessing.get_context("spawn")) as executor:
        for future in as_completed([executor.submit(job) for job in jobs]):
            yield future.result()


@contextmanager
def draw_ahead(pool: DrawnPool, seeds: Iterable[int]) -> Iterator[None]:
    """Draw what is missing in another process while something else goes on, and stop drawing when that ends.

    Parameters
    ----------
    pool : DrawnPool
        To fill.
    seeds : iterable of int
        In the order in which they will be wanted.
    """
    missing = [seed for seed in seeds if not pool.path(seed).is_dir()]
    if not missing:
        yield
        return
    process = multiprocessing.get_context("spawn").Process(target=_draw_all, args=(pool, missing), daemon=True)
    process.start()
    try:
        yield
    finally:
        process.terminate()
        process.join()


def _draw_all(pool: DrawnPool, seeds: list[int]) -> None:
    for seed in seeds:
        pool.draw(seed)
