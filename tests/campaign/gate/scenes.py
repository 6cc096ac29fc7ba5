"""A scenario of one attack and a little browsing: its frames are made in a third of a second."""

from __future__ import annotations

from pathlib import Path

TINY = """
title = "Tiny"
summary = "A scan among a little browsing."
duration = 1
seed = 1
sites = 4
clients = 20
multiplier = [[0, 0.5]]
background = [[0, 40]]
[attacks]
port_scan = 1
[benign]
web_browsing = 1
"""


def tiny(folder: Path) -> str:
    """Its file."""
    path = folder / "tiny.toml"
    path.write_text(TINY, encoding="utf-8")
    return str(path)
