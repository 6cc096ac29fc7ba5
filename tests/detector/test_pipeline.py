"""The pipeline: the same frames give the same answer however they come, and the ledger balances to the frame."""

from __future__ import annotations

import random
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from contract.alert import Alert
from contract.errors import InputError
from contract.schemas import FLOWS, VERDICTS
from detector.config import Config
from detector.pipeline import Detector, Judge
from detector.policy import GROUP_BARS
from tests.detector.streams import FAMILIES, SECOND, START, Frame, Scripted, always, batch, tcp, udp

SMALL = Config(capacity=4096, sure=0.0)  # every verdict is said at once


def run(
    model: Judge, batches: list[pa.RecordBatch], config: Config = SMALL
) -> tuple[pa.Table, pa.Table, list[Alert], Detector]:
    detector = Detector(config, model)
    flows, verdicts, alerts = [], [], []

    def collect() -> None:
        out = detector.outputs()
        flows.extend([out.flows] if out.flows else [])
        verdicts.extend([out.verdicts] if out.verdicts else [])
        alerts.extend(out.alerts)

    for one in batches:
        detector.feed(one)
        collect()
    detector.finish()
    collect()
    tables = pa.Table.from_batches(flows, FLOWS), pa.Table.from_batches(verdicts, VERDICTS)
    return *tables, alerts, detector


def traffic(seed: int = 5) -> list[Frame]:
    """Three seconds of a scan, a flood and conversations, with a few frames out of order and one that is no IP."""
    rng = random.Random(seed)
    frames: list[Frame] = [
        (rng.randrange(3 * SECOND), tcp("198.18.0.9", "198.18.1.1", 4000 + n, n)) for n in range(1, 300)
    ]
    frames += [(SECOND + n * 900_000, udp(f"198.18.7.{n % 250 + 1}", "198.18.1.2", 5000 + n, 53)) for n in range(400)]
    for n in range(20):
        at, port = n * 120_000_000, 41000 + n
        frames.append((at, tcp("198.18.3.3", "198.18.1.3", port, 80, 2)))
        frames.append((at + 1_000_000, tcp("198.18.1.3", "198.18.3.3", 80, port, 18)))
        frames.append((at + 2_000_000, tcp("198.18.3.3", "198.18.1.3", port, 80, 24, b"GET / HTTP/1.1\r\n\r\n", 2)))
        frames.append((at + 3_000_000, tcp("198.18.3.3", "198.18.1.3", port, 80, 17, b"", 20)))
        frames.append((at + 4_000_000, tcp("198.18.1.3", "198.18.3.3", 80, port, 17, b"", 2)))
    frames.sort()
    frames.insert(200, (frames[100][0], bytes(12) + b"\x88\xcc" + bytes(40)))  # LLDP, and late
    frames[300], frames[310] = frames[310], frames[300]
    return frames


def words(table: pa.Table) -> list[dict[str, Any]]:
    """The rows, times as integers (Python's own have no nanoseconds)."""
    plain = [pc.cast(c, pa.int64()) if pa.types.is_timestamp(c.type) else c for c in table.columns]
    return pa.table(plain, names=table.column_names).to_pylist()


def test_a_frame_within_the_allowance_counts_at_its_time_and_a_later_one_is_counted() -> None:
    def frame(when: int, port: int) -> Frame:
        return when, tcp("198.18.0.1", "198.18.1.1", port, 80)

    mixed = run(always("benign"), [batch([frame(50_000_000, 1), frame(49_000_000, 2), frame(90_000_000, 3)])])
    assert mixed[1].column("decided").cast(pa.int64()).to_pylist() == [START + 100_000_000] * 3
    status = mixed[3].status()
    assert (status["frames_out_of_order"], status["frames_late"]) == (1, 0)
    assert [row["first"] - START for row in words(mixed[0])] == [49_000_000, 50_000_000, 90_000_000]
    late = run(always("benign"), [batch([frame(50_000_000, 1), frame(10_000_000, 2)])])
    assert late[3].status()["frames_late"] == 1
    with pytest.raises(InputError, match="late_ns"):
        Config(late_ns=-1)


