from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real images, or a skip that says where it was looked for."""
    folder = Path(os.environ.get("HISTO_DATA", Path(__file__).parents[2] / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no real images: {folder} is absent; set HISTO_DATA to their folder")
    return folder


@pytest.fixture(scope="session")
def draw_sections_table() -> Callable[..., pd.DataFrame]:
    """The drawing function of ``tests/sections_table.py``: a made-up study in the layout of the reference study."""
    spec = importlib.util.spec_from_file_location("sections_table", Path(__file__).with_name("sections_table.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    draw: Callable[..., pd.DataFrame] = module.draw_sections_table
    return draw


@pytest.fixture(scope="session")
def write_untrained() -> Callable[..., Path]:
    """A function that writes a small network of random weights, quick and wrong, into a folder named like it."""

    def write(folder: Path, *, mpp: float, tile: int = 128, seed: int = 0) -> Path:
        import torch

        from histo.nn import ModelSpec, write_model
        from histo.nn.network import build_network
        from histo.types import Compartment

        torch.manual_seed(seed)
        spec = ModelSpec(
            name=folder.name,
            encoder="mobilenet_v3_small",
            classes=tuple(compartment.label for compartment in Compartment),
            mpp=mpp,
            tile=tile,
            halo=32,
            sha256="0" * 64,
            licence="BSD-3-Clause",
            trained_on=("nothing",),
        )
        network = build_network(spec.encoder, len(spec.classes))
        with torch.no_grad():
            network.head.weight.mul_(40)  # so that random features give labels that differ
        write_model(folder, network.state_dict(), spec)
        return folder

    return write


@pytest.fixture(scope="session")
def write_untrained_nuclei() -> Callable[..., Path]:
    """A function that writes a nuclei network of random weights, which finds many, into a folder named like it."""

    def write(folder: Path, *, stain: str = "he", mpp: float = 1.0, seed: int = 0) -> Path:
        import torch

        from histo.nn import NucleiSpec, write_model
        from histo.nn.nuclei_network import build_nuclei_network
        from histo.nn.nuclei_spec import least_halo_px

        torch.manual_seed(seed)
        halo = least_halo_px(mpp)
        spec = NucleiSpec(
            name=folder.name,
            stain=stain,
            classes=("epithelial", "lymphocyte") if stain == "he" else (),
            mpp=mpp,
            tile=2 * halo + 128,
            halo=halo,
            threshold=0.3,
            sha256="0" * 64,
            licence="BSD-3-Clause",
            trained_on=("nothing",),
        )
        network = build_nuclei_network(len(spec.classes))
        with torch.no_grad():
            network.head.weight.mul_(20)
            network.head.weight[2:4].zero_()  # each pixel is of the nearest peak
            network.head.bias.zero_()
            network.head.bias[1] = 2.0
        write_model(folder, network.state_dict(), spec)
        return folder

    return write


@pytest.fixture(scope="session")
def untrained_models(tmp_path_factory: pytest.TempPathFactory, write_untrained: Callable[..., Path]) -> Path:
    """A folder for HISTO_MODELS: ``structure-v1`` is there a small network of random weights."""
    folder = tmp_path_factory.mktemp("models")
    write_untrained(folder / "structure-v1", mpp=4.0)
    return folder


@pytest.fixture(scope="session")
def drawn_slides(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three slides of short drawn strips, ``m1`` to ``m3``, with their design table ``animals.csv``."""
    from dataclasses import replace

    from histo.phantom import SectionSpec, draw_section
    from histo.phantom.slide import write_slide

    folder = tmp_path_factory.mktemp("slides")
    mouse = SectionSpec.mouse()
    short = replace(mouse, wall=replace(mouse.wall, length_um=900.0))
    for number in (1, 2, 3):
        write_slide(folder / f"m{number}.ome.tif", draw_section(short, mpp=2.0, seed=number))
    rows = ["slide,animal,group,timepoint,segment", "m1,a1,control,0,jejunum", "m2,a2,EAE,14,jejunum"]
    (folder / "animals.csv").write_text("\n".join([*rows, "m3,a3,EAE,14,jejunum"]) + "\n", encoding="utf-8")
    return folder
