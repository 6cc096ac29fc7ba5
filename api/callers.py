"""Who asks: a key in the ``Authorization`` header, a session's cookie, or anybody at all while there are no keys."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from api.key_file import SCOPES, Key
from api.keys import KeyBook
from api.problems import ProblemError
from api.sessions import Sessions

STATE: Final = "tenfold.caller"
_MOST_KEY: Final = 256


@dataclass(frozen=True)
class Caller:
    """Who asks, with which scopes. ``key`` is None where there are no keys."""

    id: str
    scopes: frozenset[str]
    key: Key | None = None

    def document(self) -> dict[str, object]:
        """What the caller may know of itself."""
        found: dict[str, object] = {"id": self.id, "scopes": [scope for scope in SCOPES if scope in self.scopes]}
        return found if self.key is None else {**found, "name": self.key.name, "expires": self.key.expires}


ANYBODY: Final = Caller("loopback", frozenset(SCOPES))


class Callers:
    """Tells who asks. ``keys`` is None where the service has no keys: then everybody may do everything."""

    def __init__(self, keys: KeyBook | None, sessions: Sessions) -> None:
        self.keys, self.sessions = keys, sessions

    def of(self, headers: dict[str, str]) -> Caller | None:
        """The caller; None for nobody. Raises 401 where a key is given that is none, 503 where none can be checked."""
        if self.keys is None:
            return ANYBODY
        given = headers.get("authorization")
        if given is not None:
            return self._of_key(given)
        token = self.sessions.token_in(headers.get("cookie", ""))
        if not token:
            return None
        key = self.keys.still(self.sessions.key_of(token))
        if key is None:
            self.sessions.end(token)
        return None if key is None else _caller(key)

    def still(self, caller: Caller) -> bool:
        """Whether the caller may still be answered: a stream ends with its key."""
        return caller.key is None or self.keys is None or self.keys.still(caller.id) is not None

    def _of_key(self, header: str) -> Caller:
        kind, _, text = header.partition(" ")
        if kind.lower() != "bearer" or len(text) > _MOST_KEY:
            raise unauthorised("Authorization: Bearer tfk_… is how a key is given.")
        key = self.keys.key_of(text.strip()) if self.keys is not None else None
        if key is None:
            if self.keys is not None and self.keys.fault:
                raise ProblemError(
                    HTTPStatus.SERVICE_UNAVAILABLE, "keys", "The key file cannot be read, so nobody is let in."
                )
            raise unauthorised("This key is not known, has expired or was revoked.")
        return _caller(key)


def _caller(key: Key) -> Caller:
    return Caller(key.id, frozenset(key.scopes), key)


def unauthorised(detail: str) -> ProblemError:
    """401 that says how a key is given (RFC 6750)."""
    return ProblemError(HTTPStatus.UNAUTHORIZED, "key", detail, headers={"WWW-Authenticate": 'Bearer realm="tenfold"'})


def forbidden(needed: list[str]) -> ProblemError:
    """403 that says which scope is lacking."""
    return ProblemError(
        HTTPStatus.FORBIDDEN,
        "scope",
        f"This needs a key with the scope {' and '.join(needed)}.",
        headers={"WWW-Authenticate": f'Bearer realm="tenfold", error="insufficient_scope", scope="{" ".join(needed)}"'},
    )
