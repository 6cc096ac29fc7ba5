"""How soon the wire is silent when the controller of a campaign stands still. Needs root.

    python -m benchmarks.deadman [--rounds 10] [--json]

Real processes on a lab of its own: a controller that shows that it lives, and a sender of 300 frames a second. The
controller is stopped (SIGSTOP) at a random moment; what counts is the kernel's time of the last frame that arrived,
behind the moment at which the controller was seen to stand still. The limit is 100 ms; a frame after it is exit code 1.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from generator.lab import namespaces
from generator.lab.deadman import LIMIT_NS
from tests.generator.lab.helpers import Listener, own_lab
from tests.generator.lab.test_wire_sender import BEATING, ROOT, TINY, Running


def silent_after_ms(folder: Path, listener: Listener, running: Running, controller: subprocess.Popen[bytes]) -> float:
    """Stop the controller and wait for the sender's end: how long frames still came (ms, 0 where none did)."""
    listener.socket.settimeout(300)  # a sender takes long to start on a busy machine
    listener.take(100 + random.randrange(60))
    controller.send_signal(signal.SIGSTOP)
    os.waitpid(controller.pid, os.WUNTRACED)
    stopped = time.time_ns()
    status = running.end()
    if "dead-man's switch" not in status["error"]:
        raise SystemExit(f"deadman: the sender ended otherwise: {status['error'] or status['state']}")
    (folder / "beat").resolve().unlink()
    last = stopped
    listener.socket.settimeout(0)
    with suppress(BlockingIOError):  # until there are no more
        while True:
            last = max(last, listener.take(1)[1][0])
    return (last - stopped) / 1e6


def one() -> float:
    """One round, on a lab of its own."""
    lab = own_lab("d")
    namespaces.up(lab)
    try:
        with tempfile.TemporaryDirectory(prefix="tfd") as name:
            folder = Path(name)
            environment = {"PYTHONPATH": str(ROOT), "PATH": os.defpath}
            command = [sys.executable, "-c", BEATING, str(folder / "beat")]
            with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as controller:
                _ = controller.stdout.readline() if controller.stdout else b""
                listener = Listener(lab)
                try:
                    return silent_after_ms(folder, listener, Running(folder, lab, *TINY), controller)
                finally:
                    listener.close()
                    controller.kill()
                    controller.send_signal(signal.SIGCONT)
    finally:
        namespaces.down(lab)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if os.geteuid() != 0:
        sys.stdout.write("skipped: a lab needs root\n")
        return 0
    found = sorted(one() for _ in range(options.rounds))
    limit = LIMIT_NS / 1e6
    document = {"rounds": len(found), "median_ms": found[len(found) // 2], "max_ms": found[-1], "limit_ms": limit}
    if options.json:
        sys.stdout.write(json.dumps(document) + "\n")
    else:
        sys.stdout.write(
            f"silent after {document['median_ms']:.1f} ms (median of {len(found)}), {found[-1]:.1f} ms at most, "
            f"{found[-1] / limit:.2f} of the limit of {limit:.0f} ms\n"
        )
    return 0 if found[-1] <= limit else 1


if __name__ == "__main__":
    sys.exit(main())
