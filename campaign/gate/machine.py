"""Which machine and which environment a figure was measured on: figures of others are not compared with it."""

from __future__ import annotations

import hashlib
import json
from importlib import metadata
from pathlib import Path
from typing import Any, Final

from campaign.closing import machine

LOCK: Final = "requirements.lock"
_ROOT: Final = Path(__file__).parents[2]


def fingerprint(root: Path = _ROOT) -> dict[str, Any]:
    """``processor``, ``cores``, ``python``, ``lock`` (of the tree, or of what is installed), and ``id`` of all four."""
    about = machine()
    parts = {name: about[name] for name in ("processor", "cores", "python")} | {"lock": lock_hash(root)}
    digest = hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:12]
    return {"id": digest, **parts}


def lock_hash(root: Path) -> str:
    """A hash of the tree's lock file; where it has none (an installed wheel), of the versions that are installed."""
    try:
        content = (root / LOCK).read_bytes()
    except OSError:
        installed = sorted({f"{one.metadata['Name']}=={one.version}" for one in metadata.distributions()})
        content = "\n".join(installed).encode()
    return hashlib.sha256(content).hexdigest()[:16]
