"""Annotation files: the GeoJSON that QuPath reads and writes."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path

from histo.errors import InvalidAnnotation
from histo.io.annotations.annotation import Annotation
from histo.io.annotations.feature import annotation_from_feature, feature_from_annotation
from histo.io.atomic import write_atomically

__all__ = ["read_geojson", "write_geojson"]

_NEXT_STEP = "Export it again from QuPath (File > Export objects as GeoJSON, as FeatureCollection)."


def read_geojson(path: str | os.PathLike[str]) -> list[Annotation]:
    """Read the annotations of a GeoJSON file.

    Parameters
    ----------
    path : path-like
        A FeatureCollection; a bare list of features or a single one, as QuPath also writes them, is read too.

    Returns
    -------
    list of Annotation
        In the order of the file, which is the order in which they were drawn.

    Raises
    ------
    InvalidAnnotation
        If the file is absent, is no JSON or no GeoJSON; it says which feature, counted from 0.
    """
    path = Path(path)
    annotations = []
    for index, feature in enumerate(_features(path)):
        try:
            annotations.append(annotation_from_feature(feature))
        except InvalidAnnotation as error:
            raise InvalidAnnotation(
                f"feature {index}: {error.what}",
                file=path,
                expected=error.expected,
                got=error.got,
                next_step=_NEXT_STEP,
            ) from error
    return annotations


def write_geojson(path: str | os.PathLike[str], annotations: Iterable[Annotation]) -> Path:
    """Write annotations as a FeatureCollection, one feature a line, all of it or nothing.

    What `read_geojson` reads is written back with every member it had, and writing it again gives the same bytes.
    Measurements that are not finite become null, which reads as NaN.

    Parameters
    ----------
    path : path-like
        The file, by custom ``*.geojson``; replaced when it is there.
    annotations : iterable of Annotation
        In the order in which they are drawn: later ones lie over earlier ones.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    InvalidAnnotation
        If a property is of a type that JSON does not have.
    """
    path = Path(path)
    with write_atomically(path) as unfinished, unfinished.open("w", encoding="ascii", newline="\n") as stream:
        stream.write('{"type":"FeatureCollection","features":[')
        for index, annotation in enumerate(annotations):
            stream.write(",\n" if index else "\n")
            stream.write(_line(path, index, annotation))
        stream.write("\n]}\n")
    return path


def _line(path: Path, index: int, annotation: Annotation) -> str:
    try:
        # ASCII with escapes: half a surrogate pair, legal in JSON, has no UTF-8.
        return json.dumps(feature_from_annotation(annotation), separators=(",", ":"), allow_nan=False)
    except (TypeError, ValueError) as error:
        raise InvalidAnnotation(
            f"feature {index}: a property cannot be written",
            file=path,
            expected="texts, numbers, flags, lists and objects",
            got=str(error),
            next_step="Turn it into one of these first.",
        ) from error


def _features(path: Path) -> list[object]:
    document = _parse(path)
    if isinstance(document, list):
        return document
    kind = document.get("type") if isinstance(document, dict) else type(document).__name__
    if isinstance(document, dict) and kind == "Feature":
        return [document]
    features = document.get("features") if isinstance(document, dict) and kind == "FeatureCollection" else None
    if not isinstance(features, list):
        raise InvalidAnnotation(
            "not a collection of features",
            file=path,
            expected='{"type": "FeatureCollection", "features": [...]}',
            got=f"type {kind!r}" + (" without a list of features" if kind == "FeatureCollection" else ""),
            next_step=_NEXT_STEP,
        )
    return features


def _parse(path: Path) -> object:
    try:
        # NaN and Infinity are not JSON, but QuPath writes them for measurements that are missing.
        return json.loads(path.read_bytes().decode("utf-8-sig"), parse_constant=lambda _: None)
    except FileNotFoundError as error:
        raise InvalidAnnotation("there is no such file", file=path, next_step="Check the path.") from error
    except OSError as error:
        raise InvalidAnnotation(
            "the file cannot be opened",
            file=path,
            got=str(error.strerror),
            next_step="Check what it is and who may read it.",
        ) from error
    except UnicodeDecodeError as error:
        raise InvalidAnnotation(
            "the file is not a text in UTF-8", file=path, got=f"byte {error.start}", next_step=_NEXT_STEP
        ) from error
    except (ValueError, RecursionError) as error:
        raise InvalidAnnotation(
            "the file is not JSON", file=path, expected="GeoJSON", got=str(error), next_step=_NEXT_STEP
        ) from error
