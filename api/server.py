"""``python -m api.server --runs DIR --port P``: the service on loopback."""

from __future__ import annotations

import argparse
import errno
import gc
import ipaddress
import socket
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType
from typing import Final

import uvicorn

from api.app import create_app
from api.connections import Bounds, Desk, bounded, room
from api.keys import KeyBook
from api.names import is_run_name
from api.runs import POSTED
from api.settings import DEFAULT_PORT, Settings, check_host, check_names
from api.telemetry import check_endpoint
from campaign.outputs import beside, configured
from contract.errors import InputError, TenfoldError
from store.formats.base import Origin

_GRACE_S: Final = 3
_BACKLOG: Final = 512
_DEAF_MS: Final = 20_000
_SWITCH_S: Final = 0.0005


class Server(uvicorn.Server):
    """Ends the live streams when it is told to end (they would keep it waiting), and an end in order is no failure."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """As uvicorn's, but the signal is not raised again once everything has ended."""
        with super().capture_signals():
            yield
            self._captured_signals.clear()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Called by the signal handler."""
        service = getattr(getattr(self.config.app, "state", None), "service", None)
        if service is not None:
            service.broadcasts.stop()
        super().handle_exit(sig, frame)


def listen(host: str, port: int, *, keys: bool = False) -> socket.socket:
    """A listening socket (port 0: a free one). Raises ``InputError`` where the port is taken or may not be used."""
    address = check_host(host, keys=keys)
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        # Of each connection: who takes nothing for so long is cut off by the system, with all that was kept for it.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _DEAF_MS)
    try:
        listener.bind((address, port))
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise InputError(f"port {port} is in use; choose another with --port") from None
        raise InputError(f"cannot listen on {host} port {port}: {error.strerror}") from None
    return listener


def url_of(listener: socket.socket) -> str:
    """The address of the live page."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


def check_runs(folder: Path) -> Path:
    """The runs folder, made where it is not there. Raises ``InputError`` where it cannot be used."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        next(folder.iterdir(), None)
    except FileExistsError:
        raise InputError(f"{folder}: is no folder") from None
    except OSError as error:
        raise InputError(f"{folder}: cannot use it for runs: {error.strerror}") from None
    return folder


def serve(  # noqa: PLR0913 - each is an option of the command
    runs: Path,
    host: str,
    port: int,
    run: str | None = None,
    *,
    config: Path | None = None,
    keys: Path | None = None,
    names: Sequence[str] = (),
    otel: str | None = None,
    ready: Callable[[dict[str, str]], None] | None = None,
) -> None:
    """Serve until SIGINT or SIGTERM. Raises ``InputError`` for a host, port, folder, run or keys that cannot be used.

    ``keys`` is the file of API keys, without which loopback alone is served; ``names`` are further ``Host`` names.
    ``otel`` is the address of an OpenTelemetry collector (OTLP over HTTP), which needs the extra ``otel``.
    ``ready`` is told the address once the port listens; without it a line for people goes to stderr.
    """
    if run is not None and not (is_run_name(run) and (runs / run).is_dir()):
        raise InputError(f"{runs} holds no run called {run!r}")
    rights = _check_keys(keys, host)
    with listen(host, port, keys=keys is not None) as listener:
        check_runs(runs)  # after the port: a folder is made only for a service that can be
        settings = Settings(
            runs=runs.resolve(),
            host=listener.getsockname()[0],
            port=listener.getsockname()[1],
            run=run,
            config=config.resolve() if config else None,
            keys=keys.resolve() if keys else None,
            names=check_names(names),
            otel=check_endpoint(otel) if otel is not None else None,
        )
        app, desk = create_app(settings), Desk(Bounds(most=room()))
        app.state.service.metrics.service.cut = desk.cut
        server = uvicorn.Config(
            app,
            http=bounded(desk),
            log_level="error",  # a client can provoke warnings without end
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=_GRACE_S,
            timeout_keep_alive=30,
            proxy_headers=False,  # who is asking is who is connected: a header may say anything
            ws="none",
        )
        if ready is not None:
            ready({"url": url_of(listener), "runs": str(runs), "keys": str(keys) if keys else ""})
        else:
            sys.stderr.write(f"Tenfold serves {url_of(listener)} (runs in {runs}; {rights}; Ctrl-C ends it)\n")
        sys.stdout.flush()
        sys.stderr.flush()
        sys.setswitchinterval(_SWITCH_S)  # the event loop must not wait for a thread that makes a long answer
        gc.freeze()  # what is loaded by now stays: collections need not look at it again
        with ExitStack() as followers:
            for name in POSTED:
                followers.enter_context(beside(configured(config), settings.runs / name, Origin(name)))
            Server(server).run(sockets=[listener])


def _check_keys(path: Path | None, host: str) -> str:
    """What the start says of rights. Raises ``InputError`` for a key file that cannot be used, or lets nobody in."""
    if path is None:
        return "no keys: whoever is on this machine may do everything"
    good = KeyBook(path).good
    if not good and not ipaddress.ip_address(check_host(host, keys=True)).is_loopback:
        raise InputError(f"{path} holds no key that is good, so nobody could ask; `tenfold keys add` makes one")
    return f"{good} key{'' if good == 1 else 's'} in {path}"


def main(arguments: list[str] | None = None) -> int:
    """The command of the module; exit code 2 for bad usage."""
    parser = argparse.ArgumentParser(prog="api.server", description="Serve the API and the live page on loopback.")
    parser.add_argument("--runs", type=Path, required=True, help="folder with the run folders")
    parser.add_argument("--host", default="127.0.0.1", help="a loopback address; with keys any address")
    parser.add_argument("--port", type=int, default=DEFAULT_PORT, help="0 chooses a free one")
    parser.add_argument("--run", default=None, help="show this run where a request names none")
    parser.add_argument("--keys", type=Path, default=None, help="file of API keys, see `tenfold keys`")
    parser.add_argument("--name", action="append", default=[], help="a further name that it answers to")
    parser.add_argument("--config", type=Path, default=None, help="configuration file of the detectors")
    parser.add_argument("--otel", default=None, help="address of an OpenTelemetry collector, OTLP over HTTP")
    options = parser.parse_args(arguments)
    try:
        serve(
            options.runs,
            options.host,
            options.port,
            options.run,
            config=options.config,
            keys=options.keys,
            names=options.name,
            otel=options.otel,
        )
    except TenfoldError as error:
        sys.stderr.write(f"tenfold: {error}\n")
        return error.exit_code
    except KeyboardInterrupt:
        return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
