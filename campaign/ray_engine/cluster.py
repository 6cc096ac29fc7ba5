"""Ray itself: started for one run on this machine alone, or joined where one runs already."""

from __future__ import annotations

import importlib.util
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from contract.errors import InputError, LackingError

STORE_BYTES: Final = 200 << 20  # of batches under way, in shared memory
_LOOPBACK: Final = "127.0.0.1"
_QUIET: Final = {
    "RAY_USAGE_STATS_ENABLED": "0",  # nothing is told to anybody
    "RAY_USAGE_STATS_PROMPT_ENABLED": "0",
    "RAY_DEDUP_LOGS": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_enable_metrics_collection": "0",
    "RAY_task_events_report_interval_ms": "0",
}
ALONE: Final = {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}  # else Ray listens where other machines reach it


def require() -> None:
    """Raise ``LackingError`` where Ray is not installed."""
    if importlib.util.find_spec("ray") is None:
        raise LackingError("--engine ray needs Ray, which is not installed: pip install 'tenfold[ray]'")


@contextmanager
def joined(address: str | None, processors: int) -> Iterator[Any]:
    """The module ``ray``, connected; at the end disconnected, and what was started for it gone.

    Without an address Ray runs on this machine alone, on loopback, without its dashboard, in a temporary folder.
    Raises ``InputError`` where nobody answers at the address, ``LackingError`` where Ray cannot be started or has not
    that many processors.
    """
    require()
    os.environ.update(_QUIET if address else _QUIET | ALONE)
    import ray

    folder = Path(tempfile.mkdtemp(prefix="tenfold-ray-"))
    try:
        _connect(ray, address, processors, folder)
        there = int(ray.cluster_resources().get("CPU", 0))
        if there < processors:
            raise LackingError(
                f"Ray has {there} processors to give, and {processors} shards are asked for: "
                "fewer --generators and --detectors, or more nodes"
            )
        yield ray
    finally:
        ray.shutdown()
        shutil.rmtree(folder, ignore_errors=True)


def _connect(ray: Any, address: str | None, processors: int, folder: Path) -> None:  # noqa: ANN401 - a module
    quiet = {"log_to_driver": False, "logging_level": "error", "namespace": "tenfold"}
    try:
        if address:
            ray.init(address=address, **quiet)
            return
        ray.init(
            num_cpus=processors,
            include_dashboard=False,
            object_store_memory=STORE_BYTES,
            _node_ip_address=_LOOPBACK,
            _temp_dir=str(folder),
            **quiet,
        )
    except ConnectionError as error:
        raise InputError(f"--address {address}: no Ray answers there: {_first(error)}") from None
    except Exception as error:  # noqa: BLE001 - Ray raises Exception itself where a node does not come up
        where = f"--address {address}: " if address else ""
        late = "timed out during startup" in str(error)
        hint = " (Ray gives its processes 15 s to start: try again when the machine is less busy)" if late else ""
        raise LackingError(f"{where}Ray cannot be started: {_first(error)}{hint}") from None


def _first(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0].strip() if lines else type(error).__name__
