"""Where a training starts from: random weights, those that an encoder learned on photographs, or those of a model."""

from __future__ import annotations

from pathlib import Path

from histo.errors import InvalidRecipe
from histo.nn import read_model
from histo.nn.model import SPEC_FILE
from histo.nn.network import StructureNet
from histo.nn.spec import ModelSpec, Normalisation, read_spec
from histo.train.lineage import start_folder
from histo.train.photographs import OF_PHOTOGRAPHS, load_photographs
from histo.train.recipe import FROM_PHOTOGRAPHS, Recipe
from histo.train.second_head import widen_head

__all__ = ["load_start", "start_normalisation"]


def start_normalisation(recipe: Recipe, beside: Path) -> Normalisation:
    """Say how the pictures are to be normalised for the weights that a recipe starts from.

    Parameters
    ----------
    recipe : Recipe
        Its `start` says which weights.
    beside : Path
        Folder that a model's folder is relative to.

    Returns
    -------
    Normalisation

    Raises
    ------
    UnknownModel, CorruptModel
        If it starts from a model that is not there, or damaged.
    """
    folder = start_folder(recipe, beside)
    if folder is not None:
        return read_spec(folder / SPEC_FILE, ModelSpec).normalisation
    return OF_PHOTOGRAPHS if recipe.start == FROM_PHOTOGRAPHS else Normalisation()


def load_start(recipe: Recipe, beside: Path, network: StructureNet) -> None:
    """Put the weights that a recipe starts from into a network of random ones.

    Parameters
    ----------
    recipe : Recipe
        Its `start` says which weights.
    beside : Path
        Folder that a model's folder is relative to.
    network : StructureNet
        Built as the recipe says. Photographs teach its encoder only, a model all but the second head.

    Raises
    ------
    MissingExtra
        If weights learned on photographs are asked for and their package is not installed.
    InvalidRecipe
        If the model has another network than the recipe.
    UnknownModel, CorruptModel
        If the model is not there, or damaged.
    """
    folder = start_folder(recipe, beside)
    if recipe.start == FROM_PHOTOGRAPHS:
        load_photographs(network.encoder)
    elif folder is not None:
        model = read_model(folder)
        theirs = model.spec.encoder, model.spec.output_stride, model.spec.mpp
        ours = recipe.encoder, recipe.output_stride, recipe.mpp
        if theirs != ours:
            raise InvalidRecipe(
                f"the recipe's network is not that of {recipe.start}",
                expected="encoder {}, output_stride {}, mpp {:g}".format(*theirs),
                got="encoder {}, output_stride {}, mpp {:g}".format(*ours),
            )
        network.load_state_dict(widen_head(model.network.state_dict(), network.state_dict()))
