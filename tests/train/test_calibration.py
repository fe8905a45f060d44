from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.special import softmax

from histo.nn import Model, predict_labels, read_model
from histo.train import judge
from histo.train.calibration import LogitSample, calibrate, calibration_error, fit_temperature, reliability
from histo.train.source import IGNORE, store_source


def draw_sample(temperature: float, origin: str = "lab", seed: int = 0, n_pixels: int = 40_000) -> LogitSample:
    """Logits whose softmax is the chance of each class, and then that many times as large: so sure, and so wrong."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 1.5, size=(n_pixels, 10))
    truth = (softmax(logits, axis=1).cumsum(axis=1) < rng.random((n_pixels, 1))).sum(axis=1)
    return LogitSample(origin, logits * temperature, truth)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.5, 6.0])
def test_the_temperature_of_a_network_that_is_too_sure_is_recovered(temperature: float) -> None:
    sample = draw_sample(temperature)
    assert fit_temperature(sample.logits, sample.truth) == pytest.approx(temperature, rel=0.03)


def test_a_temperature_mends_most_of_the_calibration_error() -> None:
    found = calibrate([draw_sample(3.0)])
    assert found is not None
    assert found.error_before > 0.2
    assert found.error_after < 0.01
    assert sum(entry.share for entry in found.bins) == pytest.approx(1)
    assert all(abs(entry.said - entry.right) < 0.1 for entry in found.bins if entry.share > 0.01)


def test_a_source_is_judged_with_the_temperature_of_the_others() -> None:
    """Two sources that want opposite things: each alone would be mended, by the other it is made worse."""
    found = calibrate([draw_sample(4.0, "hot", 1), draw_sample(0.25, "cold", 2)])
    assert found is not None
    assert found.origins == ("hot", "cold")
    assert found.error_after > 0.2
    alone = calibrate([draw_sample(4.0, "hot", 1)])
    assert alone is not None
    assert alone.error_after < 0.01


def test_nothing_is_calibrated_without_pixels() -> None:
    assert calibrate([]) is None
    assert calibrate([LogitSample("lab", np.empty((0, 10)), np.empty(0, np.int64))]) is None


def test_a_network_that_is_as_right_as_it_says_has_no_calibration_error() -> None:
    sample = draw_sample(1.0)
    assert calibration_error(reliability(sample.logits, sample.truth)) < 0.01
    sure = LogitSample("lab", np.array([[9.0, 0.0], [9.0, 0.0]]) * 10, np.array([0, 1]))
    assert calibration_error(reliability(sure.logits, sure.truth)) == pytest.approx(0.5)


@pytest.fixture
def model(tmp_path: Path, write_untrained: object) -> Model:
    return read_model(write_untrained(tmp_path / "toy", mpp=1.0))


def test_pixels_without_truth_and_tiles_of_glass_are_not_asked_about(model: Model, tmp_path: Path) -> None:
    torch.set_num_threads(1)
    rng = np.random.default_rng(0)
    image = np.full((64, 192, 3), 240, np.uint8)
    image[:, :40] = rng.integers(0, 200, size=(64, 40, 3))
    truth = np.full((64, 192), 3, np.uint8)
    truth[:32] = IGNORE
    store_source(tmp_path / "field", image, truth, name="field", origin="lab")
    (judgement,) = judge(model, [tmp_path / "field"], device="cpu")
    logits = np.concatenate([sample.logits for sample in judgement.samples if len(sample.truth)])
    assert logits.shape == (32 * 128, 10)  # of three tiles of 64 px the last is glass with its surroundings
    assert all((sample.truth == 3).all() and sample.origin == "lab" for sample in judgement.samples)
    said = np.bincount(np.array(model.spec.compartments)[logits.argmax(axis=1)], minlength=10)
    said[0] += 32 * 64
    assert (said == judgement.confusion[3]).all()


def test_tiles_without_truth_are_not_predicted_and_the_others_are_as_before(model: Model, tmp_path: Path) -> None:
    torch.set_num_threads(1)
    image = np.random.default_rng(1).integers(0, 200, size=(64, 192, 3), dtype=np.uint8)
    truth = np.full((64, 192), IGNORE, np.uint8)
    truth[10:20, 70:80] = 3
    store_source(tmp_path / "field", image, truth, name="field", origin="lab")
    kept: list[np.ndarray] = []
    judge(model, [tmp_path / "field"], keep=lambda _, *maps: kept.extend(maps), device="cpu")
    whole = predict_labels(model, image, mpp=1.0, device="cpu")
    for seen, predicted in zip(kept, whole, strict=True):
        assert np.array_equal(seen[:, 64:128], predicted[:, 64:128])
        assert not seen[:, :64].any()
        assert not seen[:, 128:].any()
