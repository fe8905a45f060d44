from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from histo.schema import table_schema
from histo.study import AnalysisPlan, StudyTables
from histo.study.inference import adjust

Draw = Callable[..., pd.DataFrame]

PLAN = AnalysisPlan(endpoints=("crypt_depth_um", "vh_cd"), max_relabelings=2000)


def overall(table: pd.DataFrame, **changed: object) -> pd.DataFrame:
    return StudyTables(table, plan=AnalysisPlan(**{**PLAN.__dict__, **changed})).overall()  # type: ignore[arg-type]


def followed(table: pd.DataFrame) -> pd.DataFrame:
    """Give the animals of each group the same names at every timepoint."""
    return table.assign(animal=table["animal"].str.replace(r"^([CE])\d+-", r"\1", regex=True))


def test_a_group_at_several_timepoints_after_a_control_is_a_trend(draw_sections_table: Draw) -> None:
    table = draw_sections_table(segments=("ileum",))
    found = overall(table)
    assert list(found.columns) == table_schema("overall").names
    assert set(found["design"]) == {"ordered timepoints"}
    assert found["test"].str.startswith("Jonckheere-Terpstra").all()
    assert set(found["arms"]) == {"control @ 14; EAE @ 7; EAE @ 14"}
    crypts = found.set_index("endpoint").loc["crypt_depth_um"]
    assert crypts["estimate"] > 0
    assert crypts["p"] < 0.01


def test_two_arms_are_two_groups_as_in_the_contrasts(draw_sections_table: Draw) -> None:
    study = StudyTables(draw_sections_table(arms=(("control", "14"), ("EAE", "14")), segments=("ileum",)), plan=PLAN)
    found, contrasts = study.overall(), study.compare()
    assert set(found["design"]) == {"two groups"}
    for name in ("estimate", "ci_low", "p", "p_plain", "effect_size"):
        assert found[name].tolist() == pytest.approx(contrasts[name].tolist())
    assert found["test"].tolist() == contrasts["test"].tolist()


def test_groups_in_no_order_get_one_test_of_whether_any_differs(draw_sections_table: Draw) -> None:
    table = draw_sections_table(arms=(("control", "14"), ("EAE", "14")), segments=("ileum",))
    third = table[table["group"] == "EAE"].assign(
        group="treated", animal=lambda t: "T" + t["animal"], slide=lambda t: "T" + t["slide"]
    )
    study = StudyTables(pd.concat([table, third]), plan=PLAN)
    found = study.overall()
    assert set(found["design"]) == {"several groups"}
    assert found["test"].str.contains("Welch F").all()
    assert found["estimate"].isna().all()
    animals = study.animals().query("endpoint == 'vh_cd'")
    f = stats.f_oneway(*(of_group["value"] for _, of_group in animals.groupby("group")), equal_var=False)
    assert found.set_index("endpoint").loc["vh_cd", "statistic"] == pytest.approx(f.statistic)


def test_followed_animals_are_their_own_reference(draw_sections_table: Draw) -> None:
    table = followed(draw_sections_table(arms=(("EAE", "0"), ("EAE", "7"), ("EAE", "14")), segments=("ileum",)))
    found = StudyTables(table, plan=AnalysisPlan(**{**PLAN.__dict__, "reference": "EAE @ 0"})).overall()
    assert set(found["design"]) == {"followed animals"}
    assert found["test"].str.contains("within blocks").all()
    assert (found["n_animals"] == 5).all()


def test_followed_groups_exchange_whole_animals(draw_sections_table: Draw) -> None:
    arms = (("control", "7"), ("control", "14"), ("EAE", "7"), ("EAE", "14"))
    study = StudyTables(followed(draw_sections_table(arms=arms, segments=("ileum",))), plan=PLAN)
    found = study.overall().set_index("endpoint")
    assert set(found["design"]) == {"followed groups"}
    assert found["test"].str.contains("whole animals").all()
    means = study.animals().query("endpoint == 'vh_cd'").groupby(["group", "animal"])["value"].mean()
    assert found.loc["vh_cd", "estimate"] == pytest.approx(means["EAE"].mean() - means["control"].mean())


def test_one_arm_is_nothing_to_test(draw_sections_table: Draw) -> None:
    found = overall(draw_sections_table(arms=(("control", "14"),), segments=("ileum",)))
    assert set(found["test"]) == {"none"}
    assert found["p"].isna().all()


def test_endpoints_of_a_segment_are_one_family(draw_sections_table: Draw) -> None:
    table = draw_sections_table(segments=("ileum",))
    holm, bh = overall(table), overall(table, correction="bh")
    assert holm["p_adjusted"].to_numpy() == pytest.approx(adjust(holm["p"]))
    assert bh["p_adjusted"].to_numpy() == pytest.approx(adjust(bh["p"], "bh"))
    assert set(holm["correction"]) == {"Holm over 2 endpoints, within ileum"}


def test_a_batch_that_varies_is_a_block_of_the_trend(draw_sections_table: Draw) -> None:
    table = draw_sections_table(segments=("ileum",))
    number = table["animal"].str.extract(r"(\d+)$")[0].astype(int)
    found = overall(table.assign(batch=np.where(number <= 2, "A", "B")))
    assert found["test"].str.contains("within blocks").all()
    assert found["p"].notna().all()
