"""A sender as the campaign starts it, with the listening end of its socket."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

from contract.clock import Clock
from generator.workload import Workload

STATUS = "sender.status.json"


class Running:
    """A sender with the listening end of its socket."""

    def __init__(self, folder: Path, workload: Workload) -> None:
        self.folder = folder
        self.clock = Clock.start()
        (folder / "workload.json").write_text(workload.to_json())
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.bind(str(folder / "s"))
        self.listener.listen(1)
        self.listener.settimeout(120)
        options = {"workload": "workload.json", "socket": "s", "status": STATUS, "truth": "truth.parquet"}
        options["seal"] = "frames.json"
        command = [sys.executable, "-m", "generator.sender", "--clock", self.clock.anchor, "--control", "control.json"]
        for name, value in options.items():
            command += [f"--{name}", value]
        root = Path(__file__).parents[2]
        environment = {"PYTHONPATH": str(root), "PATH": "/usr/bin:/bin"}
        self.process = subprocess.Popen(command, cwd=folder, env=environment, stderr=subprocess.PIPE, text=True)

    def accept(self) -> socket.socket:
        peer, _ = self.listener.accept()
        peer.settimeout(120)
        return peer

    def end(self) -> dict[str, Any]:
        self.process.communicate(timeout=120)
        self.listener.close()
        return json.loads((self.folder / STATUS).read_text())

    def status(self) -> dict[str, Any]:
        return json.loads((self.folder / STATUS).read_text())
