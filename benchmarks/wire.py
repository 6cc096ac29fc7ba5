"""Frames on one veth: packets a second against other senders, and how exactly each keeps a rate. Needs root.

    python benchmarks/wire.py [--frames N] [--rounds R] [--seconds S] [--skip-pacing] [--skip-rate] [--json]

Everything runs on a lab of its own, in turn, best of several rounds. Packets a second are counted at the receiving end
(its interface's counter, from the first to the last movement), never taken from the sender. Pacing is read from the
kernel's times of arrival there: the rate's error, and p99 less p50 of (arrival less due time). Senders that are not
installed are skipped with a word.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from contract.errors import TenfoldError
from contract.lab import enter
from generator.lab import namespaces
from generator.lab.namespaces import Lab
from generator.lab.netlink import link
from generator.lab.permission import permit
from generator.lab.wire import Wire
from generator.pacing import claim_processor
from generator.sender import calm
from generator.sinks.pcap import HEADER
from tests.generator.lab.helpers import Listener, cut, frames

LAB = Lab(f"tfb-{os.getpid()}-send", f"tfb-{os.getpid()}-listen", "tfb-send", "tfb-listen")
FEED = 2048
RATES = (8_150, 81_500)
ROLES = ("xdp", "sendmmsg", "loop", "scapy")


def role(name: str, path: Path, rate: float, pacing: str, interface: str) -> None:
    """Child process: send the frames of a file; ours at a rate where there is one, and with a JSON line at the end."""
    stored = np.load(path)
    offsets, data = stored["offsets"], stored["data"]
    if name == "loop":
        with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as wire:
            wire.bind((interface, 0))
            ready = cut(offsets, data)
            for frame in ready:
                wire.send(frame)
    elif name == "scapy":
        from scapy.layers.l2 import Ether
        from scapy.sendrecv import sendp

        sendp([Ether(frame) for frame in cut(offsets[:2001], data)], iface=interface, verbose=False)
    else:
        ours(Wire.open(permit(interface), pacing=pacing, engine=name), offsets, data, rate)


def ours(wire: Wire, offsets: npt.NDArray[np.int32], data: npt.NDArray[np.uint8], rate: float) -> None:
    """As the wire sender does it: feed records, tick, until all have left."""
    n, fed = len(offsets) - 1, 0
    calm()
    due = np.zeros(n, np.int64)
    if rate:
        due = time.monotonic_ns() + 300_000_000 + np.round(np.arange(n) * (1e9 / rate)).astype(np.int64)
    record = max(1, min(FEED, int(rate * 0.005))) if rate else FEED
    wire.start()
    spent, begun = time.process_time(), time.monotonic()
    while wire.slots.taken < n:
        while fed < n and due[fed] < time.monotonic_ns() + 300_000_000:
            upto = min(fed + record, n)
            if not wire.fits(upto - fed, int(offsets[upto] - offsets[fed])):
                break
            wire.feed(offsets[fed : upto + 1], data, due[fed:upto])
            fed = upto
        wire.tick(time.monotonic_ns() + 100_000_000)
        wire.slots.forget(wire.slots.taken)
        time.sleep(0.003 if rate else 0.0005)
    share = (time.process_time() - spent) / (time.monotonic() - begun)
    print(json.dumps({"cpu": share, "claimed": n}))
    wire.close()


def counted() -> tuple[float, int]:
    """Now, and how many frames the receiving end has counted."""
    found = link(LAB.listen_interface)
    return time.monotonic(), found.received if found else 0


def started(command: list[str]) -> dict[str, float]:
    """Run a sender in the sending namespace: its share of a processor, and what it says itself."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    begun = time.monotonic()
    command = ["ip", "netns", "exec", LAB.send_namespace, *command]
    out = subprocess.run(command, capture_output=True, text=True, check=False)
    wall = time.monotonic() - begun
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if out.returncode:
        raise RuntimeError(f"{command[4]}: {(out.stderr.strip() or out.stdout.strip())[-300:]}")
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"cpu": spent / wall} | (json.loads(out.stdout) if out.stdout.startswith("{") else {})


def measured(command: list[str]) -> dict[str, float]:
    """Run a sender: packets a second as received, and how many."""
    samples: list[tuple[float, int]] = []
    done = threading.Event()

    def watch() -> None:
        enter(LAB.listen_namespace)
        while not done.is_set():
            samples.append(counted())
            time.sleep(0.004)
        samples.append(counted())

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        found = started(command)
    finally:
        done.set()
        watcher.join()
    counts = np.array([count for _, count in samples])
    times = np.array([moment for moment, _ in samples])
    begin = int(np.flatnonzero(counts > counts[0])[0])  # the first sample with frames is where the time starts
    end = int(np.flatnonzero(counts == counts[-1])[0])
    rate = (counts[end] - counts[begin]) / max(times[end] - times[begin], 1e-9)
    return found | {"pps": float(rate), "received": float(counts[-1] - counts[0])}


def own(name: str, path: Path, rate: float = 0.0, pacing: str = "exact") -> list[str]:
    """The command of one of our roles."""
    return [sys.executable, __file__, "--role", name, str(path), str(rate), pacing, LAB.send_interface]


