"""Shards as Ray's actors, on three nodes of one machine: the answer is that of one detector, whoever is killed.

One cluster for all that is tested here, since it takes seconds to start.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from campaign.ray_engine.actors import DetectorShard, Lost
from campaign.striping import slices
from contract.clock import Clock
from contract.errors import LackingError
from detector.model import load_default
from detector.shard_meter import Setup, Told
from detector.slicing import Slicer
from generator.traffic import chunks
from tests.campaign.test_striping import SLICE_NS, WORK
from tests.conformance.test_same_answer import CONFIG, Answer, Collector, run, same, traffic
from tests.detector.parted import HASH_SEED
from tests.detector.streams import batch

# Loopback only, no word to anybody. A node that is gone fails each check at once, so it is missed within seconds; one
# that a busy machine lets wait is not, and a process may take minutes to start.
QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
    "RAY_health_check_period_ms": "500",
    "RAY_health_check_timeout_ms": "60000",
    "RAY_health_check_failure_threshold": "10",
    "RAY_agent_register_timeout_ms": "600000",
    "RAY_worker_register_timeout_seconds": "600",
    "RAY_gcs_server_request_timeout_seconds": "600",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
}
ROOT = Path(__file__).parents[3]
PATIENCE_S = 600.0


def free_ports(count: int) -> list[int]:
    """Ports that Ray would otherwise choose by itself, and wait for with too little patience on a busy machine."""
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def node(processors: int) -> dict[str, Any]:
    names = ("metrics_agent_port", "dashboard_agent_listen_port", "runtime_env_agent_port", "metrics_export_port")
    return {
        "num_cpus": processors,
        "object_store_memory": 100 << 20,
        "include_dashboard": False,
        "node_ip_address": "127.0.0.1",
        "no_monitor": True,
        "include_log_monitor": False,
        **dict(zip(names, free_ports(4), strict=True)),
    }


def patient(ask: Callable[..., Any]) -> Callable[..., Any]:
    """Ray asks for 30 s whether a node that it has started is there: as long as a busy machine may take instead."""

    def asked(*arguments: Any) -> Any:
        until = time.monotonic() + PATIENCE_S
        while True:
            try:
                return ask(*arguments)
            except RuntimeError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.1)

    return asked


def told(start: Callable[[Any], None]) -> Callable[[Any], None]:
    """A node's main process gives up when its agent has not said within 15 s where it listens (ray-project/ray#65983).

    So it is said beforehand, as agents without a dashboard do: nowhere.
    """

    def started(made: Any) -> None:
        Path(made.get_session_dir_path(), f"dashboard_agent_listen_port_{made.node_id}").write_text("-1")
        start(made)

    return started


def add_node(cluster: Any) -> Any:
    """One more node, which is there."""
    from ray._private import services
    from ray._private.node import Node

    with (
        mock.patch.object(services, "get_node", patient(services.get_node)),
        mock.patch.object(Node, "start_ray_processes", told(Node.start_ray_processes)),
    ):
        return cluster.add_node(wait=False, **node(2))


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    folder = tempfile.mkdtemp(prefix="tenfold-ray-")  # its sockets need a short path
    wanted = QUIET | {"RAY_TMPDIR": folder}
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    ray = pytest.importorskip("ray", reason="Ray is not installed")
    from ray.cluster_utils import Cluster

    made = Cluster()
    try:
        add_node(made)
        ray.init(address=made.address, log_to_driver=False, logging_level="error", namespace="tenfold")
        yield made
    finally:
        ray.shutdown()
        made.shutdown()
        shutil.rmtree(folder, ignore_errors=True)
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@pytest.fixture(scope="module")
def answer() -> Answer:
    return run([batch(traffic())])


def over_ray(
    rows: int, before: Callable[[int, Any], None] = lambda *_: None, nodes: Sequence[str] = ()
) -> tuple[Answer, Any]:
    """The conformance suite's frames over two detector shards; ``before`` is called as slices are merged."""
    from campaign.ray_engine.driving import Drive
    from campaign.ray_engine.pool import Pool
    from campaign.ray_engine.sources import Frames
    from detector.merging import Merger

    setup = Setup(CONFIG, 2, HASH_SEED)
    merger = Merger(setup, load_default())
    pool = Pool(setup, merger, nodes=nodes)
    pool.start()
    collector = Collector(merger)
    for merged in Drive(Frames([batch(traffic())], setup, rows), pool, merger).run():
        collector.add(merged.outputs)
        before(merged.batch.number, pool)
        assert pool.under_way <= pool.credit
    merger.finish()
    found = collector.answer()
    merger.close()
    return found, pool


def books(pool: Any) -> dict[str, Any]:
    assert pool.ledger.balanced
    return dict(pool.ledger.as_dict()["stages"]["shard_slices"])


