"""What decides a batch's results, and what only decides how fast they come."""

from __future__ import annotations

from dataclasses import dataclass

import psutil

from histo.errors import InvalidArgument

__all__ = ["Settings"]

_MEMORY_PER_WORKER = 2 * 1024**3


@dataclass(frozen=True)
class Settings:
    """How to score a folder of slides.

    Parameters
    ----------
    model : str
        Name of the structure model, as `histo models` lists it.
    device : str, optional
        ``"cpu"``, ``"cuda"``, ``"cuda:1"`` or ``"mps"``. None: the fastest there is.
    workers : int, optional
        Slides scored at the same time, each in a process of its own. None: as many as processors and free memory
        allow, and one on a GPU.
    is_isolated : bool
        Whether slides are scored in other processes, so that a crash of a decoder costs one slide and not the batch.
        Otherwise in this one, one after the other.
    report : bool
        Whether to write the report page at the end.
    any_stain : bool
        Whether to look for structure on brightfield slides that are not H&E too; their sections carry the flag
        ``wrong_stain``.
    cells : bool
        Whether to look for cells on H&E slides. On those that the design table calls DAB or fluorescence they always
        are: there is nothing else to score.
    nuclei_models : tuple of str
        Names or folders of models that find cells, one a stain, in place of ``nuclei-he-v1`` and ``nuclei-if-v1``.
    junction_model : str, optional
        What sees the junctions of monolayers: name or folder of a model, or ``ridge`` for the ridge filter. None:
        ``junctions-v1`` where it is installed, else the ridge filter.
    staining_mpp : float
        µm/px at which sections stained for a protein of junctions are measured; a slide that is coarser, at its own.
    strict_staining : bool
        Whether slides are refused whose stain is saturated, out of focus or uneven, rather than flagged.
    staining_thresholds : str, optional
        Table of thresholds of such stains, as an earlier run wrote it.
    phenotypes : str, optional
        TOML file with the rules of phenotypes.
    thresholds : str, optional
        Table of thresholds, as an earlier run wrote it; its markers are judged by it.
    profiles : tuple of str
        Rubrics to score by: names of `histo.score.list_profiles`, or files. Empty: those of the species if cells are
        looked for.

    Raises
    ------
    InvalidArgument
        If `workers` is less than one, or `staining_mpp` is no µm/px.

    Examples
    --------
    >>> Settings(workers=4).n_workers(n_slides=2)
    2
    """

    model: str = "structure-v1"
    device: str | None = None
    workers: int | None = None
    is_isolated: bool = True
    report: bool = True
    any_stain: bool = False
    cells: bool = False
    nuclei_models: tuple[str, ...] = ()
    junction_model: str | None = None
    staining_mpp: float = 0.5
    strict_staining: bool = False
    staining_thresholds: str | None = None
    phenotypes: str | None = None
    thresholds: str | None = None
    profiles: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.workers is not None and self.workers < 1:
            raise InvalidArgument("a batch needs a worker", expected="workers of 1 or more", got=str(self.workers))
        if not 0.05 <= self.staining_mpp <= 4:
            raise InvalidArgument(
                "an apical line cannot be measured at this µm/px", expected="0.05 to 4", got=f"{self.staining_mpp:g}"
            )

    def n_workers(self, n_slides: int, *, on_gpu: bool = False) -> int:
        """Decide how many slides are scored at the same time.

        Parameters
        ----------
        n_slides : int
            Slides that wait: more workers than slides are of no use.
        on_gpu : bool
            Whether the network runs on a GPU, which several processes would only fight over.

        Returns
        -------
        int
            At least 1.
        """
        if self.workers is not None:
            return max(1, min(self.workers, n_slides))
        if on_gpu:
            return 1
        by_memory = psutil.virtual_memory().available // _MEMORY_PER_WORKER
        return int(max(1, min(n_slides, psutil.cpu_count(logical=True) or 1, by_memory)))
