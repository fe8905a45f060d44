"""The profiles as a page: what each compares with what, from which source, and how findings make grades."""

from __future__ import annotations

from collections.abc import Iterable

from histo.score.library import list_profiles, load_profile
from histo.score.profile import Finding, Profile

__all__ = ["profiles_markdown"]


def profiles_markdown() -> str:
    """Write the documentation of all profiles that come with histo, for the docs site.

    Returns
    -------
    str
        Markdown: an overview, then each profile; of one that extends another only what differs.

    Examples
    --------
    >>> "### marsh-oberhuber-jejunum" in profiles_markdown()
    True
    """
    profiles = [load_profile(name) for name in list_profiles()]
    whole = [profile for profile in profiles if profile.extends is None]
    parts = [_overview(profiles)]
    for profile in whole:
        parts.append(_page(profile))
        parts += [_variant(other, profile) for other in profiles if other.extends and other.extends.id == profile.id]
    return "\n\n".join(parts)


def _overview(profiles: list[Profile]) -> str:
    rows = []
    for profile in profiles:
        n_ours = sum(finding.source == "ours" for finding in profile.findings)
        by_reader = [f"`{entry.column}`" for entry in profile.inputs if entry.given_by == "reader"]
        rows.append(
            [
                f"[{profile.id}](#{profile.id})",
                profile.title,
                profile.species,
                f"{len(profile.findings)}, {n_ours} of them ours",
                "yes" if profile.needs_controls else "no",
                ", ".join(by_reader) or "none",
            ]
        )
    return _table(["profile", "what it is", "species", "cut-offs", "needs controls", "read by a person"], rows)


def _page(profile: Profile) -> str:
    inputs = [[f"`{entry.column}`", entry.unit or "none", entry.meaning, entry.given_by] for entry in profile.inputs]
    grades = [
        [f"{grade.scale} {grade.grade}".strip(), grade.meaning, _names(grade.all_of), _names(grade.none_of)]
        for grade in profile.grades
    ]
    return "\n\n".join(
        [
            f"### {profile.id}",
            f"{profile.title}. Version {profile.version}, {_species(profile)}.",
            " ".join(profile.notes.split()),
            _table(["input", "unit", "meaning", "given by"], inputs),
            _cut_offs(profile, profile.findings),
            _table(["grade", "meaning", "needs", "excludes"], grades),
            f"Licence: {profile.licence}",
        ]
    )


def _variant(profile: Profile, base: Profile) -> str:
    """Write what differs from the profile that it extends."""
    differing = [finding for finding in profile.findings if finding not in base.findings]
    notes = [" ".join(profile.notes.split())] if profile.notes != base.notes else []
    of_species = "" if profile.species == base.species else f", {profile.species}"
    return "\n\n".join(
        [
            f"### {profile.id}",
            f"{profile.title}. Version {profile.version}{of_species}; as {base.id} but for these cut-offs.",
            *notes,
            _cut_offs(profile, differing),
        ]
    )


def _cut_offs(profile: Profile, findings: Iterable[Finding]) -> str:
    rows = []
    for finding in findings:
        entry = profile.input_named(finding.input)
        unit = f" {entry.unit}" if entry.unit and finding.threshold is not None else ""
        origin, where = profile.origin(finding).split(": ", 1)
        rows.append(
            [f"`{finding.name}`", f"`{entry.column}` {finding.operator} {finding.limit}{unit}", f"**{origin}**", where]
        )
    return _table(["finding", "cut-off", "whose", "where, or what the source says instead"], rows)


def _species(profile: Profile) -> str:
    if profile.species == "any":
        return "of any species"
    return f"{profile.species}; in another species the grade is called {profile.label_elsewhere}"


def _names(findings: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in findings) or "none"


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["--"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)
