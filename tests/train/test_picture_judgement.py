from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest

from histo.nn import JunctionSpec
from histo.train.picture_judgement import PictureJudgement, judge_pictures, tabulate_judgements
from histo.train.set_export import accuracy_lines

HEAD = ("set", "what", "score", "precision", "recall", "true", "found", "pictures")


@dataclass(frozen=True)
class Tally:
    n_true: int
    n_found: int
    n_both: int

    @property
    def precision(self) -> float:
        return self.n_both / self.n_found

    @property
    def recall(self) -> float:
        return self.n_both / self.n_true

    def __add__(self, other: Tally) -> Tally:
        return Tally(self.n_true + other.n_true, self.n_found + other.n_found, self.n_both + other.n_both)


JUDGED = [
    PictureJudgement("a", "1", {"spots": Tally(10, 5, 4)}),
    PictureJudgement("b", "1", {"spots": Tally(2, 2, 2)}),
    PictureJudgement("a", "2", {"spots": Tally(10, 15, 6), "rings": Tally(4, 1, 1)}),
]


def tabulate() -> pd.DataFrame:
    return tabulate_judgements(JUDGED, lambda tally: min(tally.precision, tally.recall))


def test_counts_of_a_set_are_added_before_scores_are_taken() -> None:
    assert tabulate().to_numpy().tolist() == [
        ["a", "spots", 0.5, 0.5, 0.5, 20, 20, 2],
        ["a", "rings", 0.25, 1.0, 0.25, 4, 1, 1],
        ["b", "spots", 1.0, 1.0, 1.0, 2, 2, 1],
    ]


def test_each_picture_is_judged_and_told_of_once() -> None:
    told: list[tuple[int, int]] = []
    names = judge_pictures([Path("x"), Path("y")], lambda folder: folder.name, lambda *counts: told.append(counts))
    assert (names, told) == (["x", "y"], [(1, 2), (2, 2)])


@pytest.mark.parametrize(("validated_on", "is_unknown"), [((), True), (("a",), False)])
def test_a_card_says_what_is_not_known_unless_real_pictures_were_held_out(
    validated_on: tuple[str, ...], is_unknown: bool
) -> None:
    spec = JunctionSpec(name="toy", mpp=0.2, sha256="0" * 64, licence="CC0", validated_on=validated_on, trained_on=())
    lines = list(accuracy_lines(spec, tabulate(), head=HEAD, unknown="real rings", note="By eye."))
    assert ("No real picture was held out: how well it does on real rings is not known." in lines) is is_unknown
    assert "By eye." in lines
    assert "| a | rings | 0.250 | 1.000 | 0.250 | 4 | 1 | 1 |" in lines


def test_a_card_has_no_table_where_nothing_was_judged() -> None:
    spec = JunctionSpec(name="toy", mpp=0.2, sha256="0" * 64, licence="CC0", trained_on=(), validated_on=())
    lines = accuracy_lines(spec, tabulate().iloc[:0], head=HEAD, unknown="anything", note="By eye.")
    assert not [line for line in lines if line.startswith("|") or line == "By eye."]
