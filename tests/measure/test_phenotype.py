from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from histo.errors import InvalidRule, InvalidTable
from histo.measure import PhenotypeRules, assign_phenotypes, parse_rule, read_phenotypes
from histo.measure.rule import Both, Either, Rule, Sign

NAMES = ("CD4", "Foxp3", "IL-17A", "γδ_TCR")

signs = st.builds(Sign, st.sampled_from(NAMES), st.booleans())


def text_of(draw_tree) -> st.SearchStrategy[str]:
    """Rules as text with parentheses, spaces and no rule about them."""
    space = st.sampled_from(["", " ", "  "])
    return st.recursive(
        signs.map(str),
        lambda inner: st.one_of(
            st.tuples(inner, space, st.sampled_from("&|"), space, inner).map("".join),
            inner.map(lambda text: f"({text})"),
        ),
        max_leaves=10,
    )


def python_truth(text: str, values: dict[str, bool]) -> bool:
    """Let Python evaluate the rule: its `and` and `or` bind as ours must."""
    expression = text
    for index, name in enumerate(NAMES):
        expression = expression.replace(f"{name}+", f" v{index} ").replace(f"{name}-", f"(not v{index})")
    expression = expression.replace("&", " and ").replace("|", " or ")
    return bool(eval(expression.strip(), {}, {f"v{i}": values[name] for i, name in enumerate(NAMES)}))  # noqa: S307


EVERY = [dict(zip(NAMES, flags, strict=True)) for flags in itertools.product([False, True], repeat=len(NAMES))]


@given(text_of(None))
def test_rules_mean_what_python_says_of_them(text):
    rule = parse_rule(text)
    columns = {name: np.array([values[name] for values in EVERY]) for name in NAMES}
    assert rule.holds(columns).tolist() == [python_truth(text, values) for values in EVERY]


@given(text_of(None))
def test_a_rule_written_out_is_read_as_itself(text):
    rule = parse_rule(text)
    assert parse_rule(str(rule)) == rule


@given(st.text(alphabet="ab1+-&|() _γ\n", max_size=30))
def test_any_text_is_a_rule_or_an_error_of_ours(text):
    try:
        rule: Rule = parse_rule(text)
    except InvalidRule:
        return
    assert rule.markers


def test_and_binds_more_tightly_than_or():
    rule = parse_rule("CD4+ & Foxp3+ | IL-17A-")
    assert rule == Either((Both((Sign("CD4", True), Sign("Foxp3", True))), Sign("IL-17A", False)))


def test_the_last_hyphen_is_the_sign_and_others_belong_to_the_name():
    assert parse_rule("PD-1-") == Sign("PD-1", False)
    assert parse_rule("PD-1+") == Sign("PD-1", True)


UNREADABLE = [
    ("", "lacks a marker"),
    ("CD4", "a marker with"),
    ("CD4+ &", "'the end'"),
    ("CD4+ Foxp3+", "goes on"),
    ("CD4+ & & Foxp3+", "lacks a marker"),
    ("(CD4+ | Foxp3+", "not closed"),
    ("CD4+)", "goes on"),
    ("()", "lacks a marker"),
    ("CD4+ and Foxp3+", "and Foxp3"),
    ("!CD4+", "!CD4"),
    ("__import__('os')", "import"),
    ("(" * 60 + "CD4+" + ")" * 60, "too deep"),
    ("CD4+ & " * 400 + "CD4+", "too long"),
]


@pytest.mark.parametrize(("text", "message"), UNREADABLE)
def test_what_is_no_rule_is_refused_with_the_place(text, message):
    with pytest.raises(InvalidRule, match="|".join([message.replace("(", r"\(")])):
        parse_rule(text)


CELLS = pd.DataFrame(
    {
        "cd4_is_positive": [True, True, True, False],
        "Foxp3_is_positive": [True, False, False, True],
        "IL17_is_positive": [False, True, False, False],
    },
    index=[5, 6, 7, 9],
)


def test_phenotypes_are_one_boolean_column_each():
    rules = {"Treg": "CD4+ & Foxp3+", "Th17": "CD4+ & IL17+ & Foxp3-", "other_CD4": "CD4+ & (Foxp3- & IL17-)"}
    found = assign_phenotypes(CELLS, rules)
    assert found.index.tolist() == [5, 6, 7, 9]
    assert found.dtypes.tolist() == [np.dtype(bool)] * 3
    assert found["Treg"].tolist() == [True, False, False, False]
    assert found["Th17"].tolist() == [False, True, False, False]
    assert found["other_CD4"].tolist() == [False, False, True, False]


def test_all_unknown_markers_are_named_with_their_rules():
    with pytest.raises(InvalidRule) as error:
        assign_phenotypes(CELLS, {"Th1": "CD4+ & Tbet+", "B": "CD20+", "Treg": "CD4+ & Foxp3+"})
    for part in ("Th1 = ", "no column Tbet_is_positive", "B = ", "no column CD20_is_positive", "cd4_is_positive"):
        assert part in str(error.value)
    assert "Treg" not in str(error.value)


def test_two_columns_that_differ_in_case_only_are_refused():
    with pytest.raises(InvalidRule, match="both fit"):
        assign_phenotypes(CELLS.assign(CD4_is_positive=True), {"T": "CD4+"})


def test_a_column_that_is_not_boolean_is_refused():
    with pytest.raises(InvalidTable, match="positive or not"):
        assign_phenotypes(CELLS.assign(IL17_is_positive=[0.2, 1, 0, 0]), {"T": "IL17+"})


def test_rules_are_read_from_a_file(tmp_path):
    path = tmp_path / "phenotypes.toml"
    path.write_text('[phenotypes]\nTreg = "CD4+ & Foxp3+"\nTh17 = "CD4+ & IL17+"\n', encoding="utf-8")
    rules = read_phenotypes(path)
    assert [(name, str(rule)) for name, rule in rules] == [("Treg", "CD4+ & Foxp3+"), ("Th17", "CD4+ & IL17+")]
    assert assign_phenotypes(CELLS, rules).columns.tolist() == ["Treg", "Th17"]
    assert len(rules) == 2


BROKEN_FILES = [
    ('[phenotypes]\nTreg = "CD4+ &"\nB = 3\n"" = "CD4+"\n', ["Treg = ", "B = 3", "has a name"]),
    ('Treg = "CD4+"\n', ["one table"]),
    ("[phenotypes]\n", ["one table"]),
    ("[phenotypes\n", ["cannot be read"]),
]


@pytest.mark.parametrize(("content", "parts"), BROKEN_FILES)
def test_a_broken_file_says_what_is_wrong_and_where(tmp_path, content, parts):
    path = tmp_path / "phenotypes.toml"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(InvalidRule) as error:
        read_phenotypes(path)
    assert "phenotypes.toml" in str(error.value)
    for part in parts:
        assert part in str(error.value)


def test_an_absent_file_is_refused(tmp_path):
    with pytest.raises(InvalidRule, match=r"none\.toml"):
        read_phenotypes(tmp_path / "none.toml")


def test_rules_from_texts_know_their_markers():
    assert PhenotypeRules.of({"a": "CD4+ & Foxp3-", "b": "CD4- | IL17+"}).markers == ("CD4", "Foxp3", "IL17")