def test_silence_in_a_capture_is_silence_on_a_wire() -> None:
    """Second looks, ends of flows and last words on alerts come when they are due, though no frame comes."""
    frames = [(n * 1_000_000, tcp("198.18.0.9", "198.18.1.1", 4000 + n, n + 1)) for n in range(60)]
    frames.append((400 * SECOND, tcp("198.18.0.8", "198.18.1.1", 1, 2)))
    whole = run(always("port_scan"), [batch(frames)])
    detector = Detector(SMALL, always("port_scan"))
    detector.feed(batch(frames[:-1]))
    for n in range(400 * 4):
        detector.tick(START + n * SECOND // 4)
    out = detector.outputs()
    assert out.flows is not None
    assert out.verdicts is not None
    detector.feed(batch(frames[-1:]))
    detector.finish()
    rest = detector.outputs()
    flows, verdicts = [pa.Table.from_batches(b, s) for b, s in
                       (([out.flows, rest.flows], FLOWS), ([out.verdicts, rest.verdicts], VERDICTS))]  # fmt: skip
    assert words(flows) == words(whole[0])
    assert words(verdicts) == words(whole[1])
    assert out.alerts + rest.alerts == whole[2]
    assert [alert.open for alert in out.alerts] == [True] * 5 + [False], "written again, and closed, in the silence"


@pytest.mark.parametrize("size", [1, 7, 64])
def test_batches_of_any_size_give_the_same_answer(size: int) -> None:
    frames = traffic()

    def model() -> Scripted:
        return Scripted(lambda column: (column("src_ports_10s") > 2) * 2)

    whole = run(model(), [batch(frames)])
    parts = run(model(), [batch(frames[i : i + size]) for i in range(0, len(frames), size)])
    assert words(parts[0]) == words(whole[0])
    assert words(parts[1]) == words(whole[1])
    assert parts[2] == whole[2]
    assert parts[3].ledger.as_dict() == whole[3].ledger.as_dict()


def test_the_ledger_balances_and_every_flow_ends_with_a_final_verdict() -> None:
    frames = traffic()
    flows, verdicts, _, detector = run(always("benign"), [batch(frames)])
    ledger = detector.settle()
    assert ledger.balanced, ledger.faults()
    assert ledger.stages["decode"].offered == len(frames)
    assert ledger.stages["decode"].dropped == {"not_ip": 1}
    assert ledger.stages["meter"].delivered == len(frames) - 1
    final = verdicts.filter(verdicts.column("final"))
    assert sorted(final.column("flow_id").to_pylist()) == sorted(flows.column("flow_id").to_pylist())
    assert set(verdicts.column("family").to_pylist()) == {"benign"}
    assert verdicts.num_rows == flows.num_rows


def test_frames_are_in_flight_while_their_flows_live() -> None:
    detector = Detector(SMALL, always("benign"))
    detector.feed(batch([(0, tcp("198.18.0.1", "198.18.1.1", 1, 2))]))
    assert detector.settle().stages["decode"].in_flight == 1, "until no older frame can come"
    assert detector.settle().balanced
    detector.tick(START)
    assert (detector.ledger.stages["decode"].delivered, detector.settle().stages["meter"].in_flight) == (1, 1)
    assert detector.settle().balanced


def test_a_verdict_does_not_wait_for_the_flow_to_end() -> None:
    detector = Detector(SMALL, always("syn_flood"))
    detector.feed(batch([(10_000_000, tcp("198.18.0.1", "198.18.1.1", 1, 2))]))
    assert not detector.outputs()
    detector.feed(batch([(60_000_000, tcp("198.18.0.2", "198.18.1.1", 1, 2))]))
    out = detector.outputs()
    assert out.verdicts is not None
    assert out.flows is None
    (row,) = words(pa.Table.from_batches([out.verdicts]))
    assert row["family"] == "syn_flood"
    assert not row["final"]
    assert row["decided"] == START + 50_000_000


def test_a_changed_word_is_written_once_and_the_end_says_the_last_one() -> None:
    rule = Scripted(lambda column: (column("flow_packets_fwd") > BEYOND_THREE) * FAMILIES.index("ssh_bruteforce"))
    frames = [(n * 300_000_000, tcp("198.18.0.1", "198.18.1.1", 9, 22, 16, b"x", n)) for n in range(8)]
    _, verdicts, _, _ = run(rule, [batch(frames)])
    said = [(row["family"], row["final"]) for row in verdicts.to_pylist()]
    assert said == [("ssh_bruteforce", False), ("ssh_bruteforce", True)]


BEYOND_THREE = 1.5  # between ln(1 + 3) and ln(1 + 4), see detector.features_flow


def test_the_clock_ends_a_tick_when_nothing_comes() -> None:
    detector = Detector(SMALL, always("syn_flood"))
    detector.tick(START)  # nothing has come yet
    detector.feed(batch([(0, tcp("198.18.0.1", "198.18.1.1", 1, 2))]))
    detector.tick(START + 10_000_000)
    assert not detector.outputs()
    detector.tick(START + 55_000_000)
    assert detector.outputs().verdicts is not None
    detector.feed(batch([(0, tcp("198.18.0.1", "198.18.1.1", 1, 3))]))  # late: counts to the running tick
    detector.finish()
    assert detector.settle().balanced


def test_a_clock_may_be_given() -> None:
    from contract.clock import Clock

    detector = Detector(SMALL, always("syn_flood"), Clock.start())
    detector.feed(batch([(0, tcp("198.18.0.1", "198.18.1.1", 1, 2))]))
    assert detector.newest == START
    detector.tick()
    assert detector.frames == 1


def test_a_tick_ends_early_when_it_holds_too_many_frames() -> None:
    frames = [(n, tcp("198.18.0.1", "198.18.1.1", n, 80)) for n in range(100)]
    detector = Detector(Config(capacity=4096, tick_frames=40, late_ns=0), always("benign"))
    detector.feed(batch(frames))
    assert detector.stopwatch.ticks_ms()["count"] == 2
    detector.finish()
    assert detector.settle().balanced
    assert detector.status()["flows"] == 100


def test_nothing_at_all() -> None:
    flows, verdicts, alerts, detector = run(always("benign"), [batch([])])
    assert flows.num_rows == verdicts.num_rows == len(alerts) == 0
    assert detector.settle().balanced
    assert detector.newest is None


def test_batches_of_another_schema_are_refused() -> None:
    with pytest.raises(InputError, match="frames/1"):
        Detector(SMALL, always("benign")).feed(pa.record_batch([pa.array([1])], ["x"]))
    with pytest.raises(InputError, match="positive"):
        Config(tick_ns=0)


def test_an_odd_flow_is_no_attack_until_its_incident_is_raised_and_then_all_of_it_is() -> None:
    config = Config(capacity=4096)
    rule = Scripted(lambda column: (column("flow_packets_fwd") > 0) * FAMILIES.index("port_scan"))
    frames = [(n * 100_000_000, tcp("198.18.0.9", "198.18.1.1", 4000 + n, n + 1)) for n in range(60)]
    detector = Detector(config, rule)
    said: list[tuple[int, int]] = []  # (tick, how many flows were called an attack)
    for frame in frames:
        detector.feed(batch([frame]))
        out = detector.outputs()
        if out.verdicts is not None:
            families = out.verdicts.column("family").to_pylist()
            said.append((len(out.alerts), families.count("port_scan")))
        elif out.alerts:
            said.append((len(out.alerts), 0))
    first = next(count for alerts, count in said if alerts)
    assert all(count == 0 for alerts, count in said[: [a > 0 for a, _ in said].index(True)])
    assert first >= GROUP_BARS["recon"].flows > 1, "the flows that raised it are said with it"
    assert sum(count for _, count in said) >= 50, "those that follow are said at once"
