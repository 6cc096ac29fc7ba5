"""Targets: the files that people name. Truth, scenarios, configuration, detectors, mappings, traces, keys, models."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from api import key_file
from campaign import scenario_file
from campaign.detector_file import read_detector
from campaign.gate import targets as gate_targets
from campaign.labels import family_per_flow
from campaign.replay_request import Request
from campaign.truth_table import read_truth_table
from contract.errors import TenfoldError
from contract.schemas import TRUTH
from contract.truth import read_truth
from detector import config_file, skops_file
from generator.lab.permission import parse_lab_file
from generator.replay.timing import Pace
from generator.trace_file import read_trace
from generator.workload import Workload
from tests.fuzz.target import ROOT, Target, in_file, refused

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@cache
def some_flows() -> pa.Table:
    """Flows that truth can be held against."""
    from tests.api.helpers import START, flows

    return pa.Table.from_batches([flows(20, START)])


def through_truth(data: bytes) -> None:
    """A truth file, and what it says of some flows."""
    try:
        truth = read_truth(in_file(data, "x.truth.json"))
    except TenfoldError as error:
        refused(error)
        return
    assert len(family_per_flow(some_flows(), truth)) == some_flows().num_rows


def through_truth_table(data: bytes) -> None:
    """The truth of a run, as a judge reads it."""
    try:
        table = read_truth_table(in_file(data, "truth.parquet"))
    except TenfoldError as error:
        refused(error)
        return
    assert table.schema.equals(TRUTH)
    table.validate(full=True)
    family_per_flow(some_flows(), table)


def through_scenario(data: bytes) -> None:
    """A scenario, up to what the sender would be told."""
    path = in_file(data, "x.toml")
    try:
        scenario = scenario_file.read(path)
        Workload.from_json(scenario.workload(5).to_json())
    except TenfoldError as error:
        refused(error)


def through_configuration(data: bytes) -> None:
    """A configuration: what is wrong is told line by line, and what is right makes one."""
    try:
        found = config_file.check(in_file(data, "x.toml"), NOW)
    except TenfoldError as error:
        refused(error)
        return
    for problem in (*found.problems, *found.warnings):
        refused(TenfoldError(str(problem)))


def through_detector(data: bytes) -> None:
    """A detector file with its mapping, put to use."""
    try:
        found = read_detector(in_file(data, "x.toml"))
        if found.format:
            found.check()
        else:
            found.families()
    except TenfoldError as error:
        refused(error)


def through_lab(data: bytes) -> None:
    """The words of a lab file; who owns it is looked at elsewhere."""
    try:
        parse_lab_file(data, Path("lab.toml"))
    except TenfoldError as error:
        refused(error)


def through_trace(data: bytes) -> None:
    """The first byte says which kind of file; a curve and a model are made of it."""
    names = ("x.csv", "x.ndjson", "x.parquet")
    try:
        trace = read_trace(in_file(data[1:], names[data[0] % 3 if data else 0]))
        trace.curve()
        trace.spec()
    except TenfoldError as error:
        refused(error)


def through_keys(data: bytes) -> None:
    """A file of keys."""
    path = in_file(data, "keys.json")
    path.chmod(0o600)
    try:
        for key in key_file.read(path):
            assert key.id
            key.good(NOW)
    except TenfoldError as error:
        refused(error)


def through_request(data: bytes) -> None:
    """What a replay was asked for, and a workload, as they lie in a run folder."""
    text = data.decode("utf-8", "replace")
    for read in (Request.from_json, Workload.from_json):
        try:
            read(text)
        except TenfoldError as error:
            refused(error)


def through_targets(data: bytes) -> None:
    """The targets of a check."""
    try:
        gate_targets.read(in_file(data, "targets.toml"))
    except TenfoldError as error:
        refused(error)


def through_model(data: bytes) -> None:
    """A skops file: data, never code."""
    try:
        skops_file.load(data, "x")
    except TenfoldError as error:
        refused(error)


def truths() -> list[bytes]:
    entry = {
        "family": "syn_flood", "technique": "T1498.001", "start": "2021-03-01T10:00:00Z",
        "end": "2021-03-01T10:00:00.5+01:00", "attackers": ["203.0.113.7", "198.18.0.0/24"], "victims": ["2001:2::1"],
        "ports": [80], "protocol": "tcp", "not_ports": [1], "not_attackers": ["10.0.0.1"], "not_victims": [],
    }  # fmt: skip
    spoofed = {"family": "arp_spoofing", "attacker_macs": ["02:00:00:00:00:01"], "arp_operation": "reply"}
    document = {"format": "tenfold-truth/1", "capture": "x.pcap", "entries": [entry, spoofed], "otherwise": "unknown"}
    return [json.dumps(document).encode(), b'{"format": "tenfold-truth/1"}']


def tables() -> list[bytes]:
    row = {
        "attempt": 1, "family": "syn_flood", "intended": 5, "src": bytes(16), "dst": bytes(16), "src_port": 1,
        "dst_port": 2, "protocol": 6, "first": 5, "last": 6, "frames": 1,
    }  # fmt: skip
    found = []
    for packing in ("none", "zstd"):
        sink = io.BytesIO()
        pq.write_table(pa.Table.from_pylist([row, row], TRUTH), sink, compression=packing, store_schema=False)
        found.append(sink.getvalue())
    return found


def files(*patterns: str) -> list[bytes]:
    return [path.read_bytes() for pattern in patterns for path in sorted(ROOT.glob(pattern))]


SMALL = b"""title = "T"
summary = "S"
duration = 10
multiplier = { shape = "diurnal", mean = 1.0 }
background = [[0, 10], [5, 20]]
seed = 3
arrivals = { model = "pareto_on_off" }
match = "frames"
zones.a = { sites = 3, weight = 1.5, attacks = { port_scan = 1 } }
[attacks]
syn_flood = { weight = 2, from = 1, until = 5, params = {} }
[benign]
web_browsing = 1
[targets]
recall = 0.9
groups.dos = 0.5
[detector]
format = "eve"
"""
CONFIGURED = b"""[meter]
tick_ms = 50
tunnels = "inner"
[network]
home = ["198.18.0.0/16", "2001:2::/48"]
[live]
filter = "tcp port 80"
[[allow]]
sources = ["198.18.0.1"]
families = ["recon"]
reason = "scanner"
until = 2027-01-01
[[mute]]
hours = ["22:00-06:00"]
destinations = ["198.19.0.0/24"]
reason = "night"
[families.port_scan]
evidence = 3.0
severity = "low"
[[assets]]
name = "shop"
addresses = ["198.18.0.80"]
raise = 2
[[outputs]]
kind = "webhook"
name = "w"
url = "http://127.0.0.1:9/"
"""
DETECTOR = b"""[detector]
name = "x"
format = "csv"
alerts = ["a.csv"]
time_zone = "Europe/Paris"
tolerance = 1.5
clock_offset = "auto"
command = ["x", "{interface}"]
[detector.fields]
time = "when"
src = 1
dst = "to"
time_unit = "ms"
where = { kind = ["alert"] }
[[rule]]
signature = ["*Scan*", "ET ?"]
signature_id = "1:2001219"
family = "port_scan"
scope = "source"
window = 30
"""
LAB = b"""interface = "eth1"
prefixes = ["198.18.4.0/22", "2001:2:0:4::/64"]
frames_per_second = 20000
expires = 2036-07-01T00:00:00Z
"""
TRACES = (
    b"\0second,count\n0,3\n1,4.5\n2,0\n",
    b"\0 0\n0.5\n1\n",
    b'\1{"second": 1, "count": 2}\n{"second": 2, "count": 0}\n',
)


def traces() -> list[bytes]:
    sink = io.BytesIO()
    pq.write_table(pa.table({"second": [0.0, 1.0], "count": [1, 2]}), sink, compression="none")
    return [*TRACES, b"\2" + sink.getvalue()]


def keys() -> list[bytes]:
    key, _ = key_file.new_key("a", ("read",), rate=5)
    path = in_file(b"", "made.json")
    path.unlink()
    key_file.change(path, lambda _: [key])
    return [path.read_bytes()]


def requests() -> list[bytes]:
    workload = scenario_file.parse(SMALL.decode(), "x", "x").workload(5)
    return [Request("x.pcap", "x.json", Pace()).to_json().encode(), workload.to_json().encode()]


def models() -> list[bytes]:
    return [skops_file.dump({"a": [1, 2.5, None, "x"], "b": {"c": True}})]


TOML = (
    b"[[",
    b"]]",
    b"[",
    b"]",
    b"{",
    b"}",
    b" = ",
    b'"""',
    b"'''",
    b"\n",
    b"true",
    b"inf",
    b"nan",
    b"1979-05-27",
    b"07:32:00",
)
JSON = (b"null", b"true", b"[]", b"{}", b"-1", b"1e999", b"0", b'""', b'"\\ud800"', b"9" * 30)
TIMES = (b"0001-01-01T00:00:00+23:59", b"9999-12-31T23:59:59-23:59", b"24:00", b"2021-W01-1")

TARGETS = {
    "truth": Target(through_truth, truths, (*JSON, *TIMES, b"::/0", b"0.0.0.0/0", b"fe80::1%eth0")),
    "truth-table": Target(through_truth_table, tables, shots=60),
    "scenario": Target(through_scenario, lambda: [SMALL, *files("scenarios/*.toml")], TOML, shots=60),
    "configuration": Target(through_configuration, lambda: [CONFIGURED], TOML, shots=150),
    "detector": Target(through_detector, lambda: [DETECTOR, *files("examples/*.toml")], TOML, shots=60),
    "lab": Target(through_lab, lambda: [LAB], (*TOML, *TIMES, b"::/0")),
    "trace": Target(through_trace, traces, (*JSON, b"\n", b",", b"second", b"time")),
    "keys": Target(through_keys, keys, (*JSON, *TIMES)),
    "request": Target(through_request, requests, JSON),
    "targets": Target(through_targets, lambda: [gate_targets.default_text().encode()], TOML, shots=60),
    "model": Target(through_model, models, JSON),
}
