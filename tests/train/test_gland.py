from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from histo.errors import InvalidAnnotation
from histo.train.batch import CropBatches
from histo.train.drawn import DrawnPool
from histo.train.gland import prepare_glands
from histo.train.recipe import Recipe
from histo.train.settings import DrawnSource, GlandSource
from histo.train.source import NOT_CRYPT, load_source, store_source
from histo.types import Compartment

from .conftest import draw_discs

SETTINGS = GlandSource(folder="glands", share=0.5, mpp=0.5)


@pytest.fixture
def glands(tmp_path: Path) -> Path:
    """Three pictures of 80 x 120 px with a square gland; two are benign."""
    folder = tmp_path / "glands"
    folder.mkdir()
    mask = np.zeros((80, 120), np.uint8)
    mask[20:40, 60:100] = 255
    for name in ("a", "b", "c"):
        cv2.imwrite(str(folder / f"{name}.png"), np.where(mask[..., None], np.uint8([150, 60, 120]), np.uint8(230)))
        cv2.imwrite(str(folder / f"{name}.mask.png"), mask)
    (folder / "Grade.csv").write_text("name,patient_id,grade_glas\na,1,benign\nb,2, malignant\nc,3, benign\n")
    return folder


@pytest.mark.parametrize(("mpp", "factor"), [(1.0, 2), (0.5, 1)])
def test_a_gland_is_a_crypt_and_all_else_is_none(mpp: float, factor: int, glands: Path, tmp_path: Path) -> None:
    places = prepare_glands(SETTINGS, tmp_path, mpp, tmp_path / "kept")
    source = load_source(places[0])
    expected = np.full((80 // factor, 120 // factor), NOT_CRYPT, np.uint8)
    expected[20 // factor : 40 // factor, 60 // factor : 100 // factor] = Compartment.CRYPT
    assert np.array_equal(source.truth, expected)
    assert source.image.shape[:2] == expected.shape
    assert set(source.places) == {int(Compartment.CRYPT)}
    assert source.counts.sum() == source.counts[Compartment.CRYPT] > 0


def test_only_the_grades_asked_for_are_used(glands: Path, tmp_path: Path) -> None:
    def names(**settings: object) -> list[str]:
        chosen = SETTINGS.model_copy(update=settings)
        return [load_source(path).name for path in prepare_glands(chosen, tmp_path, 1.0, tmp_path / "kept")]

    assert names() == ["a", "c"]
    assert names(grades=()) == ["a", "b", "c"]
    assert names(share=0.0) == []


def test_glands_are_found_where_the_real_images_lie(
    glands: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HISTO_DATA", str(tmp_path))
    assert len(prepare_glands(SETTINGS, tmp_path / "elsewhere", 1.0, tmp_path / "kept")) == 2


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda folder: (folder / "Grade.csv").unlink(), r"Grade.csv.*grades to \[\]"),
        (lambda folder: (folder / "Grade.csv").write_text("name,grade\na,benign"), "name and grade_glas"),
        (lambda folder: [path.unlink() for path in folder.glob("*.mask.png")], "a.jpg and a.mask.png.*glands.share"),
        (lambda folder: cv2.imwrite(str(folder / "a.mask.png"), np.zeros((8, 8), np.uint8)), "80 x 120; got 8 x 8"),
    ],
)
def test_glands_that_cannot_be_used_are_refused(
    change: Callable[[Path], object], message: str, glands: Path, tmp_path: Path
) -> None:
    change(glands)
    with pytest.raises(InvalidAnnotation, match=message):
        prepare_glands(SETTINGS, tmp_path, 1.0, tmp_path / "kept")


def test_crops_come_from_glands_as_often_as_the_recipe_says(glands: Path, tmp_path: Path) -> None:
    pool = DrawnPool(tmp_path / "drawn", 1.0, "discs")
    store_source(pool.path(10_000), *draw_discs(1), name="drawn-10000", origin="drawn")
    recipe = Recipe(name="toy", crop=64, drawn=DrawnSource(sections=1), glands=SETTINGS)
    batches = CropBatches(recipe, pool, [], prepare_glands(SETTINGS, tmp_path, 1.0, tmp_path / "kept"))
    is_gland = [bool((truth == NOT_CRYPT).any()) for step in range(10) for truth in batches[step][1]]
    assert 0.3 < np.mean(is_gland) < 0.7
