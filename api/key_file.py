"""The file of API keys: what is kept of a key, one line each, so that a change can be read in a diff.

A key is ``tfk_ID_SECRET``: the id (public, shown in lists and logs) and 256 random bits. The file keeps the SHA-256 of
the whole key. A slow hash (scrypt, Argon2) protects words that people choose, because those can be guessed; nobody
guesses 256 random bits, and a hash that costs a millisecond would only help whoever floods the service with keys.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import secrets
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from contract.errors import InputError

SCOPES: Final = ("read", "operate", "ingest", "admin")
FORMAT: Final = "tenfold-keys/1"
DEFAULT_FILE: Final = Path("tenfold-keys.json")
MOST_KEYS: Final = 1000
_ID: Final = re.compile(r"[a-z2-7]{8}")
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_IN_TEXT: Final = re.compile(r"tfk_([a-z2-7]{8})_[A-Za-z0-9_-]+")
_ID_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz234567"
_MOST_BYTES: Final = 1 << 20
_WRITABLE_BY_OTHERS: Final = stat.S_IWGRP | stat.S_IWOTH


@dataclass(frozen=True)
class Key:
    """What is kept of a key. Times are ISO 8601 in UTC; ``rate`` is requests a second where it has its own limit."""

    id: str
    name: str
    scopes: tuple[str, ...]
    sha256: str
    created: str
    expires: str | None = None
    revoked: str | None = None
    rate: float | None = None

    def good(self, now: datetime) -> bool:
        """Neither revoked nor expired."""
        return self.revoked is None and (self.expires is None or now < datetime.fromisoformat(self.expires))

    def state(self, now: datetime) -> str:
        """``good``, ``expired`` or ``revoked``."""
        return "revoked" if self.revoked is not None else "good" if self.good(now) else "expired"


def digest(text: str) -> str:
    """What the file keeps of a key."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def hidden(text: str) -> str:
    """The text without the secret of any key that stands in it."""
    return _IN_TEXT.sub(r"tfk_\1_…", text)


def id_of(text: str) -> str:
    """The id within a key; '' where the text has not the form of one."""
    found = _IN_TEXT.fullmatch(text)
    return found[1] if found else ""


def new_key(
    name: str,
    scopes: Iterable[str],
    expires: datetime | None = None,
    rate: float | None = None,
    *,
    now: datetime | None = None,
) -> tuple[Key, str]:
    """A key for the file, and its text, which is kept nowhere. Raises ``InputError`` for a bad scope or name."""
    wanted = set(scopes)
    unknown = sorted(wanted - set(SCOPES))
    if unknown or not wanted:
        raise InputError(f"{', '.join(unknown) or 'no scope'}: the scopes are {', '.join(SCOPES)}")
    if not name.strip() or len(name) > 80 or not name.isprintable():
        raise InputError("the name of a key has 1 to 80 printable characters; say who or what uses it")
    if rate is not None and not 0.1 <= rate <= 100_000:
        raise InputError(f"a rate of {rate:g} requests a second is not between 0.1 and 100,000")
    now = now or datetime.now(UTC)
    if expires is not None and expires <= now:
        raise InputError(f"{_iso(expires)} is past: the key would never be good")
    key_id = "".join(secrets.choice(_ID_LETTERS) for _ in range(8))
    text = f"tfk_{key_id}_{secrets.token_urlsafe(32)}"
    ordered = tuple(scope for scope in SCOPES if scope in wanted)
    return Key(key_id, name.strip(), ordered, digest(text), _iso(now), _iso(expires), None, rate), text


def read(path: Path) -> list[Key]:
    """The keys in a file, the oldest first. Raises ``InputError`` where it is missing, damaged or open to others."""
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            data = file.read(_MOST_BYTES + 1)
    except FileNotFoundError:
        raise InputError(f"{path}: no such key file; `tenfold keys add NAME --keys {path}` makes one") from None
    except OSError as error:
        raise InputError(f"{path}: cannot read: {error.strerror}") from None
    if mode & _WRITABLE_BY_OTHERS:
        raise InputError(f"{path}: others may write to it, so they could let themselves in; chmod 600 {path}")
    if len(data) > _MOST_BYTES:
        raise InputError(f"{path}: is larger than {_MOST_BYTES:,} bytes")
    return _parse(data, path)


def change(path: Path, work: Callable[[list[Key]], list[Key]]) -> list[Key]:
    """Read the keys (none where there is no file), change them, write them in one step, mode 0600. The new keys.

    Two that change at once do so one after the other. Raises ``InputError`` where that cannot be done.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _alone(path.parent):
            keys = work(read(path) if path.exists() else [])
            if len(keys) > MOST_KEYS:
                raise InputError(f"{path}: more than {MOST_KEYS:,} keys; take out revoked ones")
            _write(path, keys)
    except OSError as error:
        raise InputError(f"{path}: cannot write: {error.strerror}") from None
    return keys


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold the folder's lock: no file of its own is needed for that."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
        os.fsync(handle)
    finally:
        os.close(handle)


def _write(path: Path, keys: list[Key]) -> None:
    rows = [json.dumps({k: v for k, v in asdict(key).items() if v is not None}, ensure_ascii=False) for key in keys]
    text = f'{{"format": "{FORMAT}", "keys": [\n' + ",\n".join(rows) + "\n]}\n"
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise


def _parse(data: bytes, path: Path) -> list[Key]:
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        raise InputError(f"{path}: not JSON") from None
    if not isinstance(document, dict) or document.get("format") != FORMAT or not isinstance(document.get("keys"), list):
        raise InputError(f"{path}: no key file ({FORMAT})")
    keys = [_key(row, f"{path}: key {number}") for number, row in enumerate(document["keys"], 1)]
    if len({key.id for key in keys}) != len(keys):
        raise InputError(f"{path}: two keys have the same id")
    return keys


def _key(row: Any, where: str) -> Key:  # noqa: ANN401 - any JSON value
    if not isinstance(row, dict):
        raise InputError(f"{where}: must be an object")
    scopes = row.get("scopes")
    if not isinstance(scopes, list) or not scopes or not set(map(str, scopes)) <= set(SCOPES):
        raise InputError(f"{where}: scopes are a list of {', '.join(SCOPES)}")
    if not _ID.fullmatch(str(row.get("id"))) or not _DIGEST.fullmatch(str(row.get("sha256"))):
        raise InputError(f"{where}: id or sha256 is none")
    rate = row.get("rate")
    if rate is not None and (isinstance(rate, bool) or not isinstance(rate, int | float) or not rate > 0):
        raise InputError(f"{where}: rate is a number above 0")
    times = [_time(row.get(name), f"{where}: {name}") for name in ("created", "expires", "revoked")]
    return Key(
        id=row["id"],
        name=str(row.get("name", "")),
        scopes=tuple(scope for scope in SCOPES if scope in scopes),
        sha256=row["sha256"],
        created=times[0] or "",
        expires=times[1],
        revoked=times[2],
        rate=rate,
    )


def _time(value: Any, where: str) -> str | None:  # noqa: ANN401 - any JSON value
    if value is None:
        return None
    try:
        if datetime.fromisoformat(value).tzinfo is None:
            raise ValueError
    except (ValueError, TypeError):
        raise InputError(f"{where}: {value!r} is no ISO 8601 time with an offset") from None
    return str(value)


def _iso(moment: datetime | None) -> Any:  # noqa: ANN401 - text, or None for None
    return None if moment is None else moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
