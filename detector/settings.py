"""The configuration of a detector that runs: read at its start, and again when somebody asks for it (SIGHUP)."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

from contract.errors import InputError
from detector.config import Config
from detector.config_file import read
from detector.pipeline import Detector


class Settings:
    """``config`` as it was read last. Raises ``InputError`` where the file cannot be used at the start.

    A file that cannot be used later changes nothing; ``notes`` say so. ``asked`` is set when the file is to be read
    again.
    """

    def __init__(self, path: Path | None = None, asked: threading.Event | None = None) -> None:
        self._path = path
        self.asked = asked or threading.Event()
        self.config = read(path) if path else Config()
        self.notes: list[str] = []

    def refresh(self, detector: Detector) -> None:
        """Between two ticks: read the file again if that was asked for, and put its policy in force."""
        if not self.asked.is_set():
            return
        self.asked.clear()
        if self._path is None:
            self.notes.append("asked to read the configuration again, but was started without one")
            return
        try:
            config = read(self._path)
            detector.alerts.change(config.policy)
        except InputError as error:
            self.notes.append(f"configuration kept as it was: {error}")
            return
        fixed = ("tick_ns", "tick_frames", "late_ns", "capacity", "hosts", "idle_s", "active_s", "tunnels", "live")
        later = [name for name in fixed if getattr(config, name) != getattr(self.config, name)]
        if config.policy.capacity != self.config.policy.capacity:
            later.append("most_incidents")
        self.config = config
        detector.config = replace(detector.config, sure=config.sure, policy=config.policy)
        rest = f"; for {', '.join(later)} start anew" if later else ""
        self.notes.append(f"configuration read again{rest}")
