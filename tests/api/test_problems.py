from __future__ import annotations

from http import HTTPStatus

from starlette.exceptions import HTTPException

from api.problems import ProblemError, _as_problem, bad_request, conflict, not_found
from contract.errors import InputError, LackingError


def test_a_problem_has_the_members_of_rfc_9457():
    document = ProblemError(HTTPStatus.CONFLICT, "under-way", "another runs").document("/v1/campaigns")
    assert document == {
        "type": "urn:tenfold:problem:under-way",
        "title": "Conflict",
        "status": 409,
        "detail": "another runs",
        "instance": "/v1/campaigns",
    }


def test_errors_of_ours_keep_their_words_and_others_say_nothing_of_the_machine():
    assert _as_problem(InputError("damaged store")).status == 503
    assert _as_problem(LackingError("disk full")).detail == "disk full"
    assert _as_problem(HTTPException(405, "no")).kind == "method-not-allowed"
    unforeseen = _as_problem(RuntimeError("/secret/path"))
    assert unforeseen.status == 500
    assert "secret" not in unforeseen.detail


def test_the_short_forms():
    assert [p.status.value for p in (bad_request("k", "d"), not_found("k", "d"), conflict("k", "d"))] == [400, 404, 409]


def test_every_method_of_a_path_stands_in_allow(client):
    reply = client.put("/v1/campaigns")
    assert (reply.status_code, reply.headers["allow"]) == (405, "GET, POST")
    assert client.patch("/v1/session").headers["allow"] == "DELETE, GET, POST"
    assert client.put("/v1/alerts/1").headers["allow"] == "GET"
