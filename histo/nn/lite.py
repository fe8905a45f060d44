"""EfficientNet-Lite0: inverted residuals without squeeze-and-excitation: a pixel depends on what is around it only.

Squeeze-and-excitation pools over the whole picture: every label of a tile then moves with whatever else lies in the
tile, and neighbouring tiles meet in a seam.
"""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor, nn

__all__ = ["LITE_CHANNELS", "lite_stages"]


class _Row(NamedTuple):
    """One row of table 1 of Tan and Le (2019), EfficientNet; Lite drops excitation and swish, not widths or depths."""

    expansion: int
    kernel: int
    stride: int
    channels: int
    n_blocks: int


_STEM_CHANNELS = 32

# A stage ends just before the row that halves the image again.
_STAGES: tuple[tuple[_Row, ...], ...] = (
    (_Row(1, 3, 1, 16, 1),),
    (_Row(6, 3, 2, 24, 2),),
    (_Row(6, 5, 2, 40, 2),),
    (_Row(6, 3, 2, 80, 3), _Row(6, 5, 1, 112, 3)),
    (_Row(6, 5, 2, 192, 4), _Row(6, 3, 1, 320, 1)),
)

LITE_CHANNELS = tuple(rows[-1].channels for rows in _STAGES)
"""Channels of each stage's result."""


class InvertedResidual(nn.Module):
    """Widen, filter each channel by itself, narrow; added to the input where the sizes allow."""

    def __init__(self, channels_in: int, row: _Row, stride: int) -> None:
        super().__init__()
        wide = channels_in * row.expansion
        self.is_residual = stride == 1 and channels_in == row.channels
        layers = _convolution(channels_in, wide, 1) if row.expansion > 1 else []
        layers += _convolution(wide, wide, row.kernel, stride=stride, groups=wide)
        self.block = nn.Sequential(*layers, *_convolution(wide, row.channels, 1)[:-1])

    def forward(self, features: Tensor) -> Tensor:
        """Return the block's result."""
        result: Tensor = self.block(features)
        return result + features if self.is_residual else result


def lite_stages() -> list[nn.Module]:
    """Build the five stages with random weights.

    Returns
    -------
    list of Module
        Their results are at 1/2, 1/4, 1/8, 1/16 and 1/32 of the image, with `LITE_CHANNELS`.
    """
    stages: list[nn.Module] = []
    channels = _STEM_CHANNELS
    for rows in _STAGES:
        layers: list[nn.Module] = [] if stages else _convolution(3, channels, 3, stride=2)
        for row in rows:
            for index in range(row.n_blocks):
                layers.append(InvertedResidual(channels, row, row.stride if index == 0 else 1))
                channels = row.channels
        stages.append(nn.Sequential(*layers))
    return stages


def _convolution(
    channels_in: int, channels_out: int, kernel: int, *, stride: int = 1, groups: int = 1
) -> list[nn.Module]:
    return [
        nn.Conv2d(channels_in, channels_out, kernel, stride, padding=kernel // 2, groups=groups, bias=False),
        nn.BatchNorm2d(channels_out, eps=1e-3),
        nn.ReLU6(inplace=True),
    ]
