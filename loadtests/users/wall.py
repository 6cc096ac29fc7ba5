"""A wall: keeps a stream of live events open, and measures how long an alert takes from its commit to the screen."""

from __future__ import annotations

import http.client
import time
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit

import gevent
from locust import User, task

from loadtests.sse import events_of
from loadtests.users.context import Context, context_of, measured
from loadtests.watch import STREAMED

_PATIENCE_S: Final = 30.0
_COMMITTED: Final = "committed_text"


class Wall(User):
    """One open stream. A stream that ends is opened again, as a browser does."""

    fixed_count = 2

    def on_start(self) -> None:
        """Know the settings."""
        self.shared: Context = context_of(self.environment)

    @task
    def watch(self) -> None:
        """Read events until the stream ends."""
        url = urlsplit(self.host)
        connection = http.client.HTTPConnection(url.hostname or "", url.port or 80, timeout=_PATIENCE_S)
        try:
            connection.request("GET", "/v1/stream?run=live", headers=self.shared.settings.headers)
            reply = connection.getresponse()
            if reply.status != http.HTTPStatus.OK:
                measured("stream open", 0.0, ConnectionError(f"{reply.status}: {reply.read(200)!r}"))
                gevent.sleep(1)
                return
            for name, document in events_of(reply):
                self.take(name, document)
        except (OSError, http.client.HTTPException) as error:
            measured("stream open", 0.0, error)
            gevent.sleep(1)
        finally:
            connection.close()

    def take(self, name: str, document: dict[str, Any]) -> None:
        """One event: an alert's age, or the news that some were lost."""
        if name == "alert" and document.get(_COMMITTED):
            committed = datetime.fromisoformat(document[_COMMITTED]).timestamp()
            measured(STREAMED, max(0.0, time.time() - committed) * 1000)
        elif name == "gap":
            measured("stream gap", 0.0, BufferError(f"{document.get('dropped')} events were dropped for this client"))
