"""The part of the catalogue that tells of first messages: TLS and HTTP."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from contract.addresses import strings
from detector.fact import Array, Fact, Look
from detector.http_facts import METHODS
from detector.message_row import ALPN_BYTES, CLIENT_HELLO, HTTP_REQUEST, JA4_BYTES, NAME_BYTES

_U8, _U16, _U64 = pa.uint8(), pa.uint16(), pa.uint64()


def _field(name: str) -> Callable[[Look], Array]:
    def compute(look: Look) -> Array:
        values: Array = look.messages[name]
        return values

    return compute


def _text(name: str, length: str, most: int) -> Callable[[Look], pa.Array]:
    """Kept bytes as text, each distinct value once; what cannot be printed becomes ``?``."""

    def compute(look: Look) -> pa.Array:
        rows = look.messages
        sizes = np.minimum(rows[length], most) if length else np.where(rows[name][:, 0] > 0, most, 0)
        return texts(rows[name], sizes)

    return compute


def texts(kept: npt.NDArray[np.uint8], sizes: npt.NDArray[Any]) -> pa.Array:
    """``(n, width)`` bytes, of which ``sizes`` count, as a column of strings."""
    shown = np.arange(kept.shape[1]) < np.asarray(sizes)[:, None]
    return strings(np.where((kept >= 32) & (kept < 127), kept, np.uint8(63)), shown)


def _method(look: Look) -> pa.Array:
    return pa.array(METHODS).take(pa.array(look.messages["method"]))


def _seen(bit: int) -> Callable[[Look], Array]:
    def compute(look: Look) -> Array:
        values: Array = look.messages["seen"] & bit > 0
        return values

    return compute


_TLS: Final = "RFC 8446 4.1"
_HTTP: Final = "RFC 9112"
_JA4: Final = "JA4 (FoxIO, BSD 3-Clause)"
_SNI: Final = "RFC 6066 3"
MESSAGES: Final = (
    Fact("tls", pa.bool_(), "", _TLS, "a ClientHello was seen", _seen(CLIENT_HELLO)),
    Fact("tls_version", _U16, "", _TLS, "highest version offered (772: TLS 1.3)", _field("version")),
    Fact("tls_ciphers", _U16, "", _TLS, "ciphers offered, GREASE left out", _field("ciphers")),
    Fact("tls_extensions", _U16, "", _TLS, "extensions, GREASE left out", _field("extensions")),
    Fact("tls_sni", pa.string(), "", _SNI, f"server name, its last {NAME_BYTES} bytes",
         _text("sni", "sni_length", NAME_BYTES)),
    Fact("tls_sni_length", _U16, "bytes", _SNI, "length of the whole server name", _field("sni_length")),
    Fact("tls_alpn", pa.string(), "", "RFC 7301", f"first protocol offered, {ALPN_BYTES} bytes at most",
         _text("alpn", "alpn_length", ALPN_BYTES)),
    Fact("tls_ja4", pa.string(), "", _JA4, "fingerprint of the ClientHello", _text("ja4", "", JA4_BYTES)),
    Fact("tls_chosen_version", _U16, "", _TLS, "version that the server chose", _field("chosen_version")),
    Fact("tls_chosen_cipher", _U16, "", _TLS, "cipher that the server chose", _field("chosen_cipher")),
    Fact("tls_server_extensions", _U16, "", _TLS, "extensions of the ServerHello", _field("server_extensions")),
    Fact("http", pa.bool_(), "", _HTTP, "a request was seen", _seen(HTTP_REQUEST)),
    Fact("http_method", pa.string(), "", _HTTP, "method of the first request", _method),
    Fact("http_uri_length", _U16, "bytes", _HTTP, "length of its target", _field("uri_length")),
    Fact("http_uri_depth", _U8, "", _HTTP, "slashes in the path of its target", _field("uri_depth")),
    Fact("http_parameters", _U16, "", _HTTP, "parameters in the query of its target", _field("parameters")),
    Fact("http_host", pa.string(), "", _HTTP, f"host asked for, its last {NAME_BYTES} bytes",
         _text("host", "host_length", NAME_BYTES)),
    Fact("http_host_length", _U16, "bytes", _HTTP, "length of the whole host", _field("host_length")),
    Fact("http_agent_length", _U16, "bytes", _HTTP, "length of the user agent", _field("agent_length")),
    Fact("http_status", _U16, "", _HTTP, "status of the first response, 0 where there was none", _field("status")),
    Fact("name_hash", _U64, "", "", "hash of the server name or host, in lower case; 0 where none",
         _field("name_hash")),
)  # fmt: skip
