"""`tenfold serve` as a user meets it."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

TENFOLD = [sys.executable, "-m", "cli.main", "serve"]


def test_it_serves_says_where_as_json_and_ends_with_ctrl_c(tmp_path: Path):
    command = [*TENFOLD, "--runs", str(tmp_path / "runs"), "--port", "0", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        lines = []
        for line in process.stdout:
            lines.append(line)
            if line.startswith("}"):
                break
        url = json.loads("".join(lines))["url"]
        with urllib.request.urlopen(f"{url}healthz") as reply:
            assert reply.status == 200
        process.send_signal(signal.SIGINT)
        rest, errors = process.communicate(timeout=60)
    assert (process.returncode, rest, errors) == (0, "", "")


def test_a_taken_port_and_an_open_address_are_one_line_and_code_2(tmp_path: Path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        for options, word in (
            (["--port", port], f"port {port} is in use"),
            (["--host", "0.0.0.0"], "without keys"),
        ):
            done = subprocess.run(
                [*TENFOLD, "--runs", str(tmp_path), *options], capture_output=True, text=True, check=False
            )
            assert done.returncode == 2
            assert word in done.stderr
            assert len(done.stderr.splitlines()) == 1
