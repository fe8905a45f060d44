"""Image classifiers cut into the five stages that a decoder reads from; weights are random until they are loaded."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor, nn

from histo.errors import InvalidArgument
from histo.nn.lite import LITE_CHANNELS, lite_stages

__all__ = ["ENCODERS", "Encoder", "build_encoder"]

ENCODERS = (
    "efficientnet_b0",
    "efficientnet_lite0",
    "mobilenet_v3_large",
    "mobilenet_v3_small",
    "regnet_y_400mf",
    "resnet18",
)


class Encoder(nn.Module):
    """Five stages, each halving rows and columns.

    Parameters
    ----------
    stages : list of Module
        Run one after the other; their results are at 1/2, 1/4, 1/8, 1/16 and 1/32 of the image.
    channels : tuple of int
        Channels of each stage's result.
    """

    def __init__(self, stages: list[nn.Module], channels: tuple[int, ...]) -> None:
        super().__init__()
        self.stages = nn.ModuleList(stages)
        self.channels = channels

    def forward(self, image: Tensor) -> list[Tensor]:
        """Return the five stages' results, finest first."""
        results = []
        for stage in self.stages:
            image = stage(image)
            results.append(image)
        return results


def build_encoder(name: str) -> Encoder:
    """Build an encoder with random weights; nothing is fetched.

    Parameters
    ----------
    name : str
        One of `ENCODERS`; all but ``efficientnet_lite0`` are torchvision's.

    Returns
    -------
    Encoder

    Raises
    ------
    InvalidArgument
        If there is no such encoder; the message lists those there are.
    """
    if name not in ENCODERS:
        raise InvalidArgument("unknown encoder", expected=f"one of {', '.join(ENCODERS)}", got=repr(name))
    if name == "efficientnet_lite0":
        return Encoder(lite_stages(), LITE_CHANNELS)
    # torchvision is slow to import and, beside a CPU build of torch, may not load at all.
    from torchvision import models  # noqa: PLC0415

    return _CUTS[name](getattr(models, name)(weights=None))


def _cut_features(classifier: nn.Module, ends: tuple[int, ...], channels: tuple[int, ...]) -> Encoder:
    layers = list(classifier.get_submodule("features").children())
    starts = (0, *ends[:-1])
    return Encoder([nn.Sequential(*layers[start:end]) for start, end in zip(starts, ends, strict=True)], channels)


def _cut_resnet(classifier: nn.Module) -> Encoder:
    part = classifier.get_submodule
    stem = nn.Sequential(part("conv1"), part("bn1"), part("relu"))
    first = nn.Sequential(part("maxpool"), part("layer1"))
    return Encoder([stem, first, part("layer2"), part("layer3"), part("layer4")], (64, 64, 128, 256, 512))


def _cut_regnet(classifier: nn.Module) -> Encoder:
    blocks = list(classifier.get_submodule("trunk_output").children())
    return Encoder([classifier.get_submodule("stem"), *blocks], (32, 48, 104, 208, 440))


# Each cut lies just before the layer that halves the image again.
_CUTS: dict[str, Callable[[nn.Module], Encoder]] = {
    "efficientnet_b0": lambda net: _cut_features(net, (2, 3, 4, 6, 9), (16, 24, 40, 112, 1280)),
    "mobilenet_v3_large": lambda net: _cut_features(net, (2, 4, 7, 13, 17), (16, 24, 40, 112, 960)),
    "mobilenet_v3_small": lambda net: _cut_features(net, (1, 2, 4, 9, 13), (16, 16, 24, 48, 576)),
    "regnet_y_400mf": _cut_regnet,
    "resnet18": _cut_resnet,
}
