"""What the head of a request may say of the request's own bounds: one meaning, whoever reads it (RFC 9112 sections 2.3,
3.2 and 6.1).

The parser refuses most of what can be read in two ways. This refuses the rest of it, so that a proxy in front and the
service never disagree about where a request ends or for which host it is (request smuggling).
"""

from __future__ import annotations

from typing import Final

_VERSIONS: Final = ("1.0", "1.1")
_WEIGHTY: Final = (b"content-length", b"transfer-encoding", b"host", b"authorization")
_SCHEMES: Final = (b"http", b"https")


def check_head(version: str, target: bytes, headers: list[tuple[bytes, bytes]], *, upgrade: bool) -> None:
    """Raise ``ValueError`` for a head that has more than one meaning.

    ``headers`` have names in lower case and values without space around them. ``upgrade`` says whether the client asks
    for another protocol on this connection, after which the parser reads no body.
    """
    if version not in _VERSIONS:
        raise ValueError(f"HTTP/{version} is not spoken here")
    if any(b"_" in name and name.replace(b"_", b"-") in _WEIGHTY for name, _ in headers):
        raise ValueError("a header with underscores, which some read as hyphens")
    _check_target(target, headers)
    codings = [value for name, value in headers if name == b"transfer-encoding"]
    lengths = [value for name, value in headers if name == b"content-length"]
    if codings and (version != "1.1" or lengths or len(codings) > 1 or codings[0].lower() != b"chunked"):
        raise ValueError("a transfer coding that is not chunked alone")
    if len(lengths) > 1 or not all(length.isdigit() for length in lengths):
        raise ValueError("a length that is none")
    if upgrade and (codings or any(length.strip(b"0") for length in lengths)):
        raise ValueError("a body before another protocol")


def _check_target(target: bytes, headers: list[tuple[bytes, bytes]]) -> None:
    """A path, or the same host twice: as part of the target and in ``Host``."""
    if b"#" in target:
        raise ValueError("a target with a fragment")
    if target.startswith(b"/") or target == b"*":
        return
    scheme, _, rest = target.partition(b"://")
    host = rest.partition(b"/")[0].partition(b"?")[0].lower()
    if scheme.lower() not in _SCHEMES or not host or [host] != [v.lower() for n, v in headers if n == b"host"]:
        raise ValueError("a target that names another host than Host does")
