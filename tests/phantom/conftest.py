from __future__ import annotations

from dataclasses import replace

import pytest

from histo.phantom import DrawnSection, SectionSpec, draw_section


def short(spec: SectionSpec, length_um: float = 700.0) -> SectionSpec:
    return replace(spec, wall=replace(spec.wall, length_um=length_um))


@pytest.fixture(scope="session")
def mouse() -> DrawnSection:
    """A short mouse strip at 1 µm/px."""
    return draw_section(short(SectionSpec.mouse()), mpp=1.0, seed=3)
