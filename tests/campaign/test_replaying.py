"""A replayed capture is the same traffic: flows, sizes, verdicts, truth, under the map of addresses."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from campaign.labels import pair_truth
from campaign.replay_files import write
from campaign.replay_request import Request
from campaign.replay_survey import survey
from campaign.replaying import Replay, open_replay
from contract.addresses import Networks, column_to_array
from contract.safety import LAB
from contract.schemas import TRUTH
from detector.model import load_default
from detector.offline import Result, detect
from generator.replay.timing import NS, Pace
from tests.campaign.captures import write_capture
from tests.campaign.replays import generated

Key = tuple[Any, ...]


@pytest.fixture(scope="module")
def capture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return generated(tmp_path_factory.mktemp("replaying"))


@pytest.fixture(scope="module")
def both(capture: Path) -> tuple[Result, Result, Replay]:
    """What the detector makes of the capture, and of its replay."""
    copy = capture.with_name("copy.pcapng")
    request = Request(str(capture), seed=4)
    write(request, copy)
    replay = open_replay(request)
    assert isinstance(replay, Replay)
    model = load_default()
    return detect(capture, model), detect(copy, model), replay


def keys(table: pa.Table, replay: Replay | None) -> list[Key]:
    ends = [column_to_array(table.column(name)) for name in ("src", "dst")]
    if replay is not None:
        ends = [replay.people(0).addresses(rows) for rows in ends]
    plain = [table.column(name).to_pylist() for name in ("src_port", "dst_port", "protocol")]
    return list(zip(*([row.tobytes() for row in rows] for rows in ends), *plain, strict=True))


def test_flows_are_the_same_in_number_and_size(both: tuple[Result, Result, Replay]) -> None:
    before, after, replay = both
    names = ("packets_fwd", "packets_bwd", "bytes_fwd", "bytes_bwd", "payload_fwd", "tcp_flags_bwd", "first", "last")

    def sized(result: Result, mapping: Replay | None) -> Counter[Key]:
        columns = [result.flows.column(name).cast(pa.int64()).to_pylist() for name in names]
        return Counter(zip(keys(result.flows, mapping), *columns, strict=True))

    assert after.frames == before.frames
    assert sized(after, None) == sized(before, replay)


def test_verdicts_are_the_same(both: tuple[Result, Result, Replay]) -> None:
    before, after, replay = both

    def last(result: Result, mapping: Replay | None) -> dict[Key, str]:
        words = result.verdicts.column("family").cast(pa.string()).to_pylist()
        return dict(zip(keys(result.verdicts, mapping), words, strict=True))

    one, other = last(before, replay), last(after, None)
    assert one.keys() == other.keys()
    differing = sum(one[key] != other[key] for key in one)
    assert differing <= 0.01 * len(one)  # counts of distinct hosts are estimates over hashed addresses


def test_addresses_lie_in_the_lab(both: tuple[Result, Result, Replay]) -> None:
    lab = Networks([str(network) for network in LAB])
    for name in ("src", "dst"):
        assert lab.contains(column_to_array(both[1].flows.column(name))).all()


def test_every_row_of_truth_meets_a_flow_in_every_round(capture: Path, tmp_path: Path) -> None:
    request = Request(str(capture), pace=Pace(speed=5.0, loops=3))
    replay = open_replay(request)
    write(request, tmp_path / "x.arrow")
    flows = detect(tmp_path / "x.arrow", load_default()).flows
    rows = pa.Table.from_batches(list(replay.rows(replay.end_ns)), TRUTH)
    pairs = pair_truth(flows, rows)
    assert len(np.unique(pairs.truth)) == rows.num_rows
    assert len(np.unique(pairs.flow)) == flows.num_rows
    assert replay.attempts == len(np.unique(rows.column("attempt").to_numpy())) == 3 * survey_attempts(capture)


def survey_attempts(capture: Path) -> int:
    return survey(capture, None, "fill", None).attempts


def stamps(replay: Any) -> np.ndarray[Any, np.dtype[np.int64]]:
    return np.concatenate([batch.column("ts").cast(pa.int64()).to_numpy() for batch in replay.frames()])


@pytest.mark.parametrize(
    "pace",
    [
        Pace(),
        Pace(speed=2.5, loops=2),
        Pace(pps=1000.0, loops=2, duration_s=0.6),
        Pace(multiplier=1.0, loops=0, duration_s=1.2),
    ],
)
def test_frames_are_planned_to_the_frame_and_in_order(tmp_path: Path, pace: Pace) -> None:
    replay = open_replay(Request(str(write_capture(tmp_path)), pace=pace), 7 * NS)
    found = stamps(replay)
    assert len(found) == replay.planned()
    assert (np.diff(found) >= 0).all()
    assert found[0] == 7 * NS
    assert found[-1] < replay.end_ns
    assert replay.ledger().balanced
    if pace.pps:
        assert np.allclose(np.diff(found), NS / pace.pps, atol=1)


def test_the_multiplier_is_that_of_attempts(tmp_path: Path) -> None:
    replay = open_replay(Request(str(write_capture(tmp_path)), pace=Pace(multiplier=2.0)))
    starts = replay.starts
    assert (len(starts) - 1) / ((starts[-1] - starts[0]) / NS) == pytest.approx(1630, rel=1e-6)
    assert any("the multiplier counts attack flows: 400 a round" in note for note in replay.notes)


def test_a_replay_moves_as_a_whole(tmp_path: Path) -> None:
    replay = open_replay(Request(str(write_capture(tmp_path)), pace=Pace(loops=2)))
    before, entries = stamps(replay), replay.starts
    replay.move(replay.start_ns + 5 * NS)
    assert (stamps(replay) - before == 5 * NS).all()
    assert (replay.starts - entries == 5 * NS).all()


def test_notes_say_what_a_user_must_know(tmp_path: Path) -> None:
    path = write_capture(tmp_path)
    path.with_name("scan.truth.json").unlink()
    replay = open_replay(Request(str(path), pace=Pace(loops=200)))
    assert not replay.known
    assert replay.otherwise == "unknown"
    assert any(note.startswith("no truth beside the capture") for note in replay.notes)
    assert any("rounds the lab's networks are used up" in note for note in replay.notes)
