from __future__ import annotations

from api.attack import grid, layer
from contract.families import ATTACK_VERSION, TACTICS, catalogue

ROWS = [
    {"family": "syn_flood", "flagged": 80, "detected": 90, "sent": 100},
    {"family": "port_scan", "flagged": 7, "detected": 7},
]


def cells(tactics):
    return {cell["id"]: cell for tactic in tactics for cell in tactic["techniques"]}


def test_every_attack_family_has_its_place_in_the_grid():
    found = grid({}, [])
    placed = {family["id"] for cell in cells(found).values() for family in cell["families"]}
    assert placed == {family.id for family in catalogue().values() if family.attack and family.technique}
    assert [tactic["name"] for tactic in found] == [TACTICS[tactic["id"]] for tactic in found]
    assert [tactic["short"] for tactic in found] == [tactic["name"].lower().replace(" ", "-") for tactic in found]


def test_counts_and_recall_come_from_the_run():
    found = cells(grid({"syn_flood": 4, "port_scan": 2}, ROWS))
    flood, scan = found[catalogue()["syn_flood"].technique], found[catalogue()["port_scan"].technique]
    assert (flood["alerts"], flood["flows"], flood["recall"]) == (4, 80, 0.9)
    assert (scan["alerts"], scan["flows"], scan["recall"]) == (2, 7, None)


def test_a_layer_is_one_the_navigator_reads():
    tactics = grid({"syn_flood": 4}, ROWS)
    found = layer("r1", "Paris 2024", tactics)
    assert (found["domain"], found["versions"]["layer"]) == ("enterprise-attack", "4.5")
    assert found["versions"]["attack"] == ATTACK_VERSION.split(".")[0]
    assert {row["techniqueID"] for row in found["techniques"]} == set(cells(tactics))
    assert found["gradient"]["maxValue"] == 4
    assert all(isinstance(row["score"], int) and row["comment"] for row in found["techniques"])
