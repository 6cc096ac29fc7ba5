"""Knowledge: the files are sound, the kernel says what a plain reading of the rules says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.errors import InputError
from contract.families import catalogue, group_of
from detector.behaviour import Compiled, Knowledge, compiled, knowledge, plausible, speak
from detector.features import FEATURES, NAMES, WIDTH
from detector.model import decide

FAMILIES = ("benign", *sorted(name for name, family in catalogue().items() if family.attack))
UNITS = {feature.name: feature.unit for feature in FEATURES}
AT = {name: number for number, name in enumerate(NAMES)}


def holds(bounds, row) -> bool:
    return all(np.float32(low) <= row[AT[name]] <= np.float32(high) for name, (low, high) in bounds.items())


def excused(known: Knowledge, row, family: str) -> bool:
    return any(one.family == family and holds(one.bounds, row) for one in known.excuses)


def met(known: Knowledge, row, code) -> bool:
    needs = [need for need in known.needs if need.family == FAMILIES[code]]
    return not excused(known, row, FAMILIES[code]) and (not needs or any(holds(need.bounds, row) for need in needs))


def plainly(known: Knowledge, row, probabilities, code, score):
    """The oracle: what one row's verdict becomes."""
    attack = np.float32(1) - probabilities[0]
    speaking = [
        rule
        for rule in known.rules
        if rule.family in FAMILIES and attack >= np.float32(rule.support) and holds(rule.bounds, row)
        if not excused(known, row, rule.family)
    ]
    if speaking:
        best = max(speaking, key=lambda rule: probabilities[FAMILIES.index(rule.family)])  # the first of equals
        named = code and probabilities[code] >= np.float32(0.5) and met(known, row, code)
        vague = FAMILIES[code].startswith("other_") and group_of(FAMILIES[code]) == group_of(best.family)
        named = named and not vague
        return code if named else FAMILIES.index(best.family), max(np.float32(best.score), attack)
    if code and not met(known, row, code):
        return 0, np.float32(1) - score
    return code, score


def test_every_file_is_a_family_and_every_rule_says_why() -> None:
    known = knowledge()
    others = {one.family for one in (*known.needs, *known.excuses)}
    assert {rule.family for rule in known.rules} | others <= set(FAMILIES)
    for rule in known.rules:
        assert len(rule.why) > 30, rule
        assert len(rule.bounds) >= 3, f"{rule.family}: one or two features never decide alone ({rule.name})"
        assert 0.5 < rule.score < 1
        assert all(low <= high for low, high in rule.bounds.values()), rule
    assert len({(rule.family, rule.name) for rule in known.rules}) == len(known.rules)


def test_no_rule_looks_at_ports_alone() -> None:
    for rule in knowledge().rules:
        assert not any(name.startswith("port_") for name in rule.bounds), rule


def rows(draw) -> np.ndarray:
    """A row that meets most of some rule or need, so that the edges are reached."""
    known = knowledge()
    chosen = [draw(st.sampled_from([*known.rules, *known.needs]))]
    chosen += draw(st.sampled_from([[], [*known.excuses]]))
    row = np.full(WIDTH, draw(st.sampled_from([0.0, 1.0, -1.0, 5.0])), np.float32)
    for name, (low, high) in (bound for one in chosen for bound in one.bounds.items()):
        near = low if np.isfinite(low) else high
        row[AT[name]] = np.float32(near) + np.float32(draw(st.sampled_from([0.0, 0.0, 0.0, 0.01, -0.01])))
    return row


@given(st.data())
def test_the_kernel_agrees_with_a_plain_reading(data: st.DataObject) -> None:
    row = data.draw(st.composite(rows)())
    weights = np.array(data.draw(st.lists(st.integers(0, 9), min_size=len(FAMILIES), max_size=len(FAMILIES))), float)
    probabilities = ((weights + 0.01) / (weights + 0.01).sum()).astype(np.float32)
    matrix, table = row[None], probabilities[None]
    codes, scores = decide(table, np.full(len(FAMILIES), 0.5, np.float32))
    expected = plainly(knowledge(), row, probabilities, int(codes[0]), scores[0])
    speak(compiled(FAMILIES), matrix, table, codes, scores)
    assert (int(codes[0]), scores[0]) == expected


