"""Which phenotype a cell has, by rules on its markers."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from histo.errors import InvalidRule, InvalidTable
from histo.measure.rule import Rule, parse_rule

__all__ = ["PhenotypeRules", "assign_phenotypes", "read_phenotypes"]

_POSITIVE = "_is_positive"


@dataclass(frozen=True)
class PhenotypeRules:
    """Named rules.

    Parameters
    ----------
    rules : tuple of (str, Rule)
        Name and rule of each phenotype, in the order of the columns.

    Examples
    --------
    >>> rules = PhenotypeRules.of({"Treg": "CD4+ & Foxp3+", "Th17": "CD4+ & IL17+"})
    >>> rules.markers
    ('CD4', 'Foxp3', 'IL17')
    """

    rules: tuple[tuple[str, Rule], ...]

    def __iter__(self) -> Iterator[tuple[str, Rule]]:
        return iter(self.rules)

    def __len__(self) -> int:
        return len(self.rules)

    @property
    def markers(self) -> tuple[str, ...]:
        """The markers that the rules ask for."""
        return tuple(dict.fromkeys(marker for _, rule in self.rules for marker in rule.markers))

    @classmethod
    def of(cls, texts: Mapping[str, object], *, file: str | PathLike[str] | None = None) -> PhenotypeRules:
        """Read rules from their texts.

        Parameters
        ----------
        texts : mapping of str to str
            Rule of each phenotype.
        file : path-like, optional
            Where they stand, for the message.

        Raises
        ------
        InvalidRule
            With all rules that cannot be read, by name.
        """
        found, problems = [], []
        for name, text in texts.items():
            try:
                found.append((name, _parse(name, text)))
            except InvalidRule as problem:
                problems.append(f"\n  {name} = {text!r}: {problem}")
        if problems:
            raise InvalidRule("rules of phenotypes cannot be read:" + "".join(problems), file=file)
        return cls(tuple(found))


def read_phenotypes(path: str | PathLike[str]) -> PhenotypeRules:
    """Read rules from a TOML file.

    Parameters
    ----------
    path : path-like
        A file with one table ``[phenotypes]`` of lines such as ``Treg = "CD4+ & Foxp3+"``.

    Returns
    -------
    PhenotypeRules

    Raises
    ------
    InvalidRule
        If there is no such file, it is no TOML, holds anything else, or a rule cannot be read.
    """
    try:
        content = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as problem:
        raise InvalidRule("rules of phenotypes cannot be read", file=path, got=str(problem)) from None
    texts = content.get("phenotypes")
    if set(content) != {"phenotypes"} or not isinstance(texts, dict) or not texts:
        raise InvalidRule(
            "rules of phenotypes stand in one table",
            file=path,
            expected='[phenotypes] and lines such as Treg = "CD4+ & Foxp3+"',
            got=", ".join(content) or "an empty file",
        )
    return PhenotypeRules.of(texts, file=path)


def assign_phenotypes(cells: pd.DataFrame, rules: PhenotypeRules | Mapping[str, str]) -> pd.DataFrame:
    """Say of every cell which phenotypes it has.

    Parameters
    ----------
    cells : DataFrame
        With ``<marker>_is_positive`` of each marker of the rules; the case of letters does not matter.
    rules : PhenotypeRules or mapping of str to str
        The rules.

    Returns
    -------
    DataFrame
        A boolean column a phenotype, with the index of `cells`. A cell may have several phenotypes or none.

    Raises
    ------
    InvalidRule
        If a rule cannot be read or asks for a marker that the cells lack; all rules and columns in one message.
    InvalidTable
        If a marker's column holds other values than True and False.

    Examples
    --------
    >>> cells = pd.DataFrame({"cd4_is_positive": [True, True, False], "foxp3_is_positive": [True, False, True]})
    >>> assign_phenotypes(cells, {"Treg": "CD4+ & Foxp3+"})["Treg"].tolist()
    [True, False, False]
    """
    read = rules if isinstance(rules, PhenotypeRules) else PhenotypeRules.of(rules)
    columns = _columns_of(cells, read)
    positive = {marker: _flags(cells, column) for marker, column in columns.items()}
    return pd.DataFrame({name: rule.holds(positive) for name, rule in read}, index=cells.index)


def _parse(name: str, text: object) -> Rule:
    if not isinstance(text, str):
        raise InvalidRule("a rule is text", got=type(text).__name__)
    if not name.strip():
        raise InvalidRule("a phenotype has a name", got=repr(name))
    return parse_rule(text)


def _columns_of(cells: pd.DataFrame, rules: PhenotypeRules) -> dict[str, str]:
    """Find each marker's column; say all that are not there, and which rule asks for them."""
    known: dict[str, list[str]] = {}
    for column in map(str, cells.columns):
        if column.endswith(_POSITIVE):
            known.setdefault(column.removesuffix(_POSITIVE).casefold(), []).append(column)
    problems = []
    for name, rule in rules:
        for marker in rule.markers:
            found = known.get(marker.casefold(), [])
            if len(found) != 1:
                what = f"columns {' and '.join(found)} both fit" if found else f"no column {marker}{_POSITIVE}"
                problems.append(f"\n  {name} = {str(rule)!r}: {what}")
    if problems:
        there = ", ".join(column for columns in known.values() for column in columns) or "none"
        raise InvalidRule(f"rules ask for markers that the cells lack; there are {there}:" + "".join(problems))
    return {marker: known[marker.casefold()][0] for marker in rules.markers}


def _flags(cells: pd.DataFrame, column: str) -> NDArray[np.bool_]:
    if not cells[column].isin([True, False]).all():
        raise InvalidTable(f"column {column}: a cell is positive or not", expected="True or False")
    return cells[column].to_numpy(dtype=bool)
