"""Compartments that the design table gives: drawn by hand, or of an earlier run."""

from __future__ import annotations

from math import ceil, floor
from pathlib import Path

from histo.errors import InvalidArgument, SlideNotFound
from histo.io import Slide
from histo.io.annotations import labels_from_annotations, read_geojson
from histo.io.labels import read_label_map
from histo.io.results import sha256_of
from histo.tissue import Section
from histo.types import LabelMap

__all__ = ["describe_given_labels", "read_given_labels"]

# As fine as the structure models' own.
_MPP = 1.0


def describe_given_labels(path: str) -> str:
    """Take the sha256 of a file of labels; empty where none is given, or none lies there and its slide will fail."""
    return sha256_of(Path(path)) if path and Path(path).exists() else ""


def read_given_labels(path: str, slide: Slide, section: Section) -> LabelMap:
    """Read the compartments of one section.

    Parameters
    ----------
    path : str
        GeoJSON with polygons in level-0 pixels of the slide, as QuPath and histo write it, whose classes are
        compartments; or an OME-Zarr label map of histo.
    slide : Slide
        Open.
    section : Section
        Its window.

    Returns
    -------
    LabelMap
        Of the section's window; of a label map the part that it covers.

    Raises
    ------
    SlideNotFound
        If there is nothing at this path.
    InvalidAnnotation, CorruptResults
        If it does not read.
    InvalidArgument
        If the label map is of a slide of another µm/px, or does not reach the section.
    """
    place = Path(path)
    if not place.exists():
        raise SlideNotFound(
            "there is no such file of labels", file=place, next_step="Mend the design table's column labels."
        )
    if place.is_dir():
        return _cut(read_label_map(place), place, slide, section)
    mpp = max(_MPP, slide.mpp)
    rows, cols = (ceil(size * slide.mpp / mpp) for size in (section.height, section.width))
    corner = (float(section.row), float(section.col))
    labels, _ = labels_from_annotations(read_geojson(place), (rows, cols), mpp=mpp, slide_mpp=slide.mpp, origin=corner)
    return labels


def _cut(labels: LabelMap, path: Path, slide: Slide, section: Section) -> LabelMap:
    """Cut the section's window out of a label map."""
    if abs(labels.slide_mpp / slide.mpp - 1) > 1e-3:
        raise InvalidArgument(
            "the label map is of a slide of another µm/px",
            file=path,
            expected=f"{slide.mpp:g}",
            got=f"{labels.slide_mpp:g}",
        )
    scale = labels.mpp / labels.slide_mpp
    first = [max(floor((at - begin) / scale), 0) for at, begin in _pairs((section.row, section.col), labels)]
    beyond = [
        min(ceil((at - begin) / scale), size)
        for (at, begin), size in zip(
            _pairs((section.row + section.height, section.col + section.width), labels), labels.shape, strict=True
        )
    ]
    if first[0] >= beyond[0] or first[1] >= beyond[1]:
        raise InvalidArgument(
            "the label map does not reach the section",
            file=path,
            expected=f"rows {section.row} to {section.row + section.height} of the slide",
            got=f"a map from row {labels.origin[0]:g}, column {labels.origin[1]:g} on",
            next_step="Mend the design table's column labels.",
        )
    return labels.crop(first[0], first[1], beyond[0] - first[0], beyond[1] - first[1])


def _pairs(corner: tuple[int, int], labels: LabelMap) -> list[tuple[float, float]]:
    return list(zip(map(float, corner), labels.origin, strict=True))
