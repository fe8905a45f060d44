from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from histo.errors import InvalidAnnotation, InvalidArgument
from histo.io.annotations import (
    Annotation,
    axis_annotation,
    labels_from_annotations,
    polygons_from_labels,
    read_geojson,
    write_geojson,
)
from histo.types import Compartment, LabelMap

SQUARE = [[[0, 0], [4, 0], [4, 4], [0, 4], [0, 0]]]


def _feature(**changed: object) -> dict[str, object]:
    return {"type": "Feature", "geometry": {"type": "Polygon", "coordinates": SQUARE}, "properties": {}} | changed


def _geometry(kind: str, coordinates: object) -> dict[str, object]:
    return _feature(geometry={"type": kind, "coordinates": coordinates})


def _with(**properties: object) -> dict[str, object]:
    return _feature(properties=properties)


def _write(path: Path, document: object) -> Path:
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    return path


def _collection(*features: object) -> dict[str, object]:
    return {"type": "FeatureCollection", "features": list(features)}


MALFORMED_FILES = [
    ("", "not JSON"),
    ("{", "not JSON"),
    ("[" * 100_000, "not JSON"),
    ("3", "not a collection.*got type 'int'"),
    ({}, "not a collection.*got type None"),
    ({"type": "Topology"}, "not a collection.*got type 'Topology'"),
    ({"type": "FeatureCollection"}, "without a list of features"),
    ({"type": "FeatureCollection", "features": {"0": _feature()}}, "without a list of features"),
]
MALFORMED_FEATURES = [
    (3, "a feature is an object.*got 3"),
    (_feature(type="feature"), "not a feature"),
    (_feature(geometry=None), "has a geometry.*got null"),
    (_feature(properties=[1]), r"properties are an object.*got \[1\]"),
    (_feature(id=True), "an id is a text or a number.*got true"),
    (_geometry("Ellipse", SQUARE), 'unknown geometry.*Polygon.*got "Ellipse"'),
    (_geometry("GeometryCollection", []), "unknown geometry"),
    (_geometry("Polygon", None), "nested lists.*got null"),
    (_geometry("Polygon", []), "coordinates are empty"),
    (_geometry("Polygon", [[]]), "coordinates are empty"),
    (_geometry("Polygon", SQUARE[0]), "nested lists|not a position"),
    (_geometry("Polygon", [SQUARE[0][:-1]]), "not closed"),
    (_geometry("Polygon", [[[0, 0], [1, 1], [0, 0]]]), "not closed.*four positions"),
    (_geometry("MultiPolygon", [SQUARE, [SQUARE[0][:3]]]), "not closed"),
    (_geometry("Point", [1]), r"not a position.*\[1\]"),
    (_geometry("Point", [1, 2, 3]), "not a position"),
    (_geometry("Point", ["1", "2"]), "not a position.*two finite numbers"),
    (_geometry("Point", [True, 2]), "not a position"),
    (_geometry("Point", [1, None]), "not a position.*null"),
    (_geometry("Point", [math.nan, 2]), "not a position.*null"),
    (_geometry("Point", [10**400, 2]), "not a position"),
    (_geometry("LineString", [[1, 2]]), "too short.*two positions"),
    (_with(objectType="Annotation"), "unknown object type.*annotation, detection"),
    (_with(objectType=3), "objectType has the wrong type.*expected str.*got 3"),
    (_with(classification="Tumor"), 'a classification is an object.*got "Tumor"'),
    (_with(classification={"name": 3}), "name has the wrong type"),
    (_with(classification={"name": "a", "color": "red"}), "a colour is a list"),
    (_with(classification={"name": "a", "color": [1, 2]}), r"red, green, blue.*got \[1, 2\]"),
    (_with(classification={"name": "a", "color": [1, 2, 256]}), "0 to 255.*256"),
    (_with(classification={"name": "a", "colorRGB": "ff0000"}), "colorRGB is one whole number"),
    (_with(name=["a"]), "name has the wrong type"),
    (_with(isLocked="yes"), "isLocked has the wrong type.*expected bool"),
    (_with(measurements=3), "measurements are an object"),
    (_with(measurements={"Area": "wide"}), "a name with a number.*wide"),
    (_with(measurements=[{"value": 3}]), "a name with a number"),
    (_with(measurements=["Area"]), "a measurement is an object"),
]