def test_the_answer_of_one_detector_though_a_shard_is_killed(cluster: Any, answer: Answer) -> None:
    def kill(number: int, pool: Any) -> None:
        if number == 5:
            os.kill(pool.pids[0], signal.SIGKILL)

    found, pool = over_ray(60, kill)
    same(found, answer)
    (gap,) = pool.gaps
    assert gap.shard == 0
    assert gap.slice > 5
    assert gap.seconds is not None
    assert "none was counted twice" in str(gap)
    stage = books(pool)
    assert stage["delivered"] == 2 * pool.merged
    assert stage["dropped"] == {"again": gap.again}


def test_the_answer_of_one_detector_though_a_node_is_killed(cluster: Any, answer: Answer) -> None:
    second = add_node(cluster)

    def kill(number: int, pool: Any) -> None:
        if number == 5:
            cluster.remove_node(second, allow_graceful=False)

    found, pool = over_ray(60, kill, (cluster.head_node.node_id, second.node_id))
    same(found, answer)
    assert books(pool)["delivered"] == 2 * pool.merged
    (gap,) = pool.gaps
    assert gap.shard == 1
    assert gap.seconds is not None


def test_a_generator_that_is_killed_makes_the_same_slices_again(cluster: Any) -> None:
    import ray

    from campaign.ray_engine.sources import Generators

    setup = Setup(CONFIG, 2, HASH_SEED)
    generators = Generators(WORK, setup, 2)
    planned = generators.plan()
    generators.start(WORK.start_ns, SLICE_NS)
    frames = sum(chunk.frames.num_rows for chunk in chunks(WORK))
    assert planned.frames == frames
    seen = 0
    while not generators.over:
        found = generators.next(PATIENCE_S)
        assert found is not None
        seen += found.slice.offered
        if found.number == 2:
            os.kill(planned.pid, signal.SIGKILL)
            again = generators.again([1, 2])
            assert sum(len(ray.get(part).numbers) for shard in again[1] for part in shard) > 0
    assert seen == frames
    assert generators.total == slices(WORK, SLICE_NS)


def test_the_service_leaves_what_a_sender_and_a_detector_leave(cluster: Any, tmp_path: Path) -> None:
    (tmp_path / "workload.json").write_text(WORK.to_json())
    clock = Clock.start()
    arguments = ["--run", "r", "--workload", "workload.json", "--store", ".", "--truth", "truth.parquet"]
    arguments += ["--ticks", "ticks.arrows", "--sender-status", "s.json", "--detector-status", "d.json"]
    arguments += ["--clock", clock.anchor, "--address", cluster.address, "--generators", "1", "--detectors", "1"]
    done = subprocess.run(
        [sys.executable, "-m", "campaign.ray_engine.service", *arguments],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    sender, detector = (json.loads((tmp_path / f"{who}.json").read_text()) for who in "sd")
    assert sender["state"] == detector["state"] == "done"
    assert sender["sent_frames"] == sender["planned_frames"] == detector["frames"] > 0
    assert detector["ledger"]["balanced"]
    assert detector["ledger"]["stages"]["store_flows"]["delivered"] == detector["flows"]
    assert (tmp_path / "truth.parquet").is_file()


def test_a_shard_that_was_started_anew_says_so() -> None:
    setup = Setup(CONFIG, 1, HASH_SEED)
    slicer = Slicer(setup, 1)
    slicer.feed(batch(traffic(0.5)))
    slicer.finish()
    cuts = slicer.cuts()
    shard = DetectorShard(setup, 0)
    first = shard.work(0, cuts[0].slice.edges, *cuts[0].parcels)
    assert isinstance(first, Told)
    assert shard.work(0, cuts[0].slice.edges, *cuts[0].parcels) is first
    anew = DetectorShard(setup, 0)
    assert anew.work(1, cuts[1].slice.edges, *cuts[1].parcels) == Lost(0)
    anew.restore(1, None)
    assert isinstance(anew.work(1, cuts[1].slice.edges, *cuts[1].parcels), Told)


def test_a_lost_shard_is_given_the_time_of_a_first_start() -> None:
    from campaign.ray_engine.pool import PATIENCE_S, START_S, Gap, Pool

    pool = object.__new__(Pool)
    pool.gaps = [Gap(0, 4, 1, began=0.0, seconds=3.0), Gap(1, 5, 2, began=9.0)]
    assert pool.patience([0]) == PATIENCE_S
    assert pool.patience([0, 1]) == START_S > PATIENCE_S


def test_nodes_of_another_release_are_refused() -> None:
    from campaign.ray_engine.pool import check_version

    with pytest.raises(LackingError, match="install the same"):
        check_version("0.0.1")


def test_slices_are_as_long_as_they_must_be() -> None:
    from campaign.ray_engine.sources import LONGEST_NS, SHORTEST_NS, slice_length

    assert slice_length(10_000 * 10, 10.0) == LONGEST_NS
    assert slice_length(20_000 * 10, 10.0) == 500_000_000
    assert slice_length(0, 10.0) == LONGEST_NS
    assert slice_length(10**9, 10.0) == SHORTEST_NS
