"""Pictures that were brought to one form, apart into what is learned from and what is judged by."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from histo.errors import InvalidRecipe
from histo.train.drawn import DRAWN
from histo.train.picture_set import PictureSet

__all__ = ["KeptField", "PreparedFields", "find_set_folder", "prepare_sets"]

Entry = TypeVar("Entry", bound=PictureSet)


class KeptField(NamedTuple):
    """Where a picture of a set was kept, at which µm per pixel, and the arrays of it and its truth."""

    place: Path
    mpp: float
    known: tuple[NDArray[np.generic], ...]


@dataclass(frozen=True)
class PreparedFields:
    """Where a recipe's pictures lie.

    Parameters
    ----------
    trained : dict of str to list of Path
        By set, pictures to learn from.
    held_out : dict of str to list of Path
        By set, pictures to judge by.
    digest : str
        Of the pictures and truths trained on.
    """

    trained: dict[str, list[Path]]
    held_out: dict[str, list[Path]]
    digest: str

    @property
    def to_judge_by(self) -> list[Path]:
        """Pictures held out of all sets."""
        return [folder for folders in self.held_out.values() for folder in folders]

    @property
    def real_sets_judged_by(self) -> tuple[str, ...]:
        """Names of the sets of which pictures are held out, without what was drawn."""
        return tuple(name for name in self.held_out if name != DRAWN)

    def sets_learned(self, *, drawn: str) -> tuple[str, ...]:
        """Names of the sets that are learned from; what was drawn is called as told."""
        return tuple(drawn if name == DRAWN else name for name in self.trained)


def prepare_sets(
    sets: Iterable[Entry],
    list_pictures: Callable[[Entry], Mapping[str, Path]],
    keep: Callable[[Entry, str, Path], KeptField],
) -> PreparedFields:
    """Bring the pictures of sets to one form, apart into what is learned from and what is judged by.

    Parameters
    ----------
    sets : iterable of PictureSet
        Of a recipe.
    list_pictures : callable
        Finds the pictures of a set, by name.
    keep : callable
        Reads a picture of a set and its truth, and keeps them in one form.

    Returns
    -------
    PreparedFields

    Raises
    ------
    InvalidRecipe
        If a picture that a set holds out is not there.
    """
    trained: dict[str, list[Path]] = {}
    held_out: dict[str, list[Path]] = {}
    digest = hashlib.sha256()
    for entry in sets:
        pictures = list_pictures(entry)
        _check_held_out(entry.name, entry.held_out, pictures)
        for name, path in pictures.items():
            is_judged = entry.holds_out(name)
            if not is_judged and entry.share == 0:
                continue
            kept = keep(entry, name, path)
            (held_out if is_judged else trained).setdefault(entry.name, []).append(kept.place)
            if not is_judged:
                digest.update(f"{entry.name}/{name} {kept.mpp:.6g}".encode())
                for values in kept.known:
                    digest.update(np.ascontiguousarray(values).tobytes())
    return PreparedFields(trained, held_out, digest.hexdigest())


def find_set_folder(folder: str, beside: Path) -> Path:
    """Find a set: beside the recipe, or in the folder that ``HISTO_DATA`` names."""
    data = os.environ.get("HISTO_DATA")
    near = beside / folder
    return Path(data) / folder if data and not near.is_dir() else near


def _check_held_out(set_name: str, held_out: Sequence[str], pictures: Collection[str]) -> None:
    """Check that the pictures that a set holds out are there.

    Raises
    ------
    InvalidRecipe
        If one is not.
    """
    missing = [name for name in held_out if name not in pictures and name != "*"]
    if missing:
        raise InvalidRecipe(
            f"pictures that are to be held out of {set_name} are not there",
            got=", ".join(missing),
            expected=f"names such as {next(iter(pictures))}",
        )
