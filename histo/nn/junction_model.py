"""A junction model: its facts and its network, read from a folder."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from torch import nn

from histo.nn.convolution import fuse_for_prediction
from histo.nn.junction_network import JunctionNet, build_junction_network
from histo.nn.junction_spec import JUNCTIONS_TASK, JunctionSpec, read_junction_spec
from histo.nn.model import SPEC_FILE, load_weights
from histo.nn.zoo import find_model_of

__all__ = ["JunctionModel", "load_junction_model", "read_junction_model"]


@dataclass(frozen=True, eq=False)
class JunctionModel:
    """A junction network in evaluation mode, with the facts that say how to use it.

    Parameters
    ----------
    spec : JunctionSpec
        The facts of ``model.toml``.
    network : JunctionNet
        On the CPU.
    """

    spec: JunctionSpec
    network: JunctionNet

    @property
    def name(self) -> str:
        """The model's name."""
        return self.spec.name

    @cached_property
    def fused(self) -> nn.Module:
        """The network as it predicts: the same numbers, quicker."""
        return fuse_for_prediction(self.network)


def read_junction_model(folder: Path) -> JunctionModel:
    """Read a junction model from its folder; nothing is unpickled.

    Parameters
    ----------
    folder : Path
        Holds ``model.toml`` and the weights file it names.

    Returns
    -------
    JunctionModel

    Raises
    ------
    CorruptModel
        If a file is absent or damaged, or the weights are not those that ``model.toml`` describes.
    """
    spec = read_junction_spec(folder / SPEC_FILE)
    network = build_junction_network()
    load_weights(network, folder / spec.file, spec.sha256)
    network.eval()
    return JunctionModel(spec, network)


def load_junction_model(name: str | os.PathLike[str]) -> JunctionModel:
    """Load a junction model, checking its weights against the sha256 on record.

    Parameters
    ----------
    name : str or path-like
        A model's name, or the path of a folder with a ``model.toml``.

    Returns
    -------
    JunctionModel
        In evaluation mode, on the CPU.

    Raises
    ------
    UnknownModel
        If there is none of this name, or it is a model of something else.
    CorruptModel
        If its files are damaged or do not agree with one another.
    """
    return read_junction_model(find_model_of(JUNCTIONS_TASK, name, example="junctions-v1"))
