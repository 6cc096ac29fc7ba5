from __future__ import annotations

from jsonschema import Draft202012Validator

from api.shapes import SUMMED


def test_shapes_are_sound_and_hold_for_what_is_answered(client):
    for name, path in (("Triage", "/v1/triage"), ("Talkers", "/v1/talkers"), ("AttackGrid", "/v1/attack")):
        Draft202012Validator.check_schema(SUMMED[name])
        Draft202012Validator(SUMMED[name]).validate(client.get(path).json())
    Draft202012Validator(SUMMED["NavigatorLayer"]).validate(client.get("/v1/attack/layer").json())
    Draft202012Validator(SUMMED["Triage"]).validate(SUMMED["Triage"]["examples"][0])
