"""Teach a model what a laboratory's own sections look like, from a few annotated fields."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from os import PathLike
from pathlib import Path

from histo.errors import InvalidRecipe
from histo.io.atomic import write_atomically
from histo.nn import ModelSpec, find_model
from histo.nn.model import SPEC_FILE
from histo.nn.spec import read_spec
from histo.nn.toml import write_toml
from histo.train.annotationset import AnnotatedField
from histo.train.draft import open_annotation_set
from histo.train.lineage import RECIPE_FILE
from histo.train.recipe import NAME_PATTERN, Recipe, read_recipe
from histo.train.settings import Augmentation, DrawnSource, LossSettings, Optimisation, RealSource, Settling

__all__ = ["write_fine_tuning_recipe"]

# Seven crops in ten are the laboratory's; the drawn ones keep what its few fields do not show.
_SHARE_REAL = 0.7
_DRAWN = DrawnSource(sections=24, first_seed=20_000, at_start=8, held_out=4)
# A third of the rate that a network learns with from the start: enough to move, too little to forget within 400 steps.
# Settled from the first step: normalised by a handful of fields, the network would forget what others look like.
_OPTIMISATION = Optimisation(
    steps=400,
    batch=6,
    ema_decay=0.98,
    checkpoint_every=50,
    settling=Settling(steps=400, learning_rate=4e-4, warmup_steps=20, batches=0),
)


def write_fine_tuning_recipe(
    model: str | PathLike[str],
    annotations: Sequence[str | PathLike[str]],
    output: str | PathLike[str] | None = None,
    *,
    hold_out: Sequence[str] = (),
) -> Path:
    """Write the recipe that goes on training a model on annotated fields, beside drawn sections.

    `histo.train.train` follows it, and judges the model before and after.

    Parameters
    ----------
    model : str or path-like
        A model's name or folder.
    annotations : sequence of path-like
        Folders of pictures with polygons; a ``dataset.toml`` is written where one is missing.
    output : path-like, optional
        Folder of the new model, which is named like it. Without it, ``<model>-<set>``.
    hold_out : sequence of str, optional
        Sources or fields to judge by, and never train on. Without any, the card can say nothing of real sections.

    Returns
    -------
    Path
        ``train.toml`` in the folder of the new model. One that says the same is left as it is.

    Raises
    ------
    UnknownModel, CorruptModel
        If the model is not there, or damaged.
    InvalidAnnotation
        If a set does not read, or is not complete.
    InvalidRecipe
        If a name to hold out is neither a source nor a field, if the new model's folder has no name for a model, or
        another recipe lies in it.
    """
    if not annotations:
        raise InvalidRecipe("nothing to learn from", expected="a folder of annotated fields", got="none")
    sets = [Path(place) for place in annotations]
    fields = [field for place in sets for field in open_annotation_set(place).fields]
    start = find_model(model)
    spec = read_spec(start / SPEC_FILE, ModelSpec)
    place = Path(output) if output is not None else Path(_default_name(spec.name, sets[0]))
    recipe = _recipe(spec, _learned_as(start), name=_checked_name(place)).model_copy(
        update={
            # A model that was found by its name is found by it from any folder.
            "start": _relative(start, place) if start == Path(model) else start.name,
            "real": _real_source([_relative(folder, place) for folder in sets], fields, hold_out),
        }
    )
    path = place / RECIPE_FILE
    if path.is_file():
        _check_same(path, recipe)
        return path
    text = write_toml(recipe.model_dump(mode="json"))
    with write_atomically(path) as partial:
        partial.write_text(f"# Fine-tunes {spec.name}; histo train {RECIPE_FILE} repeats it.\n{text}", encoding="utf-8")
    return path


def _recipe(spec: ModelSpec, before: Recipe | None, *, name: str) -> Recipe:
    return Recipe(
        name=name,
        encoder=spec.encoder,
        output_stride=spec.output_stride,
        mpp=spec.mpp,
        crop=before.crop if before is not None else min(spec.tile, 256),
        tile=spec.tile,
        halo=spec.halo,
        licence=spec.licence,
        drawn=_DRAWN,
        augmentation=before.augmentation if before is not None else Augmentation(),
        loss=before.loss if before is not None else LossSettings(),
        optimisation=_OPTIMISATION,
    )


def _learned_as(start: Path) -> Recipe | None:
    path = start / RECIPE_FILE
    return read_recipe(path) if path.is_file() else None


def _real_source(sets: list[str], fields: list[AnnotatedField], hold_out: Sequence[str]) -> RealSource:
    sources, names = {field.source for field in fields}, {field.name for field in fields}
    unknown = sorted(set(hold_out) - sources - names)
    if unknown:
        raise InvalidRecipe(
            "what is to be held out is neither a source nor a field",
            expected=f"a source ({', '.join(sorted(sources))}) or a field ({', '.join(sorted(names))})",
            got=", ".join(unknown),
        )
    return RealSource(
        sets=tuple(sets),
        share=_SHARE_REAL,
        held_out_sources=tuple(name for name in dict.fromkeys(hold_out) if name in sources),
        held_out_fields=tuple(name for name in dict.fromkeys(hold_out) if name not in sources),
    )


def _default_name(model: str, annotations: Path) -> str:
    return f"{model}-{re.sub(r'[^a-z0-9._-]+', '-', annotations.resolve().name.lower())}"


def _checked_name(place: Path) -> str:
    name = place.resolve().name
    if not re.fullmatch(NAME_PATTERN, name):
        raise InvalidRecipe(
            "a model is named like its folder",
            file=place,
            expected="a name of small letters, digits, dots, hyphens and underscores",
            got=repr(name),
            next_step="Name the folder in another way with --out.",
        )
    return name


def _relative(folder: Path, place: Path) -> str:
    try:
        return Path(os.path.relpath(folder.resolve(), place.resolve())).as_posix()
    except ValueError:  # another drive
        return folder.resolve().as_posix()


def _check_same(path: Path, recipe: Recipe) -> None:
    if read_recipe(path) != recipe:
        raise InvalidRecipe(
            "there is another recipe in the folder of the new model",
            file=path,
            next_step=f"Follow it with histo train {path}, or name another folder with --out.",
        )
