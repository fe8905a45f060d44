"""A nuclei model: its facts and its network, read from a folder."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from torch import nn

from histo.nn.convolution import fuse_for_prediction
from histo.nn.model import SPEC_FILE, load_weights
from histo.nn.nuclei_network import NucleiNet, build_nuclei_network
from histo.nn.nuclei_spec import NUCLEI_TASK, NucleiSpec, read_nuclei_spec
from histo.nn.zoo import find_model_of

__all__ = ["NucleiModel", "load_nuclei_model", "read_nuclei_model"]


@dataclass(frozen=True, eq=False)
class NucleiModel:
    """A nuclei network in evaluation mode, with the facts that say how to use it.

    Parameters
    ----------
    spec : NucleiSpec
        The facts of ``model.toml``.
    network : NucleiNet
        On the CPU.
    """

    spec: NucleiSpec
    network: NucleiNet

    @property
    def name(self) -> str:
        """The model's name."""
        return self.spec.name

    @cached_property
    def fused(self) -> nn.Module:
        """The network as it predicts: the same numbers, quicker."""
        return fuse_for_prediction(self.network)


def read_nuclei_model(folder: Path) -> NucleiModel:
    """Read a nuclei model from its folder; nothing is unpickled.

    Parameters
    ----------
    folder : Path
        Holds ``model.toml`` and the weights file it names.

    Returns
    -------
    NucleiModel

    Raises
    ------
    CorruptModel
        If a file is absent or damaged, or the weights are not those that ``model.toml`` describes.
    """
    spec = read_nuclei_spec(folder / SPEC_FILE)
    network = build_nuclei_network(len(spec.classes))
    load_weights(network, folder / spec.file, spec.sha256)
    network.eval()
    return NucleiModel(spec, network)


def load_nuclei_model(name: str | os.PathLike[str]) -> NucleiModel:
    """Load a nuclei model, checking its weights against the sha256 on record.

    Parameters
    ----------
    name : str or path-like
        A model's name, or the path of a folder with a ``model.toml``.

    Returns
    -------
    NucleiModel
        In evaluation mode, on the CPU.

    Raises
    ------
    UnknownModel
        If there is none of this name, or it is a model of something else.
    CorruptModel
        If its files are damaged or do not agree with one another.
    """
    return read_nuclei_model(find_model_of(NUCLEI_TASK, name, example="nuclei-he-v1"))
