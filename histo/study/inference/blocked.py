"""Animals that were measured several times: labels are exchanged within the animal, or whole animals are."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import factorial, nan

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from histo.errors import InvalidArgument
from histo.study.inference.relabeling import MAX_RELABELINGS, is_mid_p_fair, one_sided_p, relabelings
from histo.study.inference.result import Inference
from histo.study.inference.several import compare_several
from histo.study.inference.two_groups import compare_two, how_relabeled

__all__ = ["blocked_permutation", "share_explained"]


@dataclass(frozen=True)
class _Repeats:
    """One value a block and level, the levels in order, and how to test."""

    cells: pd.DataFrame
    order: list[object]
    factor: str
    block: str
    level: float
    max_relabelings: int
    seed: int


def blocked_permutation(
    frame: pd.DataFrame,
    *,
    factor: str,
    block: str = "animal",
    repeat: str = "",
    level: float = 0.05,
    max_relabelings: int = MAX_RELABELINGS,
    seed: int = 0,
) -> Inference:
    """Test a factor where each animal gives several values: segments, or repeated timepoints.

    A factor that changes within the animal (segment; timepoint of an animal that is followed) is tested by exchanging
    its labels within each animal. A factor that belongs to the whole animal (group) is tested by exchanging whole
    animals, each with the mean of its values.

    Parameters
    ----------
    frame : DataFrame
        With the columns value, `factor` and `block`. Rows without a value are left out; several rows of one block and
        level count as their mean.
    factor : str
        What is tested. Its order: that of a categorical, else the order of appearance.
    block : str, optional
        What was measured several times.
    repeat : str, optional
        For a factor of the whole animal: the column that tells its values apart (segment). The mean of each of its
        levels is taken off first, so that an animal that lacks one is not for that reason high or low.
    level : float, optional
        Intervals cover ``1 - level``.
    max_relabelings, seed : int, optional
        As in `permutation_test`.

    Returns
    -------
    Inference
        Of two levels as `compare_two`: second minus first; within animals the effect size is the difference over the
        residual standard deviation within animals. Of several levels within animals: the F of the factor with the
        animals as blocks, and the share of the variance within animals that it explains as effect size. The counts are
        animals.

    Raises
    ------
    InvalidArgument
        If a column is missing, or the factor changes within some animals and not within others.

    Notes
    -----
    Restricted permutation: Edgington and Onghena 2007, Randomization Tests, chapters 5 and 6; Winkler et al. 2015,
    NeuroImage 123:253 (exchangeability blocks, whole and within).

    Examples
    --------
    >>> frame = pd.DataFrame({"animal": list("abcdef") * 2, "segment": ["jejunum"] * 6 + ["ileum"] * 6,
    ...                       "value": [9.0, 7, 8, 6, 9, 8, 6, 5, 5, 4, 5, 6]})
    >>> found = blocked_permutation(frame, factor="segment")
    >>> round(found.estimate, 2), found.p, found.n_a
    (-2.67, 0.015625, 6)
    """
    cells = _cells(frame, factor, block, repeat)
    asked = _Repeats(cells, _order(frame, factor, cells), factor, block, level, max_relabelings, seed)
    if len(asked.order) < 2 or cells[block].nunique() < 2:
        return Inference("none", n_a=cells[block].nunique(), note=f"{factor} has fewer than two levels with a value")
    if not cells.duplicated(block).any():
        return _of_whole_blocks(asked)
    return _of_pairs(asked) if len(asked.order) == 2 else _within_blocks(asked)


def share_explained(
    values: NDArray[np.float64], labels: NDArray[np.int64], blocks: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Compute the share of the scatter within blocks that labels explain, for each relabeling.

    Parameters
    ----------
    values : (..., n) array
        One value a block and level along the last axis.
    labels : (n_relabelings, n) array of int
        Levels 0, 1, ...
    blocks : (n,) array of int

    Returns
    -------
    (..., n_relabelings) array
        0 to 1; nothing where the values do not scatter.
    """
    members = (blocks[:, np.newaxis] == np.unique(blocks)).astype(float)
    take_mean_off = np.eye(blocks.size) - members @ (members / members.sum(axis=0)).T
    inside = values @ take_mean_off
    scatter = np.square(inside).sum(axis=-1, keepdims=True)
    is_rounding = scatter <= 1e-24 * np.square(values).sum(axis=-1, keepdims=True)
    levels = np.arange(1, int(labels.max()) + 1)
    design = take_mean_off @ (labels[:, :, np.newaxis] == levels).astype(float)
    sums = np.tensordot(inside, design, axes=(-1, 1))
    inverse = np.linalg.pinv(np.einsum("rnk,rnl->rkl", design, design), rcond=1e-10, hermitian=True)
    explained = np.einsum("...rk,rkl,...rl->...r", sums, inverse, sums)
    share: NDArray[np.float64] = np.where(is_rounding, 0.0, explained / np.where(is_rounding, 1.0, scatter))
    return share


