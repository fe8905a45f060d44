"""Annotations as the GeoJSON that QuPath reads and writes, and their way to and from label maps."""

from __future__ import annotations

from histo.io.annotations.annotation import Annotation, axis_annotation
from histo.io.annotations.file import read_geojson, write_geojson
from histo.io.annotations.outline import polygons_from_labels
from histo.io.annotations.raster import labels_from_annotations

__all__ = [
    "Annotation",
    "axis_annotation",
    "labels_from_annotations",
    "polygons_from_labels",
    "read_geojson",
    "write_geojson",
]
