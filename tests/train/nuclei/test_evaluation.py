from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from histo.train.nuclei import FoundNuclei, NucleiField, NucleiTruth, judge_field, nuclei_table
from histo.train.nuclei.truth import ANYTHING, as_bits
from histo.types import CellClass

EPITHELIAL, LYMPHOCYTE, GRANULOCYTE = (
    list(CellClass).index(CellClass(name)) for name in ("epithelial", "lymphocyte", "granulocyte")
)
EITHER = as_bits(("lymphocyte", "granulocyte"))


def field(bits: list[int], mpp: float = 1.0) -> NucleiField:
    """Nuclei in a row, 20 px apart."""
    centre = np.array([(10.0, 10.0 + 20 * place) for place in range(len(bits))])
    return NucleiField(
        "toy", "toy", mpp, np.zeros((20, 20 * len(bits), 3), np.uint8), NucleiTruth(centre, np.uint8(bits))
    )


def found(centre: np.ndarray, kind: list[int]) -> FoundNuclei:
    return FoundNuclei(centre, np.ones(len(kind)), np.array(kind, np.int64), np.zeros((20, 100), np.int32))


def scores(picture: NucleiField, what: FoundNuclei) -> pd.DataFrame:
    return nuclei_table([judge_field(what, picture)]).set_index("what")


@pytest.mark.parametrize("mpp", [0.5, 1.0])
def test_a_centre_counts_within_six_um(mpp: float) -> None:
    picture = field([ANYTHING, ANYTHING], mpp)
    away = picture.truth.centre + np.array([[5.9 / mpp, 0], [6.1 / mpp, 0]])
    table = scores(picture, found(away, [0, 0]))
    assert table.loc["detection (6 µm)", ["n_true", "n_found", "f1"]].tolist() == [2, 2, 0.5]


def test_a_class_of_which_nobody_knows_counts_on_neither_side() -> None:
    picture = field([as_bits(("epithelial",)), ANYTHING, as_bits(("epithelial",))])
    table = scores(picture, found(picture.truth.centre, [EPITHELIAL, EPITHELIAL, LYMPHOCYTE]))
    assert table.loc["epithelial", ["n_true", "n_found", "recall", "precision"]].tolist() == [2, 1, 0.5, 1.0]


def test_inflammatory_cells_count_together_where_they_are_not_told_apart() -> None:
    picture = field([EITHER, EITHER, as_bits(("lymphocyte",)), as_bits(("epithelial",))])
    table = scores(picture, found(picture.truth.centre, [LYMPHOCYTE, GRANULOCYTE, GRANULOCYTE, LYMPHOCYTE]))
    assert table.loc["inflammatory", ["n_true", "n_found", "recall"]].tolist() == [3, 4, 1.0]
    assert table.loc["lymphocyte", ["n_true", "n_found", "recall"]].tolist() == [1, 1, 0.0]
    assert "granulocyte" not in table.index


def test_outlines_are_judged_where_they_are_known() -> None:
    outlines = np.zeros((20, 40), np.int32)
    outlines[5:15, 5:15], outlines[5:15, 25:35] = 1, 2
    truth = NucleiTruth(np.array([[9.5, 9.5], [9.5, 29.5]]), np.uint8([0, 0]), outlines)
    picture = NucleiField("toy", "toy", 1.0, np.zeros((20, 40, 3), np.uint8), truth)
    half = np.where(np.arange(40)[None] < 25 + 4, outlines, 0).astype(np.int32)
    what = FoundNuclei(truth.centre, np.ones(2), np.full(2, -1), half)
    assert scores(picture, what).loc["outlines (IoU 0.5)", "f1"] == 0.5
