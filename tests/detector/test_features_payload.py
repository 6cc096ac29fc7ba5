import numpy as np
import pytest

from detector.features_payload import NAMES, payload_features
from tests.detector.flows_by_hand import empty, put


def found(forward=b"", backward=b"", **facts):
    table = empty()
    kept = (min(len(forward), 128), min(len(backward), 128))
    put(table, 0, 1, 2, payload_kept=kept, payload=(len(forward), len(backward)), **facts)
    for side, text in enumerate((forward, backward)):
        table.payload[1, side, : kept[side]] = np.frombuffer(text, np.uint8)[:128]
    out = np.full(len(NAMES), np.nan, np.float32)
    assert payload_features(table.flows[0], table.payload[1], out, 0) == len(NAMES)
    return dict(zip(NAMES, out.tolist(), strict=True))


@pytest.mark.parametrize(
    ("forward", "backward", "names"),
    [
        (b"GET /a HTTP/1.1\r\n", b"HTTP/1.1 200 OK\r\n", ["app_http", "app_http_answered"]),
        (b"POST /a HTTP/1.1\r\n", b"HTTP/1.1 401 no\r\n", ["app_http", "app_http_post", "app_http_error"]),
        (b"GET /a HTTP/1.1\r\n", b"", ["app_http", "app_http_unfinished"]),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc", b"", ["app_tls"]),
        (b"SSH-2.0-x\r\n", b"SSH-2.0-y\r\n", ["app_ssh"]),
        (b"USER a\r\n", b"220 ready\r\n", ["app_banner", "app_login_words"]),
        (b"\xff\xfb\x01", b"\xff\xfd\x18\xff", ["app_telnet"]),
        (b"\x00\x00\x00\x54\xffSMBr\x00", b"", ["app_smb"]),
        (b"\x03\x00\x00\x13\x0e\xe0\x00\x00", b"", ["app_rdp"]),
        (b"", b"login: ", ["app_login_words"]),
    ],
)
def test_protocols_are_read_from_the_bytes(forward, backward, names):
    facts = found(forward, backward)
    assert {name for name in names if not facts[name]} == set()


def test_what_was_counted_of_http():
    facts = found(b"GET /a?b=%20 HTTP/1.1", http_requests=4, http_refused=3, http_signs=2, http_open=1)
    assert (facts["sign_count"], facts["sign_query"], facts["app_http_open"]) == (2, 1, 1)
    assert facts["http_requests"] == pytest.approx(np.log1p(4))
    assert facts["http_refused_share"] == 0.75
    assert facts["sign_escapes"] == pytest.approx(1 / 21)


def test_mqtt_is_known_by_its_first_message():
    assert found(b"\x10\x13\x00\x04MQTT\x04\x02\x00\x3c")["app_mqtt"] == 1
    assert found(b"\x10\x90\x01\x00\x06MQIsdp\x03\x02")["app_mqtt"] == 1
    assert found(b"\x10\x13\x00\x04ABCD\x04\x02\x00\x3c")["app_mqtt"] == 0


def test_look_of_bytes():
    facts = found(b"aaaa", bytes(range(128)))
    assert facts["text_share_fwd"] == 1
    assert facts["variety_fwd"] == 0.25
    assert facts["variety_bwd"] == 1
    assert found()["text_share_fwd"] == -1


def test_answers_that_come_first():
    assert found(b"\x00\x01\x81\x80" + bytes(20), protocol=17, port=(53, 999))["app_reply_first"] == 1
