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


@pytest.mark.parametrize("output_stride", [1, 2])
def test_the_logits_have_the_size_of_the_image_however_far_the_decoder_goes(output_stride: int) -> None:
    network = build_network("efficientnet_lite0", 10, output_stride).eval()
    with torch.inference_mode():
        assert network(torch.zeros(1, 3, 64, 96)).shape == (1, 10, 64, 96)


def test_what_lies_far_away_changes_no_label_of_the_lite_encoder() -> None:
    """Squeeze-and-excitation would carry it everywhere, and tiles would meet in seams."""
    networks = [build_network(name, 4).eval() for name in ("efficientnet_lite0", "mobilenet_v3_large")]
    torch.manual_seed(0)
    pictures = torch.randn(1, 3, 32, 1600).repeat(2, 1, 1, 1)
    pictures[1, :, :, -32:] += 3.0
    with torch.inference_mode():
        ours, theirs = (network(pictures)[..., :32] for network in networks)
    assert torch.equal(ours[0], ours[1])
    assert not torch.equal(theirs[0], theirs[1])


def test_weights_lie_channels_last() -> None:
    weights = build_network("mobilenet_v3_small", n_classes=10).blocks[0][0].weight
    assert weights.is_contiguous(memory_format=torch.channels_last)


def test_an_unknown_encoder_is_answered_with_those_there_are() -> None:
    with pytest.raises(InvalidArgument, match=r"mobilenet_v3_large.*vgg16"):
        build_encoder("vgg16")


def test_torchvision_is_loaded_only_when_a_backbone_is_built() -> None:
    code = "import sys, histo.nn; sys.exit('torchvision' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
