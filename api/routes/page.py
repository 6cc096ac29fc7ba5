"""The live page and the page of the API: fixed files of the package, and nothing else."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import Response

from api.problems import not_found
from api.rights import OPEN
from api.wire import fixed_response

router = APIRouter(include_in_schema=False, dependencies=[OPEN])
_STATIC: Final = Path(__file__).parent.parent / "static"
_VENDOR: Final = Path(__file__).parent.parent.parent / "campaign" / "assets"
_TYPES: Final = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".LICENSE": "text/plain",
}


@cache
def _files() -> dict[str, Path]:
    """Every file that may be served, by its path on the site: found once, so that no request names a path."""
    own = {f"/static/{path.relative_to(_STATIC)}": path for path in _STATIC.rglob("*") if path.suffix in _TYPES}
    vendored = {f"/static/vendor/{path.name}": path for path in _VENDOR.glob("uPlot*")}
    return own | vendored


@cache
def _read(path: Path) -> bytes:
    return path.read_bytes()


def _serve(request: Request, name: str) -> Response:
    path = _files().get(name)
    if path is None:
        raise not_found("no-page", "there is no such page; / is the live page, /docs describes the API")
    return fixed_response(request, _read(path), _TYPES[path.suffix])


@router.get("/")
async def live(request: Request) -> Response:
    """The live page."""
    return _serve(request, "/static/index.html")


@router.get("/docs")
async def docs(request: Request) -> Response:
    """The API in words, made from the OpenAPI document; works offline."""
    return _serve(request, "/static/docs.html")


@router.get("/favicon.ico")
async def favicon(request: Request) -> Response:
    """For browsers that ask without being told."""
    return _serve(request, "/static/favicon.svg")


@router.get("/static/{name:path}")
async def static(request: Request) -> Response:
    """Scripts, styles, pictures."""
    return _serve(request, request.url.path)
