from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from histo.measure.staining import measure_staining
from histo.measure.staining.quality import finest_detail_um, saturated_percent, unevenness


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_share_at_the_end_of_the_scale_is_counted(dtype: type) -> None:
    image = np.full((100, 100), 50, dtype)
    image[:3] = np.iinfo(dtype).max
    row = measure_staining(image, mpp=0.5).field.iloc[0]
    assert row["saturated_percent"] == pytest.approx(3.0)
    assert "saturated" in row["flags"]


def test_twelve_bits_in_sixteen_end_at_4095() -> None:
    image = np.full((100, 100), 50, np.uint16)
    image[:3] = 4095
    assert measure_staining(image, mpp=0.5).field["saturated_percent"][0] == pytest.approx(3.0)
    image[:3] = 4000
    assert measure_staining(image, mpp=0.5).field["saturated_percent"][0] == 0.0


def test_saturation_of_floating_point_numbers_is_not_known() -> None:
    image = np.random.default_rng(0).random((50, 50))
    assert np.isnan(measure_staining(image, mpp=0.5).field["saturated_percent"][0])
    assert np.isnan(saturated_percent(np.ones((3, 3), bool), np.zeros((3, 3), bool)))


@pytest.mark.parametrize("mpp", [0.25, 0.5])
def test_blur_is_told_in_micrometres(band: Callable[..., Any], mpp: float) -> None:
    found = {}
    for blur in (1.0, 2.0, 4.0):
        image = band(line=20.0, cytoplasm=400.0, blur_um=blur).image(mpp).astype(np.float32)
        found[blur] = finest_detail_um(image, mpp, 3.0)
        assert found[blur] == pytest.approx(blur, rel=0.12)
    assert found[1.0] < found[2.0] < found[4.0]


def test_picture_out_of_focus_is_flagged(band: Callable[..., Any]) -> None:
    sharp, soft = (band(line=20.0, cytoplasm=400.0, blur_um=blur) for blur in (0.5, 4.0))
    assert measure_staining(sharp.image(0.5), mpp=0.5).field["flags"][0] == ""
    assert "out_of_focus" in measure_staining(soft.image(0.5), mpp=0.5).field["flags"][0]


def test_noise_alone_has_no_detail() -> None:
    noise = np.random.default_rng(0).normal(100, 5, (200, 200)).astype(np.float32)
    assert np.isnan(finest_detail_um(noise, 0.5, 5.0))


def test_slope_of_light_is_measured_and_chance_is_none() -> None:
    rng = np.random.default_rng(0)
    expected = (rng.random((160, 160)) < 0.3).astype(np.float32)
    slope = 1 + 0.8 * np.linspace(-0.5, 0.5, 160)[None, :]
    assert unevenness((100 * expected * slope).astype(np.float32), expected) == pytest.approx(0.8, rel=0.02)
    patchy = 100 * expected * np.kron(rng.uniform(0.8, 1.2, (4, 4)), np.ones((40, 40)))
    assert unevenness(patchy.astype(np.float32), expected) == 0.0


def test_slope_needs_stain_in_six_of_sixteen_parts() -> None:
    expected = np.zeros((160, 160), np.float32)
    expected[:40] = 1
    assert np.isnan(unevenness(expected, expected))


def test_tissue_in_a_part_of_the_field_says_nothing_of_the_light(band: Callable[..., Any]) -> None:
    assert np.isnan(measure_staining(band().image(0.5), mpp=0.5).field["unevenness"][0])