@pytest.mark.parametrize(("document", "message"), MALFORMED_FILES, ids=range(len(MALFORMED_FILES)))
def test_malformed_file_says_what_it_should_be(tmp_path: Path, document: object, message: str) -> None:
    path = _write(tmp_path / "a.geojson", document)
    with pytest.raises(InvalidAnnotation, match=f"(?s){message}") as caught:
        read_geojson(path)
    assert str(path) in str(caught.value)
    assert caught.value.next_step


@pytest.mark.parametrize(("feature", "message"), MALFORMED_FEATURES, ids=range(len(MALFORMED_FEATURES)))
def test_malformed_feature_is_named_by_its_index(tmp_path: Path, feature: object, message: str) -> None:
    path = _write(tmp_path / "a.geojson", _collection(_feature(), feature))
    with pytest.raises(InvalidAnnotation, match=f"feature 1: .*{message}") as caught:
        read_geojson(path)
    assert str(path) in str(caught.value)
    assert caught.value.next_step


UNREADABLE = [
    (lambda path: None, "no such file"),
    (lambda path: path.mkdir(), "cannot be opened"),
    (lambda path: path.write_bytes(b'{"type": "\xe9"}'), "not a text in UTF-8.*byte 10"),
]


@pytest.mark.parametrize(("make", "message"), UNREADABLE)
def test_file_that_does_not_open_says_so(tmp_path: Path, make: object, message: str) -> None:
    make(tmp_path / "a.geojson")
    with pytest.raises(InvalidAnnotation, match=message):
        read_geojson(tmp_path / "a.geojson")


QUPATH = {
    "type": "Feature",
    "id": "5c2f0f30-9d1e-4b7a-8f6a-0a8f0f6f6c11",
    "geometry": {
        "type": "Polygon",
        "coordinates": [[[0.5, 0], [4, 0], [4, 4.25], [0.5, 0]]],
        "plane": {"c": -1, "z": 2},
    },
    "nucleusGeometry": {"type": "Point", "coordinates": [1, 1]},
    "properties": {
        "objectType": "cell",
        "classification": {"name": "Immune: CD4", "color": [200, 0, 10], "names": ["Immune", "CD4"]},
        "name": "Zelle µ",
        "isLocked": True,
        "measurements": {"Area µm^2": 12.5, "Cell: DAB OD max": None},
        "metadata": {"reader": "A"},
        "isMissing": False,
    },
}


def test_everything_that_qupath_writes_comes_back(tmp_path: Path) -> None:
    annotations = read_geojson(_write(tmp_path / "a.geojson", _collection(QUPATH)))
    write_geojson(tmp_path / "b.geojson", annotations)
    assert json.loads((tmp_path / "b.geojson").read_text()) == _collection(QUPATH)


def test_fields_are_what_qupath_means(tmp_path: Path) -> None:
    (cell,) = read_geojson(_write(tmp_path / "a.geojson", _collection(QUPATH)))
    assert (cell.object_type, cell.class_name, cell.colour) == ("cell", "Immune: CD4", (200, 0, 10))
    assert (cell.name, cell.is_locked, cell.id) == ("Zelle µ", True, "5c2f0f30-9d1e-4b7a-8f6a-0a8f0f6f6c11")
    assert cell.measurements["Area µm^2"] == 12.5
    assert math.isnan(cell.measurements["Cell: DAB OD max"])
    assert cell.geometry.bounds == (0.5, 0, 4, 4.25)


def test_forms_of_older_versions_are_read(tmp_path: Path) -> None:
    old = _feature(
        id="PathDetectionObject",
        properties={
            "object_type": "detection",
            "classification": {"name": "Tumor", "colorRGB": -3670016},
            "measurements": [{"name": "Area", "value": 3}],
        },
    )
    (detection,) = read_geojson(_write(tmp_path / "a.geojson", [old]))
    assert (detection.object_type, detection.class_name, detection.colour) == ("detection", "Tumor", (200, 0, 0))
    assert detection.measurements == {"Area": 3.0}


