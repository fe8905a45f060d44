"""A picture with its truth, kept on disk so that crops of it can be read without reading the whole."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from histo.io.atomic import write_atomically
from histo.types import Compartment

__all__ = ["IGNORE", "NOT_CRYPT", "N_CLASSES", "Source", "load_source", "store_source"]

IGNORE = 255
"""Truth of a pixel that nobody can say, or that is no picture at all: text, pointers, frames."""

NOT_CRYPT = 254
"""Truth of a pixel that is anything but a crypt, where only crypts were drawn."""

N_CLASSES = len(Compartment)

_PLACES_PER_CLASS = 256


@dataclass(frozen=True, eq=False)
class Source:
    """One picture with truth for each pixel.

    Parameters
    ----------
    name : str
        Of the picture.
    origin : str
        What it is judged with together: ``drawn``, or the slide, atlas or laboratory that a real field is from.
    image : (rows, cols, 3) array of uint8
        RGB at the recipe's µm/px, mapped from its file.
    truth : (rows, cols) array of uint8
        Compartments, `IGNORE` and `NOT_CRYPT`; mapped likewise.
    places : dict of int to (n, 2) array
        For each compartment in the picture, some pixels of it: rows and columns. Crops are centred on them.
    counts : (10,) array of int
        Pixels of each compartment.
    corner : (float, float)
        Row and column, in pixels of the whole slide, at which the picture begins.
    detail : float
        Pixels that the camera took for each pixel here, at most 1: less in a picture that was taken at a lower power.
    """

    name: str
    origin: str
    image: NDArray[np.uint8]
    truth: NDArray[np.uint8]
    places: dict[int, NDArray[np.int64]]
    counts: NDArray[np.int64]
    corner: tuple[float, float] = (0.0, 0.0)
    detail: float = 1.0


def store_source(
    folder: Path,
    image: NDArray[np.uint8],
    truth: NDArray[np.uint8],
    *,
    name: str,
    origin: str,
    corner: tuple[float, float] = (0.0, 0.0),
    detail: float = 1.0,
) -> None:
    """Keep a picture and its truth in a folder, which appears complete or not at all.

    Parameters
    ----------
    folder : Path
        Made; one that is there is replaced.
    image : (rows, cols, 3) array of uint8
        RGB.
    truth : (rows, cols) array of uint8
        Compartments, `IGNORE` and `NOT_CRYPT`.
    name, origin, corner, detail
        As in `Source`.
    """
    with write_atomically(folder) as partial:
        partial.mkdir()
        np.save(partial / "image.npy", np.ascontiguousarray(image))
        np.save(partial / "truth.npy", np.ascontiguousarray(truth))
        np.savez(partial / "places.npz", allow_pickle=False, counts=_count(truth), **_pick_places(truth))
        (partial / "source.json").write_text(
            json.dumps({"name": name, "origin": origin, "corner": corner, "detail": detail}), encoding="utf-8"
        )


def load_source(folder: Path) -> Source:
    """Open what `store_source` kept; pixels are read from the file when they are used."""
    facts = json.loads((folder / "source.json").read_text(encoding="utf-8"))
    with np.load(folder / "places.npz", allow_pickle=False) as kept:
        places = {int(key.removeprefix("class_")): kept[key] for key in kept if key.startswith("class_")}
        counts = kept["counts"]
    image = np.load(folder / "image.npy", mmap_mode="r", allow_pickle=False)
    truth = np.load(folder / "truth.npy", mmap_mode="r", allow_pickle=False)
    row, col = facts.get("corner", (0.0, 0.0))
    return Source(facts["name"], facts["origin"], image, truth, places, counts, (row, col), facts.get("detail", 1.0))


def _count(truth: NDArray[np.uint8]) -> NDArray[np.int64]:
    return np.bincount(truth.ravel(), minlength=256)[:N_CLASSES]


def _pick_places(truth: NDArray[np.uint8]) -> dict[str, NDArray[np.int64]]:
    rng = np.random.default_rng(truth.size)
    flat = truth.ravel()
    places = {}
    for value in np.flatnonzero(_count(truth)):
        pixels = np.flatnonzero(flat == value)
        chosen = rng.choice(pixels, size=min(_PLACES_PER_CLASS, pixels.size), replace=False)
        places[f"class_{value}"] = np.stack(np.unravel_index(np.sort(chosen), truth.shape), axis=1)
    return places
