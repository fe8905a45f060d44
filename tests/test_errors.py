from __future__ import annotations

import pickle

import pytest

from histo import errors
from histo.errors import DesignProblem, HistoError, InvalidDesign

LEAVES = [
    kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, HistoError) and kind != HistoError
]


def test_message_says_what_where_expected_got_and_next_step() -> None:
    error = HistoError("it is odd", file="a/b.csv", expected="1", got="2", next_step="Make it even.")
    assert str(error) == "a/b.csv: it is odd; expected 1; got 2. Make it even."


def test_message_leaves_out_what_was_not_given() -> None:
    assert str(HistoError("it is odd")) == "it is odd"


def test_next_step_of_a_message_of_several_lines_has_a_line_of_its_own() -> None:
    assert str(HistoError("two things:\n  a\n  b", next_step="Mend them.")).splitlines()[-1] == "Mend them."


@pytest.mark.parametrize("kind", LEAVES, ids=lambda kind: kind.__name__)
def test_every_error_is_also_a_builtin(kind: type[HistoError]) -> None:
    assert any(
        base.__module__ == "builtins" and base not in (Exception, BaseException, object) for base in kind.__mro__
    )


@pytest.mark.parametrize("kind", LEAVES, ids=lambda kind: kind.__name__)
def test_every_error_arrives_whole_from_another_process(kind: type[HistoError]) -> None:
    error = kind("what", file="f", expected="e", got="g", next_step="Do it.")
    arrived = pickle.loads(pickle.dumps(error))  # noqa: S301
    assert type(arrived) is kind
    assert str(arrived) == str(error)
    assert (arrived.file, arrived.expected, arrived.got, arrived.next_step) == ("f", "e", "g", "Do it.")


def test_reason_codes_are_told_apart() -> None:
    assert len({kind.reason for kind in LEAVES}) == len(LEAVES)


def test_all_errors_are_public() -> None:
    assert {kind.__name__ for kind in LEAVES} <= set(errors.__all__)
    assert errors.__all__ == sorted(errors.__all__)


def test_problems_of_a_design_survive_pickling() -> None:
    problems = (DesignProblem(3, "mpp", "a number", "'x'"), DesignProblem(None, None, "a file", "a folder"))
    error = pickle.loads(pickle.dumps(InvalidDesign.from_problems(problems, "d.csv", "Mend.")))  # noqa: S301
    assert error.problems == problems


def test_message_of_a_design_lists_every_problem() -> None:
    problems = (DesignProblem(3, "mpp", "a number", "'x'"), DesignProblem(None, None, "a file", "a folder"))
    assert str(InvalidDesign.from_problems(problems, "d.csv", "Mend.")).splitlines() == [
        "d.csv: the design table has 2 problems:",
        "  row 3, column 'mpp': expected a number; got 'x'",
        "  table: expected a file; got a folder",
        "Mend.",
    ]