def test_single_feature_and_bare_list_are_read_too(tmp_path: Path) -> None:
    for document in (_feature(), [_feature()], _collection(_feature())):
        assert len(read_geojson(_write(tmp_path / "a.geojson", document))) == 1


def test_nan_of_qupath_is_a_missing_measurement(tmp_path: Path) -> None:
    text = json.dumps(_collection(_with(measurements={"a": math.nan, "b": math.inf, "c": 1})))
    (read,) = read_geojson(_write(tmp_path / "a.geojson", text))
    assert [math.isnan(read.measurements[name]) for name in "abc"] == [True, True, False]


def test_file_of_no_annotations_is_a_file(tmp_path: Path) -> None:
    assert read_geojson(write_geojson(tmp_path / "a.geojson", [])) == []


def test_property_that_json_has_not_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    annotation = Annotation(shapely.Point(1, 2), properties={"drawn": {1, 2}})
    with pytest.raises(InvalidAnnotation, match=r"feature 0: a property cannot be written.*set"):
        write_geojson(tmp_path / "a.geojson", [annotation])
    assert list(tmp_path.iterdir()) == []


INVALID_ANNOTATIONS = [
    ({"geometry": shapely.Point()}, "has points"),
    ({"geometry": shapely.Point(math.nan, 1)}, "finite"),
    ({"geometry": shapely.Point(1, 2, 3)}, "in the plane"),
    ({"geometry": shapely.LinearRing([(0, 0), (1, 0), (1, 1)])}, "unknown geometry.*LinearRing"),
    ({"geometry": [1, 2]}, "unknown geometry.*list"),
    ({"object_type": "region"}, "unknown object type"),
    ({"colour": (1, 2, 300)}, "0 to 255"),
    ({"colour": (1.0, 2.0, 3.0)}, "whole numbers"),
    ({"colour": (True, 2, 3)}, "whole numbers"),
]


@pytest.mark.parametrize(("changed", "message"), INVALID_ANNOTATIONS)
def test_what_is_no_annotation_is_refused(changed: dict, message: str) -> None:
    with pytest.raises(InvalidAnnotation, match=message):
        Annotation(**{"geometry": shapely.Point(1, 2)} | changed)


number = st.floats(-1e6, 1e6) | st.integers(-1000, 100_000).map(float)
position = st.tuples(number, number)
geometries = st.one_of(
    position.map(shapely.Point),
    st.lists(position, min_size=1, max_size=4).map(shapely.MultiPoint),
    st.lists(position, min_size=2, max_size=5).map(shapely.LineString),
    st.lists(position, min_size=3, max_size=6).map(shapely.Polygon),
    st.lists(st.lists(position, min_size=3, max_size=4).map(shapely.Polygon), min_size=1, max_size=3).map(
        shapely.MultiPolygon
    ),
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
TAKEN = {"objectType", "object_type", "classification", "name", "isLocked", "measurements"}
annotations = st.builds(
    Annotation,
    geometries,
    class_name=st.none() | st.text(max_size=8),
    colour=st.none() | st.tuples(*[st.integers(0, 255)] * 3),
    object_type=st.sampled_from(["annotation", "detection", "cell"]),
    name=st.none() | st.text(max_size=8),
    is_locked=st.booleans(),
    measurements=st.dictionaries(st.text(max_size=8), st.floats(), max_size=3),
    id=st.none() | st.uuids().map(str) | st.integers(),
    properties=st.dictionaries(st.text(max_size=8).filter(lambda key: key not in TAKEN), json_values, max_size=3),
)


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(annotations, max_size=3))
def test_written_again_the_bytes_are_the_same(tmp_path: Path, drawn: list[Annotation]) -> None:
    first = write_geojson(tmp_path / "a.geojson", drawn)
    second = write_geojson(tmp_path / "b.geojson", read_geojson(first))
    assert first.read_bytes() == second.read_bytes()


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(annotations)
def test_what_is_read_is_what_was_written(tmp_path: Path, drawn: Annotation) -> None:
    (read,) = read_geojson(write_geojson(tmp_path / "a.geojson", [drawn]))
    assert read.geometry.equals(drawn.geometry) or shapely.equals_exact(read.geometry, drawn.geometry)
    for name in ("class_name", "colour", "object_type", "name", "is_locked", "id"):
        assert getattr(read, name) == getattr(drawn, name)
    assert set(read.measurements) == set(drawn.measurements)


