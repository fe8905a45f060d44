"""Batch, sex and the like: whether animals exchange their labels only within them, and why not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from histo.study.inference.relabeling import is_mid_p_fair, relabelings

__all__ = ["NO_STRATA", "Strata", "choose_strata", "covariates_of_animals"]


@dataclass(frozen=True)
class Strata:
    """Within what the animals of a comparison exchange their labels.

    Parameters
    ----------
    names : tuple of str
        The covariates that make the strata; none where animals are exchanged freely.
    of_animal : mapping of str to str
        Each animal's stratum.
    note : str
        Which covariates were left out, and why; empty where none was.
    """

    names: tuple[str, ...] = ()
    of_animal: Mapping[str, str] = field(default_factory=dict)
    note: str = ""


NO_STRATA = Strata()


def covariates_of_animals(sections: pd.DataFrame, names: tuple[str, ...]) -> pd.DataFrame:
    """Gather each animal's covariates from its sections.

    Parameters
    ----------
    sections : DataFrame
        The ``sections`` table with what the design says further.
    names : tuple of str
        Columns to gather; those that the table lacks are left out.

    Returns
    -------
    DataFrame
        One row an animal, the index; empty words where nothing is known, or where the animal's sections differ (a
        batch of slides is then no batch of animals).
    """
    present = [name for name in names if name in sections.columns]
    known = sections.loc[sections["animal"] != "", ["animal", *present]]
    words = known.set_index("animal")[present].astype("string").fillna("").apply(lambda column: column.str.strip())

    def only(values: pd.Series[str]) -> str:
        kinds = [kind for kind in values.unique() if kind]
        return str(kinds[0]) if len(kinds) == 1 else ""

    gathered: pd.DataFrame = words.groupby(level=0, sort=False).agg(only) if present else words
    return gathered


def choose_strata(covariates: pd.DataFrame, *arms: list[str]) -> Strata:
    """Choose the strata of a comparison: every covariate that varies, is known, and leaves enough to exchange.

    A covariate that goes with the group (each batch in one group only) cannot be told apart from it, and one that
    leaves fewer relabelings than a p-value of 5 % takes would silence the test: both are left out, and said.

    Parameters
    ----------
    covariates : DataFrame
        What `covariates_of_animals` gathered.
    *arms : list of str
        Animals of each arm that is compared.
    """
    animals = [animal for arm in arms for animal in arm]
    labels = [place for place, arm in enumerate(arms) for _ in arm]
    chosen: list[str] = []
    said: list[str] = []
    for name in covariates.columns:
        own = covariates[name].reindex(animals).fillna("")
        if own.nunique() < 2:
            continue
        if (own == "").any():
            said.append(f"{name} is not known of every animal and was left out")
            continue
        strata = _crossed(covariates, [*chosen, name], animals)
        n_all = relabelings(labels, strata.factorize()[0].tolist()).n_all
        if n_all == 1:
            said.append(f"{name} goes with the group: a difference may be that of {name}")
        elif not is_mid_p_fair(n_all):
            said.append(f"{name} was left out: within it only {n_all} relabelings are left")
        else:
            chosen.append(name)
    if not chosen:
        return Strata(note="; ".join(said))
    of_animal = {str(animal): stratum for animal, stratum in _crossed(covariates, chosen, animals).items()}
    return Strata(tuple(chosen), of_animal, "; ".join(said))


def _crossed(covariates: pd.DataFrame, names: list[str], animals: list[str]) -> pd.Series[str]:
    """Join the covariates' names into one stratum an animal."""
    rows = covariates.reindex(animals)[names]
    return rows.agg(" ".join, axis=1)
