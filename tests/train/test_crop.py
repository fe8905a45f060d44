from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from histo.train.augment import vary_look
from histo.train.batch import CropBatches
from histo.train.crop import cut_crop
from histo.train.drawn import DrawnPool
from histo.train.recipe import Recipe
from histo.train.settings import Augmentation, Optimisation
from histo.train.source import IGNORE, Source, load_source, store_source
from histo.types import Compartment

EVERYTHING = Augmentation(
    blur=1, jpeg=1, illumination=1, noise=1, hue=1, fold=0, missing_stain=0, elastic_px=6, scale_low=0.6, scale_high=1.6
)


@pytest.fixture
def source(tmp_path: Path) -> Source:
    """Dark squares on white glass: a crypt is what is dark; a corner is to be ignored."""
    truth = np.zeros((400, 500), np.uint8)
    for row in range(20, 380, 60):
        for col in range(20, 480, 60):
            truth[row : row + 30, col : col + 30] = Compartment.CRYPT
    image = np.where(truth[..., None] > 0, np.uint8(30), np.uint8(245)).repeat(3, axis=2)
    truth[:50, :50] = IGNORE
    store_source(tmp_path / "squares", image, truth, name="squares", origin="drawn")
    return load_source(tmp_path / "squares")


def test_a_picture_reads_back_as_it_was_stored(source: Source) -> None:
    assert source.name == "squares"
    assert source.image.shape == (400, 500, 3)
    assert source.counts.sum() + 50 * 50 == 400 * 500
    assert set(source.places) == {Compartment.BACKGROUND, Compartment.CRYPT}
    for value, places in source.places.items():
        assert (source.truth[tuple(places.T)] == value).all()


@pytest.mark.parametrize("seed", range(12))
def test_image_and_truth_of_a_crop_stay_aligned(seed: int, source: Source) -> None:
    crop = cut_crop(source, 128, EVERYTHING, np.random.default_rng(seed))
    dark, known = crop.image[..., 0] < 137, crop.truth != IGNORE
    crypt = crop.truth == Compartment.CRYPT
    assert (dark == crypt)[known].mean() > 0.98
    assert set(np.unique(crop.truth)) <= {Compartment.BACKGROUND, Compartment.CRYPT, IGNORE}


@pytest.mark.parametrize("seed", range(12))
def test_varying_the_look_leaves_things_where_they_are(seed: int, source: Source) -> None:
    rng = np.random.default_rng(seed)
    crop = cut_crop(source, 128, EVERYTHING, rng)
    varied = vary_look(crop.image, EVERYTHING, rng).astype(float).mean(axis=2)
    assert varied.shape == (128, 128)
    dark = crop.image[..., 0] < 137
    if 0.05 < dark.mean() < 0.95:
        assert np.corrcoef(varied.ravel(), ~dark.ravel())[0, 1] > 0.75


def test_scales_are_those_asked_for(source: Source) -> None:
    sizes = []
    for seed in range(60):
        crop = cut_crop(source, 256, Augmentation(elastic_px=0), np.random.default_rng(seed))
        sizes.append((crop.truth == Compartment.CRYPT).mean())
    # A quarter of the plane is dark whatever the scale.
    assert np.median(sizes) == pytest.approx(0.25, abs=0.06)


def test_a_look_that_is_not_to_vary_does_not(source: Source) -> None:
    still = Augmentation(
        stain=0, blur=0, sharpen=0, jpeg=0, illumination=0, noise=0, hue=0, grey=0, missing_stain=0, fold=0
    )
    image = np.random.default_rng(0).integers(0, 256, size=(64, 64, 3), dtype=np.uint8)
    varied = vary_look(image, still, np.random.default_rng(1))
    assert np.abs(varied.astype(int) - image).max() <= 2


def test_looks_differ_from_seed_to_seed(source: Source) -> None:
    image = np.full((32, 32, 3), (200, 120, 180), np.uint8)
    colours = [vary_look(image, Augmentation(), np.random.default_rng(seed)).mean(axis=(0, 1)) for seed in range(40)]
    assert (np.std(colours, axis=0) > 12).all()


def test_a_batch_depends_on_its_step_alone(source: Source, tmp_path: Path) -> None:
    recipe = Recipe(name="toy", crop=64, optimisation=Optimisation(batch=3, steps=10), drawn={"sections": 1})
    pool = DrawnPool(tmp_path, 1.0, "x")
    store_source(pool.path(10_000), source.image, source.truth, name="s", origin="drawn")
    batches = CropBatches(recipe, pool, [])
    first = [batches[step] for step in range(3)]
    again = CropBatches(recipe, pool, [])[2]
    assert all((one == other).all() for one, other in zip(first[2], again, strict=True))
    assert not (first[0][0] == first[1][0]).all()
    assert first[0][0].shape == (3, 64, 64, 3)
    assert first[0][1].shape == (3, 64, 64)
