"""The Iceberg catalog that is named, and what goes wrong with one, in one clear line."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from contract.errors import InputError, LackingError
from store.lake.place import Place, s3_endpoint

if TYPE_CHECKING:
    from pyiceberg.catalog import Catalog

_EXTRA: Final = "Iceberg needs pyiceberg: pip install 'tenfold[lake]'"
_REST: Final = ("http", "https")


def check_catalog(text: str) -> None:
    """Raise ``InputError`` where a catalog is named with a secret in it."""
    if "://" in text:
        parts = urlsplit(text)
        if parts.password is not None or (parts.username is not None and not parts.scheme.startswith("sqlite")):
            raise InputError("catalog: names and passwords do not belong into it; name a catalog of .pyiceberg.yaml or "
                             "of PYICEBERG_CATALOG__NAME__URI instead")  # fmt: skip


def open_catalog(text: str, place: Place) -> Catalog:
    """The catalog that ``text`` names: one of pyiceberg's own configuration, ``sqlite:///FILE`` or a REST address.

    Raises ``LackingError`` where pyiceberg is not installed or it does not answer, ``InputError`` where it is none.
    """
    check_catalog(text)
    if importlib.util.find_spec("pyiceberg") is None:
        raise LackingError(_EXTRA)
    from pyiceberg.catalog import load_catalog

    told = {f"s3.{name}": value for name, value in s3_endpoint().items()}
    with faults(f"catalog {text}"):
        if "://" not in text:
            return load_catalog(text, **told)
        kind = "rest" if urlsplit(text).scheme in _REST else "sql"
        return load_catalog("tenfold", type=kind, uri=text, warehouse=place.url, **told)


@contextmanager
def faults(where: str) -> Iterator[None]:
    """Turn what pyiceberg and its libraries raise into one clear line."""
    from pyiceberg.exceptions import RESTError, ValidationError
    from requests.exceptions import RequestException
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except ImportError as error:
        raise LackingError(f"{where}: needs a library more: {error}") from None
    except (SQLAlchemyError, RESTError, RequestException, OSError) as error:
        raise LackingError(f"{where}: {str(error).splitlines()[0]}") from None
    except (ValidationError, ValueError) as error:
        raise InputError(f"{where}: {str(error).splitlines()[0]}") from None
