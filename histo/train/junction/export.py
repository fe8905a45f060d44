"""Turn a checkpoint into a junction model's folder: weights, facts, recipe, metrics and card."""

from __future__ import annotations

from os import PathLike
from pathlib import Path

from histo.nn import JunctionModel, JunctionSpec, read_junction_model, write_model
from histo.train.drawn import DRAWN
from histo.train.junction.card import write_junction_card
from histo.train.junction.evaluation import judge_junctions, junction_table
from histo.train.junction.run import JunctionRun
from histo.train.model_files import score_rows, write_model_files
from histo.train.prepared import PreparedFields
from histo.train.trainer import Progress

__all__ = ["export_junction_model"]


def export_junction_model(
    run: JunctionRun,
    output: str | PathLike[str],
    *,
    device: str | None = None,
    progress: Progress | None = None,
) -> Path:
    """Make a model of the last checkpoint, finished or not, and judge it on what was held out.

    Parameters
    ----------
    run : JunctionRun
        From `histo.train.junction.open_junction_run`.
    output : path-like
        Folder of the model.
    device : str, optional
        To judge on, as `histo.nn.choose_device` takes it.
    progress : callable, optional
        Told of each picture judged.

    Returns
    -------
    Path
        The model's folder: ``model.toml``, ``weights.safetensors``, ``CARD.md``, ``train.toml``, ``metrics.json``.

    Raises
    ------
    InvalidRecipe
        If nothing has been trained yet.
    """
    place = Path(output)
    place.mkdir(parents=True, exist_ok=True)
    prepared = run.prepare()
    model = _write_weights(run, place, prepared)
    judged = junction_table(
        judge_junctions(
            model,
            [folder for folders in prepared.held_out.values() for folder in folders],
            device=device,
            progress=None if progress is None else lambda done, total: progress("judging", done, total),
        )
    )
    metrics = {
        "steps": run.last.step,
        "steps_planned": run.recipe.optimisation.steps,
        "n_trained_on": {name: len(folders) for name, folders in prepared.trained.items()},
        "dice": score_rows(judged),
    }
    card = write_junction_card(model.spec, run, prepared, judged)
    write_model_files(place, metrics=metrics, card=card, recipe_path=run.recipe_path)
    return place


def _write_weights(run: JunctionRun, place: Path, prepared: PreparedFields) -> JunctionModel:
    recipe = run.recipe
    named = {DRAWN: "drawn monolayers and sections"}
    spec = JunctionSpec(
        name=recipe.name,
        version=recipe.version,
        mpp=recipe.mpp,
        tile=recipe.tile,
        halo=recipe.halo,
        sha256="0" * 64,
        licence=recipe.licence,
        trained_on=tuple(named.get(name, name) for name in prepared.trained),
        validated_on=tuple(name for name in prepared.held_out if name != DRAWN),
    )
    write_model(place, run.last.averaged_weights, spec)
    return read_junction_model(place)
