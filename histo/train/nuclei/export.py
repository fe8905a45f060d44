"""Turn a checkpoint into a nuclei model's folder: weights, facts, recipe, metrics and card."""

from __future__ import annotations

from os import PathLike
from pathlib import Path

from histo.nn import NucleiModel, NucleiSpec, read_nuclei_model, write_model
from histo.nn.model import SPEC_FILE
from histo.nn.spec import write_spec
from histo.train.drawn import DRAWN
from histo.train.nuclei.card import write_nuclei_card
from histo.train.nuclei.evaluation import judge_nuclei, nuclei_table
from histo.train.nuclei.run import NucleiRun
from histo.train.nuclei.threshold import choose_threshold
from histo.train.prepared import PreparedFields
from histo.train.set_export import write_set_files
from histo.train.trainer import Progress, at_stage

__all__ = ["export_nuclei_model"]


def export_nuclei_model(
    run: NucleiRun,
    output: str | PathLike[str],
    *,
    device: str | None = None,
    progress: Progress | None = None,
) -> Path:
    """Make a model of the last checkpoint, finished or not, and judge it on what was held out.

    Parameters
    ----------
    run : NucleiRun
        From `histo.train.nuclei.open_nuclei_run`.
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
    model = _with_threshold(_write_weights(run, place, prepared), run, prepared, place, device)
    judged = nuclei_table(
        judge_nuclei(model, prepared.to_judge_by, device=device, progress=at_stage(progress, "judging"))
    )
    card = write_nuclei_card(model.spec, run, prepared, judged)
    write_set_files(place, run, prepared, scores=("f1", judged), card=card)
    return place


def _write_weights(run: NucleiRun, place: Path, prepared: PreparedFields) -> NucleiModel:
    recipe = run.recipe
    learned = (*run.start.learned_from, *prepared.sets_learned(drawn="drawn sections"))
    spec = NucleiSpec(
        name=recipe.name,
        version=recipe.version,
        stain=recipe.stain,
        classes=recipe.classes,
        mpp=recipe.mpp,
        tile=recipe.tile,
        halo=recipe.halo,
        normalisation=run.start.normalisation,
        threshold=recipe.threshold or 0.4,
        sha256="0" * 64,
        licence=recipe.licence,
        trained_on=tuple(dict.fromkeys(learned)),
        validated_on=prepared.real_sets_judged_by,
    )
    write_model(place, run.last.averaged_weights, spec)
    return read_nuclei_model(place)


def _with_threshold(
    model: NucleiModel, run: NucleiRun, prepared: PreparedFields, place: Path, device: str | None
) -> NucleiModel:
    if run.recipe.threshold is not None:
        return model
    folders = [folder for name, part in prepared.trained.items() if name != DRAWN for folder in part]
    shares = {entry.name: entry.share for entry in run.recipe.sets}
    threshold = choose_threshold(model, folders, shares, device=device)
    spec = model.spec.model_copy(update={"threshold": threshold})
    write_spec(place / SPEC_FILE, spec)
    return NucleiModel(spec, model.network)
