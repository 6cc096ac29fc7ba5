"""An archive by what a user names: a URL and, for Iceberg, a catalog."""

from __future__ import annotations

import time

from contract.errors import InputError
from store.lake.base import Lake
from store.lake.catalog import check_catalog, open_catalog
from store.lake.place import check_url, open_place
from store.lake.rows import RUN

_HOUR_S = 3600


def check_names(to: str, catalog: str | None, namespace: str) -> None:
    """Raise ``InputError`` where one of them cannot be."""
    check_url(to)
    if catalog:
        check_catalog(catalog)
    if not RUN.fullmatch(namespace.replace(".", "_")):
        raise InputError(f"namespace: {namespace!r}: letters, digits, '_', '-' and '.'")


def open_lake(to: str, catalog: str | None = None, namespace: str = "tenfold") -> Lake:
    """The archive. Raises ``InputError`` where it cannot be one, ``LackingError`` where something for it is missing."""
    from store.lake.files import FilesLake

    check_names(to, catalog, namespace)
    place = open_place(to)
    if not catalog:
        return FilesLake(place)
    found = open_catalog(catalog, place)  # says so in one line where pyiceberg is not installed
    from store.lake.iceberg import IcebergLake

    return IcebergLake(place, found, namespace)


def keep_before(keep_days: float, now_ns: int | None = None) -> int | None:
    """The first hour (since the epoch) that is kept; None where all are."""
    if keep_days <= 0:
        return None
    now = time.time_ns() if now_ns is None else now_ns
    return int(now // 1_000_000_000 - keep_days * 86_400) // _HOUR_S
