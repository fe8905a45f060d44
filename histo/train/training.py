"""From a recipe to a model, in one call."""

from __future__ import annotations

from collections.abc import Callable
from os import PathLike
from pathlib import Path

from histo.nn.junction_spec import JUNCTIONS_TASK
from histo.nn.nuclei_spec import NUCLEI_TASK
from histo.train.export import export_model, model_folder
from histo.train.junction import read_junction_recipe, train_junctions
from histo.train.loop import Progress, run_training
from histo.train.nuclei import read_nuclei_recipe, train_nuclei
from histo.train.recipe import recipe_task
from histo.train.run import open_run

__all__ = ["train"]


def train(
    recipe_path: str | PathLike[str],
    output: str | PathLike[str] | None = None,
    *,
    folder: str | PathLike[str] = "runs",
    resume: bool = True,
    device: str | None = None,
    n_workers: int = 1,
    progress: Progress | None = None,
) -> Path:
    """Train a model as a recipe says, judge it on what was held out, and write its folder.

    Stopped by SIGTERM, Ctrl-C or a crash, the same call goes on from the last checkpoint and, on the CPU with the same
    number of threads, ends with the very weights it would have had.

    Parameters
    ----------
    recipe_path : path-like
        A TOML file; see `histo.train.Recipe`, `histo.train.nuclei.NucleiRecipe` for one with ``task = "nuclei"``, and
        `histo.train.junction.JunctionRecipe` for one with ``task = "junctions"``.
    output : path-like, optional
        Folder of the model. Without it, the recipe's own folder if that is named like the model, else one beside it.
    folder : path-like, optional
        Where runs keep checkpoint, log and drawn sections.
    resume : bool, optional
        Go on from a checkpoint, if there is one; else start over.
    device : str, optional
        As `histo.nn.choose_device` takes it.
    n_workers : int, optional
        Processes that prepare crops.
    progress : callable, optional
        Called with the stage (``drawing``, ``training``, ``judging``), how much of it is done, and of how much.

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
    task = recipe_task(recipe_path)
    if task in _BY_TASK:
        train_model, name_of = _BY_TASK[task]
        return train_model(
            recipe_path,
            output or model_folder(recipe_path, name_of(recipe_path)),
            folder=folder,
            resume=resume,
            device=device,
            n_workers=n_workers,
            progress=progress,
        )
    run_training(open_run(recipe_path, folder, resume=resume), device=device, n_workers=n_workers, progress=progress)
    return export_model(recipe_path, output, folder=folder, device=device, progress=progress)


_BY_TASK: dict[str, tuple[Callable[..., Path], Callable[[str | PathLike[str]], str]]] = {
    JUNCTIONS_TASK: (train_junctions, lambda path: read_junction_recipe(path).name),
    NUCLEI_TASK: (train_nuclei, lambda path: read_nuclei_recipe(path).name),
}
