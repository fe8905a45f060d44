from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaozarrs
import zarr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from yaozarrs import v05

from histo.errors import CorruptResults
from histo.io.labels import read_label_map, write_label_map
from histo.io.pyramid import halve_by_majority, halve_by_mean
from histo.io.results import sha256_of
from histo.types import Compartment, Exclusion, LabelMap


def _drawn(rows: int = 700, cols: int = 1100, mpp: float = 1.0, slide_mpp: float = 0.2527) -> LabelMap:
    """Squares of 50 pixels of all compartments in turn, surer to the right."""
    row, col = np.ogrid[:rows, :cols]
    confidence = np.broadcast_to(col * 255 // (cols - 1), (rows, cols)).astype(np.uint8)
    return LabelMap((row // 50 + col // 50) % 10, mpp, (1000.5, 77.1), slide_mpp, confidence)


def _assert_same(read: LabelMap, written: LabelMap) -> None:
    np.testing.assert_array_equal(read.array, written.array)
    assert (read.mpp, read.slide_mpp, read.origin) == (written.mpp, written.slide_mpp, written.origin)
    assert (read.confidence is None) == (written.confidence is None)
    if written.confidence is not None:
        np.testing.assert_array_equal(read.confidence, written.confidence)
    assert (read.excluded is None) == (written.excluded is None)
    if written.excluded is not None:
        np.testing.assert_array_equal(read.excluded, written.excluded)


def test_map_reads_back_exactly(tmp_path: Path) -> None:
    labels = _drawn()
    assert write_label_map(tmp_path / "m07_s1.ome.zarr", labels) == tmp_path / "m07_s1.ome.zarr"
    _assert_same(read_label_map(tmp_path / "m07_s1.ome.zarr"), labels)


def test_map_drawn_by_hand_has_no_confidence(tmp_path: Path) -> None:
    labels = LabelMap(np.full((3, 4), Compartment.CRYPT), 0.5)
    _assert_same(read_label_map(write_label_map(tmp_path / "a.zarr", labels)), labels)


def test_what_was_excluded_reads_back(tmp_path: Path) -> None:
    excluded = np.zeros((700, 1100), np.uint8)
    excluded[100:300, 50:90] = Exclusion.PEN
    labels = replace(_drawn(), excluded=excluded)
    path = write_label_map(tmp_path / "a.ome.zarr", labels)
    _assert_same(read_label_map(path), labels)
    names = json.loads((path / "excluded" / "zarr.json").read_text())["attributes"]["ome"]["image-label"]["properties"]
    assert names[Exclusion.PEN] == {"label-value": Exclusion.PEN, "name": "pen"}


finite = st.floats(-1e9, 1e9)
sizes = st.floats(0.01, 100)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    arrays(np.uint8, array_shapes(min_dims=2, max_dims=2, max_side=40), elements=st.integers(0, 9)),
    sizes,
    sizes,
    finite,
    finite,
)
def test_any_map_reads_back_exactly(
    tmp_path: Path, array: np.ndarray, mpp: float, slide_mpp: float, row: float, col: float
) -> None:
    labels = LabelMap(array, mpp, (row, col), slide_mpp, 255 - array)
    _assert_same(read_label_map(write_label_map(tmp_path / "a.zarr", labels)), labels)


def test_memory_layout_does_not_matter(tmp_path: Path) -> None:
    labels = _drawn(60, 90)
    turned = LabelMap(np.asfortranarray(labels.array), labels.mpp, labels.origin, labels.slide_mpp, labels.confidence)
    write_label_map(tmp_path / "a.zarr", labels)
    _assert_same(read_label_map(write_label_map(tmp_path / "b.zarr", turned)), labels)


def test_same_map_gives_the_same_bytes(tmp_path: Path) -> None:
    path = tmp_path / "a.ome.zarr"
    first = sha256_of(write_label_map(path, _drawn()))
    assert sha256_of(write_label_map(path, _drawn())) == first
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.ome.zarr"]


def test_new_map_replaces_all_of_the_old_one(tmp_path: Path) -> None:
    write_label_map(tmp_path / "a.zarr", _drawn())
    small = LabelMap(np.zeros((3, 4), int), 1.0)
    write_label_map(tmp_path / "a.zarr", small)
    _assert_same(read_label_map(tmp_path / "a.zarr"), small)
    assert not (tmp_path / "a.zarr" / "confidence").exists()


# What other programs find in it.


def test_metadata_and_layout_are_ngff_05(tmp_path: Path) -> None:
    path = write_label_map(tmp_path / "m07_s1.ome.zarr", _drawn())
    yaozarrs.validate_zarr_store(str(path))
    yaozarrs.validate_zarr_store(str(path / "confidence"))
    metadata = yaozarrs.open_group(str(path)).ome_metadata()
    assert isinstance(metadata, v05.LabelImage)
    assert metadata.multiscales[0].name == "m07_s1"
    assert [(axis.name, axis.unit) for axis in metadata.multiscales[0].axes] == [
        ("y", "micrometer"),
        ("x", "micrometer"),
    ]


def test_compartments_have_their_names_and_colours(tmp_path: Path) -> None:
    path = write_label_map(tmp_path / "a.zarr", _drawn(20, 20))
    image_label = json.loads((path / "zarr.json").read_text())["attributes"]["ome"]["image-label"]
    crypt = int(Compartment.CRYPT)
    assert {"label-value": crypt, "name": "crypt"} in image_label["properties"]
    assert {"label-value": crypt, "rgba": [*Compartment.CRYPT.rgb, 255]} in image_label["colors"]
    assert image_label["colors"][0]["rgba"][3] == 0


def test_every_level_fits_into_chunks_and_halves_the_one_before(tmp_path: Path) -> None:
    root = zarr.open_group(write_label_map(tmp_path / "a.zarr", _drawn(701, 1101)), mode="r")
    assert [root[str(level)].shape for level in range(3)] == [(701, 1101), (351, 551), (176, 276)]
    assert "3" not in root
    assert all(root[str(level)].chunks == (512, 512) for level in range(3))


@pytest.mark.parametrize("slide_mpp", [0.25, 0.5])
def test_every_level_lies_over_the_slide(tmp_path: Path, slide_mpp: float) -> None:
    labels = LabelMap(np.zeros((600, 600), int), mpp=1.0, origin=(100.0, 200.0), slide_mpp=slide_mpp)
    path = write_label_map(tmp_path / "a.zarr", labels)
    multiscale = json.loads((path / "zarr.json").read_text())["attributes"]["ome"]["multiscales"][0]
    for level, dataset in enumerate(multiscale["datasets"]):
        scale, translation = (entry[entry["type"]] for entry in dataset["coordinateTransformations"])
        pixel_um = 2.0**level
        assert scale == [pixel_um, pixel_um]
        # The outer corner is half a pixel of its own level from the first centre, and half a level-0 pixel from zero.
        corner_um = np.array(translation) - pixel_um / 2 + slide_mpp / 2
        np.testing.assert_allclose(corner_um, [100 * slide_mpp, 200 * slide_mpp])


MAJORITIES = [
    ([[1, 1], [2, 3]], 1),
    ([[1, 2], [2, 3]], 2),
    ([[1, 2], [3, 2]], 2),
    ([[1, 2], [3, 3]], 3),
    ([[1, 2], [2, 1]], 1),
    ([[1, 2], [2, 2]], 2),
    ([[1, 2], [3, 4]], 1),
    ([[7]], 7),
    ([[0, 9]], 0),
]


@pytest.mark.parametrize(("square", "label"), MAJORITIES)
def test_majority_of_four_pixels(square: list[list[int]], label: int) -> None:
    assert halve_by_majority(np.array(square, np.uint8)).tolist() == [[label]]


@given(arrays(np.uint8, array_shapes(min_dims=2, max_dims=2, max_side=9), elements=st.integers(0, 3)))
def test_no_label_in_a_square_is_more_frequent_than_the_one_chosen(array: np.ndarray) -> None:
    halved = halve_by_majority(array)
    even = np.pad(array, [(0, array.shape[0] % 2), (0, array.shape[1] % 2)], mode="edge")
    for row, col in np.ndindex(halved.shape):
        counts = np.bincount(even[2 * row : 2 * row + 2, 2 * col : 2 * col + 2].ravel())
        assert counts[halved[row, col]] == counts.max()


def test_halving_in_bands_is_halving_at_once() -> None:
    array = np.random.default_rng(0).integers(0, 10, (2051, 7), dtype=np.uint8)
    halved = halve_by_majority(array)
    np.testing.assert_array_equal(halved[1020:1026], halve_by_majority(array[2040:]))
    assert halved.shape == (1026, 4)


def test_mean_is_rounded() -> None:
    assert halve_by_mean(np.array([[0, 1, 255, 255], [0, 0, 255, 254]], np.uint8)).tolist() == [[0, 255]]


# What is broken.


def _edit(path: Path, change: Callable[[dict], object]) -> None:
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


def _lose_a_chunk(path: Path) -> None:
    (path / "0" / "c" / "1" / "1").unlink()


def _cut_a_chunk(path: Path) -> None:
    chunk = path / "0" / "c" / "0" / "0"
    chunk.write_bytes(chunk.read_bytes()[:-20])


def _flip_a_chunk(path: Path) -> None:
    chunk = path / "0" / "c" / "0" / "0"
    chunk.write_bytes(bytes(255 - byte for byte in chunk.read_bytes()))


def _paint_over(path: Path) -> None:
    zarr.open_group(path, mode="r+")["0"][0, 0] = 9


def _absurd_shape(path: Path) -> None:
    _edit(path / "0" / "zarr.json", lambda content: content.update(shape=[10**9, 10**9]))


def _histo(change: Callable[[dict], object]) -> Callable[[Path], None]:
    return lambda path: _edit(path / "zarr.json", lambda content: change(content["attributes"]["histo"]))


BROKEN = [
    (shutil.rmtree, "no label map here.*got nothing"),
    (lambda path: (shutil.rmtree(path), path.write_text("")), "no label map here.*got a file"),
    (lambda path: (shutil.rmtree(path), path.mkdir()), "does not read"),
    (lambda path: (path / "zarr.json").write_text("{"), "does not read"),
    (lambda path: (path / "zarr.json").write_bytes(b"\xff\xfe\x00"), "does not read"),
    (
        lambda path: _edit(path / "zarr.json", lambda content: content["attributes"].pop("histo")),
        "not a label map that",
    ),
    (_histo(lambda numbers: numbers.pop("origin")), "not a label map that"),
    (_histo(lambda numbers: numbers.update(mpp=-1)), "positive number"),
    (_histo(lambda numbers: numbers.update(mpp="wide")), "does not read"),
    (_histo(lambda numbers: numbers.update(origin=[1])), "does not read"),
    (lambda path: shutil.rmtree(path / "0"), "missing.*the array 0"),
    (lambda path: shutil.rmtree(path / "confidence"), "missing.*confidence/0"),
    (lambda path: _edit(path / "0" / "zarr.json", lambda content: content.update(data_type="uint16")), "uint8 array"),
    (_absurd_shape, "too large"),
    (_lose_a_chunk, "not those that were written"),
    (_cut_a_chunk, "does not read"),
    (_flip_a_chunk, "does not read"),
    (_paint_over, "not those that were written"),
]


@pytest.mark.parametrize(("damage", "message"), BROKEN)
def test_broken_map_says_so_and_what_to_do(tmp_path: Path, damage: Callable[[Path], object], message: str) -> None:
    path = write_label_map(tmp_path / "a.zarr", _drawn())
    damage(path)
    with pytest.raises(CorruptResults, match=f"(?s){message}") as caught:
        read_label_map(path)
    assert str(path) in str(caught.value)
    assert caught.value.next_step


def test_foreign_ome_zarr_is_named_as_such(tmp_path: Path) -> None:
    zarr.create_group(tmp_path / "a.zarr", attributes={"ome": {"version": "0.5"}})
    with pytest.raises(CorruptResults, match="not a label map that histo wrote"):
        read_label_map(tmp_path / "a.zarr")
