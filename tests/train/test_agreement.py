from __future__ import annotations

import math

import numpy as np
import pytest

from histo.train.agreement import confusion_matrix, dice
from histo.train.evaluation import Judgement, judgement_table
from histo.train.source import IGNORE, NOT_CRYPT
from histo.types import Compartment

TRUTH = np.uint8([[1, 1, 2, 2], [0, 0, 3, IGNORE]])
PREDICTED = np.uint8([[1, 2, 2, 2], [0, 3, 3, 3]])


def test_dice_can_be_counted_on_the_page() -> None:
    confusion = confusion_matrix(TRUTH, PREDICTED)
    assert confusion.sum() == 7
    assert dice(confusion, (Compartment.VILLUS_EPITHELIUM,)) == pytest.approx(2 / 3)
    assert dice(confusion, (Compartment.VILLUS_LAMINA_PROPRIA,)) == pytest.approx(4 / 5)
    assert dice(confusion, (Compartment.CRYPT,)) == pytest.approx(2 / 3)
    assert math.isnan(dice(confusion, (Compartment.LYMPHOID,)))


def test_what_is_only_known_to_be_no_crypt_is_not_counted() -> None:
    assert confusion_matrix(np.uint8([[3, NOT_CRYPT, IGNORE]]), np.uint8([[3, 3, 3]])).sum() == 1


def test_taking_epithelium_for_core_does_not_lower_the_villus() -> None:
    villus = Compartment.VILLUS_EPITHELIUM, Compartment.VILLUS_LAMINA_PROPRIA
    assert dice(confusion_matrix(TRUTH, PREDICTED), villus) == 1.0


def test_the_table_has_each_picture_and_each_origin_as_a_whole() -> None:
    confusion = confusion_matrix(TRUTH, PREDICTED)
    table = judgement_table([Judgement("lab", name, confusion, 4.0) for name in ("a", "b")])
    assert list(table["field"].unique()) == ["a", "b", "all"]
    whole = table[(table["field"] == "all") & (table["compartment"] == "crypt")].iloc[0]
    assert (whole["origin"], whole["truth_um2"], whole["predicted_um2"]) == ("lab", 8.0, 16.0)
    assert "lymphoid" not in set(table["compartment"])