def write_pcap(path: Path, offsets: npt.NDArray[np.int32], data: npt.NDArray[np.uint8]) -> None:
    """What tcpreplay reads."""
    with path.open("wb") as file:
        file.write(HEADER)
        for number, frame in enumerate(cut(offsets, data)):
            file.write(np.array([number // 10**6, number % 10**6 * 1000, len(frame), len(frame)], "<u4").tobytes())
            file.write(frame)


def write_trafgen(path: Path, offsets: npt.NDArray[np.int32], data: npt.NDArray[np.uint8], n: int = 1000) -> None:
    """What trafgen reads: it is slow to parse, so a thousand frames that it repeats."""
    lines = ["{" + ", ".join(f"0x{byte:02x}" for byte in frame) + "}" for frame in cut(offsets[: n + 1], data)]
    path.write_text("\n".join(lines))


def senders(folder: Path, n: int) -> dict[str, list[str]]:
    """Every sender that is here, and how to start it."""
    npz, pcap, config = folder / "frames.npz", folder / "frames.pcap", folder / "frames.cfg"
    found = {"ours, XDP": own("xdp", npz), "ours, portable": own("sendmmsg", npz)}
    found["tcpreplay -t -K"] = ["tcpreplay", "-q", "-t", "-K", "-i", LAB.send_interface, str(pcap)]
    found["trafgen"] = ["trafgen", "-q", "-P", "1", "-n", str(n), "-o", LAB.send_interface, "-i", str(config)]
    found["socket.send loop"] = own("loop", npz)
    found["scapy sendp"] = own("scapy", npz)
    for name, command in list(found.items()):
        if not shutil.which(command[0]):
            say(f"{name}: {command[0]} is not installed, skipped")
            del found[name]
    return found


def rates(folder: Path, n: int, rounds: int) -> dict[str, float]:
    """Packets a second of every sender, best of some rounds in turn."""
    best: dict[str, float] = {}
    for _ in range(rounds):
        for name, command in senders(folder, n).items():
            try:
                found = measured(command)
            except RuntimeError as error:
                say(f"{name}: {error}")
                continue
            if name.startswith("ours") and found["received"] != found["claimed"]:
                raise RuntimeError(f"{name}: claimed {found['claimed']}, received {found['received']}")
            best[name] = max(best.get(name, 0.0), found["pps"])
    base = best.get("tcpreplay -t -K")
    for name, value in best.items():
        say(f"{name:18} {value:12,.0f} packets/s" + (f"  {value / base:5.2f} x tcpreplay" if base else ""))
    return best


def pacing(folder: Path, seconds: float, rounds: int) -> list[dict[str, Any]]:
    """Rate error, spread and processor share at each rate, the best (least spread) of some rounds."""
    rows = []
    for rate in RATES:
        n = int(rate * seconds)
        small = folder / f"{rate}.npz"
        offsets, data = frames(n)
        np.savez(small, offsets=offsets, data=data)
        write_pcap(folder / f"{rate}.pcap", offsets, data)
        replay = ["tcpreplay", "-q", "-K", f"--pps={rate}", "-i", LAB.send_interface, str(folder / f"{rate}.pcap")]
        ways = {f"ours, {engine} {how}": own(engine, small, rate, how) for engine, how in WAYS}
        for name, command in (ways | {"tcpreplay --pps": replay}).items():
            if shutil.which(command[0]):
                found = min(
                    (arrivals(command, rate, n) for _ in range(rounds)), key=lambda row: float(row["spread_us"])
                )
                rows.append({"sender": name, "rate": rate, **found})
                say(
                    f"{name:22} {rate:7,}/s  rate error {found['error_percent']:.4f} %  "
                    f"spread {found['spread_us']:8.1f} us  processor {found['cpu']:.0%}"
                )
    return rows


WAYS = (("xdp", "exact"), ("sendmmsg", "exact"), ("sendmmsg", "frugal"))


def arrivals(command: list[str], rate: int, n: int) -> dict[str, float]:
    """One run of a command, seen from the receiver."""
    return arrived(lambda: started(command), rate, n)


def arrived(send: Callable[[], dict[str, float]], rate: int, n: int) -> dict[str, float]:
    """One run, seen from the receiver, who reads along: frames that wait in a socket keep the sender's pages."""
    listener, times = Listener(LAB), np.zeros(n)

    def read() -> None:
        for number in range(n):
            times[number] = listener.take(1)[1][0] - epoch

    epoch = time.time_ns()
    reader = threading.Thread(target=read)
    reader.start()
    try:
        found = send()
        reader.join()
    finally:
        listener.close()
    grid = np.arange(n) * (1e9 / rate)
    slope = np.polyfit(grid, times, 1)[0]  # how long a second of the plan took
    p50, p99 = np.percentile(times - grid, [50, 99])
    return {"error_percent": abs(1 / slope - 1) * 100, "spread_us": (p99 - p50) / 1000, "cpu": found["cpu"]}


def say(text: str) -> None:
    """A line for people."""
    sys.stderr.write(text + "\n")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=500_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=2.0, help="of each pacing run")
    parser.add_argument("--skip-pacing", action="store_true")
    parser.add_argument("--skip-rate", action="store_true")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    report: dict[str, Any] = {}
    claim_processor()  # every sender inherits it: none is better off on a busy machine
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        try:
            namespaces.up(LAB)
            if not options.skip_rate:
                offsets, data = frames(options.frames)
                np.savez(folder / "frames.npz", offsets=offsets, data=data)
                write_pcap(folder / "frames.pcap", offsets, data)
                write_trafgen(folder / "frames.cfg", offsets, data)
                report["packets_per_second"] = rates(folder, options.frames, options.rounds)
            if not options.skip_pacing:
                report["pacing"] = pacing(folder, options.seconds, options.rounds)
        except TenfoldError as error:
            say(str(error))
            sys.exit(error.exit_code)
        finally:
            if os.geteuid() == 0:
                namespaces.down(LAB)
    if options.json:
        print(json.dumps(report, indent=1))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--role"]:
        role(sys.argv[2], Path(sys.argv[3]), float(sys.argv[4]), sys.argv[5], sys.argv[6])
    else:
        main()
