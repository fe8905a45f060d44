"""What a run says about itself: model, version, device, parameters, time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

__all__ = ["Provenance", "provenance_of"]

_MAX_LIST = 6
_MAX_DEPTH = 4


@dataclass(frozen=True)
class Provenance:
    """The facts of a run that the page prints by name, and all the others.

    Parameters
    ----------
    models : list of str
        As the sections name them: name and beginning of the sha256.
    version : str
        Of histo; empty when it is not known.
    finished : str
        When the run ended; empty when it is not known.
    trained_on, validated_on : list of str, optional
        Image sets of the model; None when the run does not say.
    cell_finder : str
        What found the cells, and what it was judged on, in sentences; empty where none were looked for.
    facts : list of (str, str)
        Everything in ``run.json``, flattened.
    """

    models: list[str]
    version: str
    finished: str
    trained_on: list[str] | None
    validated_on: list[str] | None
    cell_finder: str
    facts: list[tuple[str, str]]

    @property
    def validation_note(self) -> str:
        """How far the model's labels may be trusted, in one sentence."""
        if self.validated_on:
            judged = ", ".join(self.validated_on)
            return f"The model was judged on real images it never saw ({judged}); its card says how well it did."
        if self.validated_on is None:
            return "It is not on record what the model was validated on: look it up on its card before you rely on it."
        return (
            "Phantom-only validation: the accuracy of this model was measured on drawn sections of known geometry, not "
            "yet on real images. Look at the overlays before you rely on a number."
        )


def provenance_of(sections: pd.DataFrame, run: Mapping[str, object] | None) -> Provenance:
    """Gather what is known of how the sections were scored.

    Parameters
    ----------
    sections : DataFrame
        The ``sections`` table.
    run : mapping, optional
        ``run.json``. Of its keys ``version``, ``finished`` and ``model`` (a mapping with ``trained_on`` and
        ``validated_on``) and ``nuclei_models`` (a list of the same, with ``name`` and ``sha256``) are printed by name;
        all are listed.
    """
    run = run or {}
    model = run.get("model")
    card = model if isinstance(model, Mapping) else {}
    return Provenance(
        models=sorted(str(name) for name in sections["model"].dropna().unique() if name),
        version=str(run.get("version", "")),
        finished=str(run.get("finished", "")),
        trained_on=_names(card.get("trained_on")),
        validated_on=_names(card.get("validated_on")),
        cell_finder=" ".join(_cell_finders(run.get("nuclei_models"))),
        facts=list(_flattened(run)),
    )


def _cell_finders(cards: object) -> Iterator[str]:
    for card in cards if isinstance(cards, Sequence) else ():
        if not isinstance(card, Mapping):
            continue
        of_what = {"fluorescence": " of fluorescence slides"}.get(str(card.get("stain")), "")
        found = f"Cells{of_what} were found by the model {card.get('name', '')} {str(card.get('sha256', ''))[:12]}"
        judged = _names(card.get("validated_on"))
        if judged:
            yield f"{found}, judged on real images that it never saw ({', '.join(judged)})."
        else:
            yield f"{found}, of which it is not on record that it was judged on real images."


def _names(value: object) -> list[str] | None:
    if isinstance(value, str):
        return [value] if value else []
    return [str(item) for item in value] if isinstance(value, Sequence) else None


def _flattened(value: object, path: tuple[str, ...] = ()) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping) and len(path) < _MAX_DEPTH:
        for key, inner in value.items():
            yield from _flattened(inner, (*path, str(key)))
    elif isinstance(value, Sequence) and not isinstance(value, str):
        items = [str(item) for item in value]
        shown = ", ".join(items) if len(items) <= _MAX_LIST and sum(map(len, items)) < 300 else f"{len(items)} entries"
        yield " › ".join(path), shown
    else:
        yield " › ".join(path), "" if value is None else str(value)
