"""A nuclei model: its facts and its network, read from a folder."""

from __future__ import annotations

import os
from pathlib import Path

from histo.nn.model import read_parts
from histo.nn.nuclei_network import NucleiNet, build_nuclei_network
from histo.nn.nuclei_spec import NUCLEI_TASK, NucleiSpec
from histo.nn.task_model import TaskModel
from histo.nn.zoo import find_model_of

__all__ = ["NucleiModel", "load_nuclei_model", "read_nuclei_model"]


class NucleiModel(TaskModel[NucleiSpec, NucleiNet]):
    """A nuclei network in evaluation mode, with the facts that say how to use it."""


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
    return NucleiModel(*read_parts(folder, NucleiSpec, lambda spec: build_nuclei_network(len(spec.classes))))


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
