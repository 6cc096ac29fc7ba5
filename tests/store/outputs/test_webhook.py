from __future__ import annotations

import hashlib
import hmac
import json
import shutil
import ssl
import subprocess

import pytest

from contract.errors import InputError
from store.formats.base import Origin
from store.outputs.base import RefusedError, UnavailableError
from store.outputs.webhook import KIND, Webhook
from tests.store.outputs.helpers import Hook, batch, settings


def target(url, folder, **more):
    return Webhook(settings("webhook", url=url, **more), Origin("run-1"), folder)


def test_a_batch_is_one_signed_request(tmp_path):
    (tmp_path / "key").write_text("s3cret\n")
    (tmp_path / "token").write_text("t0ken\n")
    with Hook() as hook:
        sender = target(hook.url + "?a=1", tmp_path, secret_file="key", token_file="token")
        sender.deliver(batch(3))
        sender.deliver(batch(1, 7))
        sender.close()
    (path, headers, body), (_, _, second) = hook.requests
    assert path == "/in?a=1"
    document = json.loads(body)
    assert [record["n"] for record in document["records"]] == [0, 1, 2]
    assert (document["run"], document["output"], document["what"]) == ("run-1", "out", "alerts")
    assert document["delivery"] == headers["Tenfold-Delivery"] == batch(3).id
    moment, digest = (part.partition("=")[2] for part in headers["Tenfold-Signature"].split(","))
    assert digest == hmac.new(b"s3cret", f"{moment}.".encode() + body, hashlib.sha256).hexdigest()
    assert headers["Authorization"] == "Bearer t0ken"
    assert json.loads(second)["records"] == [{"event_type": "alert", "n": 7}]


def test_a_record_a_line_where_that_is_wanted(tmp_path):
    with Hook() as hook:
        sender = target(hook.url, tmp_path, body="ndjson")
        sender.deliver(batch(2))
        sender.close()
    [(_, headers, body)] = hook.requests
    assert headers["Content-Type"] == "application/x-ndjson"
    assert [json.loads(line)["n"] for line in body.splitlines()] == [0, 1]
    assert "Tenfold-Signature" not in headers


@pytest.mark.parametrize(
    ("answer", "error", "words", "after"),
    [
        ((503, {"Retry-After": "7"}), UnavailableError, "HTTP 503", 7),
        ((429, {"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}), UnavailableError, "HTTP 429", 0),
        ((401, {}), UnavailableError, "HTTP 401", 0),
        ((302, {"Location": "http://127.0.0.1:1/"}), UnavailableError, "redirects are not followed", 0),
        ((400, {}), RefusedError, "HTTP 400", None),
        ((413, {}), RefusedError, "HTTP 413", None),
    ],
)
def test_what_the_target_says_decides_whether_to_try_again(tmp_path, answer, error, words, after):
    with Hook(answer) as hook:
        sender = target(hook.url, tmp_path)
        with pytest.raises(error, match=words) as raised:
            sender.deliver(batch(1))
        assert after is None or raised.value.after_s == after
        sender.deliver(batch(1))  # the connection is still of use
        sender.close()
    assert len(hook.requests) == 2, "a redirect is not followed"


def test_a_target_that_is_away_or_silent_is_unavailable(tmp_path):
    with Hook() as hook:
        pass
    with pytest.raises(UnavailableError, match="refused"):
        target(hook.url, tmp_path).deliver(batch(1))
    silent = Hook()  # it listens and never answers
    sender = target(silent.url, tmp_path, timeout_s=0.1)
    with pytest.raises(UnavailableError, match="timed out"):
        sender.deliver(batch(1))
    silent.server.server_close()


@pytest.mark.skipif(not shutil.which("openssl"), reason="openssl makes the certificate")
def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path):
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-days",
        "2",
    ]
    command += ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    command += ["-keyout", str(tmp_path / "key.pem"), "-out", str(tmp_path / "cert.pem")]
    subprocess.run(command, check=True, capture_output=True)
    hook = Hook()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    hook.server.socket = context.wrap_socket(hook.server.socket, server_side=True)
    url = hook.url.replace("http:", "https:")
    with hook:
        with pytest.raises(UnavailableError, match="certificate refused"):
            target(url, tmp_path).deliver(batch(1))
        trusting = target(url, tmp_path, ca_file=str(tmp_path / "cert.pem"))
        trusting.deliver(batch(1))
        trusting.close()
    assert len(hook.requests) == 1


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("ftp://a/", "is no https address"),
        ("https://", "is no https address"),
        ("https://a:b/", "is no https address"),
        ("https://a/#x", "is no https address"),
        ("https://u:p@a/", "token_file holds a bearer token"),
        ("http://192.0.2.5/", "elsewhere it must be https"),
    ],
)
def test_addresses_that_are_not_taken(url, words):
    with pytest.raises(InputError, match=words):
        KIND.check(settings("webhook") | {"url": url})


def test_an_empty_secret_is_one_clear_line(tmp_path):
    (tmp_path / "key").write_text("\n")
    with pytest.raises(InputError, match="should hold a secret"):
        target("https://a/", tmp_path, secret_file="key")
