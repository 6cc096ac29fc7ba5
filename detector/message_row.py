"""The row of a flow that begins with a TLS or HTTP message."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

# bits of ``seen``
CLIENT_HELLO: Final = 1
SERVER_HELLO: Final = 2
HTTP_REQUEST: Final = 4
HTTP_RESPONSE: Final = 8
PARTIAL: Final = 16  # the ClientHello was not read to its end: no fingerprint

NAME_BYTES: Final = 64
ALPN_BYTES: Final = 16
JA4_BYTES: Final = 36

_FIELDS: Final[list[tuple[Any, ...]]] = [
    ("name_hash", "u8"),  # of the name in the ClientHello, else of HTTP's host; 0 where there is none
    ("seen", "u1"),
    # TLS: the ClientHello
    ("alpn_length", "u1"),  # bytes of ``alpn``
    ("version", "u2"),  # highest version offered, 0x0304 for 1.3
    ("ciphers", "u2"),  # how many, GREASE (RFC 8701) left out
    ("extensions", "u2"),  # likewise
    ("sni_length", "u2"),  # the whole name's
    ("sni", "u1", (NAME_BYTES,)),  # its last NAME_BYTES bytes, which tell more than the first
    ("alpn", "u1", (ALPN_BYTES,)),  # the first protocol offered
    ("ja4", "u1", (JA4_BYTES,)),  # the fingerprint, zeros where there is none
    # TLS: the ServerHello
    ("chosen_version", "u2"),
    ("chosen_cipher", "u2"),
    ("server_extensions", "u2"),
    # HTTP
    ("method", "u1"),  # index into detector.http_facts.METHODS
    ("uri_depth", "u1"),  # slashes of the path, at most 255
    ("uri_length", "u2"),
    ("parameters", "u2"),  # of the query
    ("host_length", "u2"),
    ("agent_length", "u2"),
    ("status", "u2"),
    ("host", "u1", (NAME_BYTES,)),  # its last NAME_BYTES bytes
]
MESSAGE: Final = np.dtype(_FIELDS, align=True)
