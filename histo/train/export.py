"""Turn a checkpoint into a model folder: weights, facts, recipe, metrics, and a card that claims no more."""

from __future__ import annotations

from os import PathLike
from pathlib import Path

from histo.nn import Model, ModelSpec, read_model, write_model
from histo.nn.model import SPEC_FILE
from histo.nn.spec import write_spec
from histo.train.calibration import calibrate
from histo.train.card import write_card
from histo.train.evaluation import judge, judgement_table
from histo.train.left_out import read_left_out
from histo.train.lineage import describe_start, sets_behind, start_folder
from histo.train.loop import Progress
from histo.train.model_files import write_model_files
from histo.train.real import RealFields
from histo.train.recipe import Recipe
from histo.train.record import TrainingRecord, set_names, sets_learned
from histo.train.run import Run, open_run
from histo.train.second_head import without_second_head
from histo.train.start import start_normalisation
from histo.train.trainer import at_stage
from histo.train.verdict import Verdict
from histo.types import Compartment

__all__ = ["export_model", "model_folder", "write_weights"]


def model_folder(recipe_path: str | PathLike[str], name: str) -> Path:
    """Say where a recipe's model goes: the recipe's own folder if that is named like the model, else one beside it."""
    beside = Path(recipe_path).resolve().parent
    return beside if beside.name == name else beside / name


def export_model(
    recipe_path: str | PathLike[str],
    output: str | PathLike[str] | None = None,
    *,
    folder: str | PathLike[str] = "runs",
    device: str | None = None,
    progress: Progress | None = None,
) -> Path:
    """Make a model of the last checkpoint, finished or not, and judge it on what was held out.

    Parameters
    ----------
    recipe_path : path-like
        The recipe that is or was trained.
    output : path-like, optional
        Folder of the model. Without it, as `model_folder` says.
    folder : path-like, optional
        Where the runs lie.
    device : str, optional
        To judge on, as `histo.nn.choose_device` takes it.
    progress : callable, optional
        Told of each section drawn and each picture judged.

    Returns
    -------
    Path
        The model's folder: ``model.toml``, ``weights.safetensors``, ``CARD.md``, ``train.toml``, ``metrics.json``.

    Raises
    ------
    InvalidRecipe
        If there is no checkpoint of this recipe yet.
    """
    run = open_run(recipe_path, folder)
    checkpoint = run.last
    place = Path(output) if output is not None else model_folder(recipe_path, run.recipe.name)
    place.mkdir(parents=True, exist_ok=True)
    model = write_weights(run, place)
    real = run.prepare_fields()
    verdict = _pass_verdict(run, model, real, device, progress)
    model = _with_verdict(model, run.recipe, verdict, place)
    record = TrainingRecord(
        run.recipe,
        checkpoint.step,
        checkpoint.drawing,
        describe_start(run.recipe, run.beside),
        trained=tuple(real.entries[place] for place in real.trained),
        held_out=tuple(real.entries[place] for place in real.held_out),
    )
    card = write_card(model.spec, verdict, record)
    write_model_files(place, metrics=verdict.as_dict(record), card=card, recipe_path=Path(recipe_path))
    return place


def write_weights(run: Run, place: Path) -> Model:
    """Write the weights of the last checkpoint, and the facts that a prediction needs.

    Parameters
    ----------
    run : Run
        Trained, finished or not.
    place : Path
        Folder of the model.

    Returns
    -------
    Model

    Raises
    ------
    InvalidRecipe
        If there is no checkpoint yet.
    """
    recipe = run.recipe
    spec = ModelSpec(
        name=recipe.name,
        version=recipe.version,
        encoder=recipe.encoder,
        output_stride=recipe.output_stride,
        classes=tuple(member.label for member in Compartment),
        mpp=recipe.mpp,
        tile=recipe.tile,
        halo=recipe.halo,
        normalisation=start_normalisation(recipe, run.beside),
        temperature=recipe.temperature or 1.0,
        sha256="0" * 64,
        licence=recipe.licence,
        trained_on=tuple(dict.fromkeys((*sets_behind(recipe, run.beside), *sets_learned(recipe)))),
        validated_on=set_names(recipe) if recipe.real.is_judged else (),
    )
    write_model(place, without_second_head(run.last.averaged_weights), spec)
    return read_model(place)


def _pass_verdict(run: Run, model: Model, real: RealFields, device: str | None, progress: Progress | None) -> Verdict:
    drawn = run.drawn.fill(run.held_out_seeds, progress=at_stage(progress, "drawing"))
    left_out = read_left_out(run.recipe, run.folder.parent)
    judged = judge(model, [*drawn, *real.held_out], device=device, progress=progress)
    calibration = None
    if run.recipe.temperature is None and not real.held_out and left_out is not None:
        calibration = left_out.calibration
    elif run.recipe.temperature is None:
        # Drawings are easier than what the model is for: they count only where there is nothing else.
        pictures = judged[len(drawn) :] or judged
        calibration = calibrate(sample for entry in pictures for sample in entry.samples)
    start = start_folder(run.recipe, run.beside)
    before = None
    if start is not None and real.held_out:
        before = judgement_table(judge(read_model(start), real.held_out, device=device, progress=progress))
    return Verdict(judgement_table(judged), before, calibration, None if left_out is None else left_out.judged)


def _with_verdict(model: Model, recipe: Recipe, verdict: Verdict, place: Path) -> Model:
    """Put into the facts what judging has found: the temperature, and the sets that the accuracy is of."""
    found: dict[str, object] = {}
    if verdict.calibration is not None:
        found["temperature"] = verdict.calibration.temperature
    if verdict.left_out is not None:
        found["validated_on"] = set_names(recipe)
    spec = model.spec.model_copy(update=found)
    write_spec(place / SPEC_FILE, spec)
    return Model(spec, model.network)
