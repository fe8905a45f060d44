"""GeoJSON features as QuPath writes them, to and from annotations.

Written by the description of the format (RFC 7946) and of QuPath's additions to it
(https://qupath.readthedocs.io/en/stable/docs/advanced/exporting_annotations.html).
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry

from histo.errors import InvalidAnnotation
from histo.io.annotations.annotation import GEOMETRY_TYPES, Annotation

__all__ = ["annotation_from_feature", "feature_from_annotation"]

# How many lists lie around a position, by type of geometry.
_DEPTH = {"Point": 0, "MultiPoint": 1, "LineString": 1, "MultiLineString": 2, "Polygon": 2, "MultiPolygon": 3}


def annotation_from_feature(feature: object) -> Annotation:
    """Read one GeoJSON feature, parsed from JSON.

    Besides what QuPath writes today, the forms of its older versions are read: ``object_type``, ``colorRGB`` packed
    into one number, measurements as a list of name and value.

    Raises
    ------
    InvalidAnnotation
        If it is not a feature, or a part of it has another form than RFC 7946 and QuPath give it.
    """
    members = dict(_expect(feature, dict, "a feature is an object"))
    if members.pop("type", None) != "Feature":
        raise _wrong("not a feature", '"type": "Feature"', _shorten(feature))
    properties = dict(_expect(members.pop("properties", None) or {}, dict, "properties are an object"))
    geometry, foreign = _geometry(members.pop("geometry", None))
    if foreign:
        members["geometry"] = foreign
    identity = members.pop("id", None)
    if isinstance(identity, bool) or not isinstance(identity, str | int | float | None):
        raise _wrong("an id is a text or a number", "a UUID", _shorten(identity))
    class_name, colour = _classification(properties)
    return Annotation(
        geometry,
        class_name=class_name,
        colour=colour,
        object_type=_take(properties, ("objectType", "object_type"), str, "annotation"),
        name=_take(properties, ("name",), str | None, None),
        is_locked=_take(properties, ("isLocked",), bool, False),
        measurements=_measurements(properties.pop("measurements", None)),
        id=identity,
        properties=properties,
        members=members,
    )


def feature_from_annotation(annotation: Annotation) -> dict[str, Any]:
    """Turn an annotation into a GeoJSON feature, ready for JSON: numbers that JSON has not become null."""
    members, properties = dict(annotation.members), dict(annotation.properties)
    geometry = {
        "type": annotation.geometry.geom_type,
        "coordinates": annotation.geometry.__geo_interface__["coordinates"],
        **_foreign(members.pop("geometry", None)),
    }
    classification: dict[str, object] = {}
    if annotation.class_name is not None:
        classification["name"] = annotation.class_name
    if annotation.colour is not None:
        classification["color"] = list(annotation.colour)
    classification |= _foreign(properties.pop("classification", None))
    written: dict[str, object] = {"objectType": annotation.object_type}
    if classification:
        written["classification"] = classification
    if annotation.name is not None:
        written["name"] = annotation.name
    if annotation.is_locked:
        written["isLocked"] = True
    if annotation.measurements:
        written["measurements"] = {name: float(value) for name, value in annotation.measurements.items()}
    feature: dict[str, object] = {"type": "Feature"}
    if annotation.id is not None:
        feature["id"] = annotation.id
    feature |= {"geometry": geometry, "properties": written | properties} | members
    plain: dict[str, Any] = _plain(feature)
    return plain


def _geometry(raw: object) -> tuple[BaseGeometry, dict[str, object]]:
    foreign = dict(_expect(raw, dict, "a feature has a geometry"))
    kind, coordinates = foreign.pop("type", None), foreign.pop("coordinates", None)
    if kind not in GEOMETRY_TYPES:
        raise _wrong("unknown geometry", f"one of {', '.join(GEOMETRY_TYPES)}", _shorten(kind))
    _check_coordinates(coordinates, _DEPTH[kind])
    lines = {"LineString": [coordinates], "MultiLineString": coordinates}.get(kind, [])
    for line in lines:
        if len(line) < 2:
            raise _wrong("a line is too short", "two positions at least", _shorten(line))
    polygons = {"Polygon": [coordinates], "MultiPolygon": coordinates}.get(kind, [])
    for ring in (ring for polygon in polygons for ring in polygon):
        if len(ring) < 4 or ring[0] != ring[-1]:
            raise _wrong(
                "a polygon's ring is not closed", "four positions at least, the last equal to the first", _shorten(ring)
            )
    return shapely.geometry.shape({"type": kind, "coordinates": coordinates}), foreign


def _check_coordinates(raw: object, depth: int) -> None:
    if depth > 0:
        inner = _expect(raw, list, "coordinates are nested lists of positions")
        if not inner:
            raise _wrong("coordinates are empty", "positions", "[]")
        for part in inner:
            _check_coordinates(part, depth - 1)
        return
    if not isinstance(raw, list) or len(raw) != 2 or not all(_is_number(value) for value in raw):
        raise _wrong("not a position", "[x, y], two finite numbers", _shorten(raw))


def _is_number(value: object) -> bool:
    # A whole number of thousands of digits is legal JSON and too large for a float.
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e15


def _classification(properties: dict[str, Any]) -> tuple[str | None, tuple[int, int, int] | None]:
    """Take class and colour out of the properties; what else is said of the class stays there."""
    raw = dict(_expect(properties.pop("classification", None) or {}, dict, "a classification is an object"))
    name = _take(raw, ("name",), str | None, None)
    colour = raw.pop("color", None)
    packed = raw.pop("colorRGB", None)
    if colour is None and packed is not None:
        if isinstance(packed, bool) or not isinstance(packed, int):
            raise _wrong("colorRGB is one whole number", "alpha, red, green, blue in one", _shorten(packed))
        colour = [packed >> 16 & 255, packed >> 8 & 255, packed & 255]
    if raw:
        properties["classification"] = raw
    if colour is None:
        return name, None
    red, green, blue = (*_expect(colour, list, "a colour is a list"), None, None, None)[:3]
    if len(colour) != 3:
        raise _wrong("a colour is red, green, blue", "three whole numbers 0 to 255", _shorten(colour))
    return name, (red, green, blue)


def _measurements(raw: object) -> dict[str, float]:
    if isinstance(raw, list):
        entries = [_expect(entry, dict, "a measurement is an object") for entry in raw]
        pairs = [(entry.get("name"), entry.get("value")) for entry in entries]
    else:
        pairs = list(_expect(raw or {}, dict, "measurements are an object").items())
    measured = {}
    for name, value in pairs:
        if not isinstance(name, str) or isinstance(value, bool) or not isinstance(value, int | float | None):
            raise _wrong("a measurement is a name with a number", '"name": 1.0', _shorten({str(name): value}))
        measured[name] = math.nan if value is None else _as_float(value)
    return measured


def _as_float(value: float) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf


def _take(properties: dict[str, Any], keys: tuple[str, ...], kind: Any, default: Any) -> Any:
    found = [properties.pop(key) for key in keys if key in properties]
    value = found[0] if found else default
    if not isinstance(value, kind):
        raise _wrong(f"{keys[0]} has the wrong type", f"{getattr(kind, '__name__', 'text or null')}", _shorten(value))
    return value


def _expect(value: object, kind: type[dict[str, Any]] | type[list[Any]], what: str) -> Any:
    if not isinstance(value, kind):
        raise _wrong(what, "{...}" if kind is dict else "[...]", _shorten(value))
    return value


def _foreign(raw: object) -> Mapping[str, object]:
    return raw if isinstance(raw, Mapping) else {}


def _plain(value: Any) -> Any:
    """Turn tuples into lists, whole floats into integers and what JSON cannot say into null."""
    if isinstance(value, float):
        if not math.isfinite(value):
            return None
        return int(value) if value.is_integer() and abs(value) < 2**53 else float(value)
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items()}
    return value


def _shorten(value: object) -> str:
    text = json.dumps(value, default=repr)
    return text if len(text) <= 80 else f"{text[:77]}..."


def _wrong(what: str, expected: str, got: str) -> InvalidAnnotation:
    return InvalidAnnotation(what, expected=expected, got=got)
