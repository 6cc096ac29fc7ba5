"""Hosts in namespaces on one bridge, and a capture of what crosses it. Nothing of it reaches another network."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

PREFIX: Final = "tf-tools-"
SWITCH: Final = "switch"
HOSTS: Final = {
    "attacker": "198.18.10.66",
    "victim": "198.18.10.10",
    "server": "198.18.10.20",
    "client1": "198.18.10.101",
    "client2": "198.18.10.102",
    "client3": "198.18.10.103",
}
SNAP: Final = 512  # bytes kept of a frame


def inside(host: str, command: str) -> list[str]:
    """The command line that runs a shell command in a host's namespace."""
    return ["ip", "netns", "exec", PREFIX + host, "sh", "-c", command]


def run(host: str, command: str, seconds: float) -> int:
    """Run a command for that long at most; it is then asked to stop, and killed two seconds later.

    What it leaves in the background is killed with it.
    """
    limited = f"exec timeout -s INT -k 2 {seconds} sh -c {shlex.quote(command)}"
    process = start(host, limited)
    code = process.wait()
    subprocess.run(["pkill", "-KILL", "-s", str(process.pid)], check=False)
    return code


def start(host: str, command: str) -> subprocess.Popen[bytes]:
    """Start a command in the background, in a process group of its own."""
    quiet = subprocess.DEVNULL
    return subprocess.Popen(inside(host, command), stdin=quiet, stdout=quiet, stderr=quiet, start_new_session=True)


def stop(process: subprocess.Popen[bytes]) -> None:
    """Kill a background command and all that it started."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)


def up() -> None:
    """Make the hosts, the bridge between them, and addresses; segments are not merged (what a card would do)."""
    down()
    _ip("netns", "add", PREFIX + SWITCH)
    _ip("-n", PREFIX + SWITCH, "link", "add", "br0", "type", "bridge")
    _ip("-n", PREFIX + SWITCH, "link", "set", "br0", "up")
    for host, address in HOSTS.items():
        name = PREFIX + host
        _ip("netns", "add", name)
        _ip("link", "add", "e0", "netns", name, "type", "veth", "peer", "name", host, "netns", PREFIX + SWITCH)
        _ip("-n", name, "addr", "add", f"{address}/16", "dev", "e0")
        for link in ("e0", "lo"):
            _ip("-n", name, "link", "set", link, "up")
        _ip("-n", PREFIX + SWITCH, "link", "set", host, "master", "br0", "up")
        run(host, "ethtool -K e0 tso off gso off gro off tx off", 5)


def down() -> None:
    """Remove every namespace of this lab and what runs in it."""
    listed = subprocess.run(["ip", "netns", "list"], capture_output=True, text=True, check=True).stdout
    for name in (line.split()[0] for line in listed.splitlines() if line.startswith(PREFIX)):
        pids = subprocess.run(["ip", "netns", "pids", name], capture_output=True, text=True, check=False).stdout
        for pid in pids.split():
            os.kill(int(pid), signal.SIGKILL)
        _ip("netns", "del", name)


def mac_of(host: str) -> str:
    """The MAC address of a host."""
    found = subprocess.run(inside(host, "cat /sys/class/net/e0/address"), capture_output=True, text=True, check=True)
    return found.stdout.strip()


@contextmanager
def captured(path: Path, truth: dict[str, Any]) -> Iterator[None]:
    """Record what crosses the bridge to ``path``, with its truth beside it."""
    command = f"exec tcpdump -i br0 -s {SNAP} -B 65536 -U --immediate-mode -w {shlex.quote(str(path))}"
    recorder = subprocess.Popen(inside(SWITCH, command), stderr=subprocess.PIPE)
    for line in recorder.stderr or ():
        if b"listening" in line:
            break
    try:
        yield
    finally:
        time.sleep(1.5)  # what is still on its way belongs to it
        recorder.send_signal(signal.SIGINT)
        recorder.wait()
    path.with_name(path.stem + ".truth.json").write_text(json.dumps(truth, indent=1), encoding="utf-8")
