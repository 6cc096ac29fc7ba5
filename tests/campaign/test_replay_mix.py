"""A capture inside a scenario: both are there, in order, apart, and truth tells them from each other."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from campaign import replay_mix
from campaign.labels import family_per_flow
from campaign.replay_mix import Mix, Planned
from campaign.replay_request import Request
from campaign.replaying import Traffic, open_replay
from campaign.scenario import load
from contract.addresses import column_to_array
from contract.errors import InputError
from contract.schemas import FRAMES, TRUTH
from contract.truth import parse_truth
from detector.meter import Meter
from generator.replay.timing import NS, Pace
from generator.replay.truth import document
from generator.workload import Share
from tests.campaign.captures import VICTIM, write_capture
from tests.campaign.replays import WORKLOAD, generated, plan

START = WORKLOAD.start_ns


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """A scenario of a few hundred frames stands for every other."""
    monkeypatch.setattr(replay_mix, "_scenario", lambda *_: Planned(plan()))


def flows_of(traffic: Traffic) -> tuple[pa.Table, int]:
    meter, frames, last = Meter(seed=1), 0, 0
    for batch in traffic.frames():
        ts = batch.column("ts").cast(pa.int64()).to_numpy()
        assert ts[0] >= last
        assert (np.diff(ts) >= 0).all()
        last, frames = int(ts[-1]), frames + len(batch)
        assert batch.schema == FRAMES
        meter.update(batch)
    return pa.Table.from_batches([meter.export(meter.finish())]), frames


def hosts(rows: pa.Table) -> set[bytes]:
    return {row.tobytes() for name in ("src", "dst") for row in column_to_array(rows.column(name))}


@pytest.mark.usefixtures("small")
def test_both_are_there_and_apart(tmp_path: Path) -> None:
    traffic = open_replay(Request(str(write_capture(tmp_path)), into="smoke", at_s=1.0))
    assert isinstance(traffic, Mix)
    flows, frames = flows_of(traffic)
    assert frames == traffic.planned()
    rows = pa.Table.from_batches(list(traffic.rows(traffic.end_ns)), TRUTH)
    mine = np.flatnonzero(rows.column("attempt").to_numpy() >= traffic.attempts - 405)
    guest = rows.take(pa.array(mine))
    base = rows.filter(pa.array(~np.isin(np.arange(rows.num_rows), mine)))
    assert not hosts(guest) & hosts(base)
    assert guest.num_rows == 405
    assert len(np.unique(rows.column("attempt").to_numpy())) == traffic.attempts
    assert traffic.start_ns == START
    assert guest.column("first").cast(pa.int64()).to_numpy().min() == START + NS
    # The rules say of every flow what the rows say.
    truth = parse_truth(document(traffic.entries(), "", traffic.otherwise), "here")
    assert (family_per_flow(flows, truth) == family_per_flow(flows, rows)).all()
    assert len(traffic.starts) == 400 + len(plan().table.intended) - ordinary()


def ordinary() -> int:
    return int(np.count_nonzero(~plan().attacks[plan().table.family]))


@pytest.mark.usefixtures("small")
def test_victims_can_be_sites(tmp_path: Path) -> None:
    traffic = open_replay(Request(str(write_capture(tmp_path)), into="smoke", onto_sites=True))
    rows = pa.Table.from_batches(list(traffic.rows(traffic.end_ns)), TRUTH)
    scans = rows.filter(pa.array(np.array(rows.column("family").to_pylist()) == "port_scan"))
    (site,) = {row[12:] for row in scans.column("dst").to_pylist()}
    assert int.from_bytes(site, "big") in replay_mix._sites(plan())
    assert "1 victims are sites of smoke" in traffic.notes
    assert VICTIM not in str(traffic.entries())
    bare = write_capture(tmp_path / "..", "bare.pcap")
    bare.with_name("bare.truth.json").unlink()
    with pytest.raises(InputError, match="needs a truth that names victims"):
        open_replay(Request(str(bare), into="smoke", onto_sites=True))


def test_a_capture_goes_into_another(tmp_path: Path) -> None:
    base, guest = generated(tmp_path), write_capture(tmp_path)
    request = Request(str(guest), into=str(base), at_s=0.5, pace=Pace(speed=2.0))
    traffic = open_replay(request, START)
    flows, frames = flows_of(traffic)
    assert frames == traffic.planned()
    rows = pa.Table.from_batches(list(traffic.rows(traffic.end_ns)), TRUTH)
    assert "unknown" not in family_per_flow(flows, rows)
    before = traffic.start_ns
    traffic.move(before + 3 * NS)
    assert (traffic.start_ns, traffic.starts.min()) == (before + 3 * NS, traffic.starts.min())
    with pytest.raises(InputError, match="sites are a scenario's"):
        open_replay(replace(request, onto_sites=True))


def test_what_is_neither_scenario_nor_capture_is_refused(tmp_path: Path) -> None:
    for into, text in (("nowhere", "no scenario is called 'nowhere'"), (str(tmp_path / "x.pcap"), "no such capture")):
        with pytest.raises(InputError, match=text):
            open_replay(Request(str(write_capture(tmp_path)), into=into))


def test_a_scenario_lasts_as_long_as_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    few = replace(load("smoke"), attacks=(Share("syn_flood"),), benign=(Share("dns_lookup"),))
    monkeypatch.setattr(replay_mix.scenarios, "load", lambda _: few)
    traffic = open_replay(Request(str(write_capture(tmp_path)), into="smoke", pace=Pace(duration_s=1.0)))
    assert isinstance(traffic, Mix)
    assert traffic.end_ns - traffic.start_ns == NS
    assert traffic.known
