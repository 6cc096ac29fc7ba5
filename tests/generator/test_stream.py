"""What becomes of data on bad paths, as a naive follower of connections sees it, and as tshark does."""

from __future__ import annotations

import shutil
import subprocess
from collections import Counter
from itertools import pairwise
from pathlib import Path as FilePath

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generator.conversation import Conversation
from generator.exchange import describe
from generator.path import CLEAN, Path
from generator.sinks.pcap import PcapSink
from generator.traffic import chunks
from generator.world import World
from tests.generator.follower import Followed, follow
from tests.generator.helpers import plan_of, world

HERE = world()
SIZES = st.integers(0, 30_000)
PATHS = st.builds(
    Path,
    loss=st.sampled_from([0.0, 0.02, 0.3]),
    lost_after=st.sampled_from([0.0, 0.5, 1.0]),
    reorder=st.sampled_from([0.0, 0.2]),
    burst_rate=st.sampled_from([0.0, 1e9]),
    keepalive=st.sampled_from([0.0, 15.0]),
    keepalive_by_server=st.booleans(),
    ack_every=st.tuples(st.sampled_from([1, 2, 8]), st.sampled_from([1, 2, 8])),
    ecn=st.booleans(),
    stalls=st.booleans(),
    resets=st.booleans(),
)


def talk(path: Path, said: list[tuple[bool, int, float]], near: str = "server", client: str = "linux") -> Conversation:
    made = Conversation.tcp(HERE, near=near, path=path, client_os=client, server_os="linux").open()
    for from_client, size, think in said:
        (made.client if from_client else made.server)(bytes(k * 7 % 251 for k in range(size)), think=think)
    return made.close("fin")


@settings(max_examples=40, deadline=None)
@given(
    PATHS,
    st.lists(st.tuples(st.booleans(), SIZES, st.sampled_from([0.0, 0.2, 40.0])), max_size=5),
    st.sampled_from(["client", "server", "middle"]),
    st.sampled_from(["linux", "windows-8-plain", "macos", "contiki", "openbsd"]),
)
def test_every_conversation_can_be_followed(path: Path, said, near: str, client: str) -> None:
    made = talk(path, said, near, client)
    for version in (4, 6):
        frames = made.frames(version)
        seen = follow(frames)
        assert seen.open_holes == 0
        assert seen.unacknowledged[0] == 0
        assert seen.unacknowledged[1] == (1 if path.resets else 0), "the server's FIN met a reset"
        assert all(frame.gap_rtt >= 0 and frame.gap_ns >= 0 for frame in frames)
        pure = [frame for frame in frames if not frame.content.data]
        assert all(not frame.sack_at for frame in frames if frame.content.data)
        assert seen.blocks == 0 or any(frame.sack_at for frame in pure)


def many(path: Path, near: str, client: str = "linux", turns: int = 8) -> Followed:
    total = Followed()
    for _ in range(turns):
        seen = follow(talk(path, [(True, 300, 0.0), (False, 60_000, 0.05)], near, client).frames(4))
        for name in ("repeated", "fast", "duplicates", "blocks", "zero_windows", "probes"):
            setattr(total, name, getattr(total, name) + getattr(seen, name))
    return total


@pytest.mark.parametrize("near", ["client", "server"])
def test_a_loss_is_seen_as_a_hole_or_twice_and_told_with_selective_acks(near: str) -> None:
    before, after = many(Path(loss=0.03, lost_after=0.0), near), many(Path(loss=0.03, lost_after=1.0), near)
    for seen in (before, after):
        assert seen.repeated > 3
        assert seen.fast > 0
        assert seen.blocks >= 3 * seen.fast
        assert seen.duplicates >= 3 * seen.fast
    plain = many(Path(loss=0.03), near, "windows-8-plain")
    assert plain.fast > 0
    assert many(Path(loss=0.03), near, "contiki", 2).blocks == 0
    assert many(CLEAN, near, turns=2) == Followed()


def test_a_loss_at_the_end_waits_for_the_timer() -> None:
    alone = Path(loss=0.5, lost_after=1.0)
    frames = [frame for _ in range(20) for frame in talk(alone, [(True, 100, 0.0)]).frames(4) if frame.content.data]
    waits = [later.gap_ns for first, later in pairwise(frames) if later.seq == first.seq == 1]
    waits = [wait for wait in waits if wait > 0.1e9]
    assert waits
    assert min(waits) >= 0.2e9  # RFC 6298 with Linux's least


