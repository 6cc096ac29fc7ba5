"""What a route asks of its caller. Each route says it (``dependencies=[READ]``); one that does not stops the start.

The scopes stand beside each other: none holds another, so that a sensor that may hand in batches can read nothing.
The same declaration is what OpenAPI shows and what is checked.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Final

from fastapi import Depends, FastAPI, Request, Security
from fastapi.routing import RouteContext, iter_route_contexts
from fastapi.security import HTTPBearer, SecurityScopes

from api.callers import STATE, Caller, forbidden, unauthorised

OPENAPI_PATH: Final = "/openapi.json"
_BEARER: Final = HTTPBearer(
    scheme_name="key",
    bearerFormat="tfk_ID_SECRET",
    auto_error=False,
    description="An API key from `tenfold keys add`. Without a key file the service answers on loopback only, and "
    "needs none. Scopes: `read` looks, `operate` starts, changes and stops campaigns, `ingest` hands in batches, "
    "`admin` reads the audit log; none holds another.",
)


async def _need(request: Request, asked: SecurityScopes, _: Annotated[object, Security(_BEARER)]) -> None:
    caller: Caller | None = request.scope.get(STATE)
    if caller is None:
        raise unauthorised("This needs a key: Authorization: Bearer tfk_…")
    if not caller.scopes.issuperset(asked.scopes):
        raise forbidden(asked.scopes)


async def _open() -> None:
    """Marks a route that anybody may ask: it tells nothing of what was seen."""


READ: Final = Security(_need, scopes=["read"])
OPERATE: Final = Security(_need, scopes=["operate"])
INGEST: Final = Security(_need, scopes=["ingest"])
ADMIN: Final = Security(_need, scopes=["admin"])
ANY_KEY: Final = Security(_need, scopes=[])  # whoever has a key, whatever its scopes
OPEN: Final = Depends(_open)


def declared(app: FastAPI) -> Iterator[tuple[str, str, frozenset[str] | None]]:
    """Method, path and scopes of every route; None where anybody may ask. Raises where a route does not say."""
    for route in iter_route_contexts(app.routes):
        path = route.path or ""
        scopes = None if path == OPENAPI_PATH else _scopes(route)
        for method in sorted(route.methods or ()):
            yield method, path, scopes


def open_paths(app: FastAPI) -> tuple[frozenset[str], tuple[str, ...]]:
    """The paths that anybody may ask, and the beginnings of those that have a parameter."""
    paths = {path for _, path, scopes in declared(app) if scopes is None}
    return (
        frozenset(path for path in paths if "{" not in path),
        tuple(sorted(path.partition("{")[0] for path in paths if "{" in path)),
    )


def _scopes(route: RouteContext) -> frozenset[str] | None:
    marks = [(mark.dependency, getattr(mark, "scopes", ())) for mark in getattr(route, "dependencies", ())]
    needed = [scopes for call, scopes in marks if call is _need]
    if needed:
        return frozenset(scope for scopes in needed for scope in scopes)
    if any(call is _open for call, _ in marks):
        return None
    raise RuntimeError(f"{route.path}: the route does not say which scope it needs (api.rights: READ, OPERATE, …)")
