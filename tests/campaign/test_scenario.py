from __future__ import annotations

import pytest

from campaign.scenario import Overrides, load, names, parse_mix
from contract.errors import InputError
from generator.workload import TOKYO_RATE, rate_at

EXPECTED = ["benign-day", "opening-ceremony", "paris-2024", "smoke", "territory", "tokyo-2020", "weak-signals"]


def test_the_scenarios_of_the_design_ship():
    assert names() == EXPECTED


@pytest.mark.parametrize("name", EXPECTED)
def test_each_loads_and_makes_a_workload(name):
    scenario = load(name)
    assert scenario.name == name
    assert scenario.title
    assert scenario.summary.endswith(".")
    workload = scenario.workload(5)
    assert workload.start_ns == 5
    assert workload.duration_s == scenario.duration_s
    assert "#" in scenario.text, "a scenario explains itself"


def test_paris_ramps_from_one_over_eight_to_ten():
    scenario = load("paris-2024")
    workload = scenario.workload(0)
    assert (scenario.duration_s, workload.sites) == (60, 120)
    for second, times in ((0, 1), (9.9, 1), (10, 8), (29, 8), (30, 10), (59, 10)):
        assert rate_at(workload.curve, second) == times * TOKYO_RATE
    assert "flash_crowd" in scenario.families()


def test_benign_day_attacks_nobody():
    workload = load("benign-day").workload(0)
    assert not workload.attacks
    assert max(rate for _, rate in workload.curve) == 0


def test_an_unknown_name_is_answered_with_those_that_exist():
    with pytest.raises(InputError, match="no scenario is called 'athens-2004'; there are benign-day, opening"):
        load("athens-2004")


def test_duration_stretches_the_curves():
    scenario = Overrides(duration_s=120).apply(load("paris-2024"))
    assert scenario.duration_s == 120
    assert [second for second, _ in scenario.multiplier] == [0, 20, 20, 60, 60, 120]
    crowd = next(share for share in scenario.benign if share.family == "flash_crowd")
    assert crowd.begin_s == 40


def test_overrides_replace_what_they_name():
    overrides = Overrides(multiplier=3, seed=9, sites=6, mix={"syn_flood": 2.0, "port_scan": 1.0})
    scenario = overrides.apply(load("paris-2024"))
    assert scenario.multiplier == ((0.0, 3),)
    assert (scenario.seed, scenario.sites) == (9, 6)
    assert [(share.family, share.weight) for share in scenario.attacks] == [("syn_flood", 2), ("port_scan", 1)]
    assert overrides.as_dict()["mix"] == {"syn_flood": 2.0, "port_scan": 1.0}
    assert Overrides().apply(load("smoke")) == load("smoke")


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        (Overrides(multiplier=-1), "a multiplier of -1 is not between 0 and 1000"),
        (Overrides(duration_s=0), "a duration of 0 s is not between 1 s and 7 days"),
        (Overrides(sites=0), "1 to 800 sites"),
        (Overrides(zone="venues"), "this scenario has no zones"),
        (Overrides(arrivals="bursty"), "arrivals 'bursty' is none of constant, mmpp"),
        (Overrides(duration_s=float("nan")), "a duration of nan s is not between"),
        (Overrides(multiplier=float("nan")), "a multiplier of nan is not between"),
        (Overrides(mix={"syn_flood": -1}), "a weight of -1 makes no sense"),
        (Overrides(seed=-1), "must not be negative"),
        (Overrides(mix={"nonsense": 1}), "no family is called 'nonsense'"),
        (Overrides(mix={"web_browsing": 1}), "web_browsing is ordinary traffic"),
    ],
)
def test_a_senseless_override_is_one_clear_line(overrides, words):
    with pytest.raises(InputError, match=words):
        overrides.apply(load("smoke"))


def test_a_mix_is_read():
    assert parse_mix("syn_flood=3, port_scan") == {"syn_flood": 3.0, "port_scan": 1.0}
    with pytest.raises(InputError, match="'syn_flood=much' is not of the form family=weight"):
        parse_mix("syn_flood=much")


def test_paris_has_its_120_sites_in_five_zones_each_with_its_own_traffic():
    scenario = load("paris-2024")
    sites = {zone.name: zone.sites for zone in scenario.zones}
    assert sites == {"venues": 40, "villages": 8, "media-centre": 4, "stations": 44, "ceremony-route": 24}
    attacks, benign = scenario.workload(0).dealt()
    for shares in (attacks, benign):
        assert sum(share.weight for share in shares) == pytest.approx(1)
        mixes = {zone: {share.family for share in shares if share.zone == zone} for zone in sites}
        assert len({frozenset(mix) for mix in mixes.values()}) >= 4
    assert {share.zone for share in benign if share.family == "flash_crowd"} >= {"ceremony-route"}
    assert set(scenario.families()) >= {share.family for share in (*attacks, *benign)}
    assert scenario.as_dict()["zones"]["villages"] == {"sites": 8, "weight": 8, "traffic": 15}


def test_one_zone_alone_keeps_its_part_of_the_rates():
    whole, alone = load("paris-2024"), Overrides(zone="media-centre").apply(load("paris-2024"))
    assert alone.sites == 4
    part = 22 / 100
    assert rate_at(alone.workload(0).curve, 40) == pytest.approx(part * rate_at(whole.workload(0).curve, 40))
    assert rate_at(alone.background, 35) == pytest.approx(0.2 * rate_at(whole.background, 35))
    with pytest.raises(InputError, match="no zone is called 'moon'; there are venues, villages"):
        Overrides(zone="moon").apply(whole)


def test_overrides_reach_into_the_zones():
    paris = load("paris-2024")
    mixed = Overrides(mix={"syn_flood": 1.0}, arrivals="constant", duration_s=120).apply(paris)
    assert {share.family for share in mixed.workload(0).dealt()[0]} == {"syn_flood"}
    assert mixed.workload(0).arrivals == "constant"
    crowd = next(s for zone in mixed.zones for s in zone.benign if s.family == "flash_crowd")
    assert crowd.begin_s == 40
    with pytest.raises(InputError, match="3 sites are too few for 5 zones"):
        Overrides(sites=3).apply(paris)


def test_the_ceremony_s_links_are_lossy_and_far():
    from generator.world import make_world

    workload = load("opening-ceremony").workload(0)
    world = make_world(workload, "flash_crowd", {})
    assert world.habits.shares["loss"] == 0.03
    assert world.habits.rtt_median_s == 0.09
    assert world.habits.bandwidth == (1e6, 5e7)
