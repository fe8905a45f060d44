from __future__ import annotations

import numpy as np
import pytest

from histo.nn.nuclei_decode import WAY_UNIT_UM, decode_nuclei
from histo.train.augment_signal import vary_fluorescence
from histo.train.nuclei.crop import NucleiCrop, cut_nuclei_crop
from histo.train.nuclei.field import NucleiField
from histo.train.nuclei.target import CHANNELS, make_target
from histo.train.nuclei.truth import NucleiTruth, truth_of_outlines
from histo.train.settings import Augmentation

STILL = Augmentation(scale_low=1.0, scale_high=1.0)


def discs(side: int = 120, radius: float = 7.0, mpp: float = 0.5, *, has_outlines: bool = True) -> NucleiField:
    down, across = np.mgrid[:side, :side]
    labels = np.zeros((side, side), np.int32)
    for number, (row, col) in enumerate(((30, 30), (30, 80), (80, 40), (90, 90)), start=1):
        labels[(down - row) ** 2 + (across - col) ** 2 <= radius**2] = number
    image = np.where(labels[..., None] > 0, np.uint8(40), np.uint8(220)).repeat(3, axis=2)
    truth = truth_of_outlines(labels)
    bits = np.uint8([1, 2, 8, 0])
    return NucleiField(
        "toy", "toy", mpp, image, NucleiTruth(truth.centre, bits, truth.outlines if has_outlines else None)
    )


@pytest.mark.parametrize("seed", range(4))
def test_centres_outlines_and_picture_are_cut_by_the_same_map(seed: int) -> None:
    crop = cut_nuclei_crop(discs(), 96, 0.5, Augmentation(), np.random.default_rng(seed))
    assert crop.outlines is not None
    dark = crop.image[..., 0] < 130
    assert np.mean(dark[crop.is_seen] == (crop.outlines > 0)[crop.is_seen]) > 0.98
    for number, (row, col) in enumerate(crop.centre, start=1):
        pixels = np.argwhere(crop.outlines == number)
        if 12 < row < 84 and 12 < col < 84:
            assert np.abs(pixels.mean(axis=0) - (row, col)).max() < 1.0


def test_a_nucleus_has_as_many_pixels_at_any_size_of_the_pictures_pixels() -> None:
    areas = []
    for field in (discs(), enlarged_discs()):
        crop = cut_nuclei_crop(field, 96, 0.5, STILL, np.random.default_rng(1))
        assert crop.outlines is not None
        whole = [n for n, at in enumerate(crop.centre, start=1) if (np.abs(at - 48) < 34).all()]
        areas.append(np.median([np.sum(crop.outlines == number) for number in whole]))
    assert areas[0] == pytest.approx(areas[1], rel=0.06)


def enlarged_discs() -> NucleiField:
    small = discs()
    assert small.truth.outlines is not None
    outlines = small.truth.outlines.repeat(2, axis=0).repeat(2, axis=1)
    image = small.image.repeat(2, axis=0).repeat(2, axis=1)
    return NucleiField("toy", "toy", 0.25, image, truth_of_outlines(outlines))


def whole_crop(field: NucleiField) -> NucleiCrop:
    seen = np.ones(field.image.shape[:2], bool)
    return NucleiCrop(field.image, field.truth.centre, field.truth.kind_bits, field.truth.outlines, seen)


def test_a_network_that_says_the_target_finds_the_nuclei() -> None:
    field = discs()
    target = make_target(whole_crop(field), 0.5)
    maps = np.zeros((4, 60, 60), np.float32)
    maps[0] = 8 * target[CHANNELS.centre] - 4
    maps[1] = 8 * target[CHANNELS.inside] - 4
    maps[2:] = target[CHANNELS.way : CHANNELS.way + 2]
    nuclei = decode_nuclei(maps, 0.5, threshold=0.5)
    assert np.abs(nuclei.centre_from(0, 0) - field.truth.centre).max() < 1.0
    assert field.truth.outlines is not None
    true_area = np.bincount(field.truth.outlines.ravel())[1:]
    assert nuclei.area_px == pytest.approx(true_area, rel=0.15)


def test_of_centres_only_what_is_sure_is_known() -> None:
    target = make_target(whole_crop(discs(has_outlines=False)), 0.5)
    inside, known = target[CHANNELS.inside], target[CHANNELS.inside_known]
    assert inside[15, 15] == known[15, 15] == 1
    assert known[15, 19] == 0  # 4 µm away: nobody knows
    assert (known[15, 27], inside[15, 27]) == (1, 0)  # 12 µm from both
    assert target[CHANNELS.kind_bits, 15, 15] == 1
    assert target[CHANNELS.kind_bits, 45, 45] == 0
    assert target[CHANNELS.centre].max() > 0.95


def test_the_way_leads_to_the_centre() -> None:
    target = make_target(whole_crop(discs()), 0.5)
    rows, cols = np.nonzero(target[CHANNELS.way_known])
    at = np.stack([rows, cols], axis=1) + target[CHANNELS.way : CHANNELS.way + 2, rows, cols].T * WAY_UNIT_UM / 1.0
    centres = (discs().truth.centre - 0.5) / 2
    assert np.abs(at[:, None] - centres[None]).max(axis=2).min(axis=1).max() < 0.02


def test_beyond_the_picture_nothing_is_known() -> None:
    crop = cut_nuclei_crop(discs(side=100), 160, 0.5, STILL, np.random.default_rng(0))
    target = make_target(crop, 0.5)
    assert not crop.is_seen.all()
    unseen = ~crop.is_seen[::2, ::2]
    for channel in (CHANNELS.centre_known, CHANNELS.inside_known, CHANNELS.way_known, CHANNELS.kind_bits):
        assert not target[channel][unseen].any()


def test_a_varied_fluorescence_crop_stays_grey_and_follows_the_seed() -> None:
    image = discs().image
    first, second = (vary_fluorescence(image, Augmentation(), np.random.default_rng(5)) for _ in range(2))
    assert np.array_equal(first, second)
    assert (first[..., 0] == first[..., 2]).all()
    assert not np.array_equal(first, image)