def test_reordering_brings_repeated_acks_but_no_loss() -> None:
    seen = many(Path(reorder=0.2), "client")
    assert seen.repeated > 5
    assert seen.duplicates > 5


def test_a_reader_that_stalls_closes_its_window_and_opens_it_again() -> None:
    seen = many(Path(stalls=True), "server", turns=6)
    assert seen.zero_windows >= 6
    assert seen.probes > 0


@pytest.mark.parametrize("by_server", [False, True])
def test_an_idle_connection_is_kept_alive(by_server: bool) -> None:
    path = Path(keepalive=15.0, keepalive_by_server=by_server)
    frames = talk(path, [(True, 10, 0.0), (False, 10, 50.0)]).frames(4)
    probes = [frame for frame in frames if not describe(frame)["payload"] and frame.gap_ns == 15e9]
    assert len(probes) == 3
    assert {frame.reverse for frame in probes} == {by_server}
    assert follow(frames).probes == 3
    assert sum(frame.gap_ns for frame in frames) == pytest.approx(50e9, rel=0.02)


def test_a_handshake_is_repeated_after_a_second() -> None:
    opened = [Conversation.tcp(HERE, path=Path(loss=0.5, lost_after=1.0)).open().frames(4) for _ in range(30)]
    counts = Counter(tuple(describe(frame)["flags"] for frame in frames) for frames in opened)
    assert counts.keys() == {(2, 18, 16), (2, 2, 18, 16), (2, 18, 18, 16), (2, 2, 18, 18, 16)}
    assert all(frames[1].gap_ns == 1e9 for frames in opened if describe(frames[1])["flags"] == 2)


def test_how_many_segments_an_ack_answers_is_the_receivers_habit() -> None:
    def acks(every: int) -> int:
        frames = talk(Path(ack_every=(every, 2)), [(True, 1, 0.0), (False, 60_000, 0.0)]).frames(4)
        return sum(not frame.reverse and not frame.content.data for frame in frames)

    assert acks(1) > 1.6 * acks(2) > 2 * acks(8)


def on_bad_paths(here: World) -> list[Conversation]:
    made = []
    for near in ("server", "client"):
        for client in ("linux", "windows", "contiki", "ios"):
            for path in (Path(loss=0.1, lost_after=0.0), Path(loss=0.1, lost_after=1.0), Path(reorder=0.1)):
                one = Conversation.tcp(here, near=near, client_os=client, path=path).open().client(b"q" * 900)
                made.append(one.server(b"x" * 40_000, think=0.02).client(b"y" * 5_000).close("fin"))
    return made


@pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not here")
def test_tshark_sees_repetitions_where_they_are_planned_and_nothing_acknowledged_unseen(tmp_path: FilePath) -> None:
    made: list[Conversation] = []
    plan = plan_of(lambda here: made.extend(on_bad_paths(here)) or made, n=24, ipv6=False)
    sink = PcapSink(tmp_path / "bad.pcap")
    for chunk in chunks(plan, 60.0):
        sink.write(chunk.frames)
    sink.close()
    fields = ("ack_lost_segment", "retransmission", "fast_retransmission", "out_of_order", "lost_segment")
    fields += ("duplicate_ack", "spurious_retransmission")
    command = ["tshark", "-r", str(tmp_path / "bad.pcap"), "-o", "tcp.check_checksum:TRUE", "-T", "fields"]
    command += ["-e", "tcp.stream", "-e", "tcp.checksum.status"]
    for name in fields:
        command += ["-e", f"tcp.analysis.{name}"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    assert {row[1] for row in rows} == {"1"}, "every checksum is right, selective ACKs included"
    seen = {name: {int(row[0]) for row in rows if row[2 + at]} for at, name in enumerate(fields)}
    assert seen["ack_lost_segment"] == set(), "nothing is acknowledged that the monitor did not see"
    assert seen["duplicate_ack"]
    assert seen["fast_retransmission"]
    late = seen["retransmission"] | seen["out_of_order"] | seen["spurious_retransmission"]
    assert late == {number for number, one in enumerate(made) if follow(one.frames(4)).repeated}
