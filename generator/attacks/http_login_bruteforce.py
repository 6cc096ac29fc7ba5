"""Web login guessing: the same form or the same protected page asked again and again with other credentials.

Forms (hydra, Burp-like, WordPress, XML-RPC in small texts), JSON APIs and HTTP basic authentication; kept-alive or
fresh connections, 1 to 20 tries each; answers of nearly constant size: 200 with the form again, 302 back to it, 401
or 403, and 429 where somebody counts. Servers close a kept connection 5 to 15 s after the last word. Parameters:
``attackers``, ``victims``, ``port``.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from contract.families import Family
from generator.conversation import Conversation
from generator.shapes import http, names
from generator.shapes.guessing import guesses
from generator.shapes.parts import Part, Parts, rand
from generator.world import Attempts, World

FAMILY = Family("credential", "Web login guessing", "Many failed web logins.", "T1110.001", "TA0006")
_TOOLS = 4
_EACH = 8
_AGENTS = (*http.TOOLS, "Mozilla/5.0 (Hydra)", *http.BROWSERS[:3])
_PAGES = ("/login", "/wp-login.php", "/admin/login.php", "/api/v1/auth", "/user/signin", "/manager/html")


class _Tool:
    """One attacker's tool and the form that it aims at."""

    def __init__(self, world: World) -> None:
        rng = world.rng
        self.kind = str(world.pick(("form", "form", "json", "basic")))
        self.page, self.agent = str(world.pick(_PAGES)), str(world.pick(_AGENTS))
        self.server, self.host = str(world.pick(http.SERVERS)), names.host(rng)
        self.status = 401 if self.kind == "basic" else int(world.pick((200, 200, 302, 401, 403)))
        self.answer = http.html(rng, int(rng.integers(180, 6000)))
        self.most, self.pace = int(world.pick((1, 1, 4, 20))), float(rng.lognormal(-5, 1.2))
        self.delay = float(rng.lognormal(-3, 1.0))

    def request(self, world: World) -> list[Part]:
        """One try."""
        size = int(world.rng.integers(4, 14))
        headers: list[tuple[str, Parts]] = [("Host", self.host.encode()), ("User-Agent", self.agent.encode())]
        if self.kind == "basic":
            headers.append(("Authorization", [b"Basic ", rand(4 * -(-(size + 6) // 3), "base64")]))
            return http.request("GET", self.page.encode(), headers)
        if self.kind == "json":
            headers.append(("Content-Type", b"application/json"))
            body: list[Part] = [b'{"user": "admin", "password": "', rand(size, "alnum"), b'"}']
        else:
            headers.append(("Content-Type", b"application/x-www-form-urlencoded"))
            body = [b"user=admin&pass=", rand(size, "alnum"), b"&submit=Login"]
        return http.request("POST", self.page.encode(), headers, body)


def _session(world: World, tool: _Tool) -> Conversation:
    rng = world.rng
    conversation = Conversation.tcp(
        world, client_os=world.pick(("linux", "linux", "windows")), server_os="linux"
    ).open()
    for _ in range(int(rng.integers(1, tool.most + 1))):
        conversation.client(tool.request(world), think=tool.pace, jitter=0.7)
        counted = rng.random() < 0.04
        headers = http.server_headers(rng, tool.server, "text/html")
        answer = http.response(429 if counted else tool.status, headers, tool.answer)
        conversation.server(answer, think=tool.delay, jitter=0.4)
    if rng.random() < 0.2:
        return conversation.close("server_fin", think=float(rng.choice((5.0, 15.0))))
    return conversation.close(world.pick(("fin", "fin", "server_fin", "rst")), think=0.001)


def conversations(world: World) -> list[Conversation]:
    """Eight variants for each of four tools."""
    tools = [_Tool(world) for _ in range(_TOOLS)]
    return [_session(world, tool) for tool in tools for _ in range(_EACH)]


def attempts(intended: npt.NDArray[np.int64], world: World) -> Attempts:
    """As guessers do: see ``generator.shapes.guessing``."""
    return guesses(intended, world, _TOOLS, _EACH, (80, 80, 8080, 8081))
