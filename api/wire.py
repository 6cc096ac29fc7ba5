"""JSON on the wire: orjson straight from plain objects, no model between, and ETags for what never changes."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import orjson
from fastapi import Request
from fastapi.responses import Response

_OPTIONS = orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS


def encode(document: Any) -> bytes:  # noqa: ANN401 - any JSON value
    """The document as JSON bytes."""
    return orjson.dumps(document, option=_OPTIONS)


def json_response(
    document: Any,  # noqa: ANN401
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    media_type: str = "application/json",
) -> Response:
    """A JSON response. It is not to be kept by caches: what is live changes all the time."""
    fields = {"Cache-Control": "no-store", **(headers or {})}
    return Response(encode(document), int(status), fields, media_type)


def fixed_response(
    request: Request, body: bytes, media_type: str, headers: Mapping[str, str] | None = None
) -> Response:
    """A response whose bytes do not change any more: strong ETag, 304 where the client has it."""
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    fields = {"ETag": tag, "Cache-Control": "private, no-cache", **(headers or {})}
    known = [part.strip() for part in request.headers.get("if-none-match", "").split(",")]
    if tag in known or "*" in known:
        return Response(None, 304, fields)
    return Response(body, 200, fields, media_type)


def fixed_json(request: Request, document: Any) -> Response:  # noqa: ANN401 - any JSON value
    """As ``fixed_response``, of an object that does not change any more."""
    return fixed_response(request, encode(document), "application/json")
