from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
import shapely

from histo.errors import InvalidAnnotation, InvalidRecipe
from histo.io.annotations import Annotation, write_geojson
from histo.io.checksum import sha256_of
from histo.train import real
from histo.train.real import prepare_fields
from histo.train.settings import RealSource
from histo.train.source import IGNORE, load_source
from histo.types import Compartment


@pytest.fixture
def annotated(tmp_path: Path) -> Path:
    """Two fields of two sources, 100 x 120 px of 2 µm, with a crypt, and a pointer to be ignored."""
    folder = tmp_path / "set"
    (folder / "labels").mkdir(parents=True)
    shapes = [
        Annotation(shapely.box(20, 10, 40, 50), class_name="crypt"),
        Annotation(shapely.box(90, 80, 120, 100), class_name="ignore"),
    ]
    lines = ['name = "toy-set"']
    for name, source in (("a1", "atlas"), ("b1", "lab")):
        cv2.imwrite(str(folder / f"{name}.png"), np.full((100, 120, 3), 200, np.uint8))
        write_geojson(folder / "labels" / f"{name}.geojson", shapes)
        digest = sha256_of(folder / f"{name}.png")
        lines += ["[[fields]]", f'name = "{name}"', f'image = "{name}.png"', f'labels = "labels/{name}.geojson"']
        lines += [f'source = "{source}"', "mpp = 2.0", f'sha256 = "{digest}"', 'drawn_by = "two people"']
    (folder / "dataset.toml").write_text("\n".join(lines), encoding="utf-8")
    return folder


@pytest.mark.parametrize(("mpp", "factor"), [(2.0, 1), (1.0, 2)])
def test_polygons_are_painted_at_the_recipes_pixel_size(
    mpp: float, factor: int, annotated: Path, tmp_path: Path
) -> None:
    fields = prepare_fields(RealSource(sets=("set",), share=0.5), tmp_path, mpp, tmp_path / "kept")
    source = load_source(fields.trained[0])
    assert (source.name, source.origin, len(fields.trained)) == ("a1", "atlas", 2)
    assert source.image.shape == (100 * factor, 120 * factor, 3)
    expected = np.zeros((100, 120), np.uint8)
    expected[10:50, 20:40] = Compartment.CRYPT
    expected[80:, 90:] = IGNORE
    assert np.array_equal(source.truth, np.kron(expected, np.ones((factor, factor), np.uint8)))
    assert source.detail == 1 / factor**2


def test_held_out_sources_are_not_trained_on(annotated: Path, tmp_path: Path) -> None:
    settings = RealSource(sets=("set",), share=0.5, held_out_sources=("lab",))
    fields = prepare_fields(settings, tmp_path, 1.0, tmp_path / "kept")
    assert [load_source(path).name for path in fields.trained] == ["a1"]
    assert [load_source(path).name for path in fields.held_out] == ["b1"]


def test_a_held_out_field_is_not_trained_on(annotated: Path, tmp_path: Path) -> None:
    settings = RealSource(sets=("set",), share=0.5, held_out_fields=("a1",))
    fields = prepare_fields(settings, tmp_path, 1.0, tmp_path / "kept")
    assert [load_source(path).name for path in fields.trained] == ["b1"]
    assert [load_source(path).name for path in fields.held_out] == ["a1"]


