"""From a junction recipe to a model, in one call."""

from __future__ import annotations

from os import PathLike
from pathlib import Path

from histo.train.junction.export import export_junction_model
from histo.train.junction.run import open_junction_run, run_junction_training
from histo.train.trainer import Progress

__all__ = ["train_junctions"]


def train_junctions(
    recipe_path: str | PathLike[str],
    output: str | PathLike[str],
    *,
    folder: str | PathLike[str] = "runs",
    resume: bool = True,
    device: str | None = None,
    n_workers: int = 1,
    progress: Progress | None = None,
) -> Path:
    """Train a junction model as a recipe says, judge it on what was held out, and write its folder.

    Parameters
    ----------
    recipe_path : path-like
        A TOML file; see `histo.train.junction.JunctionRecipe`.
    output : path-like
        Folder of the model.
    folder, resume, device, n_workers, progress
        As in `histo.train.train`.

    Returns
    -------
    Path
        The model's folder.

    Raises
    ------
    InvalidRecipe
        If the recipe is not valid, or not the one of the checkpoint.
    TrainingStopped
        If it was told to stop; a checkpoint was kept.
    """
    run = open_junction_run(recipe_path, folder, resume=resume)
    run_junction_training(run, device=device, n_workers=n_workers, progress=progress)
    return export_junction_model(open_junction_run(recipe_path, folder), output, device=device, progress=progress)