# Centrelines.


@pytest.mark.parametrize("class_name", ["villus_axis", "crypt_axis"])
def test_centreline_keeps_its_points_in_rows_and_columns(tmp_path: Path, class_name: str) -> None:
    points = np.array([[100.0, 20.0], [60.5, 22.25], [10.0, 30.0]])
    axis = axis_annotation(points, class_name, name="v12", measurements={"villus_height_um": 91.2})
    (read,) = read_geojson(write_geojson(tmp_path / "a.geojson", [axis]))
    np.testing.assert_array_equal(read.points, points)
    assert (read.class_name, read.name, read.measurements) == (class_name, "v12", {"villus_height_um": 91.2})


def test_centre_of_the_first_pixel_is_at_one_half_in_the_file() -> None:
    axis = axis_annotation([[0, 0], [3, 1]], "villus_axis")
    assert shapely.get_coordinates(axis.geometry).tolist() == [[0.5, 0.5], [1.5, 3.5]]


@pytest.mark.parametrize("points", [[[1, 2]], [1, 2], [[1, 2, 3], [4, 5, 6]], [[1, 2], [math.nan, 3]]])
def test_what_is_no_centreline_is_refused(points: list) -> None:
    with pytest.raises(InvalidAnnotation, match="two points"):
        axis_annotation(points, "crypt_axis")


# Polygons from labels, and back.


def _regions(picture: str, mpp: float = 1.0, slide_mpp: float = 1.0) -> LabelMap:
    rows = [[int(sign) if sign.isdigit() else 0 for sign in row] for row in picture.split()]
    return LabelMap(np.array(rows), mpp, slide_mpp=slide_mpp)


TOUCHING = {
    "one pixel": ("3", 1, 0),
    "hole": ("333 3.3 333", 1, 1),
    "island in a hole": ("33333 3...3 3.3.3 3...3 33333", 2, 1),
    "corners of two regions": ("3. .3", 2, 0),
    "corners the other way": (".3 3.", 2, 0),
    "holes touch in a corner": ("3333 3.33 33.3 3333", 1, 2),
    "holes touch the other way": ("3333 33.3 3.33 3333", 1, 2),
    "region closes over a corner": ("333 3.3 33.", 1, 1),
    "region closes the other way": ("333 3.3 .33", 1, 1),
    "chess board": ("3.3.3 .3.3. 3.3.3", 8, 0),
    "two compartments": ("334 344 111", 3, 0),
}


@pytest.mark.parametrize(("picture", "n_polygons", "n_holes"), TOUCHING.values(), ids=TOUCHING)
def test_regions_are_valid_polygons_with_their_holes(picture: str, n_polygons: int, n_holes: int) -> None:
    polygons = [annotation.geometry for annotation in polygons_from_labels(_regions(picture))]
    assert len(polygons) == n_polygons
    assert sum(len(polygon.interiors) for polygon in polygons) == n_holes
    assert all(polygon.is_valid for polygon in polygons)


@pytest.mark.parametrize(("mpp", "slide_mpp"), [(1.0, 1.0), (2.0, 0.5)])
def test_outline_runs_along_the_edges_of_pixels(mpp: float, slide_mpp: float) -> None:
    (crypt,) = polygons_from_labels(_regions("..... .333. .333. .....", mpp, slide_mpp))
    scale = mpp / slide_mpp
    assert crypt.geometry.bounds == (1 * scale, 1 * scale, 4 * scale, 3 * scale)
    assert crypt.measurements == {"area_um2": 6 * mpp**2}
    assert (crypt.class_name, crypt.colour) == ("crypt", Compartment.CRYPT.rgb)


