"""Opaque cursors: where a page goes on, bound to the filters that it was made with."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import struct
from typing import Final

from api.problems import ProblemError, bad_request

_FORM: Final = struct.Struct("!B8sq")
_VERSION: Final = 1


def seal(position: int, scope: str) -> str:
    """A cursor for a position in the list that ``scope`` (run, kind and filters) describes."""
    return base64.urlsafe_b64encode(_FORM.pack(_VERSION, _digest(scope), position)).decode().rstrip("=")


def unseal(cursor: str | None, scope: str) -> int | None:
    """The position of a cursor; None without one. Raises 400 for anything that was not made for this list."""
    if cursor is None:
        return None
    try:
        version, digest, position = _FORM.unpack(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError, struct.error):
        raise _refused("the cursor is not one of this service") from None
    if version != _VERSION or not hmac.compare_digest(digest, _digest(scope)):
        raise _refused("the cursor belongs to another list: keep run and filters as they were, or start without cursor")
    if position < 0:
        raise _refused("the cursor is not one of this service")
    return int(position)


def _digest(scope: str) -> bytes:
    return hashlib.sha256(scope.encode()).digest()[:8]


def _refused(detail: str) -> ProblemError:
    return bad_request("cursor", detail)
