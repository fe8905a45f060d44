from __future__ import annotations

import subprocess
import sys

import pytest
import torch

from histo.errors import InvalidArgument
from histo.nn.encoder import ENCODERS, build_encoder
from histo.nn.network import build_network


@pytest.mark.parametrize("name", ENCODERS)
def test_every_encoder_gives_one_logit_per_class_and_pixel(name: str) -> None:
    network = build_network(name, n_classes=10).eval()
    with torch.inference_mode():
        assert network(torch.zeros(1, 3, 64, 96)).shape == (1, 10, 64, 96)


@pytest.mark.parametrize("name", ENCODERS)
def test_each_stage_halves_the_picture_and_has_the_channels_it_says(name: str) -> None:
    encoder = build_encoder(name).eval()
    with torch.inference_mode():
        results = encoder(torch.zeros(1, 3, 64, 64))
    assert [(result.shape[1], result.shape[2]) for result in results] == [
        (channels, 64 // 2**level) for level, channels in enumerate(encoder.channels, start=1)
    ]


def test_the_default_network_has_at_most_eight_million_parameters() -> None:
    network = build_network("mobilenet_v3_large", n_classes=10)
    assert sum(weights.numel() for weights in network.parameters()) <= 8_000_000


def test_weights_lie_channels_last() -> None:
    weights = build_network("mobilenet_v3_small", n_classes=10).blocks[0][0].weight
    assert weights.is_contiguous(memory_format=torch.channels_last)


def test_an_unknown_encoder_is_answered_with_those_there_are() -> None:
    with pytest.raises(InvalidArgument, match=r"mobilenet_v3_large.*vgg16"):
        build_encoder("vgg16")


def test_torchvision_is_loaded_only_when_a_backbone_is_built() -> None:
    code = "import sys, histo.nn; sys.exit('torchvision' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
