import json

import numpy as np
import pytest

from campaign import training
from campaign.training import Plan, group_of, train
from campaign.worlds import Recipe
from contract.addresses import to_text
from contract.errors import InputError
from detector.model import card_path, load
from generator.sinks.pcap import PcapSink
from generator.traffic import chunks
from generator.workload import Share, Workload


def write_capture(folder, name, family, seed):
    workload = Workload(
        seed=seed,
        duration_s=5,
        curve=((0.0, 25.0),),
        attacks=(Share(family),),
        benign=(Share("dns_lookup"),),
        benign_curve=((0.0, 6.0),),
        sites=3,
        clients=12,
    )
    sink = PcapSink(folder / f"{name}.pcap")
    attackers, victims = set(), set()
    for chunk in chunks(workload):
        sink.write(chunk.frames)
        for row in chunk.truth.select(["family", "src", "dst"]).to_pylist():
            if row["family"] == family:
                attackers.add(to_text(row["src"]))
                victims.add(to_text(row["dst"]))
    sink.close()
    entry = {"family": family, "attackers": sorted(attackers), "victims": sorted(victims)}
    truth = {"format": "tenfold-truth/1", "capture": f"{name}.pcap", "entries": [entry], "otherwise": "benign"}
    (folder / f"{name}.truth.json").write_text(json.dumps(truth))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("captures")
    for number, family in enumerate(("port_scan", "port_scan", "syn_flood")):
        write_capture(folder, f"{family}_{number}", family, number)
    (folder / "untold.pcap").write_bytes(b"")
    return folder


@pytest.fixture
def small_worlds(monkeypatch):
    """Worlds of a second: the recipes of real ones are tested in test_worlds."""

    def recipes(count, seed):
        share = (Share("udp_flood"),)
        return [
            Recipe(number, "udp_flood", Workload(seed=seed + number, duration_s=1, curve=((0.0, 40.0),), attacks=share))
            for number in range(count)
        ]

    monkeypatch.setattr(training, "recipes", recipes)


@pytest.mark.usefixtures("small_worlds")
def test_captures_and_worlds_become_a_model_and_its_card(folder, tmp_path):
    steps = []
    plan = Plan(tmp_path / "m.skops", folder, worlds=2, seed=4, date="2026-01-01", markdown=tmp_path / "card.md")
    report = train(plan, lambda *step: steps.append(step))
    model = load(plan.out)
    assert model.families == ("benign", "port_scan", "syn_flood", "udp_flood")
    assert report.notes == ["untold.pcap: skipped, it has no untold.truth.json"]
    assert {what for what, _, _ in steps} == {"captures", "worlds", "held-out fold", "fit"}
    card = json.loads(card_path(plan.out).read_text())
    assert {row["capture"] for row in card["held_out"]["captures"]} == {"port_scan_0", "port_scan_1", "syn_flood_2"}
    assert sum(source["kind"] == "world" for source in card["sources"]) == 2
    assert all(np.isfinite(row.get("baseline", 0) or 0) for row in card["held_out"]["captures"])
    text = (tmp_path / "card.md").read_text()
    assert "port_scan_1" in text
    assert "2026-01-01" in text
    again = Plan(tmp_path / "again.skops", folder, worlds=2, seed=4, date="2026-01-01")
    train(again)
    assert again.out.read_bytes() == plan.out.read_bytes()
    assert card_path(again.out).read_bytes() == card_path(plan.out).read_bytes()


def test_a_missing_or_empty_folder_is_one_clear_error(tmp_path):
    with pytest.raises(InputError, match="no such folder"):
        train(Plan(tmp_path / "m.skops", tmp_path / "none", worlds=0))
    with pytest.raises(InputError, match="no capture"):
        train(Plan(tmp_path / "m.skops", tmp_path, worlds=0))
    with pytest.raises(InputError, match="nothing to train on"):
        train(Plan(tmp_path / "m.skops", worlds=0))


@pytest.mark.parametrize(
    ("about", "group"),
    [
        ({"source": "owner/repo pcaps/nmap/a.pcap 0123"}, "owner/repo pcaps/nmap"),
        ({"source": "owner/repo (history) pcaps/a.pcap 0123"}, "owner/repo pcaps"),
        ({}, "a"),
        ("text", "a"),
    ],
)
def test_captures_of_one_origin_are_one_group(tmp_path, about, group):
    (tmp_path / "a.truth.json").write_text(json.dumps({"about": about}))
    assert group_of("a", tmp_path / "a.truth.json") == group
