"""Who asks: what the page needs to know of rights, and its sign-in."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response

from api import documents
from api.callers import STATE, Caller
from api.guard import NOTE
from api.rights import ANY_KEY, OPEN
from api.service import Shared
from api.wire import json_response

router = APIRouter(prefix="/v1/session", tags=["rights"])


@router.get(
    "", operation_id="getSession", summary="Who asks", dependencies=[OPEN], responses=documents.plain("Session")
)
async def session(request: Request, shared: Shared) -> Response:
    """Whether the service has keys, and who the caller is: null where it has keys and none was given."""
    caller: Caller | None = request.scope.get(STATE)
    return json_response(
        {
            "keys": shared.callers.keys is not None,
            "caller": None if caller is None else caller.document(),
            "note": "" if shared.callers.keys else "No keys: whoever is on this machine may do everything.",
        }
    )


@router.post(
    "",
    operation_id="beginSession",
    summary="Sign in with a key",
    status_code=201,
    dependencies=[ANY_KEY],
    responses=documents.one("Session", status=201, description="Signed in: the cookie stands for the key."),
)
async def begin(request: Request, shared: Shared) -> Response:
    """For pages: the key in `Authorization`, once; then the cookie (`HttpOnly`, `SameSite=Strict`) stands for it."""
    caller: Caller = request.scope[STATE]
    headers = {}
    if caller.key is not None:
        token = shared.callers.sessions.begin(caller.id)
        headers["Set-Cookie"] = shared.callers.sessions.set_cookie(token, secure=_secure(request))
        request.scope[NOTE] = {"name": caller.key.name}
    document = {"keys": caller.key is not None, "caller": caller.document(), "note": ""}
    return json_response(document, 201, headers)


@router.delete(
    "",
    operation_id="endSession",
    summary="Sign out",
    status_code=204,
    dependencies=[OPEN],
    responses={204: {"description": "Signed out."}, **documents.problems()},
)
async def end(request: Request, shared: Shared) -> Response:
    """Ends the session of the cookie, if there is one."""
    sessions = shared.callers.sessions
    sessions.end(sessions.token_in(request.headers.get("cookie", "")))
    return Response(None, 204, {"Set-Cookie": sessions.set_cookie("", secure=_secure(request))})


def _secure(request: Request) -> bool:
    """Whether the browser came over TLS: to this service, or to a proxy in front of it."""
    return request.url.scheme == "https" or request.headers.get("origin", "").startswith("https://")
