from __future__ import annotations

import numpy as np
from starlette.requests import Request

from api.wire import encode, fixed_response, json_response


def request(**headers: str) -> Request:
    rows = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "method": "GET", "headers": rows})


def test_numpy_values_are_encoded():
    assert encode({"a": np.float64(1.5), 2: np.arange(2)}) == b'{"a":1.5,"2":[0,1]}'


def test_live_answers_are_not_kept():
    assert json_response({}).headers["cache-control"] == "no-store"


def test_an_etag_follows_the_bytes():
    one, two = fixed_response(request(), b"a", "text/plain"), fixed_response(request(), b"b", "text/plain")
    assert one.headers["etag"] != two.headers["etag"]
    again = fixed_response(request(if_none_match=f'"x", {one.headers["etag"]}'), b"a", "text/plain")
    assert again.status_code == 304
    assert again.body == b""
