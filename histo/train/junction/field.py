"""A picture with its junctions, kept on disk so that crops of it can be read without reading the whole."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from histo.io.atomic import write_atomically
from histo.train.junction.truth import JunctionTruth

__all__ = ["JunctionField", "load_junction_field", "store_junction_field"]


@dataclass(frozen=True, eq=False)
class JunctionField:
    """One picture.

    Parameters
    ----------
    origin, name : str
        Its set, and its name there.
    mpp : float
        µm per pixel.
    image : (rows, cols) array of uint8
        The signal between its darkest and its brightest, mapped from its file.
    truth : JunctionTruth
        Its junctions, mapped likewise.
    """

    origin: str
    name: str
    mpp: float
    image: NDArray[np.uint8]
    truth: JunctionTruth


def store_junction_field(folder: Path, field: JunctionField) -> Path:
    """Keep a picture in a folder, which appears complete or not at all; one that is there is replaced."""
    with write_atomically(folder) as partial:
        partial.mkdir()
        np.save(partial / "image.npy", np.ascontiguousarray(field.image))
        np.save(partial / "distance.npy", field.truth.distance)
        np.save(partial / "known.npy", field.truth.known)
        facts = {"origin": field.origin, "name": field.name, "mpp": field.mpp}
        (partial / "field.json").write_text(json.dumps(facts), encoding="utf-8")
    return folder


def load_junction_field(folder: Path) -> JunctionField:
    """Open what `store_junction_field` kept; pixels are read from the file when they are used."""
    facts = json.loads((folder / "field.json").read_text(encoding="utf-8"))
    image, distance, known = (
        np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False) for name in ("image", "distance", "known")
    )
    return JunctionField(facts["origin"], facts["name"], facts["mpp"], image, JunctionTruth(distance, known))
