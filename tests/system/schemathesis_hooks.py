"""Loaded by schemathesis: how a body of Arrow is made, and campaigns small enough for a test."""

from __future__ import annotations

import schemathesis
from hypothesis import strategies as st

from contract.arrow_io import write_stream
from contract.schemas import FRAMES
from tests.api.helpers import START, syn_frames

ARROW = "application/vnd.apache.arrow.stream"
_SOUND = write_stream([syn_frames(5, START)], FRAMES)


@schemathesis.serializer(ARROW)
def arrow(_context, value):
    """The bytes as they are."""
    return value if isinstance(value, bytes) else repr(value).encode()


schemathesis.openapi.media_type(ARROW, st.one_of(st.binary(max_size=300), st.just(_SOUND)))


@schemathesis.hook
def before_call(_context, case, _kwargs):
    """A campaign that a sound request starts is a short one: what is tried is the API."""
    if case.operation.label == "POST /v1/campaigns" and isinstance(case.body, dict) and "scenario" in case.body:
        case.body.setdefault("multiplier", 0.1)
        case.body.setdefault("duration_s", 3)
        for name, most in (("multiplier", 0.1), ("duration_s", 3)):
            if isinstance(case.body[name], int | float):
                case.body[name] = min(case.body[name], most)
