from __future__ import annotations

import torch

from histo.train.nuclei.loss import NucleiLoss
from histo.train.nuclei.settings import NucleiLossSettings
from histo.train.nuclei.target import CHANNELS

CLASSES = ("epithelial", "lymphocyte", "granulocyte")


def blank(n_classes: int = 3) -> tuple[torch.Tensor, torch.Tensor]:
    torch.manual_seed(0)
    return torch.randn(2, 4 + n_classes, 8, 8), torch.zeros(2, CHANNELS.n, 8, 8)


def loss(**settings: float) -> NucleiLoss:
    none = {"centre": 0.0, "inside": 0.0, "way": 0.0, "kind": 0.0}
    return NucleiLoss(NucleiLossSettings(**{**none, **settings}), CLASSES, torch.ones(3))


def test_nothing_is_learned_where_nothing_is_known() -> None:
    maps, target = blank()
    maps.requires_grad_()
    total, _ = NucleiLoss(NucleiLossSettings(), CLASSES, torch.ones(3))(maps, target)
    torch.autograd.backward(total)
    assert maps.grad is not None
    assert not maps.grad.any()
    assert torch.isfinite(total)


def test_what_is_not_told_apart_may_be_either() -> None:
    maps, target = blank()
    target[:, CHANNELS.kind_bits] = 0b110
    for sure in (1, 2):
        maps[:, 4:] = -20.0
        maps[:, 4 + sure] = 20.0
        assert loss(kind=1.0)(maps, target)[0] < 1e-4
    maps[:, 4:] = -20.0
    maps[:, 4] = 20.0
    assert loss(kind=1.0)(maps, target)[0] > 10


def test_the_best_a_network_can_say_costs_nothing() -> None:
    maps, target = blank()
    target[:, CHANNELS.centre] = torch.rand(2, 8, 8).clamp(0.01, 0.99)
    target[:, CHANNELS.centre_known] = 1
    target[:, CHANNELS.way_known] = 1
    target[:, CHANNELS.way : CHANNELS.way + 2] = maps[:, 2:4]
    maps[:, 0] = torch.logit(target[:, CHANNELS.centre])
    assert loss(centre=1.0, way=1.0)(maps, target)[0] < 1e-5
    assert loss(centre=1.0)(maps + 1, target)[0] > 0.01
    assert loss(way=1.0)(maps + 1, target)[0] > 0.5


def test_inside_is_judged_where_it_is_known() -> None:
    maps, target = blank()
    target[:, CHANNELS.inside, :4] = 1
    target[:, CHANNELS.inside_known, :6] = 1
    maps[:, 1] = torch.where(target[:, CHANNELS.inside] > 0, 20.0, -20.0)
    maps[:, 1, 6:] = 20.0
    assert loss(inside=1.0)(maps, target)[0] < 1e-3
