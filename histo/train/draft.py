"""Write the ``dataset.toml`` of a folder of pictures and polygons, as far as it can be known."""

from __future__ import annotations

import json
import logging
import re
from dataclasses import dataclass
from pathlib import Path

from histo.errors import HistoError, InvalidAnnotation
from histo.io import open_slide
from histo.io.atomic import write_atomically
from histo.io.checksum import sha256_of
from histo.io.slides import SLIDE_SUFFIXES, slide_name
from histo.train.annotationset import SET_FILE, AnnotationSet, read_annotation_set

__all__ = ["open_annotation_set"]

logger = logging.getLogger(__name__)

_POLYGONS = ".geojson"
_HEAD = """\
# Made by histo from the pictures and polygons in this folder; change it as you like, it is not made again.
# source: fields of one source are held out together. Give all pictures of one animal or slide the same one.
# mpp: µm per pixel of the picture.
name = {name}
"""
_FIELD = """
[[fields]]
name = {name}
image = {image}
labels = {labels}
source = {source}
mpp = {mpp}
sha256 = {sha256}
"""
_UNKNOWN = '"?"'


@dataclass(frozen=True)
class _Pair:
    image: Path
    labels: Path


def open_annotation_set(folder: Path) -> AnnotationSet:
    """Read a set; where it has no ``dataset.toml`` yet, write one first.

    Each picture that has polygons of the same name (``m07.png`` and ``m07.geojson``, as QuPath exports them) becomes a
    field. µm/px is taken from the picture's own metadata. The source is the subfolder that the picture lies in, or
    else the picture itself.

    Parameters
    ----------
    folder : Path
        Holds a ``dataset.toml``, or pictures and polygons.

    Returns
    -------
    AnnotationSet
        With full paths.

    Raises
    ------
    InvalidAnnotation
        If the folder holds neither, if polygons have no picture, if the set does not read, or if the µm/px of a picture
        is not known: ``dataset.toml`` is then there to be filled in.
    """
    path = folder / SET_FILE
    if not path.is_file():
        unknown = _write_draft(path, _find_pairs(folder))
        if unknown:
            raise InvalidAnnotation(
                f"µm/px is not known of {len(unknown)} picture{'s' if len(unknown) > 1 else ''}",
                file=path,
                got=f"no µm/px in {', '.join(unknown)}",
                next_step='Put it in place of each "?" in this file, which was made just now, and run this again.',
            )
    return read_annotation_set(folder)


def _find_pairs(folder: Path) -> list[_Pair]:
    files = sorted(path for path in folder.rglob("*") if path.is_file()) if folder.is_dir() else []
    pictures = [path for path in files if path.name.lower().endswith(SLIDE_SUFFIXES)]
    by_name = {path.with_name(name): path for path in pictures for name in (path.name, slide_name(path))}
    polygons = [path for path in files if path.suffix.lower() == _POLYGONS]
    pairs = [_Pair(by_name[path.with_suffix("")], path) for path in polygons if path.with_suffix("") in by_name]
    alone = [str(path.relative_to(folder)) for path in polygons if path.with_suffix("") not in by_name]
    if alone or not pairs:
        raise InvalidAnnotation(
            "polygons have no picture of the same name" if alone else "there is nothing annotated in this folder",
            file=folder,
            expected="pictures, and beside each its polygons: m07.png and m07.geojson",
            got=", ".join(alone) or f"{len(pictures)} pictures, no {_POLYGONS}",
            next_step="In QuPath: File > Export objects as GeoJSON; give the file the picture's name.",
        )
    logger.info("%d pictures without polygons are left aside", len(pictures) - len({pair.image for pair in pairs}))
    return pairs


def _write_draft(path: Path, pairs: list[_Pair]) -> list[str]:
    """Write the file and return the pictures whose µm/px is not known."""
    folder, unknown = path.parent, []
    text = _HEAD.format(name=_quoted(folder.resolve().name))
    for pair in pairs:
        image = pair.image.relative_to(folder)
        mpp = _pixel_size(pair.image)
        if mpp is None:
            unknown.append(image.as_posix())
        text += _FIELD.format(
            name=_quoted(_field_name(image)),
            image=_quoted(image.as_posix()),
            labels=_quoted(pair.labels.relative_to(folder).as_posix()),
            source=_quoted(image.parts[0] if len(image.parts) > 1 else slide_name(image)),
            mpp=_UNKNOWN if mpp is None else f"{mpp:.6g}",
            sha256=_quoted(sha256_of(pair.image)),
        )
    with write_atomically(path) as partial:
        partial.write_text(text, encoding="utf-8")
    return unknown


def _field_name(image: Path) -> str:
    name = "-".join([*image.parts[:-1], slide_name(image)])
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).lstrip("._-") or "field"


def _pixel_size(image: Path) -> float | None:
    try:
        with open_slide(image) as slide:
            return None if slide.pixel_size is None else slide.pixel_size.mpp
    except HistoError as error:
        raise InvalidAnnotation("an annotated picture does not open", file=image, got=str(error)) from error


def _quoted(text: str) -> str:
    # What JSON quotes, TOML reads; but for the delete character, which no sane path holds.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
