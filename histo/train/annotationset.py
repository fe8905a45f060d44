"""A set of annotated real fields: which pictures, how large their pixels are, and where the polygons lie."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from histo.errors import InvalidAnnotation

__all__ = ["SET_FILE", "AnnotatedField", "AnnotationSet", "read_annotation_set"]

SET_FILE = "dataset.toml"

_N_SHOWN = 3


class AnnotatedField(BaseModel):
    """One annotated picture.

    Parameters
    ----------
    name : str
        Of the field.
    image : str
        The picture, relative to the set's folder or to the folder that ``HISTO_DATA`` names.
    labels : str
        The polygons (GeoJSON), relative to the set's folder.
    source : str
        The slide, atlas or laboratory: fields of one source are held out together.
    mpp : float
        µm per pixel of the picture.
    licence : str
        Of the picture.
    sha256 : str, optional
        Of the picture's file, so that another one of the same name is noticed.
    """

    # A set says more about its fields (how µm/px was estimated, who drew) than training needs to know.
    model_config = ConfigDict(extra="ignore", frozen=True)

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
    image: str
    labels: str
    source: str
    mpp: Annotated[float, Field(gt=0.0, le=20.0)]
    licence: str = "none stated"
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None


class AnnotationSet(BaseModel):
    """A ``dataset.toml``.

    Parameters
    ----------
    name : str
        Of the set.
    fields : tuple of AnnotatedField
        In order.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    name: str
    fields: Annotated[tuple[AnnotatedField, ...], Field(min_length=1)]


def read_annotation_set(folder: Path) -> AnnotationSet:
    """Read a set's ``dataset.toml`` and find its files.

    Parameters
    ----------
    folder : Path
        Holds ``dataset.toml`` and the GeoJSON files it names.

    Returns
    -------
    AnnotationSet
        With `image` and `labels` of each field as full paths.

    Raises
    ------
    InvalidAnnotation
        If the file does not read, or pictures or polygons are absent; the message says how many
        problems there are and what the first are.
    """
    path = folder / SET_FILE
    try:
        found = AnnotationSet.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except ValidationError as error:
        reasons = "; ".join(f"{'.'.join(map(str, entry['loc']))}: {entry['msg']}" for entry in error.errors())
        raise InvalidAnnotation("the annotation set is not valid", file=path, got=reasons) from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InvalidAnnotation("the annotation set does not read", file=path, got=str(error)) from error
    names = [field.name for field in found.fields]
    problems = [f"the name {name} is there twice" for name in sorted({name for name in names if names.count(name) > 1})]
    located = []
    for field in found.fields:
        image, labels = _find_image(folder, field.image), folder / field.labels
        problems.extend(f"{field.name}: no file {part}" for part in (image, labels) if not part.is_file())
        located.append(field.model_copy(update={"image": str(image), "labels": str(labels)}))
    if problems:
        raise _incomplete(path, problems, lacks_pictures=any(not Path(field.image).is_file() for field in located))
    return found.model_copy(update={"fields": tuple(located)})


def _incomplete(path: Path, problems: list[str], *, lacks_pictures: bool) -> InvalidAnnotation:
    """Say what most likely explains all problems first, then the first few of them."""
    n_problems, data = len(problems), os.environ.get("HISTO_DATA")
    what = "the annotation set has " + ("1 problem" if n_problems == 1 else f"{n_problems} problems")
    next_step = "Name the set's own files in dataset.toml, each once."
    if lacks_pictures:
        what += f"; HISTO_DATA is {data}" if data else "; HISTO_DATA is not set"
        next_step = "Set HISTO_DATA to the folder that the pictures' names are relative to, or put them beside the set."
    n_shown = n_problems if n_problems <= _N_SHOWN + 1 else _N_SHOWN
    rest = [f"and {n_problems - n_shown} more"] if n_problems > n_shown else []
    lines = "".join(f"\n  {problem}" for problem in (*problems[:n_shown], *rest))
    return InvalidAnnotation(f"{what}:{lines}", file=path, next_step=next_step)


def _find_image(folder: Path, image: str) -> Path:
    data = os.environ.get("HISTO_DATA")
    beside = folder / image
    return Path(data) / image if data and not beside.is_file() else beside