def test_a_corrected_polygon_is_painted_anew(annotated: Path, tmp_path: Path) -> None:
    settings = RealSource(sets=("set",), share=0.5)
    before = prepare_fields(settings, tmp_path, 1.0, tmp_path / "kept").trained[0]
    write_geojson(annotated / "labels" / "a1.geojson", [Annotation(shapely.box(0, 0, 10, 10), class_name="lymphoid")])
    after = prepare_fields(settings, tmp_path, 1.0, tmp_path / "kept").trained[0]
    assert before != after
    assert set(np.unique(load_source(after).truth)) == {Compartment.BACKGROUND, Compartment.LYMPHOID}


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda folder: (folder / "dataset.toml").unlink(), "does not read"),
        (lambda folder: (folder / "dataset.toml").write_text("name = 1"), "name: Input should be.*fields: Field"),
        (lambda folder: (folder / "a1.png").unlink(), "a1: no file .*a1.png"),
        (lambda folder: (folder / "labels" / "b1.geojson").unlink(), "b1: no file .*b1.geojson"),
        (
            lambda folder: (folder / "a1.png").write_bytes((folder / "a1.png").read_bytes() + b" "),
            "not the one that was",
        ),
        (lambda folder: (folder / "labels" / "a1.geojson").write_text("{}"), "a1.geojson"),
    ],
)
def test_a_damaged_set_is_refused(
    damage: Callable[[Path], None], message: str, annotated: Path, tmp_path: Path
) -> None:
    damage(annotated)
    with pytest.raises(InvalidAnnotation, match=message):
        prepare_fields(RealSource(sets=("set",), share=0.5), tmp_path, 1.0, tmp_path / "kept")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"held_out_sources": ("nobody",)}, "held_out_sources.*some of atlas, lab.*got nobody"),
        ({"held_out_fields": ("atlas",)}, "held_out_fields.*some of a1, b1.*got atlas"),
        ({"unused_fields": ("c7",)}, "unused_fields.*some of a1, b1.*got c7"),
        ({"held_out_sources": ("atlas", "lab")}, "some, not all, of atlas, lab"),
        ({"held_out_sources": ("atlas",), "held_out_fields": ("b1",)}, "held out: atlas, b1"),
    ],
)
def test_a_recipe_that_does_not_fit_its_sets_is_refused(
    settings: dict[str, tuple[str, ...]], message: str, annotated: Path, tmp_path: Path
) -> None:
    settings = RealSource(sets=("set",), share=0.5, **settings)
    with pytest.raises(InvalidRecipe, match=message):
        prepare_fields(settings, tmp_path, 1.0, tmp_path / "kept")


def test_unused_fields_are_neither_trained_on_nor_judged_by(annotated: Path, tmp_path: Path) -> None:
    settings = RealSource(sets=("set",), share=0.5, unused_fields=("b1",))
    fields = prepare_fields(settings, tmp_path, 1.0, tmp_path / "kept")
    assert [fields.entries[path].name for path in fields.trained] == ["a1"]
    assert fields.held_out == []


@pytest.mark.parametrize(("mpp", "factor"), [(2.0, 1), (1.0, 2)])
def test_only_what_lies_in_a_frame_is_the_field(mpp: float, factor: int, annotated: Path, tmp_path: Path) -> None:
    shapes = [
        Annotation(shapely.box(10, 20, 30, 60), class_name="field"),
        Annotation(shapely.box(20, 40, 100, 50), class_name="crypt"),
        Annotation(shapely.box(50, 30, 60, 40), class_name="field"),
    ]
    write_geojson(annotated / "labels" / "a1.geojson", shapes)
    fields = prepare_fields(RealSource(sets=("set",), share=0.5), tmp_path, mpp, tmp_path / "kept")
    source = load_source(fields.trained[0])
    expected = np.full((40, 50), IGNORE, np.uint8)
    expected[:, :20] = Compartment.BACKGROUND
    expected[20:30, 10:20] = Compartment.CRYPT
    expected[10:20, 40:] = Compartment.BACKGROUND
    assert source.corner == (20, 10)
    assert source.image.shape == (40 * factor, 50 * factor, 3)
    assert np.array_equal(source.truth, np.kron(expected, np.ones((factor, factor), np.uint8)))
    assert source.detail == 1 / factor**2


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        (Annotation(shapely.box(500, 500, 510, 510), class_name="field"), 'beside the picture.*class "field"'),
        (Annotation(shapely.box(20, 40, 100, 50), class_name="cript"), "a1.geojson.*crypt.*got 'cript'"),
    ],
)
def test_polygons_that_cannot_be_painted_are_refused(
    shape: Annotation, message: str, annotated: Path, tmp_path: Path
) -> None:
    write_geojson(annotated / "labels" / "a1.geojson", [shape])
    with pytest.raises(InvalidAnnotation, match=message):
        prepare_fields(RealSource(sets=("set",), share=0.5), tmp_path, 1.0, tmp_path / "kept")


def test_a_whole_slide_without_frames_is_not_taken_for_a_field(
    annotated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(real, "_LARGEST_FIELD_PX", 10_000)
    with pytest.raises(InvalidAnnotation, match=r"larger than.*got 200 x 240"):
        prepare_fields(RealSource(sets=("set",), share=0.5), tmp_path, 1.0, tmp_path / "kept")
