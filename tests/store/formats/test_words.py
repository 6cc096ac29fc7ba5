from __future__ import annotations

from contract.families import GROUPS, TACTICS, TECHNIQUES, catalogue
from store.formats import words


def test_no_two_families_have_the_same_number():
    numbers = [words.rule_number(name) for name in catalogue()]
    assert len(set(numbers)) == len(numbers)
    assert all(9_000_000 <= number < 10_000_000 for number in numbers)


def test_a_familys_number_never_changes():
    """Whoever filters by it would lose it: these stand in rules of others."""
    known = {"syn_flood": 9287485, "web_scan": 9648603}
    assert {name: words.rule_number(name) for name in known} == known


def test_every_group_has_its_words_and_every_attack_its_names():
    assert all(words.group_words(group)[1] for group in GROUPS)
    for name, family in catalogue().items():
        found = words.attack(name)
        assert bool(found) == family.attack
        if found:
            assert found["technique_name"] == TECHNIQUES[family.technique]
            assert found["tactic_name"] == TACTICS[family.tactic]


def test_services_go_by_either_port():
    assert words.service(6, 40000, 22) == words.service(6, 22, 40000) == "ssh"
    assert words.service(17, 40000, 22) == words.service(1, 8, 0) == ""
