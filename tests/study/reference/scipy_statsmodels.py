"""What scipy and statsmodels say of the same data sets: ``scipy_statsmodels.json``.

Run with ``python tests/study/reference/scipy_statsmodels.py``. Only procedures of these packages that histo itself does
not call stand here, so that the comparison is one of two programs.
"""

from __future__ import annotations

import json
import platform
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import scipy
import statsmodels
from scipy import stats
from statsmodels.regression.mixed_linear_model import MixedLM
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.oneway import anova_oneway
from statsmodels.stats.power import FTestAnovaPower, TTestIndPower
from statsmodels.stats.weightstats import CompareMeans, DescrStatsW, ttost_ind

FOLDER = Path(__file__).parent
MARGINS = {"villus_5_5": 60.0, "crypt_4_7": 15.0, "tied_5_5": 3.0, "equal_6_6": 5.0}

Case = dict[str, Any]


def main() -> None:
    datasets = json.loads((FOLDER / "datasets.json").read_text(encoding="utf-8"))
    cases: dict[str, Case] = {name: two_groups(datasets[name], margin) for name, margin in MARGINS.items()}
    cases |= {
        name: several_groups(datasets[name]["values"]) for name in ("three_4_4_4", "three_3_4_5", "three_tied_4_4_4")
    }
    cases |= {name: mixed_model(datasets[name]) for name in ("segments", "segments_unbalanced")}
    cases["pairs_8"] = rank_correlation(datasets["pairs_8"])
    cases["pairs_tied_8"] = rank_correlation(datasets["pairs_tied_8"])
    cases["p_values"] = {
        method: multipletests(datasets["p_values"]["p"], method=method)[1].tolist() for method in ("holm", "fdr_bh")
    }
    cases["power"] = {
        "two_5_5": [
            {"effect_sd": effect, "power": float(TTestIndPower().power(effect, 5, 0.05))} for effect in (1.2, 2.0, 3.0)
        ],
        "three_5_f06": float(FTestAnovaPower().power(0.6, 15, 0.05, k_groups=3)),
    }
    source = {
        "python": platform.python_version(),
        "numpy": np.__version__,
        "scipy": scipy.__version__,
        "statsmodels": statsmodels.__version__,
    }
    text = json.dumps({"source": source, "cases": cases}, indent=1)
    (FOLDER / "scipy_statsmodels.json").write_text(text + "\n", encoding="utf-8")


def two_groups(dataset: Case, margin: float) -> Case:
    a, b = np.array(dataset["a"]), np.array(dataset["b"])
    means = CompareMeans(DescrStatsW(b), DescrStatsW(a))
    t, p, df = means.ttest_ind(usevar="unequal")
    exact = stats.PermutationMethod(n_resamples=np.inf)
    return {
        "welch": {"t": t, "p": p, "df": df, "ci": list(means.tconfint_diff(usevar="unequal"))},
        # scipy doubles the smaller tail of Welch's t where histo counts both.
        "permutation_of_t": {
            side: float(stats.ttest_ind(b, a, equal_var=False, method=exact, alternative=side).pvalue)
            for side in ("less", "greater", "two-sided")
        },
        "tost": {"margin": margin, "p": float(ttost_ind(b, a, -margin, margin, usevar="unequal")[0])},
    }


def several_groups(values: list[list[float]]) -> Case:
    groups = [np.array(group) for group in values]
    welch = anova_oneway(groups, use_var="unequal", welch_correction=True)
    order = np.repeat(np.arange(len(groups)), [group.size for group in groups])
    kendall = stats.kendalltau(order, np.concatenate(groups), method="asymptotic")
    return {
        "anova": {"F": float(stats.f_oneway(*groups).statistic), "p": float(stats.f_oneway(*groups).pvalue)},
        "welch": {"F": float(welch.statistic), "df": [float(df) for df in welch.df], "p": float(welch.pvalue)},
        # The asymptotic test of Kendall's tau with the group's number is Jonckheere-Terpstra's.
        "jonckheere_p_asymptotic": float(kendall.pvalue),
        "theil_sen_slope": float(stats.theilslopes(np.concatenate(groups), order).slope),
        "somers_d": float(stats.somersd(order, np.concatenate(groups)).statistic),
    }


def mixed_model(dataset: Case) -> Case:
    frame = pd.DataFrame(dataset)
    fit = MixedLM.from_formula("value ~ group + segment", groups="animal", data=frame).fit(
        reml=True, method="bfgs", gtol=1e-10
    )
    return {
        "coefficients": {name: float(value) for name, value in fit.fe_params.items()},
        "se": {name: float(value) for name, value in fit.bse_fe.items()},
        "variances": {"animal": float(fit.cov_re.iloc[0, 0]), "Residual": float(fit.scale)},
        "log_likelihood": float(fit.llf),
    }


def rank_correlation(dataset: Case) -> Case:
    x, y = np.array(dataset["x"]), np.array(dataset["y"])
    exact = stats.permutation_test(
        (x,), lambda shuffled: abs(stats.spearmanr(shuffled, y).statistic), permutation_type="pairings",
        alternative="greater", n_resamples=np.inf,
    )  # fmt: skip
    return {"rho": float(stats.spearmanr(x, y).statistic), "p_exact": float(exact.pvalue)}


if __name__ == "__main__":
    main()
