"""``tenfold run`` as a user meets it: real processes, a real socket, a real store."""

from __future__ import annotations

import io
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from contract.ledger import Ledger
from contract.schemas import TRUTH
from store.reader import StoreReader
from tests.cli.helpers import tenfold
from tests.store.outputs.helpers import framed

ROOT = Path(__file__).parents[2]
PATIENCE_S = 400.0  # kernels may have to be compiled first


def start(*arguments: str, temporary: Path | None = None) -> subprocess.Popen[str]:
    """A run; ``temporary`` is its temporary folder and that of all that it starts, if it is to be looked at."""
    command = [sys.executable, "-m", "cli.main", "run", *arguments]
    environment = dict(os.environ)
    if temporary:
        temporary.mkdir()
        environment["TMPDIR"] = str(temporary)
    return subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    )


def left_behind(run: Path, temporary: Path, *socket_and: str) -> list[str]:
    """What no run may leave: processes, sockets, temporary files; in its folder files that end as ``socket_and``."""
    found = [f"process {pid}" for pid in processes_of(run)]
    found += [str(path) for path in temporary.rglob("*")]
    return found + [str(path) for path in run.rglob("*") if path.is_socket() or path.suffix in socket_and]


def few(folder: Path) -> str:
    """A scenario that lasts and has few families: making the conversations of all takes longer than what is tested."""
    path = folder / "few.toml"
    path.write_text(
        'title = "Few"\nsummary = "A few families."\nduration = 90\nseed = 1\nsites = 20\nclients = 500\n'
        "multiplier = [[0, 0.2]]\n"
        "background = [[0, 20]]\n[attacks]\nsyn_flood = 2\nport_scan = 1\n[benign]\ndns_lookup = 1\n"
    )
    return str(path)


def until(what: str, holds) -> None:
    """Wait for something that must come."""
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < deadline, f"{what}: never came"
        time.sleep(0.05)


def processes_of(run: Path) -> list[int]:
    """Who names the run folder on its command line, or works in it; nobody may be left behind."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            words = (entry / "cmdline").read_bytes()
            place = str((entry / "cwd").readlink())
        except OSError:
            continue
        if words and (str(run).encode() in words or place == str(run)):
            found.append(int(entry.name))
    return found


def child_of(run: Path, module: str) -> int:
    for pid in processes_of(run):
        try:
            words = Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")
        except OSError:
            continue
        if module in words and "campaign.child" in words:
            return pid
    raise AssertionError(f"{module} does not run")


def state(run: Path) -> dict:
    path = run / "run.json"
    return json.loads(path.read_text()) if path.exists() else {}


def sending(run: Path) -> bool:
    return ((state(run).get("figures") or {}).get("frames") or 0) > 0


OUTPUTS = """
[[outputs]]
kind = "eve_file"
name = "file"
path = "eve.json"
what = ["alerts", "flows"]

