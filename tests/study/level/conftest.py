from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest


@pytest.fixture(scope="session")
def draw_nested() -> Callable[..., tuple[pd.DataFrame, pd.DataFrame]]:
    """A function that draws sections and villi of a study whose variances are known."""

    def draw(
        seed: int,
        *,
        sd: tuple[float, float, float] = (10.0, 8.0, 30.0),
        n_animals: tuple[int, ...] = (5, 5, 5),
        n_sections: tuple[int, int] = (4, 9),
        n_villi: tuple[int, int] = (5, 30),
    ) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Draw villus heights, 400 µm high in control and 50 µm more in each further group.

        Animals, sections and villi scatter by `sd`; numbers lie between those given, ends included.
        """
        rng = np.random.default_rng(seed)
        sections, villi = [], []
        for group, size in enumerate(n_animals):
            name = "control" if group == 0 else f"EAE {group}"
            for animal in range(size):
                of_animal = 400 + 50 * group + rng.normal(0, sd[0])
                for piece in range(int(rng.integers(n_sections[0], n_sections[1] + 1))):
                    n = int(rng.integers(n_villi[0], n_villi[1] + 1))
                    heights = of_animal + rng.normal(0, sd[1]) + rng.normal(0, sd[2], n)
                    key = {"slide": f"g{group}a{animal}", "section": f"s{piece}"}
                    owner = {"animal": f"g{group}a{animal}", "group": name, "timepoint": "14", "segment": "ileum"}
                    sections.append(
                        key
                        | owner
                        | {"n_villi_accepted": n, "villus_height_um": heights.mean(), "wall_length_mm": n / 8}
                    )
                    villi += [key | {"villus_height_um": height, "is_accepted": True} for height in heights]
        return pd.DataFrame(sections), pd.DataFrame(villi)

    return draw
