from __future__ import annotations

import numpy as np
import pytest
import torch

from histo.train.junction.field import JunctionField
from histo.train.junction.loss import JunctionLoss
from histo.train.junction.settings import JunctionLossSettings
from histo.train.junction.target import CHANNELS, cut_junction_crop
from histo.train.junction.truth import Known, truth_of_lines
from histo.train.settings import Augmentation


def make_field(mpp: float = 0.2) -> JunctionField:
    """Level lines every 8 µm across 32 x 32 µm, their right halves gaps; the lowest fourth is doubted."""
    size = round(32 / mpp)
    step = round(8 / mpp)
    lines = np.zeros((size, size), bool)
    lines[step // 2 :: step] = True
    gaps = lines.copy()
    gaps[:, : size // 2] = False
    doubted = np.zeros_like(lines)
    doubted[-size // 4 :] = True
    truth = truth_of_lines(lines, mpp, stained=lines & ~gaps, gaps=gaps, is_doubted=doubted)
    image = np.where(lines & ~gaps, 255, 20).astype(np.uint8)
    return JunctionField("toy", "one", mpp, image, truth)


def cut(field: JunctionField, seed: int = 0, scale: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    settings = Augmentation(scale_low=min(scale, 1.0), scale_high=max(scale, 1.0))
    if scale != 1.0:
        settings = settings.model_copy(update={"scale_low": scale, "scale_high": scale})
    return cut_junction_crop(field, 64, 0.2, settings, np.random.default_rng(seed))


@pytest.mark.parametrize("mpp", [0.1, 0.2])
def test_bright_pixels_of_a_crop_are_stained_centrelines_of_its_target(mpp: float) -> None:
    for seed in range(6):
        image, target = cut(make_field(mpp), seed)
        bright = image[..., 0] > 140
        known = target[CHANNELS.centreline_known] > 0
        assert (target[CHANNELS.centreline][bright & known] > 0.5).all()
        asked = target[CHANNELS.present_known] > 0
        assert (target[CHANNELS.present][bright & asked] == 1).all()


def test_every_other_thing_of_a_target_shows_somewhere() -> None:
    targets = np.stack([cut(make_field(), seed)[1] for seed in range(12)])
    asked = targets[:, CHANNELS.present_known] > 0
    assert 0.2 < targets[:, CHANNELS.present][asked].mean() < 0.8
    assert 0.05 < (targets[:, CHANNELS.centreline_known] == 0).mean() < 0.5
    assert not (asked & (targets[:, CHANNELS.centreline_known] == 0)).any()


def test_a_crest_is_as_wide_in_an_enlarged_crop() -> None:
    shares = [
        np.mean([(cut(make_field(), seed, scale)[1][CHANNELS.centreline] > 0.5).mean() for seed in range(20)])
        for scale in (0.8, 1.6)
    ]
    # Twice enlarged, lines are half as many but not wider.
    assert shares[0] / shares[1] == pytest.approx(2.0, rel=0.25)


def as_logits(target: np.ndarray, *, present: float = 1.0) -> torch.Tensor:
    wanted = torch.from_numpy(target[None, [CHANNELS.centreline, CHANNELS.present]]).clamp(1e-4, 1 - 1e-4)
    logits = wanted.logit()
    logits[:, 1] *= present
    return logits


def test_the_truth_itself_costs_nothing_and_what_is_not_known_does_not_matter() -> None:
    loss = JunctionLoss(JunctionLossSettings())
    _, target = cut(make_field(), 3)
    truth = torch.from_numpy(target[None])
    total, crest = loss(as_logits(target), truth)
    assert float(total) < 0.02
    assert float(crest) < 0.001
    spoilt = as_logits(target)
    spoilt[:, 0][truth[:, CHANNELS.centreline_known] == 0] = 9.0
    spoilt[:, 1][truth[:, CHANNELS.present_known] == 0] = -9.0
    assert float(loss(spoilt, truth)[0]) == pytest.approx(float(total), abs=1e-5)


def test_a_gap_called_stained_costs_more_than_a_stained_place_called_gap() -> None:
    settings = JunctionLossSettings(centreline=0.0, gap=3.0)
    target = np.zeros((1, CHANNELS.n, 8, 8), np.float32)
    target[:, CHANNELS.present_known] = 1
    target[:, CHANNELS.present, :, :4] = 1
    truth = torch.from_numpy(target)
    logits = torch.zeros(1, 2, 8, 8)
    logits[:, 1, :, :4], logits[:, 1, :, 4:] = 4.0, -4.0
    called_stained, called_gap = logits.clone(), logits.clone()
    called_stained[:, 1, :, 4:] = 4.0
    called_gap[:, 1, :, :4] = -4.0
    loss = JunctionLoss(settings)
    assert float(loss(called_stained, truth)[0]) > 2.5 * float(loss(called_gap, truth)[0])


def test_distances_are_kept_to_a_hundredth_of_a_micrometre_and_states_by_the_nearest_line() -> None:
    lines = np.zeros((5, 41), bool)
    lines[2, [4, 36]] = True
    gaps = lines.copy()
    gaps[:, :20] = False
    truth = truth_of_lines(lines, 0.1, stained=lines & ~gaps, gaps=gaps)
    assert truth.distance[2, [4, 5, 7]].tolist() == [0, 10, 30]
    assert truth.lines_that_are(Known.STAINED).nonzero()[1].tolist() == [4]
    assert truth.lines_that_are(Known.GAP).nonzero()[1].tolist() == [36]
    assert truth.known[0, 10] & Known.STAINED
    empty = truth_of_lines(np.zeros((3, 3), bool), 0.1)
    assert (empty.distance == 255).all()
