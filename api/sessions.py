"""Sessions of the page: a browser gives its key once and gets a cookie that stands for it.

Why a cookie: the page's script never keeps the key (``HttpOnly``), and streams, downloads and the report, which a
browser asks for by itself, carry it as well. It is of no use to another site (``SameSite=Strict``, and requests that
change something must come from the page's own origin). A session ends with its key.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from collections import OrderedDict
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from typing import Final

MOST: Final = 1000
IDLE_S: Final = 3600.0
LASTS_S: Final = 7 * 86_400.0
_MOST_COOKIE: Final = 4096


@dataclass
class _Session:
    key_id: str
    begun: float
    used: float


class Sessions:
    """Open sessions, by the hash of their token. Belongs to the event loop."""

    def __init__(self, port: int) -> None:
        # Cookies know no ports: two services of one machine must not take each other's.
        self.cookie = f"tenfold_{port}"
        self._open: OrderedDict[bytes, _Session] = OrderedDict()

    def __len__(self) -> int:
        return len(self._open)

    def begin(self, key_id: str) -> str:
        """A new session of that key; its token. At the limit the one that was not used for longest goes."""
        token = secrets.token_urlsafe(32)
        now = time.monotonic()
        self._open[_hash(token)] = _Session(key_id, now, now)
        while len(self._open) > MOST:
            self._open.popitem(last=False)
        return token

    def key_of(self, token: str) -> str:
        """The id of the key whose session it is; '' where there is none."""
        mark = _hash(token)
        session = self._open.get(mark)
        if session is None:
            return ""
        now = time.monotonic()
        if now - session.used > IDLE_S or now - session.begun > LASTS_S:
            del self._open[mark]
            return ""
        session.used = now
        self._open.move_to_end(mark)
        return session.key_id

    def end(self, token: str) -> None:
        """Close one."""
        self._open.pop(_hash(token), None)

    def token_in(self, header: str) -> str:
        """The token in a ``Cookie`` header; '' where there is none."""
        if self.cookie not in header or len(header) > _MOST_COOKIE:
            return ""
        try:
            found = SimpleCookie(header).get(self.cookie)
        except CookieError:
            return ""
        return found.value if found else ""

    def set_cookie(self, token: str, *, secure: bool) -> str:
        """The ``Set-Cookie`` header for a token; an empty one takes the cookie away."""
        lasts = "; Max-Age=0" if not token else ""
        return f"{self.cookie}={token}; Path=/; HttpOnly; SameSite=Strict{'; Secure' if secure else ''}{lasts}"


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