def _cells(frame: pd.DataFrame, factor: str, block: str, repeat: str) -> pd.DataFrame:
    needed = [name for name in ("value", factor, block, repeat) if name]
    missing = [name for name in needed if name not in frame.columns]
    if missing:
        raise InvalidArgument("the table lacks columns", expected=", ".join(needed), got=f"no {', '.join(missing)}")
    known = frame[needed].dropna()
    if repeat:
        known = known.assign(value=known["value"] - known.groupby(repeat, observed=True)["value"].transform("mean"))
    return known.groupby([block, factor], observed=True, sort=False)["value"].mean().reset_index()


def _order(frame: pd.DataFrame, factor: str, cells: pd.DataFrame) -> list[object]:
    present = set(cells[factor])
    if isinstance(frame[factor].dtype, pd.CategoricalDtype):
        return [name for name in frame[factor].cat.categories if name in present]
    return [name for name in frame[factor].unique() if name in present]


def _of_whole_blocks(asked: _Repeats) -> Inference:
    by_level = {
        str(name): asked.cells.loc[asked.cells[asked.factor] == name, "value"].to_numpy(dtype=float)
        for name in asked.order
    }
    if len(by_level) == 2:
        a, b = by_level.values()
        found = compare_two(a, b, level=asked.level, max_relabelings=asked.max_relabelings, seed=asked.seed)
    else:
        found = compare_several(by_level, max_relabelings=asked.max_relabelings, seed=asked.seed)
    return replace(found, test=found.test.replace("permutation of animals", f"permutation of whole {asked.block}s"))


def _of_pairs(asked: _Repeats) -> Inference:
    wide = asked.cells.pivot_table(index=asked.block, columns=asked.factor, values="value", observed=True).dropna()
    if len(wide) < 2:
        return Inference(
            "none", n_a=len(wide), note=f"fewer than two {asked.block}s have both levels of {asked.factor}"
        )
    a, b = (wide[name].to_numpy(dtype=float) for name in asked.order)
    names = wide.index.to_numpy()
    found = compare_two(
        a, b, strata=(names, names), level=asked.level, max_relabelings=asked.max_relabelings, seed=asked.seed
    )
    return replace(found, test=found.test.replace("animals within strata", f"labels within {asked.block}s"))


def _within_blocks(asked: _Repeats) -> Inference:
    n_levels = asked.cells.groupby(asked.block)[asked.factor].size()
    alone = [str(name) for name in n_levels.index[n_levels == 1]]
    cells = asked.cells[asked.cells[asked.block].map(n_levels) > 1]
    labels = cells[asked.factor].map({name: place for place, name in enumerate(asked.order)}).to_numpy(dtype=int)
    blocks = np.unique(cells[asked.block].astype(str).to_numpy(), return_inverse=True)[1]
    found = relabelings(labels.tolist(), blocks.tolist(), max_relabelings=asked.max_relabelings, seed=asked.seed)
    share = share_explained(cells["value"].to_numpy(dtype=float), found.labels, blocks)
    n_blocks, between = int(blocks.max()) + 1, len(asked.order) - 1
    residual = len(cells) - n_blocks - between
    observed = float(share[0])
    is_mid = is_mid_p_fair(found.n_all // factorial(len(asked.order)))
    n_drawn = len(found.labels) - (not found.is_exact)
    return Inference(
        test="blocked F, "
        + how_relabeled(n_drawn, is_exact=found.is_exact, is_mid_p=is_mid, of=f"labels within {asked.block}s"),
        effect_size=observed,
        statistic=observed / between / ((1 - observed) / residual) if residual > 0 and observed < 1 else nan,
        df=float(between),
        p=float(one_sided_p(share, is_mid=is_mid)) if observed > 0 else 1.0,
        n_a=n_blocks,
        p_plain=float(one_sided_p(share, is_mid=False)),
        note=f"left out, for they have one level of {asked.factor} only: {', '.join(alone)}" if alone else "",
    )
