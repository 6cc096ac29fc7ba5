"""What the generator knows, written down: TRUTH rows as Parquet, and exact ``tenfold-truth/1`` beside a capture."""

from __future__ import annotations

import contextlib
import ipaddress
import json
from collections.abc import Mapping
from dataclasses import dataclass
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
from contract.files import part_of, remove_parts
from contract.schemas import ARP, TRUTH
from contract.truth import FORMAT
from generator.plan import Plan
from generator.stamp import Table
from generator.template import Template
from generator.world import Addresses

_NAMES: Final = {1: "icmp", 6: "tcp", 17: "udp", 58: "icmpv6", ARP: "arp"}
_MANY_PORTS: Final = 64
_TOGETHER: Final = 32_768  # rows of a row group
_EVER: Final = (1 << 63) - 1
_MANY: Final = 400  # beyond so many attackers their blocks are named instead: those belong to the family alone


class TruthFile:
    """TRUTH rows as a Parquet file, named when complete.

    Rows are written some ten thousand at a time: what is known of each row group stays in memory until the end.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._temporary = part_of(path)
        self._waiting: list[pa.RecordBatch] = []
        refuse_folder(path)
        remove_parts(path)
        try:
            self._writer = pq.ParquetWriter(self._temporary, TRUTH, compression="zstd")
        except OSError as error:
            raise InputError(f"{path}: cannot write: {error.strerror}") from None

    def write(self, rows: pa.RecordBatch) -> None:
        """Append these rows. Raises ``InputError`` where the file system refuses."""
        self._waiting.append(rows)
        if sum(map(len, self._waiting)) >= _TOGETHER:
            self._flush()

    def _flush(self) -> None:
        waiting, self._waiting = self._waiting, []
        try:
            if sum(map(len, waiting)):
                self._writer.write_batch(pa.concat_batches(waiting))
        except OSError as error:
            raise self._refused(error) from None

    def close(self) -> None:
        """Finish: the file appears under its name. Raises ``InputError`` where the file system refuses."""
        self._flush()
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


@dataclass
class _Entry:
    """What is known of one family's attempts of one protocol."""

    start_ns: int
    src: Addresses
    dst: Addresses
    ports: npt.NDArray[np.uint16]

    def add(self, table: Table) -> None:
        self.start_ns = min(self.start_ns, int(table.intended.min()))
        self.src = np.unique(np.concatenate([self.src, table.src]), axis=0)
        self.dst = np.unique(np.concatenate([self.dst, table.dst]), axis=0)
        self.ports = np.unique(np.concatenate([self.ports, table.dst_port]))

    def as_dict(self, family: str, protocol: int) -> dict[str, Any]:
        found: dict[str, Any] = {
            "family": family,
            "technique": catalogue()[family].technique,
            "start": iso(self.start_ns),
            "end": None,
            "attackers": _networks(self.src),
            "victims": _networks(self.dst),
        }
        if protocol in (6, 17) and len(self.ports) <= _MANY_PORTS:
            found["ports"] = [int(port) for port in self.ports]
        found["protocol"] = _NAMES.get(protocol, protocol)
        return found


class TruthEntries:
    """The attacks of a campaign as a ``tenfold-truth/1`` object, gathered as it is planned: exact for its capture.

    One entry a family and protocol. Attackers belong to one family alone, so they tell; where a family's attacks come
    from hosts that also behave ordinarily (infected ones), the other end belongs to the family: it is the victim.
    """

    def __init__(self, template: Template, families: tuple[str, ...], attacks: npt.NDArray[np.bool_]) -> None:
        self._template, self._families, self._attacks = template, families, attacks
        self._quoting = np.zeros(len(template.protocol), np.bool_)
        self._quoting[np.searchsorted(template.first, np.flatnonzero(template.quotes), "right") - 1] = True
        # By family, protocol, and the protocol of the ICMP errors that are meant (0: the attempts themselves).
        self._entries: dict[tuple[int, int, int], _Entry] = {}

    def add(self, table: Table) -> None:
        """Take these attempts in."""
        protocols = self._template.protocol[table.variant].astype(np.int64)
        for number in np.flatnonzero(self._attacks):
            mine = np.flatnonzero(table.family == number)
            for protocol in np.unique(protocols[mine]):
                rows = mine[protocols[mine] == protocol]
                self._note((int(number), int(protocol), 0), table.take(rows))
                caused = rows[self._quoting[table.variant[rows]]]
                for version, error in ((0, 1), (1, 58)):
                    some = caused[table.variant[caused] % 2 == version]
                    self._note((int(number), int(protocol), error), table.take(some))

    def _note(self, key: tuple[int, int, int], table: Table) -> None:
        if len(table.intended):
            none = np.zeros((0, 16), np.uint8)
            self._entries.setdefault(key, _Entry(_EVER, none, none, np.zeros(0, np.uint16))).add(table)

    def document(self, capture: str) -> dict[str, Any]:
        """The object, for a capture of that name."""
        entries = [
            entry.as_dict(self._families[number], error or protocol)
            for (number, protocol, error), entry in sorted(self._entries.items())
        ]
        return {"format": FORMAT, "capture": capture, "entries": entries, "otherwise": "benign"}


def truth_document(plan: Plan, capture: str) -> dict[str, Any]:
    """The attacks of a whole plan as a ``tenfold-truth/1`` object."""
    entries = TruthEntries(plan.template, plan.families, plan.attacks)
    entries.add(plan.table)
    return entries.document(capture)


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


def write_json(document: Mapping[str, Any], path: Path) -> None:
    """Write a truth object to a file. Raises ``InputError`` where it cannot be written."""
    temporary = part_of(path)
    try:
        temporary.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
        temporary.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise InputError(f"{path}: cannot write: {error.strerror}") from None
