from __future__ import annotations

from pathlib import Path

import pytest

from histo.train.batch import CropBatches
from histo.train.drawn import DrawnPool
from histo.train.recipe import Recipe
from histo.train.settings import DrawnSource, RealSource
from histo.train.source import store_source

from .conftest import draw_discs


def batches(tmp_path: Path, first_step: int) -> CropBatches:
    """Drawn sections are discs, the one real field is all ignored."""
    pool = DrawnPool(tmp_path / "drawn", 1.0, "discs")
    for seed in (10_000, 10_001):
        store_source(pool.path(seed), *draw_discs(seed), name=f"drawn-{seed}", origin="drawn")
    image, truth = draw_discs(5)
    truth[:] = 255
    truth[:2, :2] = 0
    store_source(tmp_path / "field", image, truth, name="field", origin="atlas")
    recipe = Recipe(
        name="toy",
        crop=64,
        drawn=DrawnSource(sections=2, at_start=2),
        real=RealSource(sets=("set",), share=0.5, first_step=first_step),
    )
    return CropBatches(recipe, pool, [tmp_path / "field"])


def test_real_fields_wait_for_their_first_step(tmp_path: Path) -> None:
    waiting = batches(tmp_path, first_step=3)
    ignored = [[bool((truth == 255).float().mean() > 0.9) for truth in waiting[step][1]] for step in range(6)]
    assert not any(any(crops) for crops in ignored[:3])
    assert any(any(crops) for crops in ignored[3:])


def test_waiting_changes_no_later_batch(tmp_path: Path) -> None:
    at_once, waiting = batches(tmp_path, first_step=0), batches(tmp_path, first_step=3)
    for expected, found in zip(at_once[4], waiting[4], strict=True):
        assert (expected == found).all()


def test_a_field_with_more_truth_is_chosen_more_often_and_a_source_with_many_fields_less(tmp_path: Path) -> None:
    pool = DrawnPool(tmp_path / "drawn", 1.0, "discs")
    places = []
    for name, origin, n_known in (
        ("large", "one", 200),
        ("small", "two", 50),
        ("a", "three", 200),
        ("b", "three", 200),
    ):
        image, truth = draw_discs(5)
        truth[n_known:] = 255
        store_source(tmp_path / name, image, truth, name=name, origin=origin)
        places.append(tmp_path / name)
    recipe = Recipe(name="toy", crop=64, real=RealSource(sets=("set",), share=1.0))
    shares = CropBatches(recipe, pool, places)._shares
    assert shares.sum() == pytest.approx(1.0)
    assert shares[0] == pytest.approx(2 * shares[1])
    assert shares[2] == shares[3] == pytest.approx(shares[0] / 2**0.5)


def test_truth_counts_in_pixels_that_the_camera_took(tmp_path: Path) -> None:
    pool = DrawnPool(tmp_path / "drawn", 1.0, "discs")
    places = []
    for name, detail in (("sharp", 1.0), ("enlarged", 1 / 16)):
        store_source(tmp_path / name, *draw_discs(5), name=name, origin=name, detail=detail)
        places.append(tmp_path / name)
    recipe = Recipe(name="toy", crop=64, real=RealSource(sets=("set",), share=1.0))
    shares = CropBatches(recipe, pool, places)._shares
    assert shares.tolist() == pytest.approx([0.8, 0.2])
