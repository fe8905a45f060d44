from __future__ import annotations

import os
import sys

import numpy as np
import pytest

from histo.io.labels import write_label_map
from histo.types import Compartment, LabelMap

pytestmark = [
    pytest.mark.viewer,
    pytest.mark.skipif(
        sys.platform == "linux" and not os.environ.get("DISPLAY"),
        reason="no display: run under xvfb-run to test the viewer itself",
    ),
]


def test_napari_opens_a_label_map_by_its_name(make_napari_viewer, tmp_path) -> None:
    labels = LabelMap(np.full((40, 60), Compartment.CRYPT, np.uint8), mpp=2.0)
    path = write_label_map(tmp_path / "m07.s1.ome.zarr", labels)
    viewer = make_napari_viewer()

    viewer.open(str(path), plugin="histo-gut")

    (layer,) = viewer.layers
    assert layer.name == "m07.s1"
    np.testing.assert_allclose(layer.scale, (2.0, 2.0))
