from __future__ import annotations

import numpy as np
import pytest
import torch

from histo.train.loss import SegmentationLoss, class_weights
from histo.train.source import IGNORE, NOT_CRYPT
from histo.types import Compartment


def _logits(truth: torch.Tensor, strength: float) -> torch.Tensor:
    shown = truth.where(truth != IGNORE, torch.zeros_like(truth)).long()
    return strength * torch.nn.functional.one_hot(shown, 3).permute(0, 3, 1, 2).float()


@pytest.fixture
def truth() -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(0).integers(0, 3, size=(2, 16, 16)).astype(np.uint8))


def test_a_right_and_sure_answer_costs_nothing(truth: torch.Tensor) -> None:
    loss, cross_entropy = SegmentationLoss(torch.ones(3), 0.5)(_logits(truth, 30.0), truth)
    assert float(loss) == pytest.approx(0, abs=1e-3)
    assert float(cross_entropy) == pytest.approx(0, abs=1e-3)


def test_a_wrong_answer_costs_more_than_an_unsure_one(truth: torch.Tensor) -> None:
    cost = SegmentationLoss(torch.ones(3), 0.5)
    wrong, unsure = cost(_logits((truth + 1) % 3, 5.0), truth)[0], cost(_logits(truth, 0.0), truth)[0]
    assert float(wrong) > float(unsure) > 0.5
    assert float(cost(_logits(truth, 0.0), truth)[1]) == pytest.approx(np.log(3), rel=1e-5)


def test_ignored_pixels_cost_nothing_and_teach_nothing(truth: torch.Tensor) -> None:
    truth[:, :8] = IGNORE
    logits = _logits(truth, 1.0).requires_grad_()
    cost = SegmentationLoss(torch.ones(3), 0.5)
    loss, _ = cost(logits, truth)
    other = logits.detach().clone()
    other[:, :, :8] += torch.randn(2, 3, 8, 16) * 10
    assert float(cost(other, truth)[0]) == pytest.approx(float(loss.detach()), rel=1e-6)
    torch.autograd.backward(loss)
    assert logits.grad is not None
    assert float(logits.grad[:, :, :8].abs().max()) == 0.0
    assert float(logits.grad[:, :, 8:].abs().max()) > 0.0


def test_a_batch_of_ignored_pixels_alone_is_no_error() -> None:
    loss, _ = SegmentationLoss(torch.ones(3), 0.5)(
        torch.randn(1, 3, 8, 8), torch.full((1, 8, 8), IGNORE, dtype=torch.uint8)
    )
    assert float(loss) == 0.0


def test_rare_classes_weigh_more_and_the_mean_pixel_weighs_one() -> None:
    frequencies = np.array([0.9, 0.09, 0.01, 0.0])
    weights = class_weights(frequencies, balance=0.5)
    assert weights[0] < weights[1] < weights[2] == weights[3]
    assert (weights * frequencies).sum() == pytest.approx(1.0)
    assert class_weights(frequencies, balance=0.0).tolist() == [1, 1, 1, 1]


def test_a_missed_gap_between_two_crypts_costs_more_than_the_same_pixels_elsewhere() -> None:
    truth = torch.zeros(1, 24, 24, dtype=torch.uint8)
    truth[0, 4:20, 4:11] = truth[0, 4:20, 13:20] = Compartment.CRYPT
    bridge, bump = truth.clone(), truth.clone()
    bridge[0, 8:12, 11:13] = Compartment.CRYPT
    bump[0, 8:12, 20:22] = Compartment.CRYPT
    logits = {
        name: 8.0 * torch.nn.functional.one_hot(labels.long(), 10).permute(0, 3, 1, 2).float()
        for name, labels in (("bridge", bridge), ("bump", bump))
    }
    plain = SegmentationLoss(torch.ones(10), 0.0)
    weighing = SegmentationLoss(torch.ones(10), 0.0, gap_weight=4.0, gap_px=4)
    assert float(plain(logits["bridge"], truth)[0]) == pytest.approx(float(plain(logits["bump"], truth)[0]))
    assert float(weighing(logits["bridge"], truth)[0]) > 3 * float(weighing(logits["bump"], truth)[0])


def test_a_wide_space_between_two_villi_is_no_gap() -> None:
    truth = torch.zeros(1, 24, 24, dtype=torch.uint8)
    truth[0, :, 2:8] = truth[0, :, 16:22] = Compartment.VILLUS_EPITHELIUM
    logits = torch.randn(1, 10, 24, 24)
    plain, weighing = SegmentationLoss(torch.ones(10), 0.0), SegmentationLoss(torch.ones(10), 0.0, 4.0, 4)
    assert float(weighing(logits, truth)[0]) == pytest.approx(float(plain(logits, truth)[0]))


def test_anything_but_a_crypt_costs_what_is_said_for_crypts_and_nothing_else() -> None:
    truth = torch.full((1, 4, 4), NOT_CRYPT, dtype=torch.uint8)
    cost = SegmentationLoss(torch.ones(10), 0.0)
    logits = torch.zeros(1, 10, 4, 4, requires_grad=True)
    loss, cross_entropy = cost(logits, truth)
    assert float(loss.detach()) == float(cross_entropy) == pytest.approx(-np.log(0.9), rel=1e-5)
    torch.autograd.backward(loss)
    assert logits.grad is not None
    assert (logits.grad[:, Compartment.CRYPT] > 0).all()
    others = torch.cat([logits.grad[:, : Compartment.CRYPT], logits.grad[:, Compartment.CRYPT + 1 :]], dim=1)
    assert torch.allclose(others, others.mean())
    sure = torch.zeros(1, 10, 4, 4)
    sure[:, Compartment.SUBMUCOSA] = 30.0
    assert float(cost(sure, truth)[0]) == pytest.approx(0, abs=1e-5)


def test_a_crypt_said_where_none_is_lowers_the_dice_of_crypts_alone() -> None:
    truth = torch.full((1, 4, 8), int(Compartment.CRYPT), dtype=torch.uint8)
    truth[..., 4:] = NOT_CRYPT
    right = 30.0 * torch.nn.functional.one_hot(truth.where(truth < 10, 5).long(), 10).permute(0, 3, 1, 2).float()
    all_crypt = torch.zeros_like(right)
    all_crypt[:, Compartment.CRYPT] = 30.0
    cost, without = SegmentationLoss(torch.ones(10), 1.0), SegmentationLoss(torch.ones(10), 0.0)
    assert float(cost(right, truth)[0]) == pytest.approx(0, abs=1e-3)
    # 16 pixels are crypts and 32 are said to be: Dice is (2 * 16 + 1) / (16 + 32 + 1).
    dice_loss = float(cost(all_crypt, truth)[0] - without(all_crypt, truth)[0])
    assert dice_loss == pytest.approx(1 - 33 / 49, abs=1e-3)
