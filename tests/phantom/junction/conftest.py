from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from histo.phantom.junction import (
    BarrierSpec,
    BorderSpec,
    CameraSpec,
    DrawnBarrier,
    DrawnJunctions,
    GroundSpec,
    JunctionStainSpec,
    MonolayerSpec,
    MosaicSpec,
    ProteinSpec,
    draw_barrier_section,
    draw_monolayer,
)

DARK = GroundSpec(
    background=0.0, uneven=0.0, cytoplasm=0.0, cloud=0.0, texture=0.0, bleed=0.0, puncta_per_mm2=0.0, blobs_per_mm2=0.0
)
ShortSection = Callable[..., BarrierSpec]
EVEN = JunctionStainSpec(band_um=0.4, band_cv=0.0, strength_cv=0.0, beads=0.0, corners=0.0)


@pytest.fixture(scope="session")
def even() -> MonolayerSpec:
    """Junctions of one width and strength on black, with nothing else."""
    return MonolayerSpec(
        height_um=50.0, width_um=60.0, mosaic=MosaicSpec(cell_um=11.0), stain=EVEN, ground=DARK,
        camera=CameraSpec(blur_um=0.1),
    )  # fmt: skip


@pytest.fixture(scope="session")
def straight(even: MonolayerSpec) -> MonolayerSpec:
    """The same with borders that do not bend."""
    return replace(even, border=BorderSpec(bow_deg=0.0, rough_deg=0.0))


@pytest.fixture(scope="session")
def short_section() -> ShortSection:
    """Cut a spec's section short, so that it is drawn fast."""

    def shortened(spec: BarrierSpec, length_um: float = 330.0) -> BarrierSpec:
        return replace(spec, section=replace(spec.section, wall=replace(spec.section.wall, length_um=length_um)))

    return shortened


@pytest.fixture(scope="session")
def folded() -> DrawnJunctions:
    """Cells that interlock, with gaps."""
    spec = replace(MonolayerSpec.flowers(), height_um=70.0, width_um=80.0, mosaic=MosaicSpec(cell_um=17.0))
    return draw_monolayer(replace(spec, stain=replace(spec.stain, gap_fraction=0.2)), mpp=0.1, seed=4)


@pytest.fixture(scope="session")
def apical(short_section: ShortSection) -> DrawnBarrier:
    """An apical line with gaps over a weak cytoplasm, hardly blurred."""
    protein = ProteinSpec(lateral=0.0, cytoplasm=0.05, stroma=0.0, texture=0.0, background=0.0)
    spec = BarrierSpec(protein=protein, camera=CameraSpec(blur_um=0.1))
    return draw_barrier_section(short_section(spec), mpp=0.5, seed=2)
