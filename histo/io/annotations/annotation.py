"""What a person or a model drew on a slide: a shape with a class."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from shapely.geometry.base import BaseGeometry

from histo.errors import InvalidAnnotation

__all__ = ["GEOMETRY_TYPES", "OBJECT_TYPES", "Annotation", "axis_annotation"]

GEOMETRY_TYPES = ("Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon")
OBJECT_TYPES = ("annotation", "detection", "cell", "tile", "tma_core", "root", "unknown")


@dataclass(frozen=True)
class Annotation:
    """A shape on the slide, with what QuPath keeps about it.

    Parameters
    ----------
    geometry : shapely geometry
        Point, line or polygon, or several of one kind, in level-0 pixels of the slide **as QuPath counts them**: x is
        the column, y the row, and a pixel covers the square from its whole number to the next. The centre of the
        first pixel is (0.5, 0.5). `points` gives the same as (row, column) with whole numbers at pixel centres.
    class_name : str, optional
        Class: the label of a `Compartment`, ``villus_axis``, ``crypt_axis``, ``ignore``, or any other.
    colour : (int, int, int), optional
        Colour of the class, 0 to 255.
    object_type : str
        One of `OBJECT_TYPES`.
    name : str, optional
        Name of this one object.
    is_locked : bool
        Whether QuPath keeps it from being moved.
    measurements : mapping of str to float
        Numbers by name; NaN where one is missing.
    id : str or number, optional
        QuPath uses a UUID.
    properties : mapping
        What else stood in the feature's ``properties``, kept as it was; ``properties["classification"]`` holds what
        stood in the classification besides name and colour.
    members : mapping
        What else stood in the feature itself, kept as it was; ``members["geometry"]`` holds what stood in the geometry
        besides type and coordinates, such as QuPath's ``plane``.

    Raises
    ------
    InvalidAnnotation
        If the geometry is empty, not finite or of another type, or a value is not what QuPath would read.

    Examples
    --------
    >>> square = Annotation(shapely.box(10, 20, 30, 40), class_name="crypt")
    >>> square.points.min(axis=0)
    array([19.5,  9.5])
    """

    geometry: BaseGeometry
    class_name: str | None = None
    colour: tuple[int, int, int] | None = None
    object_type: str = "annotation"
    name: str | None = None
    is_locked: bool = False
    measurements: Mapping[str, float] = field(default_factory=dict)
    id: str | int | float | None = None
    properties: Mapping[str, object] = field(default_factory=dict)
    members: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        kind = getattr(self.geometry, "geom_type", type(self.geometry).__name__)
        if kind not in GEOMETRY_TYPES:
            raise InvalidAnnotation("unknown geometry", expected=f"one of {', '.join(GEOMETRY_TYPES)}", got=str(kind))
        coordinates = shapely.get_coordinates(self.geometry)
        if coordinates.size == 0 or not np.isfinite(coordinates).all():
            raise InvalidAnnotation("a geometry has points, and they are finite", got=self.geometry.wkt[:80])
        if self.geometry.has_z:
            raise InvalidAnnotation("a geometry lies in the plane", expected="(x, y)", got="(x, y, z)")
        if self.object_type not in OBJECT_TYPES:
            raise InvalidAnnotation(
                "unknown object type", expected=f"one of {', '.join(OBJECT_TYPES)}", got=repr(self.object_type)
            )
        if self.colour is not None and not _is_colour(self.colour):
            raise InvalidAnnotation(
                "a colour is red, green, blue", expected="three whole numbers 0 to 255", got=repr(self.colour)
            )

    @property
    def points(self) -> NDArray[np.float64]:
        """All vertices as (n, 2) array of (row, column), level-0 pixels with whole numbers at pixel centres."""
        points: NDArray[np.float64] = shapely.get_coordinates(self.geometry)[:, ::-1] - 0.5
        return points


def axis_annotation(
    points: ArrayLike,
    class_name: Literal["villus_axis", "crypt_axis"],
    *,
    name: str | None = None,
    measurements: Mapping[str, float] | None = None,
) -> Annotation:
    """Draw a centreline.

    Parameters
    ----------
    points : (n, 2) array
        (row, column) of at least two points in order, level-0 pixels with whole numbers at pixel centres: for a villus
        from base to tip, for a crypt from base to mouth.
    class_name : {"villus_axis", "crypt_axis"}
        Which.
    name : str, optional
        The villus or crypt it belongs to: ``v12``.
    measurements : mapping of str to float, optional
        Its numbers, under the names of the tables.

    Returns
    -------
    Annotation
        A line.

    Raises
    ------
    InvalidAnnotation
        If there are fewer than two points, or they are not finite pairs.
    """
    line = np.asarray(points, dtype=float)
    if line.ndim != 2 or line.shape[1] != 2 or len(line) < 2 or not np.isfinite(line).all():
        raise InvalidAnnotation("a centreline has two points at least", expected="(n, 2) numbers", got=f"{line.shape}")
    return Annotation(
        shapely.LineString(line[:, ::-1] + 0.5),
        class_name=class_name,
        colour=_AXIS_COLOURS[class_name],
        name=name,
        measurements=dict(measurements or {}),
    )


# Black shows on the orange of the villi, yellow on the violet of the crypts.
_AXIS_COLOURS = {"villus_axis": (0, 0, 0), "crypt_axis": (255, 255, 0)}


def _is_colour(colour: tuple[object, ...]) -> bool:
    return len(colour) == 3 and all(
        isinstance(part, int) and not isinstance(part, bool) and 0 <= part <= 255 for part in colour
    )
