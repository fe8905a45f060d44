"""A picture with its nuclei, kept on disk so that crops of it can be read without reading the whole."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from histo.io.atomic import write_atomically
from histo.train.nuclei.truth import NucleiTruth

__all__ = ["NucleiField", "load_field", "store_field"]


@dataclass(frozen=True, eq=False)
class NucleiField:
    """One picture.

    Parameters
    ----------
    origin, name : str
        Its set, and its name there.
    mpp : float
        µm per pixel, as the set says or as it was estimated.
    image : (rows, cols, 3) array of uint8
        RGB, mapped from its file.
    truth : NucleiTruth
        Its nuclei; outlines are mapped likewise.
    """

    origin: str
    name: str
    mpp: float
    image: NDArray[np.uint8]
    truth: NucleiTruth


def store_field(folder: Path, field: NucleiField) -> Path:
    """Keep a picture in a folder, which appears complete or not at all.

    Parameters
    ----------
    folder : Path
        Made; one that is there is replaced.
    field : NucleiField
        The picture.

    Returns
    -------
    Path
        The folder.
    """
    with write_atomically(folder) as partial:
        partial.mkdir()
        np.save(partial / "image.npy", np.ascontiguousarray(field.image))
        np.save(partial / "centre.npy", field.truth.centre)
        np.save(partial / "kind_bits.npy", field.truth.kind_bits)
        if field.truth.outlines is not None:
            np.save(partial / "outlines.npy", field.truth.outlines)
        facts = {"origin": field.origin, "name": field.name, "mpp": field.mpp}
        (partial / "field.json").write_text(json.dumps(facts), encoding="utf-8")
    return folder


def load_field(folder: Path) -> NucleiField:
    """Open what `store_field` kept; pixels are read from the file when they are used."""
    facts = json.loads((folder / "field.json").read_text(encoding="utf-8"))
    outlines = folder / "outlines.npy"
    truth = NucleiTruth(
        np.load(folder / "centre.npy", allow_pickle=False),
        np.load(folder / "kind_bits.npy", allow_pickle=False),
        np.load(outlines, mmap_mode="r", allow_pickle=False) if outlines.is_file() else None,
    )
    image = np.load(folder / "image.npy", mmap_mode="r", allow_pickle=False)
    return NucleiField(facts["origin"], facts["name"], facts["mpp"], image, truth)
