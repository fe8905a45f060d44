from __future__ import annotations

import pandas as pd
import pytest

from histo.errors import InvalidArgument, InvalidTable
from histo.schema import TABLES, Column, check_table, empty_table, schema_markdown, table_schema

COLUMNS = (
    Column("name", "string", "A name."),
    Column("n_villi", "int64", "Villi."),
    Column("height_um", "float64", "Height, µm."),
    Column("is_accepted", "bool", "Whether."),
)


def _table(**changed: object) -> pd.DataFrame:
    return pd.DataFrame(
        {"name": ["a", "b"], "n_villi": [1, 2], "height_um": [1.5, None], "is_accepted": [True, False]} | changed
    )


INVALID_TABLES = [
    ({"n_villi": [1.5, 2]}, "n_villi.*whole number.*1.5 in row 1"),
    ({"n_villi": [1, None]}, "n_villi.*whole number.*nan in row 2"),
    ({"n_villi": [1, float("inf")]}, "n_villi.*inf"),
    ({"n_villi": [1, "many"]}, "n_villi.*'many' in row 2"),
    ({"height_um": [1, "tall"]}, "height_um.*a number.*'tall'"),
    ({"is_accepted": [True, None]}, "is_accepted.*True or False.*None"),
    ({"is_accepted": ["yes", "no"]}, "is_accepted.*'yes' in row 1"),
    ({"is_accepted": [2, 1]}, "is_accepted.*2"),
]


@pytest.mark.parametrize(("changed", "message"), INVALID_TABLES)
def test_value_that_a_cast_would_lose_is_refused(changed: dict, message: str) -> None:
    with pytest.raises(InvalidTable, match=message):
        check_table(_table(**changed), COLUMNS)


def test_sound_table_is_put_into_order_and_type() -> None:
    table = _table(more=[7, 8])[["more", "height_um", "name", "is_accepted", "n_villi"]]
    checked = check_table(table, COLUMNS)
    assert list(checked.columns) == ["name", "n_villi", "height_um", "is_accepted", "more"]
    assert [str(kind) for kind in checked.dtypes[:4]] == ["str", "int64", "float64", "bool"]


def test_whole_floats_are_counts_and_numbers_are_names() -> None:
    checked = check_table(_table(n_villi=[1.0, 2.0], name=[7, 14]), COLUMNS)
    assert checked["n_villi"].tolist() == [1, 2]
    assert checked["name"].tolist() == ["7", "14"]


def test_checking_leaves_the_table_as_it_was() -> None:
    table = _table(n_villi=[1.0, 2.0])
    check_table(table, COLUMNS)
    assert table["n_villi"].dtype == "float64"


def test_missing_columns_are_all_named() -> None:
    with pytest.raises(InvalidTable, match="expected n_villi, is_accepted"):
        check_table(_table().drop(columns=["n_villi", "is_accepted"]), COLUMNS)


def test_column_that_stands_twice_is_named() -> None:
    table = _table()
    with pytest.raises(InvalidTable, match=r"twice.*name"):
        check_table(pd.concat([table, table[["name"]]], axis=1), COLUMNS)


@pytest.mark.parametrize("name", TABLES)
def test_empty_table_is_one_of_its_kind(name: str) -> None:
    columns = table_schema(name).columns
    empty = empty_table(columns)
    pd.testing.assert_frame_equal(check_table(empty, columns), empty)


@pytest.mark.parametrize("name", TABLES)
def test_lengths_and_areas_carry_their_unit_in_the_name(name: str) -> None:
    for column in table_schema(name).columns:
        unit = {"µm.": "_um", "µm²": "_um2", "mm²": "_mm2"}.get(column.definition.rsplit(", ", 1)[-1].rstrip("."))
        assert unit is None or unit in column.name


@pytest.mark.parametrize("name", TABLES)
def test_no_column_stands_twice_in_a_table(name: str) -> None:
    names = table_schema(name).names
    assert len(set(names)) == len(names)


def test_unknown_table_is_answered_with_those_there_are() -> None:
    with pytest.raises(InvalidArgument, match=r"sections, villi.*'vili'"):
        table_schema("vili")


def test_documentation_has_every_column() -> None:
    page = schema_markdown()
    assert all(f"| `{column.name}` |" in page for table in TABLES.values() for column in table.columns)
