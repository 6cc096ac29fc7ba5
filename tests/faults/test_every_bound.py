"""docs/bounds.md is whole: what limits the detector stands there, and what it says is reached."""

from __future__ import annotations

import ast
import re
import struct
from pathlib import Path

import numpy as np
import pytest

from contract.errors import InputError
from detector import sensor_run, skops_file
from detector.capture.live_filter import compiled
from detector.config import Config
from detector.flowtable import FIRST_SIZES, PAYLOAD_BYTES
from detector.incidents import SAMPLES
from detector.live_settings import MOST_BYTES, text_of
from detector.pipeline import Detector
from detector.sensor_run import sense_capture
from detector.sensor_spool import SensorSpool
from detector.stopwatch import Stopwatch
from generator.sinks import open_sink
from tests.detector.captured import ACK, PSH, A, B, eth, ip4, meter_of
from tests.detector.captured import tcp as segment
from tests.detector.captured import udp as datagram
from tests.detector.streams import always, batch, tcp

ROOT = Path(__file__).parents[2]
BOUNDS = ROOT.joinpath("docs/bounds.md").read_text(encoding="utf-8")
TREES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts): ast.parse(path.read_text(encoding="utf-8"))
    for path in sorted(ROOT.joinpath("detector").rglob("*.py"))
}
LIKE_A_LIMIT = re.compile(
    r"(^|_)(MOST|MAX|LONGEST|LARGEST|DEEPEST|CAPACITY|PLACES|BUFFERS?|LISTED|REGISTERS|KEPT|LEVELS|LOOKED|SEARCHED"
    r"|SAMPLES|SIZES|SESSIONS|SANE|BINS|BLOCK|BYTES|FRAMES|ROWS|PACKETS)(_|$)"
)
MAKES_ARRAYS = {"zeros", "empty", "full", "ones", "make", "bytearray"}
NO_LIMIT = {
    # how long a record or a vector is, whatever comes
    "detector.flow_columns._ADDRESS",
    "detector.flowtable.COUNTERS",
    "detector.flowtable.HOT_BYTES",
    "detector.signs.WIDTH",
    "detector.windows_events.COUNTS",
    "detector.windows_state.KINDS",
    "detector.windows_state.RHYTHM",
    # how much is worked on at once: the rest comes in the next turn
    "detector.bare_kernel.CHUNK",
    "detector.flow_facts_content._ROWS",
    "detector.flow_rows._BLOCK",
    "detector.flow_statistics._BLOCK",
    "detector.meter_kernel.AHEAD",
    "detector.metering._ROWS",
    "detector.slicing.ROWS",
    "detector.tree_walk.BLOCK",
    "detector.warm._FRAMES",
    # names of counters and columns, thresholds of what is said
    "detector.drift_reference.LEAST_ROWS",
    "detector.drift_scores.LEAST_ROWS",
    "detector.windows_events.PACKETS_BWD",
    "detector.windows_events.PACKETS_FWD",
    "detector.windows_events.BYTES_BWD",
    "detector.windows_events.BYTES_FWD",
    "detector.windows_events.DNS_BYTES",
    "detector.flowtable.FRAMES",
    # of training, and how many problems of one file are helped with
    "detector.classifiers.forest.MAX_DEPTH",
    "detector.classifiers.forest.MAX_LEAVES",
    "detector.config_file._LONGEST_GUESS",
    "detector.config_file._MOST_GUESSES",
    "detector.drift_reference.BINS",
    "detector.drift_reference._ROWS_PER_SOURCE",
    "detector.looks.CAPACITY",
    "detector.training.ROWS_PER_SOURCE",
    # asked of the kernel; what it gives is bounded by the ring
    "detector.capture.live_socket._FRAME_BYTES",
    "detector.service._RING_BYTES",
}
# Queues whose end is not in their making, and the constant of the same module that ends them
ENDED_BY = {
    "detector.frame_queue": "_MOST_WAITING",
    "detector.capture.live_merge": "MOST_BYTES",
    "detector.outbox": "_MOST_WAITING",
}


def whole_numbers(tree: ast.Module) -> set[str]:
    """Constants of a module that are whole numbers, or tuples of them."""
    found = set()
    for node in tree.body:
        if isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value is not None:
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            parts = [part for part in ast.walk(node.value) if isinstance(part, (ast.Constant, ast.Call, ast.Name))]
            plain = all(isinstance(part, ast.Constant) and type(part.value) is int for part in parts)
            if isinstance(target, ast.Name) and target.id.isupper() and parts and plain:
                found.add(target.id)
    return found


def limits() -> set[str]:
    """Full names of constants that are named like a limit, or that size an array somewhere."""
    numbers = {module: whole_numbers(tree) for module, tree in TREES.items()}
    found = {f"{module}.{name}" for module, names in numbers.items() for name in names if LIKE_A_LIMIT.search(name)}
    for module, tree in TREES.items():
        known = {name: f"{module}.{name}" for name in numbers[module]}
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module in numbers:
                known |= {
                    alias.asname or alias.name: f"{node.module}.{alias.name}"
                    for alias in node.names
                    if alias.name in numbers[node.module]
                }
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and called(node) in MAKES_ARRAYS and node.args:
                names = {part.id for part in ast.walk(node.args[0]) if isinstance(part, ast.Name)}
                found |= {known[name] for name in names & set(known)}
    return found


