"""What slides are stained for, as a design table says it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from histo.errors import InvalidArgument, InvalidDesign
from histo.io.design import StainedMarker, read_design, read_panel

READABLE = [
    ("CD3", "dab", (("cd3", "ring", ""),), ""),
    ("", "dab", (("dab", "nucleus", ""),), ""),
    ("Ki67", "dab", (("ki67", "nucleus", ""),), ""),
    ("zonulin@ring", "dab", (("zonulin", "ring", ""),), ""),
    ("CD4@nucleus", "dab", (("cd4", "nucleus", ""),), ""),
    ("", "fluorescence", (), ""),
    ("CD4; Foxp3", "fluorescence", (("cd4", "ring", ""), ("foxp3", "nucleus", "")), ""),
    (
        "cd8a = Alexa Fluor 488 ;IL-17A @ RING= 2;nuclei=DAPI;",
        "fluorescence",
        (("cd8a", "ring", "Alexa Fluor 488"), ("il-17a", "ring", "2")),
        "DAPI",
    ),
    (
        "ZO1=Cy5; β-catenin; e cadherin",
        "fluorescence",
        (
            ("zo-1", "junction", "Cy5"),
            ("beta-catenin", "junction", ""),
            ("e-cadherin", "junction", ""),
        ),
        "",
    ),
    ("Zonulin", "dab", (("zonulin", "junction", ""),), ""),
    ("CLDN 15", "dab", (("claudin-15", "junction", ""),), ""),
    ("beta-catenin@nucleus", "dab", (("beta-catenin", "nucleus", ""),), ""),
    ("vinculin@junction", "dab", (("vinculin", "junction", ""),), ""),
    ("CD4=Em: 520-540; 550", "fluorescence", (("cd4", "ring", "Em: 520-540"), ("550", "nucleus", "")), ""),
]
UNREADABLE = [
    ("CD3; CD4", "dab", "one marker"),
    ("CD3=brown", "dab", "one marker"),
    ("CD4@cytoplasm", "fluorescence", "no such place"),
    ("CD4; cd4=Cy5", "fluorescence", "named twice"),
    ("nuclei", "fluorescence", "named twice, or is no marker"),
    ("nuclei=DAPI", "dab", "is no marker"),
    ("CD4 & Foxp3", "fluorescence", "cannot be read"),
    ("CD4=", "fluorescence", "cannot be read"),
]
HEADER = "slide,animal,group,section,stain,marker,negative_control"
BROKEN = [
    (["a,m1,g,,dab,CD3; CD4,"], (2, "marker", "such as CD3")),
    (["a,m1,g,,if,CD4@membrane,"], (2, "marker", "@nucleus, @ring or @junction")),
    (["a,m1,g,,dab,CD4,", "b,m2,g,,dab,CD4@nucleus,"], (3, "marker", "cd4@ring as in row 2")),
    (["a,m1,g,s1,dab,CD4,", "a,m2,g,s2,he,CD4,"], (3, "stain", "'dab' as in row 2")),
    (["a,m1,g,s1,dab,CD4,yes", "a,m2,g,s2,dab,CD4,no"], (3, "negative_control", "'yes' as in row 2")),
    (["a,m1,g,,dab,CD4,isotype"], (2, "negative_control", "one of yes")),
]


@pytest.mark.parametrize(("text", "stain", "markers", "nuclei"), READABLE)
def test_markers_are_read_with_their_place_and_channel(
    text: str, stain: str, markers: tuple[tuple[str, str, str], ...], nuclei: str
) -> None:
    panel = read_panel(text, stain)
    assert [(marker.name, marker.site, marker.channel) for marker in panel.markers] == list(markers)
    assert panel.nuclei == nuclei


@pytest.mark.parametrize(("text", "stain", "part"), UNREADABLE)
def test_what_is_no_marker_is_refused(text: str, stain: str, part: str) -> None:
    with pytest.raises(InvalidArgument, match=part):
        read_panel(text, stain)


def test_what_is_looked_for_in_junctions_is_kept_from_what_is_looked_for_in_cells() -> None:
    panel = read_panel("CD4; ZO-1=Cy5; Foxp3; nuclei=DAPI", "fluorescence")
    assert panel.of_cells.names == ("cd4", "foxp3")
    assert panel.of_cells.nuclei == "DAPI"
    assert [marker.name for marker in panel.of_junctions] == ["zo-1"]


@pytest.mark.parametrize(("marker", "stain"), [("CD4", "if"), ("ZO-1", "he"), ("E-cadherin@ring", "dab"), ("", "")])
def test_a_monolayer_without_a_protein_of_junctions_is_answered_with_its_row(
    marker: str, stain: str, tmp_path: Path
) -> None:
    path = tmp_path / "animals.csv"
    rows = ["a,m1,g,,if,ZO-1,,monolayer", f"b,m1,g,,{stain},{marker},,en face"]
    path.write_text("\n".join([f"{HEADER},preparation", *rows]), encoding="utf-8")
    with pytest.raises(InvalidDesign, match="a protein of junctions") as caught:
        read_design(path)
    assert [(problem.row, problem.column) for problem in caught.value.problems] == [(3, "marker")]


@given(st.lists(st.from_regex(r"[a-z][a-z0-9]{0,6}", fullmatch=True), unique=True, max_size=5), st.data())
def test_any_names_places_and_channels_come_back(names: list[str], data: st.DataObject) -> None:
    markers = [
        StainedMarker(
            name, data.draw(st.sampled_from(["nucleus", "ring"])), data.draw(st.sampled_from(["", "Cy5", "0"]))
        )
        for name in names
        if name != "nuclei"
    ]
    written = "; ".join(f"{each.name}@{each.site}" + (f"={each.channel}" if each.channel else "") for each in markers)
    assert list(read_panel(written, "fluorescence").markers) == markers


@pytest.mark.parametrize(("rows", "problem"), BROKEN)
def test_a_design_that_contradicts_itself_is_answered_with_row_and_column(
    rows: list[str], problem: tuple[int, str, str], tmp_path: Path
) -> None:
    path = tmp_path / "animals.csv"
    path.write_text("\n".join([HEADER, *rows]), encoding="utf-8")
    with pytest.raises(InvalidDesign) as caught:
        read_design(path)
    (found,) = caught.value.problems
    assert (found.row, found.column) == problem[:2]
    assert problem[2] in found.expected


def test_what_stands_beside_h_and_e_is_not_read_as_markers(tmp_path: Path) -> None:
    path = tmp_path / "animals.csv"
    path.write_text(f"{HEADER}\na,m1,g,,he,H&E (Mayer),\nb,m2,g,,,any text,", encoding="utf-8")
    assert read_design(path).table["marker"].tolist() == ["H&E (Mayer)", "any text"]
