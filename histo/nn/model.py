"""A model: its facts and its network, read from and written to a folder."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor, nn

from histo.errors import CorruptModel
from histo.nn.network import StructureNet, build_network
from histo.nn.spec import ModelFacts, ModelSpec, read_spec, write_spec

__all__ = ["SPEC_FILE", "Model", "load_weights", "read_model", "read_parts", "save_weights", "write_model"]

SPEC_FILE = "model.toml"

Spec = TypeVar("Spec", bound=ModelFacts)
Network = TypeVar("Network", bound=nn.Module)

_NEXT_STEP = "Install the model again, or make it with histo train."


@dataclass(frozen=True, eq=False)
class Model:
    """A network in evaluation mode, with the facts that say how to use it.

    Parameters
    ----------
    spec : ModelSpec
        The facts of ``model.toml``.
    network : StructureNet
        On the CPU, unless moved.
    """

    spec: ModelSpec
    network: StructureNet

    @property
    def name(self) -> str:
        """The model's name."""
        return self.spec.name


def read_model(folder: Path) -> Model:
    """Read a model from its folder; nothing is unpickled.

    Parameters
    ----------
    folder : Path
        Holds ``model.toml`` and the weights file it names.

    Returns
    -------
    Model

    Raises
    ------
    CorruptModel
        If a file is absent or damaged, or the weights are not those that ``model.toml`` describes.
    """
    return Model(
        *read_parts(folder, ModelSpec, lambda spec: build_network(spec.encoder, len(spec.classes), spec.output_stride))
    )


def read_parts(folder: Path, kind: type[Spec], build: Callable[[Spec], Network]) -> tuple[Spec, Network]:
    """Read the facts and the network of a model of any task; nothing is unpickled.

    Parameters
    ----------
    folder : Path
        Holds ``model.toml`` and the weights file it names.
    kind : type
        The facts of the task.
    build : callable
        Makes of the facts the network that the weights are of.

    Returns
    -------
    ModelFacts, Module
        The network in evaluation mode, on the CPU.

    Raises
    ------
    CorruptModel
        If a file is absent or damaged, or the weights are not those that ``model.toml`` describes.
    """
    spec = read_spec(folder / SPEC_FILE, kind)
    network = build(spec)
    load_weights(network, folder / spec.file, spec.sha256)
    return spec, network.eval()


def write_model(folder: Path, weights: Mapping[str, Tensor], spec: Spec) -> Spec:
    """Write weights and facts of a model of any task into a folder.

    Parameters
    ----------
    folder : Path
        Made if absent.
    weights : mapping of str to Tensor
        The network's parameters and buffers.
    spec : ModelFacts
        Its sha256 is replaced by that of the file written.

    Returns
    -------
    ModelFacts
        With the sha256.
    """
    folder.mkdir(parents=True, exist_ok=True)
    spec = spec.model_copy(update={"sha256": save_weights(weights, folder / spec.file)})
    write_spec(folder / SPEC_FILE, spec)
    return spec


def load_weights(network: nn.Module, path: Path, sha256: str) -> None:
    """Put the weights of a file into a network; nothing is unpickled.

    Parameters
    ----------
    network : Module
        Built as the weights were.
    path : Path
        The file.
    sha256 : str
        Its hash on record.

    Raises
    ------
    CorruptModel
        If the file is absent or damaged, is not that of the hash, or holds the weights of another network.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise CorruptModel("the weights do not read", file=path, got=str(error), next_step=_NEXT_STEP) from error
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise CorruptModel(
            "the weights are not those of model.toml",
            file=path,
            expected=f"sha256 {sha256}",
            got=f"sha256 {found}",
            next_step=_NEXT_STEP,
        )
    try:
        weights = load(content)
        _check_names(network, weights, path)
        network.load_state_dict({name: tensor.float() for name, tensor in weights.items()}, strict=False)
    except (SafetensorError, RuntimeError) as error:
        raise CorruptModel(
            "the weights do not fit the network that model.toml describes",
            file=path,
            got=" ".join(str(error).split())[:300],
            next_step=_NEXT_STEP,
        ) from error


def save_weights(weights: Mapping[str, Tensor], path: Path) -> str:
    """Write the weights of a network.

    Parameters
    ----------
    weights : mapping of str to Tensor
        Its parameters and buffers.
    path : Path
        The file, in a folder that is there.

    Returns
    -------
    str
        The sha256 of the file.
    """
    content = save({name: _for_file(tensor) for name, tensor in weights.items() if _is_kept(name)})
    path.write_bytes(content)
    return hashlib.sha256(content).hexdigest()


def _for_file(tensor: Tensor) -> Tensor:
    return tensor.detach().to("cpu", torch.float32).contiguous()


def _is_kept(name: str) -> bool:
    # How many batches a normalisation layer has seen matters to nobody after training.
    return not name.endswith("num_batches_tracked")


def _check_names(network: nn.Module, weights: Mapping[str, Tensor], path: Path) -> None:
    expected = {name for name in network.state_dict() if _is_kept(name)}
    if expected != set(weights):
        missing, unknown = sorted(expected - set(weights)), sorted(set(weights) - expected)
        raise CorruptModel(
            "the weights are not those of this network",
            file=path,
            expected=f"{len(missing)} tensors more, such as {missing[:1]}",
            got=f"{len(unknown)} unknown, such as {unknown[:1]}",
            next_step=_NEXT_STEP,
        )