def test_plausible_asks_for_the_needs_alone(tmp_path: Path) -> None:
    (tmp_path / "syn_flood.toml").write_text("[[need]]\nis_tcp = true\n[[need]]\ntcp_syns = { least = 10 }\n")
    known: Compiled = compiled(("benign", "syn_flood", "udp_flood"), knowledge(tmp_path))
    matrix = np.zeros((4, WIDTH), np.float32)
    matrix[1, AT["is_tcp"]] = 1
    matrix[2, AT["tcp_syns"]] = np.log1p(10) + 1e-6
    found = plausible(known, matrix, np.array([1, 1, 1, 2], np.int16))
    assert found.tolist() == [False, True, True, True]


def test_what_is_excused_is_neither_the_models_word_nor_a_rules(tmp_path: Path) -> None:
    (tmp_path / "c2_beacon.toml").write_text(
        "[[rule]]\nname='a'\nwhy='b'\n[rule.when]\nis_tcp = true\n[[unless]]\nsrc_peers_60s = { least = 6 }\n"
    )
    families = ("benign", "c2_beacon", "udp_flood")
    known: Compiled = compiled(families, knowledge(tmp_path))
    matrix = np.zeros((4, WIDTH), np.float32)
    matrix[:, AT["is_tcp"]] = [1, 1, 0, 1]
    matrix[:, AT["src_peers_60s"]] = np.log1p([5, 6, 6, 6])
    table = np.array([[0.9, 0.1, 0.0], [0.9, 0.1, 0.0], [0.1, 0.9, 0.0], [0.1, 0.0, 0.9]], np.float32)
    codes, scores = decide(table, np.full(len(families), 0.5, np.float32))
    assert codes.tolist() == [0, 0, 1, 2]
    speak(known, matrix, table, codes, scores)
    assert codes.tolist() == [1, 0, 0, 2]
    assert scores.tolist() == pytest.approx([0.99, 0.9, 0.1, 0.9])
    assert plausible(known, matrix, np.array([1, 1, 1, 2], np.int16)).tolist() == [True, False, False, True]


@pytest.mark.parametrize(
    "text",
    [
        "[[rule]]\nname='a'\n",
        "[[rule]]\nname='a'\nwhy='b'\n[rule.when]\nno_such_feature = true\n",
        "[[rule]]\nname='a'\nwhy='b'\n[rule.when]\nis_tcp = { about = 3 }\n",
        "[[rule]]\nname='a'\nwhy='b'\n[rule.when]\n",
        "rule = 3\n",
        "[[rules]]\n",
        "not toml",
    ],
)
def test_a_file_that_is_none_is_one_clear_line(tmp_path: Path, text: str) -> None:
    (tmp_path / "syn_flood.toml").write_text(text)
    with pytest.raises(InputError, match=r"syn_flood\.toml: no file of rules") as caught:
        knowledge(tmp_path)
    assert "\n" not in str(caught.value)


def test_bounds_of_a_logarithm_are_told_in_plain_numbers(tmp_path: Path) -> None:
    (tmp_path / "syn_flood.toml").write_text(
        "[[need]]\ntcp_syns = { least = 10, most_ln = 4.0 }\ndst_unanswered_10s = { most = 0.5 }\n"
    )
    (need,) = knowledge(tmp_path).needs
    assert UNITS["tcp_syns"] == "ln"
    assert need.bounds["tcp_syns"] == (pytest.approx(np.log(11)), 4.0)
    assert need.bounds["dst_unanswered_10s"] == (-np.inf, 0.5)
