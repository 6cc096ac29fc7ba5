"""Pages of what was seen: the run is chosen, the cursor checked, the store asked, the next cursor sealed."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from fastapi import Request
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool

from api.cursors import seal, unseal
from api.query import link_header, scope_of
from api.service import Service
from api.wire import json_response
from contract.clock import iso
from store.filters import Filters

Found = tuple[Sequence[Any], int | None]


async def page(
    request: Request,
    shared: Service,
    kind: str,
    run: str | None,
    filters: Filters,
    cursor: str | None,
    look: Callable[[str, int | None], Found],
) -> Response:
    """One page. ``look`` gives items of a run behind a position, and the position where the next page goes on."""

    def work() -> tuple[dict[str, Any], str | None]:
        chosen = shared.runs.choose(run)
        scope = scope_of(kind, chosen.id, filters)
        after = unseal(cursor, scope)
        # A campaign that is still starting has no store yet: nothing was seen, which is no error.
        items, position = look(chosen.id, after) if chosen.has_store else ([], None)
        following = None if position is None else seal(position, scope)
        return {"items": items, "next": following, "as_of": iso(time.time_ns()), "run": chosen.id}, following

    document, following = await run_in_threadpool(work)
    return json_response(document, headers=link_header(request, following))
