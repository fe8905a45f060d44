"""Every boundary of every profile that comes with histo."""

from __future__ import annotations

import math
import operator
from hashlib import sha256

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from histo.measure.infiltrate import prediction_limit
from histo.measure.infiltrate.extent import ControlLimits, grade_extent
from histo.schema import TABLES
from histo.score import Baseline, ControlValue, Finding, Profile, list_profiles, load_profile, score_section

OPERATORS = {">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le}

# Cut-offs that follow: crypts 120 µm; VH:CD flat 0.4, mouse atrophic 3 and marked 1.332; height 280 µm; IEL 14;
# cells 1200, 1400, 1600 (mucosa) per mm²; crypts 10 per mm. 95 % prediction limits: LIMITS.
CONTROLS = Baseline(
    {
        "crypt_depth_um": ControlValue(100.0, 10.0, 5, 40),
        "vh_cd": ControlValue(4.0, 0.5, 5, 40),
        "villus_height_um": ControlValue(400.0, 20.0, 5, 40),
        "iel_per_100": ControlValue(10.0, 2.0, 5, 40),
        "mucosa_inflammatory_per_mm2": ControlValue(1000.0, 100.0, 5, 40, (880.0, 950.0, 1000.0, 1050.0, 1120.0)),
        "submucosa_inflammatory_per_mm2": ControlValue(200.0, 30.0, 5, 40, (165.0, 190.0, 200.0, 215.0, 230.0)),
        "muscularis_inflammatory_per_mm2": ControlValue(100.0, 15.0, 5, 40, (80.0, 95.0, 100.0, 110.0, 115.0)),
        "crypts_per_mm": ControlValue(20.0, 2.0, 5, 40),
    }
)
# 2.131847 is Student's t of four degrees of freedom.
LIMITS = [
    (np.sqrt(means).mean() + 2.131847 * np.sqrt(means).std(ddof=1) * np.sqrt(1.2)) ** 2
    for means in (
        CONTROLS.measures[f"{layer}_inflammatory_per_mm2"].animal_means
        for layer in ("mucosa", "submucosa", "muscularis")
    )
]
ONLY_ITS_IEL = {
    "marsh-oberhuber": (30.0, False),
    "marsh-oberhuber-jejunum": (40.0, False),
    "marsh-oberhuber-iel40": (40.0, True),
    "marsh-oberhuber-iel27": (27.0, True),
    "marsh-oberhuber-iel25": (25.0, False),
    "marsh-oberhuber-vhcd4": (30.0, False),
    "corazza-villanacci": (25.0, True),
    "ensari": (25.0, False),
    "ensari-iel30": (30.0, False),
    "ensari-bulb": (25.0, False),
    "marsh-like-mouse": (14.0, False),
}
_HUMAN = ("iel_per_100", "crypt_depth_um", "vh_cd")
_LAYERS = ("mucosa_inflammatory_per_mm2", "submucosa_inflammatory_per_mm2", "muscularis_inflammatory_per_mm2")
_CHIU = ("epithelial_lifting", "denuded_villi", "lamina_propria_disintegration")
_PARK = ("epithelial_lifting", "denuded_villi", "villous_tissue_loss", "infarction_depth")
_FEATURES = (
    "damaged_villi_fraction",
    "mucosal_damage_degree",
    "mucosa_inflammatory_per_mm2",
    "goblet_depletion",
    "crypts_per_mm",
)
_DAS = ("iel_per_100", "villus_height_um", "vh_cd")


def _das(lymphocytes: str, height: str, ratio: str) -> str:
    return f"lymphocytes {lymphocytes}; villous height {height}; crypt to villus {ratio}"


def _features(*grades: int) -> str:
    names = ("extent of villus damage", "degree of mucosal damage", "infiltrate", "goblet cell depletion")
    return "; ".join(f"{name} {grade}" for name, grade in zip((*names, "absence of crypts"), grades, strict=True))


MARSH = [
    ((30.0, 120.0, 3.0), "0"),
    ((30.1, 120.0, 3.0), "1"),
    ((30.1, 120.1, 3.0), "2"),
    ((30.1, 120.1, 2.99), "3a"),
    ((30.1, 120.1, 1.0), "3a"),
    ((30.1, 120.1, 0.99), "3b"),
    ((30.1, 120.1, 0.41), "3b"),
    ((30.1, 120.1, 0.4), "3c"),
    ((30.1, 120.1, 0.0), "3c"),
    ((30.0, 120.0, 0.4), "4"),
    ((30.0, 120.1, 3.0), None),
    ((30.0, 120.0, 2.99), None),
    ((30.1, 120.0, 0.4), None),
]
GRADES: dict[str, tuple[tuple[str, ...], list[tuple[tuple[float, ...], str | None]]]] = {
    "marsh-oberhuber": (_HUMAN, MARSH),
    "marsh-oberhuber-vhcd4": (_HUMAN, [((30.1, 120.1, 4.0), "2"), ((30.1, 120.1, 3.99), "3a")]),
    "marsh-like-mouse": (
        _HUMAN,
        [
            ((14.0, 120.0, 3.0), "0"),
            ((14.1, 120.0, 3.0), "1"),
            ((14.1, 120.1, 3.0), "2"),
            ((14.1, 120.1, 2.99), "3a"),
            ((14.1, 120.1, 1.333), "3a"),
            ((14.1, 120.1, 1.331), "3b"),
            ((14.1, 120.1, 0.4), "3c"),
            ((14.0, 120.0, 0.4), "4"),
        ],
    ),
    "corazza-villanacci": (
        ("iel_per_100", "vh_cd"),
        [
            ((24.9, 3.0), "no lesion"),
            ((25.0, 3.0), "A"),
            ((25.0, 2.99), "B1"),
            ((25.0, 0.41), "B1"),
            ((25.0, 0.4), "B2"),
            ((24.9, 2.99), None),
        ],
    ),
    "ensari": (
        _HUMAN,
        [
            ((25.0, 150.0, 3.0), "no lesion"),
            ((25.1, 120.0, 3.0), "1"),
            ((25.1, 150.0, 3.0), "1"),
            ((25.1, 120.1, 2.99), "2"),
            ((25.1, 120.0, 2.99), None),
            ((25.1, 120.1, 0.41), "2"),
            ((25.1, 120.1, 0.4), "3"),
        ],
    ),
    "ensari-bulb": (_HUMAN, [((25.1, 120.1, 2.0), "1"), ((25.1, 120.1, 1.99), "2")]),
    "das-2019": (
        _DAS,
        [
            ((24.9, 280.1, 2.01), _das("control", "control", "control")),
            ((25.0, 280.1, 2.01), _das("coeliac", "control", "control")),
            ((24.9, 280.0, 2.01), _das("control", "coeliac", "control")),
            ((24.9, 280.1, 2.0), _das("control", "control", "coeliac")),
        ],
    ),
    "mouse-infiltrate": (
        _LAYERS,
        [
            ((LIMITS[0] - 0.1, LIMITS[1] - 0.1, LIMITS[2] - 0.1), "0"),
            ((LIMITS[0] + 0.1, LIMITS[1] - 0.1, LIMITS[2] - 0.1), "1"),
            ((LIMITS[0] + 0.1, LIMITS[1] + 0.1, LIMITS[2] - 0.1), "2"),
            ((LIMITS[0] + 0.1, LIMITS[1] + 0.1, LIMITS[2] + 0.1), "3"),
            ((LIMITS[0] - 0.1, LIMITS[1] + 0.1, LIMITS[2] - 0.1), "2"),
            ((LIMITS[0] + 0.1, LIMITS[1] - 0.1, LIMITS[2] + 0.1), "3"),
        ],
    ),
    "mouse-small-intestine": (
        _FEATURES,
        [
            ((0.0, 1, 1200.0, 0, 10.1), _features(1, 1, 1, 1, 1)),
            ((0.01, 1, 1200.1, 0, 10.1), _features(2, 1, 2, 1, 1)),
            ((0.33, 2, 1400.0, 1, 10.0), _features(2, 2, 2, 2, 2)),
            ((1 / 3, 2, 1400.1, 1, 10.0), _features(3, 2, 3, 2, 2)),
            ((2 / 3, 3, 1600.0, 1, 10.0), _features(3, 3, 3, 2, 2)),
            ((0.67, 4, 1600.1, 1, 0.0), _features(4, 4, 4, 2, 2)),
        ],
    ),
    "chiu": (
        _CHIU,
        [
            ((0, 0, 0), "0"),
            ((1, 0, 0), "1"),
            ((2, 0, 0), "2"),
            ((3, 0, 0), "3"),
            ((0, 1, 0), "4"),
            ((3, 1, 0), "4"),
            ((0, 0, 1), "5"),
            ((3, 1, 1), "5"),
        ],
    ),
    "park": (
        _PARK,
        [
            ((0, 0, 0, 0), "0"),
            ((1, 0, 0, 0), "1"),
            ((2, 0, 0, 0), "2"),
            ((3, 0, 0, 0), "3"),
            ((3, 1, 0, 0), "4"),
            ((3, 1, 1, 0), "5"),
            ((3, 1, 1, 1), "6"),
            ((0, 0, 0, 2), "7"),
            ((3, 1, 1, 3), "8"),
        ],
    ),
}
_RULES_OF_INPUT = {"__all__": {"name", "column", "unit", "zero_where_none_of", "lowest", "highest", "is_whole"}}
_RULES_OF_FINDING = {"__all__": {"name", "input", "operator", "threshold", "control_sd", "control_fold", "source"}}
_RULES_OF_GRADE = {"__all__": {"grade", "scale", "rank", "all_of", "none_of"}}
CASES = [
    pytest.param(name, dict(zip(columns, values, strict=True)), grade, id=f"{name}-{values}")
    for name, (columns, rows) in GRADES.items()
    for values, grade in rows
]
FINDINGS = [
    pytest.param(name, finding, id=f"{name}-{finding.name}")
    for name in list_profiles()
    for finding in load_profile(name).findings
]
INPUTS = [
    pytest.param(name, entry.column, id=f"{name}-{entry.column}")
    for name in list_profiles()
    for entry in load_profile(name).inputs
]


def _normal(profile: Profile) -> dict[str, float]:
    """What a section without any lesion measures."""
    means = {name: value.mean for name, value in CONTROLS.measures.items()}
    return {entry.column: means.get(entry.column, entry.lowest or 0.0) for entry in profile.inputs}


def _cut_off(finding: Finding, column: str) -> float:
    if finding.threshold is not None:
        return finding.threshold
    ground = CONTROLS.measures[column]
    if finding.control_fold is not None:
        return finding.control_fold * ground.mean
    if finding.control_share is not None:
        return prediction_limit(ground.animal_means, finding.control_share)
    assert finding.control_sd is not None
    return ground.mean + finding.control_sd * ground.sd


@pytest.mark.parametrize(("name", "measures", "grade"), CASES)
def test_grade_changes_at_the_boundary_and_nowhere_else(name: str, measures: dict, grade: str | None) -> None:
    score = score_section(measures, profile=name, controls=CONTROLS)
    assert score.grade == grade
    assert (score.reason == "") == (grade is not None)


@pytest.mark.parametrize(("name", "cut_off"), ONLY_ITS_IEL.items())
def test_limit_of_intraepithelial_lymphocytes_is_the_one_in_the_name(name: str, cut_off: tuple[float, bool]) -> None:
    limit, is_raised_at = cut_off
    ranks = [
        score_section(_normal(load_profile(name)) | {"iel_per_100": iel}, profile=name, controls=CONTROLS).rank
        for iel in (limit - 0.1, limit, limit + 0.1)
    ]
    assert ranks == [0, int(is_raised_at), 1]


@pytest.mark.parametrize("name", [name for name in GRADES if name not in ("marsh-oberhuber-vhcd4", "ensari-bulb")])
def test_boundaries_reach_every_grade(name: str) -> None:
    profile = load_profile(name)
    reached = {part for _, grade in GRADES[name][1] if grade is not None for part in grade.split("; ")}
    assert reached == {f"{grade.scale} {grade.grade}".strip() for grade in profile.grades}


@pytest.mark.parametrize(("name", "finding"), FINDINGS)
def test_finding_is_crossed_as_its_operator_says(name: str, finding: Finding) -> None:
    profile = load_profile(name)
    entry = profile.input_named(finding.input)
    limit = _cut_off(finding, entry.column)
    step = 1.0 if entry.is_whole else 1e-9 * max(abs(limit), 1.0)
    for value in (limit - step, limit, limit + step):
        if not (entry.lowest or 0.0) <= value <= (entry.highest or math.inf):
            continue
        score = score_section(_normal(profile) | {entry.column: value}, profile=name, controls=CONTROLS)
        crossed = {comparison.finding for comparison in score.crossed}
        assert (finding.name in crossed) == OPERATORS[finding.operator](value, limit)


@pytest.mark.parametrize(("name", "column"), INPUTS)
@pytest.mark.parametrize("how", ["absent", "not a number"])
def test_without_any_one_input_a_section_cannot_be_scored(name: str, column: str, how: str) -> None:
    measures = _normal(load_profile(name))
    assert score_section(measures, profile=name, controls=CONTROLS).grade is not None
    if how == "absent":
        del measures[column]
    else:
        measures[column] = math.nan
    score = score_section(measures, profile=name, controls=CONTROLS)
    assert score.grade is None
    assert score.rank is None
    assert score.reason.startswith(f"cannot be scored: {column} is missing")


@pytest.mark.parametrize("name", list_profiles())
def test_without_controls_a_profile_that_needs_them_cannot_be_scored(name: str) -> None:
    profile = load_profile(name)
    score = score_section(_normal(profile), profile=profile)
    assert (score.grade is None) == profile.needs_controls
    assert ("no controls were given" in score.reason) == profile.needs_controls


@pytest.mark.parametrize("name", list_profiles())
def test_profile_says_who_states_each_cut_off(name: str) -> None:
    profile = load_profile(name)
    assert profile.id == name
    for source in profile.sources:
        assert source.is_verified or "unverified" in str(source)
        assert source.address.startswith("http")
    for finding in profile.findings:
        origin = profile.origin(finding)
        assert origin.startswith(("published: ", "ours: "))
        if finding.source == "ours":
            assert finding.needs_controls, "a cut-off of ours is relative to the study's controls"


@pytest.mark.parametrize("name", [name for name in list_profiles() if load_profile(name).species == "human"])
def test_human_criteria_are_called_like_in_the_mouse(name: str) -> None:
    profile = load_profile(name)
    score = score_section(_normal(profile), profile=profile, controls=CONTROLS, species="mouse")
    assert score.label.endswith("-like")
    assert "human" in score.explain()
    assert score_section(_normal(profile), profile=profile, controls=CONTROLS, species="human").label == profile.label


@pytest.mark.parametrize("name", list_profiles())
def test_what_histo_gives_is_a_column_of_its_tables(name: str) -> None:
    known = {column.name for table in ("sections", "infiltrate") for column in TABLES[table].columns}
    for entry in load_profile(name).inputs:
        assert (entry.column in known) == (entry.given_by == "histo")
        assert entry.zero_where_none_of is None or entry.zero_where_none_of in known


# What each version of each profile says. A test that fails here asks for a new version, and then for a new line.
WHAT_IT_SAYS: dict[tuple[str, str], str] = {
    ("chiu", "1"): "02be14215064",
    ("corazza-villanacci", "1"): "9b842526ddad",
    ("das-2019", "1"): "cec6a473ba83",
    ("ensari", "1"): "b7c35df96e0a",
    ("ensari-bulb", "1"): "146d0c123a41",
    ("ensari-iel30", "1"): "4831a893c9d8",
    ("marsh-like-mouse", "1"): "0c162ca2554f",
    ("marsh-oberhuber", "1"): "f3565b7ed9b0",
    ("marsh-oberhuber-iel25", "1"): "1fc4845b4a25",
    ("marsh-oberhuber-iel27", "1"): "fdbb9277f33f",
    ("marsh-oberhuber-iel40", "1"): "839cdb4cc547",
    ("marsh-oberhuber-jejunum", "1"): "c65a6718ac2d",
    ("marsh-oberhuber-vhcd4", "1"): "731e91992da1",
    ("mouse-infiltrate", "2"): "4e4bbeaadb72",
    ("mouse-small-intestine", "1"): "2eeba975460c",
    ("park", "1"): "8fa9f00b2a0f",
}


@pytest.mark.parametrize("name", list_profiles())
def test_changed_rules_are_a_new_version(name: str) -> None:
    profile = load_profile(name)
    # Where no finding has one, the share stands in no digest: the others were there before it.
    shares = {"control_share"} if any(finding.control_share for finding in profile.findings) else set()
    of_finding = {"__all__": _RULES_OF_FINDING["__all__"] | shares}
    rules = profile.model_dump_json(
        include={"inputs": _RULES_OF_INPUT, "findings": of_finding, "grades": _RULES_OF_GRADE}
    )
    digest = sha256(rules.encode()).hexdigest()[:12]
    assert WHAT_IT_SAYS.get((name, profile.version)) == digest


_MEASURES = st.fixed_dictionaries(
    {
        "iel_per_100": st.floats(0, 100),
        "crypt_depth_um": st.floats(20, 400),
        "vh_cd": st.floats(0, 8),
    }
)


@pytest.mark.parametrize("name", list(ONLY_ITS_IEL))
@given(measures=_MEASURES, more=st.floats(0, 100))
@settings(max_examples=25, deadline=None)
def test_more_lymphocytes_never_lower_the_grade(name: str, measures: dict[str, float], more: float) -> None:
    before = score_section(measures, profile=name, controls=CONTROLS)
    after = score_section(measures | {"iel_per_100": measures["iel_per_100"] + more}, profile=name, controls=CONTROLS)
    if before.rank is not None:
        assert after.rank is not None
        assert after.rank >= before.rank


@pytest.mark.parametrize("name", list(ONLY_ITS_IEL))
@given(measures=_MEASURES, share=st.floats(0, 1))
@settings(max_examples=25, deadline=None)
def test_shorter_villi_never_lower_the_grade_of_an_inflamed_section(
    name: str, measures: dict[str, float], share: float
) -> None:
    inflamed = measures | {"iel_per_100": 60.0, "crypt_depth_um": 200.0}
    before = score_section(inflamed, profile=name, controls=CONTROLS)
    after = score_section(inflamed | {"vh_cd": inflamed["vh_cd"] * share}, profile=name, controls=CONTROLS)
    assert before.rank is not None
    assert after.rank is not None
    assert after.rank >= before.rank


@given(
    column=st.sampled_from(_LAYERS), cells=st.lists(st.floats(0, 4000), min_size=3, max_size=3), more=st.floats(0, 2000)
)
@settings(max_examples=100, deadline=None)
def test_more_cells_never_lower_the_grade_of_the_infiltrate(column: str, cells: list[float], more: float) -> None:
    measures = dict(zip(_LAYERS, cells, strict=True))
    before = score_section(measures, profile="mouse-infiltrate", controls=CONTROLS).rank
    after = score_section(
        measures | {column: measures[column] + more}, profile="mouse-infiltrate", controls=CONTROLS
    ).rank
    assert before is not None
    assert after is not None
    assert after >= before


@given(cells=st.lists(st.floats(0, 2000), min_size=3, max_size=3))
@settings(max_examples=100, deadline=None)
def test_the_grade_of_the_infiltrate_is_its_extent(cells: list[float]) -> None:
    extent, _ = grade_extent(
        dict(zip(("mucosa", "submucosa", "muscularis"), cells, strict=True)), ControlLimits(*LIMITS)
    )
    score = score_section(dict(zip(_LAYERS, cells, strict=True)), profile="mouse-infiltrate", controls=CONTROLS)
    assert score.rank == ["none", "mucosa", "submucosa", "transmural"].index(extent)


def test_a_baseline_that_does_not_tell_animals_apart_sets_no_limit_of_the_infiltrate() -> None:
    controls = Baseline({**CONTROLS.measures, "muscularis_inflammatory_per_mm2": ControlValue(5.0, 1.0, 4, 4)})
    score = score_section(dict.fromkeys(_LAYERS, 1000.0), profile="mouse-infiltrate", controls=controls)
    assert score.grade is None
    assert "does not say what each animal has of muscularis_inflammatory_per_mm2" in score.reason