[[outputs]]
kind = "syslog"
name = "siem"
transport = "tcp"
address = "127.0.0.1:{port}"
"""


@pytest.fixture(scope="module")
def syslog():
    """A receiver of syslog over TCP: what it has got so far."""
    got = bytearray()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def take() -> None:
            while True:
                try:
                    link, _ = listener.accept()
                except OSError:
                    return
                with link:
                    while part := link.recv(65_536):
                        got.extend(part)

        threading.Thread(target=take, daemon=True).start()
        yield listener.getsockname()[1], got
        listener.shutdown(socket.SHUT_RDWR)


@pytest.fixture(scope="module")
def smoke(tmp_path_factory, syslog):
    """One whole run, with outputs: its folder, exit code, document and what it said meanwhile."""
    runs = tmp_path_factory.mktemp("runs")
    config = runs / "tenfold.toml"
    config.write_text(OUTPUTS.format(port=syslog[0]))
    words = ["--duration", "4", "--multiplier", "0.5", "--runs", str(runs), "--id", "one", "--no-serve", "--json"]
    with start("smoke", *words, "--config", str(config)) as run:
        out, err = run.communicate(timeout=PATIENCE_S)
    return runs / "one", run.returncode, json.loads(out), err


def test_a_run_ends_with_a_scorecard(smoke):
    folder, code, card, err = smoke
    assert code in (0, 1), err
    assert card == json.loads((folder / "scorecard.json").read_text())
    assert card["run"]["passed"] == (code == 0)
    assert card["attempts"]["total"] == card["run"]["planned_attempts"] == card["run"]["sent_attempts"] > 1000
    assert card["attempts"]["recall"] > 0.2
    assert set(card["families"]) >= {"syn_flood", "port_scan", "ssh_bruteforce"}
    assert card["latency_ms"]["count"] == card["attempts"]["detected"] - card["attempts"]["known_before"]
    assert all(reason.endswith("% must") for reason in card["run"]["reasons"])


def test_its_ledger_balances_to_the_frame(smoke):
    folder, _, card, _ = smoke
    ledger = Ledger.from_dict(json.loads((folder / "ledger.json").read_text()))
    assert ledger.faults() == []
    assert card["ledger"]["balanced"]
    sent = ledger.stages["sender"]
    assert sent.offered == sent.delivered == ledger.stages["meter"].delivered
    truth = pq.read_table(folder / "truth.parquet")
    assert truth.schema.equals(TRUTH)
    assert sum(truth.column("frames").to_pylist()) == sent.delivered == card["capture"]["frames"]


def test_its_folder_is_complete_and_nothing_is_left_over(smoke):
    folder, _, _, _ = smoke
    names = {path.name for path in folder.iterdir()}
    assert names >= {"scenario.toml", "workload.json", "truth.parquet", "verdicts", "flows", "alerts", "store.sqlite"}
    assert names >= {"ledger.json", "latency.json", "timeline.jsonl", "scorecard.json", "report.html", "run.json"}
    assert not [name for name in names if name.startswith(".") or name.endswith(".tmp")]
    assert state(folder)["state"] in ("finished", "failed")
    assert processes_of(folder) == []
    with StoreReader(folder) as store:
        assert (
            store.counts()["alerts"]["total"] == json.loads((folder / "scorecard.json").read_text())["alerts"]["total"]
        )


def test_its_outputs_have_all_that_it_saw(smoke, syslog):
    folder, _, card, _ = smoke
    states = {name: json.loads((folder / "outputs" / f"{name}.json").read_text()) for name in ("file", "siem")}
    with StoreReader(folder) as store:
        alerts, flows = {alert.alert_id for alert in store.all_alerts()}, store.counts()["rows"]["flows"]
    assert len(alerts) == card["alerts"]["total"] > 0
    events = [json.loads(line) for line in (folder / "eve.json").read_text().splitlines()]
    told = [event["alert"]["context"]["tenfold"]["alert_id"] for event in events if event["event_type"] == "alert"]
    assert sorted(told) == sorted(alerts)
    assert sum(event["event_type"] == "flow" for event in events) == flows
    assert states["file"]["counts"]["delivered"] == len(events)
    assert states["siem"]["counts"]["delivered"] == len(alerts)
    stream = io.BytesIO(bytes(syslog[1]))
    messages = [framed(stream) for _ in alerts]
    assert stream.read() == b""
    sent = [json.loads(message.partition(b'"] ')[2]) for message in messages]
    assert sorted(event["alert"]["context"]["tenfold"]["alert_id"] for event in sent) == sorted(alerts)
    for state_of in states.values():
        assert (state_of["state"], state_of["counts"]["waiting"], state_of["counts"]["dead"]) == ("ended", 0, 0)


def again(folder: Path, out: Path) -> dict:
    done = tenfold("generate", "--from", folder, "--out", out, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_its_frames_are_made_again_byte_for_byte(smoke, tmp_path):
    folder, _, card, _ = smoke
    summary = again(folder, tmp_path / "again.pcap")
    assert (summary["same"], summary["run"]) == (True, "one")
    assert summary["frames"] == card["run"]["sent_frames"]
    assert summary["sha256"] == json.loads((folder / "frames.json").read_text())["sha256"]


def test_it_tells_its_progress_in_lines(smoke):
    err = smoke[3]
    assert "loading the detector" in err
    assert "frames/s" in err
    assert "latency p50" in err


def test_its_report_is_rendered_again(smoke):
    folder = smoke[0]
    told = json.loads(tenfold("report", folder, "--json").stdout)
    assert told == {
        "run": "one",
        "report": str(folder / "report.html"),
    }


def test_ctrl_c_ends_in_order_with_a_readable_run(tmp_path):
    folder = tmp_path / "cut"
    with start(
        few(tmp_path),
        "--runs",
        str(tmp_path),
        "--id",
        "cut",
        "--no-serve",
        "--json",
        temporary=tmp_path / "temporary",
    ) as run:
        until("frames", lambda: sending(folder) or run.poll() is not None)
        run.send_signal(signal.SIGINT)
        out, err = run.communicate(timeout=PATIENCE_S)
    assert run.returncode == 130, err
    card = json.loads(out)
    assert card["run"]["passed"] is None
    assert card["run"]["reasons"][0] == "interrupted by SIGINT"
    assert card["ledger"]["balanced"]
    assert card["ledger"]["stages"]["sender"]["dropped"]["stopped"] > 0
    assert 0 < card["run"]["sent_attempts"] < card["run"]["planned_attempts"]
    assert state(folder)["state"] == "interrupted"
    assert left_behind(folder, tmp_path / "temporary", ".tmp") == []


@pytest.mark.parametrize("victim", ["detector.service", "generator.sender"])
def test_a_child_that_is_killed_makes_the_run_invalid_but_readable(tmp_path, victim):
    folder = tmp_path / "broken"
    with start(
        few(tmp_path),
        "--runs",
        str(tmp_path),
        "--id",
        "broken",
        "--no-serve",
        "--json",
        temporary=tmp_path / "temporary",
    ) as run:
        until("frames", lambda: sending(folder) or run.poll() is not None)
        os.kill(child_of(folder, victim), signal.SIGKILL)
        out, err = run.communicate(timeout=PATIENCE_S)
    assert run.returncode == 1, err
    card = json.loads(out)
    assert card["run"]["valid"] is False
    assert any(f"{victim} was killed by signal 9" in reason for reason in card["run"]["reasons"])
    assert (folder / "report.html").is_file()
    assert state(folder)["state"] == "failed"
    until("the end of every process", lambda: left_behind(folder, tmp_path / "temporary", ".tmp") == [])


def test_a_runner_that_is_killed_leaves_no_process(tmp_path):
    folder = tmp_path / "dead"
    with start(
        few(tmp_path), "--runs", str(tmp_path), "--id", "dead", "--no-serve", temporary=tmp_path / "temporary"
    ) as run:
        until("frames", lambda: sending(folder) or run.poll() is not None)
        run.kill()
        run.communicate(timeout=PATIENCE_S)
    until("the end of all that it started", lambda: left_behind(folder, tmp_path / "temporary") == [])
    with StoreReader(folder) as store:
        assert store.last_commit() > 0


def refused(*arguments: str) -> str:
    """The one line with which a run is refused before anything starts."""
    done = tenfold("run", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("tenfold: ")
    assert done.stderr.count("\n") == 1
    return done.stderr


def test_bad_usage_is_one_clear_line(tmp_path):
    assert "no scenario is called 'nowhere'; there are benign-day" in refused("nowhere", "--runs", str(tmp_path))
    (tmp_path / "file").write_text("")
    assert "cannot write runs here: Not a directory" in refused(
        "smoke", "--no-serve", "--runs", str(tmp_path / "file" / "runs")
    )
    assert "a multiplier of -3 is not" in refused("smoke", "--multiplier", "-3", "--runs", str(tmp_path))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        runs = tmp_path / "runs"
        assert f"port {port} cannot be used: Address already in use" in refused(
            "smoke", "--port", port, "--runs", str(runs)
        )
        assert not runs.exists()