def called(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def test_every_constant_that_limits_something_has_a_row() -> None:
    found, told = limits(), set(re.findall(r"`(detector[\w.]+)` = ", BOUNDS))
    assert len(found) > 80
    assert found - told - NO_LIMIT == set(), "without a row in docs/bounds.md"
    assert NO_LIMIT - found == set(), "not in the code any more"
    assert told & NO_LIMIT == set()


def test_tests_that_the_tables_name_are_there() -> None:
    for path, name in re.findall(r"`(tests/[\w/.]+)::(test_\w+)`", BOUNDS):
        assert f"def {name}(" in ROOT.joinpath(path).read_text(encoding="utf-8"), f"{path}::{name}"


def test_no_queue_and_no_cache_is_without_an_end() -> None:
    seen = set()
    for module, tree in TREES.items():
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call) or called(node) not in {"deque", "Queue", "SimpleQueue", "lru_cache"}:
                continue
            if not node.args and not node.keywords:
                assert ENDED_BY[module] in whole_numbers(tree), f"{module}: a queue without an end"
                seen.add(module)
            assert not any(isinstance(given, ast.Constant) and given.value is None for given in node.args), module
    assert seen == set(ENDED_BY)


def test_first_sizes_and_first_bytes_end_and_counts_go_on() -> None:
    frames = [eth(ip4(A, B, 6, segment(4000, 9, PSH | ACK, bytes([n]) * 10, 1 + 10 * n))) for n in range(20)]
    meter = meter_of(frames)
    flow = meter.table.flows[0]
    assert flow["sizes"].tolist() == [10] * FIRST_SIZES
    assert (flow["payload_kept"][0], flow["payload"][0], flow["packets"][0]) == (PAYLOAD_BYTES, 200, 20)
    kept = meter.table.payload[flow["payload_row"], 0]
    assert kept.tobytes() == b"".join(bytes([n]) * 10 for n in range(20))[:PAYLOAD_BYTES]


def test_a_dns_name_that_is_longer_than_names_may_be() -> None:
    name = b"".join(bytes([63]) + b"a" * 63 for _ in range(6)) + b"\0"
    message = struct.pack("!HHHHHH", 1, 0x0100, 1, 0, 0, 0) + name + struct.pack("!HH", 1, 1)
    flow = meter_of([eth(ip4(A, B, 17, datagram(5000, 53, message)))]).table.flows[0]
    assert (flow["dns_queries"], flow["dns_name_max"]) == (1, 255)


@pytest.mark.parametrize(("before", "seen"), [(400, True), (520, False)])
def test_signs_behind_what_is_searched_are_not_seen(before: int, seen: bool) -> None:
    line = b"GET /?a=" + b"x" * before + b"'+union+select+1,2-- HTTP/1.1\r\n\r\n"
    flow = meter_of([eth(ip4(A, B, 6, segment(4000, 80, PSH | ACK, line)))]).table.flows[0]
    assert (flow["http_signs"] > 0) == seen
    assert flow["http_requests"] == 1


def test_an_alert_shows_five_flows_and_counts_all() -> None:
    detector = Detector(Config(capacity=64), always("syn_flood"))
    detector.feed(batch([(n, tcp("198.18.0.9", "198.18.1.1", 2000 + n, 80)) for n in range(40)]))
    detector.finish()
    alert = detector.outputs().alerts[-1]
    detector.close()
    assert len(alert.sample_flows) == SAMPLES
    assert alert.flows == 40


def test_a_filter_of_too_many_instructions_is_refused() -> None:
    assert compiled("4096\n" + "6 0 0 0\n" * 4096, 1, 96)
    with pytest.raises(InputError, match="4097 instructions are not what the kernel takes"):
        compiled("4097\n" + "6 0 0 0\n" * 4097, 1, 96)


def test_a_sensor_that_sees_much_tells_in_several_batches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sink = open_sink(tmp_path / "a.pcap")
    sink.write(batch([(n * 50_000_000, tcp("198.18.0.9", "198.18.1.1", 2000 + n, 80)) for n in range(20)]))
    sink.close()
    told = []
    for most in (sensor_run.MOST_ROWS, 5):
        monkeypatch.setattr(sensor_run, "MOST_ROWS", most)
        spool = SensorSpool(tmp_path / f"spool{most}", 1 << 30)
        sensed = sense_capture(tmp_path / "a.pcap", Config(capacity=64), spool, "north")
        told.append((spool.batches, sensed.flows))
    assert told[0][0] < told[1][0]
    assert told[0][1] == told[1][1]


def test_a_latency_beyond_all_bins_is_the_longest_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    watch, instants = Stopwatch(), iter([0, 2_000 * 10**9])
    monkeypatch.setattr("detector.stopwatch.time.perf_counter_ns", lambda: next(instants))
    watch.start()
    watch.lap("meter")
    watch.end_tick(0)
    found = watch.ticks_ms()
    assert (found["max"], found["count"]) == (2_000_000.0, 1)
    assert float(found["p99"] or 0) > 1_000_000


def test_a_model_that_is_nested_too_deeply_is_refused() -> None:
    nested: object = np.zeros(2)
    for _ in range(16):
        nested = [nested]
    assert skops_file.load(skops_file.dump({"a": nested[0]}), "deep")  # type: ignore[index]
    with pytest.raises(InputError, match="nested too deeply"):
        skops_file.load(skops_file.dump({"a": nested}), "deep")


def test_a_configuration_of_more_than_a_mebibyte_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "tenfold.toml"
    path.write_text("#" * (MOST_BYTES + 1))
    with pytest.raises(InputError, match=r"tenfold\.toml"):
        text_of(path)
