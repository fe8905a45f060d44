"""Leave one source out: judge a recipe on every real field by a network that never saw the field's source."""

from __future__ import annotations

from os import PathLike
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from histo.io.labels import write_label_map
from histo.train.calibration import LogitSample, calibrate
from histo.train.evaluation import judge, judgement_table
from histo.train.export import write_weights
from histo.train.folds import fold_recipe, read_folds
from histo.train.left_out import LeftOut, write_left_out
from histo.train.loop import Progress, run_training
from histo.train.recipe import read_recipe
from histo.train.run import Run, open_run_of
from histo.train.source import load_source
from histo.types import LabelMap

__all__ = ["LABELS_FOLDER", "MODEL_FOLDER", "leave_one_source_out"]

LABELS_FOLDER = "labels"
MODEL_FOLDER = "model"


def leave_one_source_out(
    recipe_path: str | PathLike[str],
    *,
    folder: str | PathLike[str] = "runs",
    resume: bool = True,
    device: str | None = None,
    n_workers: int = 1,
    progress: Progress | None = None,
) -> LeftOut:
    """Train a recipe once per fold without the fold's sources, and judge each network on the fields it never saw.

    Stopped, the same call goes on where it was: folds that are trained are only judged again.

    Parameters
    ----------
    recipe_path : path-like
        A TOML file; ``real.folds`` may say which sources are held out together. Each fold is trained as the recipe
        says but for ``held_out_sources``.
    folder : path-like, optional
        Where the runs lie: each fold's in ``<name>-without-<source.source>``, with the network in ``model`` and the
        predicted label maps in ``labels/<field>.ome.zarr``, 0 in tiles without truth. What is returned is kept beside
        them, in ``<name>-leave-one-source-out.csv`` and ``.json``; `export_model` puts it on the card of the recipe's
        model.
    resume : bool, optional
        Go on from the folds' checkpoints; else start all of them over.
    device : str, optional
        As `histo.nn.choose_device` takes it.
    n_workers : int, optional
        Processes that prepare crops.
    progress : callable, optional
        Called with the stage and the fold, how much of it is done, and of how much.

    Returns
    -------
    LeftOut

    Raises
    ------
    InvalidRecipe
        If the recipe is not valid or uses no real fields, if a checkpoint is of another recipe, or if the weights that
        it starts from have learned from a field that is to be held out.
    InvalidAnnotation
        If a set does not read.
    TrainingStopped
        If it was told to stop; checkpoints were kept.
    """
    path, place = Path(recipe_path), Path(folder)
    recipe = read_recipe(path)
    folds = read_folds(recipe, path.parent)
    tables, samples = [], []
    for number, fold in enumerate(folds, start=1):
        run = open_run_of(fold_recipe(recipe, fold), path, place, resume=resume)
        told = None if progress is None else _of_fold(progress, f"without {', '.join(fold)} ({number}/{len(folds)})")
        table, sampled = _judge_fold(_trained(run, device, n_workers, told), device, told)
        table.insert(0, "fold", ".".join(fold))
        tables.append(table.rename(columns={"origin": "source"}))
        samples += sampled
    left_out = LeftOut(pd.concat(tables, ignore_index=True), calibrate(samples))
    write_left_out(left_out, recipe, place)
    return left_out


def _of_fold(progress: Progress, fold: str) -> Progress:
    return lambda stage, done, total: progress(f"{stage} {fold}", done, total)


def _trained(run: Run, device: str | None, n_workers: int, progress: Progress | None) -> Run:
    if run.is_finished:
        return run
    run_training(run, device=device, n_workers=n_workers, progress=progress)
    return open_run_of(run.recipe, run.recipe_path, run.folder.parent)


def _judge_fold(run: Run, device: str | None, progress: Progress | None) -> tuple[pd.DataFrame, list[LogitSample]]:
    fields = run.prepare_fields()

    def keep(place: Path, labels: NDArray[np.uint8], confidence: NDArray[np.uint8]) -> None:
        entry = fields.entries[place]
        corner = load_source(place).corner
        predicted = LabelMap(labels, run.recipe.mpp, corner, slide_mpp=entry.mpp, confidence=confidence)
        write_label_map(run.folder / LABELS_FOLDER / f"{entry.name}.ome.zarr", predicted)

    model = write_weights(run, run.folder / MODEL_FOLDER)
    judged = judge(model, fields.held_out, keep=keep, device=device, progress=progress)
    return judgement_table(judged), [sample for entry in judged for sample in entry.samples]
