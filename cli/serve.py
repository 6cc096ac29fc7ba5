"""``tenfold serve``: the API and the live page, on loopback or, with keys, on any address."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli.output import ConfigFlag, JsonFlag, KeysFlag, key_file, print_json


def command(  # noqa: PLR0917 - each parameter is a flag that a user types
    runs: Annotated[Path, typer.Option(help="Folder with the run folders.")] = Path("runs"),
    host: Annotated[str, typer.Option(help="A loopback address; with keys, any.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 chooses a free one.")] = 8150,
    run: Annotated[
        str | None, typer.Option(help="Show this run; without it the one under way, else the latest.")
    ] = None,
    name: Annotated[
        list[str] | None, typer.Option(help="A further name that it answers to (Host); may be given again.")
    ] = None,
    otel: Annotated[
        str | None,
        typer.Option(help="Send traces and metrics of requests to this collector (OTLP over HTTP, extra otel)."),
    ] = None,
    keys: KeysFlag = None,
    config: ConfigFlag = None,
    json_: JsonFlag = False,
) -> None:
    """Serve the API and the live page until Ctrl-C; other addresses than loopback need keys."""
    from api.server import serve

    names = list(name or ())
    if config:
        from detector.config_file import read

        names += read(config).names  # and what the detectors would refuse later is said now
    serve(
        runs,
        host,
        port,
        run,
        config=config,
        keys=key_file(keys),
        names=names,
        otel=otel,
        ready=print_json if json_ else None,
    )
