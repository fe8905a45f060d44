"""Turn a checkpoint into a junction model's folder: weights, facts, recipe, metrics and card."""

from __future__ import annotations

from os import PathLike
from pathlib import Path

from histo.nn import JunctionModel, JunctionSpec, read_junction_model, write_model
from histo.train.junction.card import write_junction_card
from histo.train.junction.evaluation import judge_junctions, junction_table
from histo.train.junction.run import JunctionRun
from histo.train.prepared import PreparedFields
from histo.train.set_export import write_set_files
from histo.train.trainer import Progress, at_stage

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
    prepared = run.prepare()
    model = _write_weights(run, place, prepared)
    judged = junction_table(
        judge_junctions(model, prepared.to_judge_by, device=device, progress=at_stage(progress, "judging"))
    )
    card = write_junction_card(model.spec, run, prepared, judged)
    write_set_files(place, run, prepared, scores=("dice", judged), card=card)
    return place


def _write_weights(run: JunctionRun, place: Path, prepared: PreparedFields) -> JunctionModel:
    recipe = run.recipe
    spec = JunctionSpec(
        name=recipe.name,
        version=recipe.version,
        mpp=recipe.mpp,
        tile=recipe.tile,
        halo=recipe.halo,
        sha256="0" * 64,
        licence=recipe.licence,
        trained_on=prepared.sets_learned(drawn="drawn monolayers and sections"),
        validated_on=prepared.real_sets_judged_by,
    )
    write_model(place, run.last.averaged_weights, spec)
    return read_junction_model(place)
