"""``python -m loadtests.run``: make the feeds, start a server, drive it with Locust, sum up, stop everything."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from contract.errors import InputError, LackingError, TenfoldError
from loadtests.feed import NS, read_slices
from loadtests.settings import SHAPE, TOKYO_RATE, LoadSettings, from_environment, key_headers
from loadtests.shapes import SHAPES
from loadtests.summing import lines, summary_of

_ROOT: Final = Path(__file__).parent.parent
_KEYS: Final = "keys.json"
_SEED: Final = 2023
_START_S: Final = 60.0
_WARM_S: Final = 180.0
_END_S: Final = 60.0


def main(arguments: list[str] | None = None) -> int:
    """The command; exit codes as everywhere: 0 good, 1 a threshold missed, 2 bad usage, 3 something is lacking."""
    options = _parser().parse_args(arguments)
    try:
        return run(order_of(options), options.results, json_only=options.json)
    except TenfoldError as error:
        _say(f"loadtests: {error}")
        return error.exit_code


@dataclass(frozen=True)
class Order:
    """What a load test is to do: its plan as settings, and how many Locust workers share it (0: one process alone)."""

    settings: LoadSettings
    workers: int = 0
    scenario: str = "paris-2024"

    @property
    def lengths(self) -> dict[int, float]:
        """The longest step at each multiplier, in seconds: so much of a feed is needed."""
        found: dict[int, float] = {}
        for step in self.settings.plan:
            found[step.multiplier] = max(found.get(step.multiplier, 0.0), step.end_s - step.begin_s)
        return found

    def environment(self, work: Path) -> dict[str, str]:
        """What Locust is told."""
        settings = self.settings
        return os.environ | {
            "TENFOLD_FEEDS": str(work),
            "TENFOLD_LOAD_SHAPE": settings.shape,
            "TENFOLD_LOAD_STEPS": ",".join(map(str, settings.steps)),
            "TENFOLD_LOAD_STEP_S": f"{settings.step_s:g}",
            "TENFOLD_LOAD_SENSORS": str(settings.sensors),
            "TENFOLD_LOAD_LAUNCHES": str(settings.launches),
            "TENFOLD_LOAD_SUMMARY": str(work / "locust-summary.json"),
            "PYTHONPATH": os.pathsep.join([str(_ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]),
        }


def order_of(options: argparse.Namespace) -> Order:
    """What the command line asks for. Raises ``InputError`` where it makes no sense."""
    if options.workers < 0 or options.launches < 0 or not 0.5 <= options.step_seconds <= 3600:
        raise InputError("--workers and --launches are counts, --step-seconds lies between 0.5 and 3600")
    values = {
        "TENFOLD_FEEDS": ".",
        "TENFOLD_LOAD_SHAPE": options.shape,
        "TENFOLD_LOAD_STEPS": options.steps,
        "TENFOLD_LOAD_STEP_S": str(options.step_seconds),
        "TENFOLD_LOAD_SENSORS": str(max(1, options.workers)),
        "TENFOLD_LOAD_LAUNCHES": str(options.launches),
    }
    return Order(from_environment(values), options.workers, options.scenario)


def run(order: Order, results: Path | None, *, json_only: bool = False) -> int:
    """One load test; 0 where every threshold holds, else 1. Its results are kept in a folder of their own."""
    try:
        import locust as _  # noqa: F401 - only whether it is there
    except ImportError:
        raise LackingError("Locust is not installed; `pip install 'tenfold[load]'`") from None
    kept = _results(results)
    with tempfile.TemporaryDirectory(prefix="tenfold-load-") as folder:
        work = Path(folder)
        for multiplier, seconds in sorted(order.lengths.items()):
            _say(f"==> making {seconds:g} s of attacks at {multiplier}x ({multiplier * TOKYO_RATE:,} attempts/s)")
            _make_feed(work, order.scenario, multiplier, seconds)
        key = _make_key(work)
        with _server(work) as url:
            _say(f"==> server at {url}; warming up (a first start compiles the kernels)")
            _warm_up(url, work / f"feed-{min(order.lengths)}x.arrow", key)
            told = ", ".join(f"{s.multiplier}x {s.end_s - s.begin_s:g} s" for s in order.settings.plan)
            _say(f"==> locust: {told}{f'; {order.workers} workers' if order.workers else ''}")
            code = _locust(url, work, order, key)
            stats = _get(f"{url}v1/stats?run=live", key)
        summary = summary_of(work, stats, code)
        for path in (*work.glob("locust*"), work / "server.log"):
            shutil.copy(path, kept / path.name)
        (kept / "summary.json").write_text(json.dumps(summary, indent=1) + "\n", encoding="utf-8")
    if json_only:
        sys.stdout.write(json.dumps(summary, indent=1) + "\n")
    else:
        for line in lines(summary):
            _say(line)
    _say(f"results     {kept} (locust.html, locust_*.csv, summary.json)")
    return 1 if summary["faults"] else 0


def _results(folder: Path | None) -> Path:
    """The folder for the results, made. Raises ``InputError`` where it cannot be."""
    folder = folder or Path("loads") / time.strftime("%Y%m%d-%H%M%S", time.gmtime())
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{folder}: cannot keep results there: {error.strerror}") from None
    return folder


def _make_feed(work: Path, scenario: str, multiplier: int, step_s: float) -> None:
    path = work / f"feed-{multiplier}x.arrow"
    command = ["generate", scenario, "--out", str(path), "--multiplier", str(multiplier), "--duration", f"{step_s:g}"]
    _tenfold(*command, "--seed", str(_SEED + multiplier), what="the feed")


def _make_key(work: Path) -> str:
    """A key for this test alone: load is to be borne with rights, as in earnest."""
    options = ["--scopes", "read,ingest,operate", "--rate", "100000", "--keys", str(work / _KEYS)]
    return _tenfold("keys", "add", "load test", *options, what="the key").strip()


def _tenfold(*arguments: str, what: str) -> str:
    """What a command says on stdout. Raises ``InputError`` where it fails."""
    done = subprocess.run(  # noqa: S603 - our own command with our own arguments
        [sys.executable, "-m", "cli.main", *arguments], cwd=_ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise InputError(f"{what} cannot be made: {(done.stderr.strip().splitlines() or ['no word'])[-1]}")
    return done.stdout


@contextlib.contextmanager
def _server(work: Path) -> Iterator[str]:
    """A server of its own on a free port; its address. It ends with the block."""
    log = work / "server.log"
    command = [sys.executable, "-m", "cli.main", "serve", "--runs", str(work / "runs"), "--port", "0"]
    command += ["--keys", str(work / _KEYS)]
    with log.open("wb") as file:
        process = subprocess.Popen(command, cwd=_ROOT, stdin=subprocess.DEVNULL, stdout=file, stderr=file)  # noqa: S603
    try:
        yield _address(process, log)
    finally:
        process.terminate()
        try:
            process.wait(_END_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _address(process: subprocess.Popen[bytes], log: Path) -> str:
    until = time.monotonic() + _START_S
    while time.monotonic() < until:
        text = log.read_text(errors="replace")
        if "serves http://" in text:
            return text.split("serves ", 1)[1].split()[0]
        if process.poll() is not None:
            raise LackingError(f"the server ended at its start: {(text.strip().splitlines() or ['no word'])[-1]}")
        time.sleep(0.05)
    raise LackingError(f"the server did not start within {_START_S:.0f} s")


def _warm_up(url: str, feed: Path, key: str) -> None:
    """Post the first slice and wait until something of it is detected: then the detector runs."""
    part = read_slices(feed, 0.5)[0]
    body = part.stamped(time.time_ns(), NS // 2)
    headers = {"Content-Type": "application/vnd.apache.arrow.stream", "Batch-Id": "warm-up", **_bearer(key)}
    with urllib.request.urlopen(urllib.request.Request(f"{url}v1/ingest/frames", body, headers)):  # noqa: S310 - loopback
        pass
    until = time.monotonic() + _WARM_S
    while time.monotonic() < until:
        with contextlib.suppress(urllib.error.HTTPError):
            if _get(f"{url}v1/detections?run=live&limit=1", key)["items"]:
                return
        time.sleep(0.1)
    raise LackingError(f"the detector found nothing within {_WARM_S:.0f} s; see `tenfold doctor`")


def _locust(url: str, work: Path, order: Order, key: str) -> int:
    """Locust alone, or as a master with workers on this machine; the exit code of whoever judges."""
    environment = order.environment(work) | {"TENFOLD_KEY": key}
    reports = ["--html", str(work / "locust.html"), "--csv", str(work / "locust"), "--only-summary"]
    common = ["-f", str(_ROOT / "loadtests" / "locustfile.py"), "--host", url.rstrip("/"), "--loglevel", "WARNING"]
    if not order.workers:
        return _started(["--headless", *common, *reports], work, environment).wait()
    port = str(_free_port())
    master = ["--master", "--headless", "--expect-workers", str(order.workers), "--expect-workers-max-wait", "60"]
    bound = ["--master-bind-host", "127.0.0.1", "--master-bind-port", port]
    processes = [_started([*master, *bound, *common, *reports], work, environment)]
    joined = ["--worker", "--master-host", "127.0.0.1", "--master-port", port]
    processes += [_started([*joined, *common], work, environment) for _ in range(order.workers)]
    try:
        return processes[0].wait()
    finally:
        for process in processes:
            try:
                process.wait(_END_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _started(arguments: list[str], work: Path, environment: dict[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603 - our own command with our own arguments
        [sys.executable, "-m", "locust", *arguments], cwd=work, env=environment, stdout=sys.stderr
    )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _get(url: str, key: str) -> Any:  # noqa: ANN401 - any JSON value
    request = urllib.request.Request(url, headers=_bearer(key))  # noqa: S310 - our own server on loopback
    with urllib.request.urlopen(request, timeout=30) as reply:  # noqa: S310 - likewise
        return json.load(reply)


def _bearer(key: str) -> dict[str, str]:
    return key_headers({"TENFOLD_KEY": key})


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="loadtests.run", description="Drive the whole chain over HTTP.")
    parser.add_argument("--shape", default=SHAPE, help=f"{', '.join(SHAPES)} (loadtests/shapes.py)")
    parser.add_argument("--scenario", default=Order.scenario, help="what the feeds are made of: its name or file")
    parser.add_argument("--steps", default="", help="instead: multiples of 815 attempts a second, such as 1,8,10")
    parser.add_argument("--step-seconds", type=float, default=15.0, help="length of one step")
    parser.add_argument("--workers", type=int, default=0, help="a Locust master with so many workers on this machine")
    parser.add_argument("--launches", type=int, default=1, help="campaigns that the operator launches meanwhile")
    parser.add_argument("--results", type=Path, help="folder for Locust's HTML, CSV and the summary (loads/TIME)")
    parser.add_argument("--json", action="store_true", help="print the summary as JSON on stdout")
    return parser


if __name__ == "__main__":
    sys.exit(main())
