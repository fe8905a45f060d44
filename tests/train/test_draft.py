from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
import shapely
import tifffile

from histo.errors import InvalidAnnotation
from histo.io.annotations import Annotation, write_geojson
from histo.train.draft import open_annotation_set

CRYPT = [Annotation(shapely.box(20, 10, 40, 50), class_name="crypt")]


def write_png(path: Path) -> None:
    cv2.imwrite(str(path), np.full((60, 80, 3), 200, np.uint8))


def write_ome(path: Path, mpp: float) -> None:
    size = {"PhysicalSizeX": mpp, "PhysicalSizeY": mpp, "PhysicalSizeXUnit": "µm", "PhysicalSizeYUnit": "µm"}
    tifffile.imwrite(path, np.full((60, 80, 3), 200, np.uint8), photometric="rgb", metadata={"axes": "YXS", **size})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two pictures of one animal that say 0.5 µm/px, each with polygons, and one without polygons."""
    place = tmp_path / "my set"
    (place / "m07").mkdir(parents=True)
    for name in ("jejunum.ome.tif", "ileum.ome.tif"):
        write_ome(place / "m07" / name, 0.5)
    write_geojson(place / "m07" / "jejunum.geojson", CRYPT)
    write_geojson(place / "m07" / "ileum.ome.tif.geojson", CRYPT)
    write_png(place / "overview.png")
    return place


def test_pictures_and_polygons_of_the_same_name_become_a_set(folder: Path) -> None:
    found = open_annotation_set(folder)
    assert found.name == "my set"
    assert [(field.name, field.source, field.mpp) for field in found.fields] == [
        ("m07-ileum", "m07", 0.5),
        ("m07-jejunum", "m07", 0.5),
    ]
    assert all(Path(field.image).is_file() and Path(field.labels).is_file() for field in found.fields)


def test_a_set_that_was_written_is_a_persons_to_change(folder: Path) -> None:
    open_annotation_set(folder)
    path = folder / "dataset.toml"
    path.write_text(path.read_text(encoding="utf-8").replace('source = "m07"', 'source = "animal 7"'), encoding="utf-8")
    assert {field.source for field in open_annotation_set(folder).fields} == {"animal 7"}


def test_an_unknown_pixel_size_is_asked_for_where_it_is_to_be_written(folder: Path) -> None:
    write_png(folder / "m08.png")
    write_geojson(folder / "m08.geojson", CRYPT)
    with pytest.raises(InvalidAnnotation, match=r"dataset.toml.*1 picture; got no µm/px in m08.png.*each \"\?\""):
        open_annotation_set(folder)
    with pytest.raises(InvalidAnnotation, match=r"fields.2.mpp: .*valid number"):
        open_annotation_set(folder)
    path = folder / "dataset.toml"
    path.write_text(path.read_text(encoding="utf-8").replace('mpp = "?"', "mpp = 0.7"), encoding="utf-8")
    field = open_annotation_set(folder).fields[2]
    assert (field.name, field.source, field.mpp) == ("m08", "m08", 0.7)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda folder: (folder / "m07" / "jejunum.ome.tif").unlink(), r"no picture.*m07.jejunum.geojson.*QuPath"),
        (
            lambda folder: [path.unlink() for path in folder.rglob("*.geojson")],
            "nothing annotated.*got 3 pictures, no .geojson",
        ),
        (lambda folder: (folder / "m07" / "jejunum.ome.tif").write_bytes(b"II*\0"), "picture does not open"),
    ],
)
def test_a_folder_that_is_no_set_is_answered_with_what_one_is(
    change: Callable[[Path], object], message: str, folder: Path
) -> None:
    change(folder)
    with pytest.raises(InvalidAnnotation, match=message):
        open_annotation_set(folder)
    assert not (folder / "dataset.toml").exists()


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidAnnotation, match="absent"):
        open_annotation_set(tmp_path / "absent")