def test_outline_begins_at_the_origin_of_the_map() -> None:
    labels = LabelMap(np.full((2, 3), 3), mpp=1.0, origin=(100.0, 200.0), slide_mpp=0.5)
    (crypt,) = polygons_from_labels(labels)
    assert crypt.geometry.bounds == (200, 100, 206, 104)
    # The same corner by the map's own account, which counts from pixel centres.
    np.testing.assert_allclose(crypt.points.min(axis=0), labels.to_slide(np.array([-0.5, -0.5])))


@pytest.mark.parametrize("mpp", [1.0, 0.5])
def test_small_regions_are_left_out(mpp: float) -> None:
    labels = _regions("3.33 ..33 5...", mpp)
    assert [a.measurements["area_um2"] for a in polygons_from_labels(labels, min_area_um2=2 * mpp**2)] == [4 * mpp**2]


def test_area_cannot_be_negative() -> None:
    with pytest.raises(InvalidArgument, match="min_area_um2"):
        polygons_from_labels(_regions("3"), min_area_um2=-1)


def test_map_of_background_has_no_polygons() -> None:
    assert polygons_from_labels(_regions("...")) == []


@settings(max_examples=100, deadline=None)
@given(
    arrays(np.uint8, array_shapes(min_dims=2, max_dims=2, max_side=12), elements=st.sampled_from([0, 0, 3, 3, 5])),
    st.sampled_from([0.5, 1.0, 1.3]),
    st.sampled_from([0.2527, 0.5, 1 / 3]),
    st.tuples(st.floats(0, 1e5), st.floats(0, 1e5)),
)
def test_painting_the_outlines_gives_the_identical_map(
    array: np.ndarray, mpp: float, slide_mpp: float, origin: tuple[float, float]
) -> None:
    labels = LabelMap(array, mpp, origin, slide_mpp)
    outlines = polygons_from_labels(labels)
    assert all(outline.geometry.is_valid for outline in outlines)
    painted, is_ignored = labels_from_annotations(outlines, labels.shape, mpp=mpp, slide_mpp=slide_mpp, origin=origin)
    np.testing.assert_array_equal(painted.array, array)
    assert (painted.mpp, painted.slide_mpp, painted.origin) == (mpp, slide_mpp, origin)
    assert not is_ignored.any()


def test_painting_survives_the_file(tmp_path: Path) -> None:
    labels = LabelMap(np.random.default_rng(0).integers(0, 10, (40, 50)), 1.0, (1234.5, 77.1), 0.2527)
    path = write_geojson(tmp_path / "a.geojson", polygons_from_labels(labels))
    painted, _ = labels_from_annotations(
        read_geojson(path), labels.shape, mpp=1.0, slide_mpp=0.2527, origin=labels.origin
    )
    np.testing.assert_array_equal(painted.array, labels.array)


# Drawn by hand.


def _drawn(class_name: str, left: float, top: float, right: float, bottom: float) -> Annotation:
    return Annotation(shapely.box(left, top, right, bottom), class_name=class_name)


def _painted(*drawn: Annotation, shape: tuple[int, int] = (1, 6)) -> list[list[int]]:
    return labels_from_annotations(drawn, shape, mpp=1.0)[0].array.tolist()


def test_later_drawn_lies_over_earlier() -> None:
    crypt, muscle = _drawn("crypt", 0, 0, 4, 1), _drawn("muscularis", 2, 0, 6, 1)
    assert _painted(crypt, muscle) == [[3, 3, 6, 6, 6, 6]]
    assert _painted(muscle, crypt) == [[3, 3, 3, 3, 6, 6]]


def test_background_can_be_drawn_as_an_eraser() -> None:
    assert _painted(_drawn("crypt", 0, 0, 6, 1), _drawn("background", 1, 0, 3, 1)) == [[3, 0, 0, 3, 3, 3]]


