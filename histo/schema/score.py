"""The table of scores: what a rubric says of a section."""

from __future__ import annotations

from histo.schema.column import Table, number, text

__all__ = ["SCORES"]

SCORES = Table(
    "scores",
    "one section scored by one profile",
    (
        text("profile", "Id of the profile: the rubric, as a file of cut-offs and grades."),
        text("version", "Its version; any change of a cut-off is a new one."),
        text("label", "What the grade is called: Marsh-Oberhuber, or Marsh-like in another species than its own."),
        text("grade", "The grade; of several scales each with its name. Empty when the section cannot be scored."),
        number("rank", "Place of the grade in the order of severity; missing when it has none, or no grade."),
        text("reason", "Why there is no grade, and what to do; empty when there is one."),
        text("explanation", "Which measure crossed which cut-off, and from which source, in sentences."),
    ),
)
