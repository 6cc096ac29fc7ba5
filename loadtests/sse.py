"""Server-sent events as they are read off a connection."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any


def events_of(lines: Iterable[bytes]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Name and document of each event (WHATWG HTML, section 9.2); ``lines`` are those of the answer's body."""
    name, data = "message", b""
    for line in lines:
        text = line.rstrip(b"\r\n")
        if text.startswith(b"event:"):
            name = text[6:].strip().decode()
        elif text.startswith(b"data:"):
            data += text[5:].strip()
        elif not text:
            if data:
                yield name, json.loads(data)
            name, data = "message", b""