def test_ignored_is_marked_until_it_is_drawn_over() -> None:
    drawn = [_drawn("crypt", 0, 0, 6, 1), _drawn("ignore", 1, 0, 4, 1), _drawn("submucosa", 3, 0, 6, 1)]
    labels, is_ignored = labels_from_annotations(drawn, (1, 6), mpp=1.0)
    assert labels.array.tolist() == [[3, 0, 0, 5, 5, 5]]
    assert is_ignored.tolist() == [[False, True, True, False, False, False]]


def test_pixel_belongs_to_the_polygon_that_its_centre_is_in() -> None:
    assert _painted(_drawn("crypt", 0.6, 0, 3.4, 1)) == [[0, 3, 3, 0, 0, 0]]
    assert _painted(_drawn("crypt", 0.4, 0, 3.6, 1)) == [[3, 3, 3, 3, 0, 0]]


@pytest.mark.parametrize("slide_mpp", [0.5, 0.25])
def test_drawing_on_the_slide_is_painted_at_the_maps_resolution(slide_mpp: float) -> None:
    scale = 1.0 / slide_mpp
    drawn = [_drawn("crypt", 2 * scale, 0, 4 * scale, scale)]
    labels, _ = labels_from_annotations(drawn, (2, 6), mpp=1.0, slide_mpp=slide_mpp)
    assert labels.array.tolist() == [[0, 0, 3, 3, 0, 0], [0] * 6]
    assert labels.area_um2(Compartment.CRYPT) == 2.0


def test_polygon_that_reaches_over_the_map_is_cut() -> None:
    assert _painted(_drawn("crypt", -100, -100, 2, 100)) == [[3, 3, 0, 0, 0, 0]]
    assert _painted(_drawn("crypt", 100, 100, 200, 200)) == [[0] * 6]
    assert _painted(_drawn("crypt", -1e14, -1e14, 1e14, 1e14)) == [[3] * 6]


def test_parts_of_a_multipolygon_are_all_painted() -> None:
    parts = shapely.MultiPolygon([shapely.box(0, 0, 2, 1), shapely.box(4, 0, 6, 1)])
    assert _painted(Annotation(parts, class_name="crypt")) == [[3, 3, 0, 0, 3, 3]]


def test_lines_and_points_paint_nothing() -> None:
    axis = axis_annotation([[0, 0], [0, 5]], "villus_axis")
    assert _painted(axis, Annotation(shapely.Point(1, 0), class_name="a cell")) == [[0] * 6]


def test_triangle_covers_the_pixels_below_its_diagonal() -> None:
    triangle = Annotation(shapely.Polygon([(0, 0), (0, 4), (4, 4)]), class_name="crypt")
    assert _painted(triangle, shape=(4, 4)) == [[0, 0, 0, 0], [3, 0, 0, 0], [3, 3, 0, 0], [3, 3, 3, 0]]


def test_area_painted_is_the_area_drawn() -> None:
    circle = shapely.Point(300.3, 299.7).buffer(250, quad_segs=64).difference(shapely.Point(250, 300).buffer(90))
    labels, _ = labels_from_annotations([Annotation(circle, class_name="crypt")], (600, 600), mpp=1.0)
    assert labels.area_um2(Compartment.CRYPT) == pytest.approx(circle.area, rel=2e-3)


@pytest.mark.parametrize("class_name", ["tumour", None])
def test_class_that_is_no_compartment_is_answered_with_those_there_are(class_name: str | None) -> None:
    drawn = [_drawn("crypt", 0, 0, 1, 1), Annotation(shapely.box(0, 0, 1, 1), class_name=class_name)]
    with pytest.raises(InvalidAnnotation, match=r"annotation 1: .*background, .*, ignore; got"):
        labels_from_annotations(drawn, (4, 4), mpp=1.0)


@pytest.mark.parametrize("shape", [(0, 4), (4, -1)])
def test_map_without_pixels_is_refused(shape: tuple[int, int]) -> None:
    with pytest.raises(InvalidArgument, match="has pixels"):
        labels_from_annotations([], shape, mpp=1.0)
