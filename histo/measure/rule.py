"""Rules of phenotypes, as people write them: ``CD4+ & Foxp3+``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from histo.errors import InvalidRule

__all__ = ["Both", "Either", "Rule", "Sign", "parse_rule"]

Flags = NDArray[np.bool_]

# A name may hold hyphens within (PD-1, IL-17A); the last + or - is the sign.
_TOKEN = re.compile(r"\s*(?:(?P<name>\w+(?:-\w+)*)(?P<sign>[+-])|(?P<mark>[&|()]))")
_MAX_LENGTH = 1000
_MAX_DEPTH = 40


@dataclass(frozen=True)
class Sign:
    """A marker that is positive, or one that is not."""

    marker: str
    is_positive: bool

    def __str__(self) -> str:
        return f"{self.marker}{'+' if self.is_positive else '-'}"

    @property
    def markers(self) -> tuple[str, ...]:
        """The markers that the rule asks for."""
        return (self.marker,)

    def holds(self, positive: Mapping[str, Flags]) -> Flags:
        """Say of every cell whether it obeys, given which cells are positive of each marker."""
        return positive[self.marker] if self.is_positive else ~positive[self.marker]


@dataclass(frozen=True)
class Both:
    """Two or more rules that must all hold."""

    parts: tuple[Rule, ...]

    def __str__(self) -> str:
        return " & ".join(f"({part})" if isinstance(part, Either) else str(part) for part in self.parts)

    @property
    def markers(self) -> tuple[str, ...]:
        """The markers that the rule asks for."""
        return _markers(self.parts)

    def holds(self, positive: Mapping[str, Flags]) -> Flags:
        """Say of every cell whether it obeys all."""
        holds: Flags = np.logical_and.reduce([part.holds(positive) for part in self.parts])
        return holds


@dataclass(frozen=True)
class Either:
    """Two or more rules of which one must hold."""

    parts: tuple[Rule, ...]

    def __str__(self) -> str:
        return " | ".join(str(part) for part in self.parts)

    @property
    def markers(self) -> tuple[str, ...]:
        """The markers that the rule asks for."""
        return _markers(self.parts)

    def holds(self, positive: Mapping[str, Flags]) -> Flags:
        """Say of every cell whether it obeys one."""
        holds: Flags = np.logical_or.reduce([part.holds(positive) for part in self.parts])
        return holds


Rule = Sign | Both | Either


def parse_rule(text: str) -> Rule:
    """Read a rule.

    Parameters
    ----------
    text : str
        Markers with their sign, ``+`` or ``-``, joined by ``&`` (and) and ``|`` (or), with parentheses. ``&`` binds
        more tightly than ``|``, as in arithmetic and logic.

    Returns
    -------
    Rule
        ``str()`` of it is the rule again, without needless parentheses.

    Raises
    ------
    InvalidRule
        Where it cannot be read: what was expected, and what stands there.

    Examples
    --------
    >>> str(parse_rule("(CD4+ & (IL17+)) | CD8-"))
    'CD4+ & IL17+ | CD8-'
    >>> parse_rule("CD4+ & Foxp3+").markers
    ('CD4', 'Foxp3')
    """
    if len(text) > _MAX_LENGTH:
        raise InvalidRule("the rule is too long", expected=f"{_MAX_LENGTH} characters", got=f"{len(text)}")
    reader = _Reader(_tokens(text))
    rule = reader.either(0)
    if not reader.is_at_end:
        raise InvalidRule("the rule goes on after its end", expected="& or |", got=repr(reader.here))
    return rule


def _tokens(text: str) -> list[str]:
    tokens, place = [], 0
    while text[place:].strip():
        match = _TOKEN.match(text, place)
        if match is None:
            raise InvalidRule(
                "the rule cannot be read", expected="a marker with + or -, &, | or a parenthesis",
                got=repr(text[place:].strip()[:20]),
            )  # fmt: skip
        tokens.append(match["mark"] or f"{match['name']}{match['sign']}")
        place = match.end()
    return tokens


class _Reader:
    """Walks over the tokens; a method for each level of binding."""

    def __init__(self, tokens: list[str]) -> None:
        self._tokens = tokens
        self._place = 0

    @property
    def is_at_end(self) -> bool:
        return self._place >= len(self._tokens)

    @property
    def here(self) -> str:
        return "the end" if self.is_at_end else self._tokens[self._place]

    def either(self, depth: int) -> Rule:
        parts = [self._both(depth)]
        while self.here == "|":
            self._place += 1
            parts.append(self._both(depth))
        return parts[0] if len(parts) == 1 else Either(_flat(parts, Either))

    def _both(self, depth: int) -> Rule:
        parts = [self._one(depth)]
        while self.here == "&":
            self._place += 1
            parts.append(self._one(depth))
        return parts[0] if len(parts) == 1 else Both(_flat(parts, Both))

    def _one(self, depth: int) -> Rule:
        word = self.here
        if depth > _MAX_DEPTH:
            raise InvalidRule("parentheses lie too deep", expected=f"{_MAX_DEPTH} at most", got=f"{depth}")
        if self.is_at_end or word in "&|)":
            raise InvalidRule("the rule lacks a marker", expected="a marker with + or -, or (", got=repr(word))
        self._place += 1
        if word != "(":
            return Sign(word[:-1], word[-1] == "+")
        inner = self.either(depth + 1)
        if self.here != ")":
            raise InvalidRule("a parenthesis is not closed", expected="')'", got=repr(self.here))
        self._place += 1
        return inner


def _flat(parts: list[Rule], kind: type[Both | Either]) -> tuple[Rule, ...]:
    """Take parts of the same kind out of their parentheses, which change nothing."""
    flat: list[Rule] = []
    for part in parts:
        if isinstance(part, kind):
            flat.extend(part.parts)
        else:
            flat.append(part)
    return tuple(flat)


def _markers(parts: tuple[Rule, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(marker for part in parts for marker in part.markers))
