"""Web scan: one client asks for many paths, most of which do not exist, to find forgotten files and known software.

Directory and vulnerability scanners (dirb, gobuster, nikto, wpscan, nuclei-like, and botnets that try a short list): a
connection a request or 1 to 60 requests a connection, 0.2 ms to 2 s apart, HEAD or GET, answers nearly all 404 of one
size with some 200, 301, 403 and 401 between; some sites answer 200 or 302 to everything. One scanner, a few or many
(``attackers``), each at one site or one after the other.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from contract.families import Family
from generator.conversation import Conversation
from generator.shapes import http, names
from generator.shapes.crowd import assign, by_actor, distances, gang, uneven
from generator.shapes.parts import Part, Parts, rand
from generator.world import Attempts, World

FAMILY = Family("recon", "Web scan", "One client asks for many paths that do not exist.", "T1595.002", "TA0043")
_TOOLS = 5
_EACH = 8
_AGENTS = (
    "gobuster/3.6",
    "Mozilla/5.00 (Nikto/2.5.0) (Evasions:None) (Test:Port Check)",
    "Mozilla/4.0 (compatible; MSIE 6.0; Windows NT 5.1)",
    "Fuzz Faster U Fool v2.1.0",
    "zgrab/0.x",
    "WPScan v3.8.25 (https://wpscan.com/wordpress-security-scanner)",
    "Mozilla/5.0 (compatible; Nmap Scripting Engine; https://nmap.org/book/nse.html)",
    "DirBuster-1.0-RC1 (http://www.owasp.org/index.php/Category:OWASP_DirBuster_Project)",
    "feroxbuster/2.10.2",
    *http.TOOLS,
    http.BROWSERS[0],
)
_PATHS = (
    "/.env",
    "/.git/config",
    "/admin/",
    "/backup.zip",
    "/phpmyadmin/",
    "/wp-admin/",
    "/server-status",
    "/actuator/health",
    "/cgi-bin/",
    "/config.php.bak",
    "/test.php",
    "/robots.txt",
    "/.aws/credentials",
    "/vendor/",
    "/console/",
    "/solr/",
    "/boaform/",
    "/HNAP1/",
    "/wp-content/plugins/akismet/readme.txt",
    "/wp-json/wp/v2/users",
    "/xmlrpc.php",
    "/manager/html",
    "/owa/",
    "/crossdomain.xml",
    "/cgi-bin/test-cgi",
    "/.svn/entries",
)


def _target(world: World, suffix: str) -> list[Part]:
    if world.rng.random() < 0.4:
        return [str(world.pick(_PATHS)).encode()]
    if world.rng.random() < 0.5:
        return [f"/{world.pick(names.WORDS)}{suffix}".encode()]
    return [b"/", rand(int(world.rng.integers(3, 12)), "lower"), suffix.encode()]


def conversations(world: World) -> list[Conversation]:
    """Eight variants for each of five tools."""
    rng, made = world.rng, []
    for _ in range(_TOOLS):
        agent, method = str(world.pick(_AGENTS)), str(world.pick(("GET", "GET", "GET", "HEAD")))
        suffix, server, host = (
            str(world.pick(("", "", ".php", "/", ".bak"))),
            str(world.pick(http.SERVERS)),
            names.host(rng),
        )
        most, pace = int(world.pick((1, 1, 10, 30, 60))), float(np.exp(rng.uniform(np.log(0.0002), np.log(2.0))))
        usual = int(rng.choice((404, 404, 404, 404, 403, 302, 200)))  # some sites say the same to everything
        missing = http.html(rng, int(rng.integers(150, 1500)))
        headers: list[tuple[str, Parts]] = [("Host", host.encode()), ("User-Agent", agent.encode())]
        for _ in range(_EACH):
            conversation = Conversation.tcp(world, client_os="linux", server_os="linux").open()
            for _ in range(int(rng.integers(1, most + 1))):
                conversation.client(http.request(method, _target(world, suffix), headers), think=pace, jitter=0.7)
                status = int(rng.choice((301, 403, 401, 302, 200, 500))) if rng.random() < 0.2 else usual
                reply = http.server_headers(rng, server, "text/html")
                body = (
                    b""
                    if method == "HEAD"
                    else missing
                    if status == usual
                    else http.html(rng, int(rng.integers(150, 4000)))
                )
                conversation.server(http.response(status, reply, body), think=float(rng.lognormal(-6, 0.7)))
            made.append(conversation.close(world.pick(("fin", "fin", "rst", "server_fin")), think=0.001))
    return made


def attempts(intended: npt.NDArray[np.int64], world: World) -> Attempts:
    """A few scanners, each with one tool, at one site or one after the other at many."""
    n, rng = len(intended), world.rng
    scanners = gang(world, intended, (0.5, 40.0), (1, 500))
    who = assign(rng, intended, uneven(rng, len(scanners), 0.6))
    victims = world.some(world.sites, 1, int(world.pick((1, 1, 5, 20))))
    src, dst = by_actor(world, who, scanners[who], victims[who % len(victims)])
    return Attempts.of(
        world,
        intended,
        src=src,
        dst=dst,
        dst_port=int(world.pick((80, 80, 8080))),
        template=(who % _TOOLS) * _EACH + rng.integers(0, _EACH, n),
        rtt_ns=distances(world, len(scanners))[who],
        ipv6=False,
    )
