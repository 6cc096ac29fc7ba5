"""What the generator knows, written down: TRUTH rows as Parquet, and exact ``tenfold-truth/1`` beside a capture."""

from __future__ import annotations

import contextlib
import ipaddress
import json
import os
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from contract.addresses import to_text
from contract.clock import iso
from contract.errors import InputError
from contract.families import catalogue
from contract.schemas import ARP, TRUTH
from contract.truth import FORMAT
from generator.plan import Plan

_NAMES: Final = {1: "icmp", 6: "tcp", 17: "udp", 58: "icmpv6", ARP: "arp"}
_MANY: Final = 400  # beyond so many attackers their blocks are named instead: those belong to the family alone


class TruthFile:
    """TRUTH rows as a Parquet file, written row group by row group and named when complete."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
        refuse_folder(path)
        try:
            self._writer = pq.ParquetWriter(self._temporary, TRUTH, compression="zstd")
        except OSError as error:
            raise InputError(f"{path}: cannot write: {error.strerror}") from None

    def write(self, rows: pa.RecordBatch) -> None:
        """Append these rows. Raises ``InputError`` where the file system refuses."""
        try:
            if len(rows):
                self._writer.write_batch(rows)
        except OSError as error:
            raise self._refused(error) from None

    def close(self) -> None:
        """Finish: the file appears under its name. Raises ``InputError`` where the file system refuses."""
        try:
            self._writer.close()
            self._temporary.replace(self.path)
        except OSError as error:
            raise self._refused(error) from None

    def abort(self) -> None:
        """Remove what was written."""
        with contextlib.suppress(OSError):  # a full disk refuses what still stands in the buffer once more
            self._writer.close()
        self._temporary.unlink(missing_ok=True)

    def _refused(self, error: OSError) -> InputError:
        self.abort()
        return InputError(f"{self.path}: cannot write: {error.strerror or error}")


def refuse_folder(path: Path) -> None:
    """Raise ``InputError`` where a folder stands under the name of a file to be written."""
    if path.is_dir():
        raise InputError(f"{path}: cannot write: is a folder")


def truth_document(plan: Plan, capture: str) -> dict[str, Any]:
    """The plan's attacks as a ``tenfold-truth/1`` object: one entry a family and protocol, exact for this capture.

    Attackers belong to one family alone, so they tell; where a family's attacks come from hosts that also behave
    ordinarily (infected ones), the other end belongs to the family and stands as the victim.
    """
    entries = []
    table, template = plan.table, plan.template
    for number, family in enumerate(plan.families):
        if not plan.attacks[number]:
            continue
        mine = np.flatnonzero(table.family == number)
        protocols = template.protocol[table.variant[mine]]
        for protocol in np.unique(protocols):
            rows = mine[protocols == protocol]
            entries.append(_entry(plan, family, rows, int(protocol)))
            entries.extend(_errors(plan, family, rows))
    return {"format": FORMAT, "capture": capture, "entries": entries, "otherwise": "benign"}


def _entry(plan: Plan, family: str, rows: npt.NDArray[np.int64], protocol: int) -> dict[str, Any]:
    table = plan.table
    entry: dict[str, Any] = {
        "family": family,
        "technique": catalogue()[family].technique,
        "start": iso(int(table.intended[rows].min())),
        "end": None,
        "attackers": _networks(table.src[rows]),
        "victims": _networks(table.dst[rows]),
    }
    if protocol in (6, 17):
        ports = np.unique(table.dst_port[rows])
        if len(ports) <= 64:
            entry["ports"] = [int(port) for port in ports]
    if protocol in _NAMES:
        entry["protocol"] = _NAMES[protocol]
    else:
        entry["protocol"] = protocol
    return entry


def _errors(plan: Plan, family: str, rows: npt.NDArray[np.int64]) -> list[dict[str, Any]]:
    """Entries for the ICMP errors that a family's attempts cause."""
    template, variants = plan.template, plan.table.variant[rows]
    quoting = np.zeros(len(template.protocol), np.bool_)
    quoting[np.searchsorted(template.first, np.flatnonzero(template.quotes), "right") - 1] = True
    caused = quoting[variants]
    found = []
    for version, protocol in ((0, 1), (1, 58)):
        some = rows[caused & (variants % 2 == version)]
        if len(some):
            found.append(_entry(plan, family, some, protocol))
    return found


def _networks(addresses: npt.NDArray[np.uint8]) -> list[str]:
    rows = np.unique(addresses, axis=0)
    hosts = [ipaddress.ip_address(to_text(row.tobytes())) for row in rows]
    if len(hosts) <= _MANY:
        return [str(host) for host in hosts]
    # A role owns whole /26 blocks, and whole /64s as their twins.
    blocks = {ipaddress.ip_network(f"{host}/{26 if host.version == 4 else 64}", strict=False) for host in hosts}
    named: list[str] = []
    for version in (4, 6):
        same: Any = [block for block in blocks if block.version == version]
        named.extend(str(network) for network in ipaddress.collapse_addresses(same))
    return named


def write_json(plan: Plan, path: Path, capture: str) -> None:
    """Write ``truth_document`` to a file. Raises ``InputError`` where it cannot be written."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        temporary.write_text(json.dumps(truth_document(plan, capture), indent=1) + "\n", encoding="utf-8")
        temporary.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise InputError(f"{path}: cannot write: {error.strerror}") from None
