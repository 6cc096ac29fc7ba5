"""What each answer tells a browser not to do, and which pages may ask for changes."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

from api.problems import ProblemError

CSP: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS: Final = (
    (b"content-security-policy", CSP.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
)


def security_headers() -> tuple[tuple[bytes, bytes], ...]:
    """The headers of every answer; a route may give its own instead."""
    return _HEADERS


def origin_refusal(headers: dict[str, str]) -> ProblemError | None:
    """403 for a request of another site's page; None for one of this page, or of no page at all."""
    host = headers.get("host", "").lower()
    origin = headers.get("origin")
    foreign = origin is not None and origin.lower() not in (f"http://{host}", f"https://{host}")
    if foreign or headers.get("sec-fetch-site", "none") not in ("same-origin", "none"):
        return ProblemError(HTTPStatus.FORBIDDEN, "origin", "Requests that change something come from this page only.")
    return None
