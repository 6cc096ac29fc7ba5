from __future__ import annotations

import re
from pathlib import Path

import pytest

import api

STATIC = Path(api.__file__).parent / "static"


@pytest.mark.parametrize("path", ["/", "/docs"])
def test_a_page_and_all_that_it_names_come_from_here(client, path):
    reply = client.get(path)
    assert reply.status_code == 200
    assert reply.headers["content-type"].startswith("text/html")
    named = re.findall(r'(?:src|href)="([^"#]+)"', reply.text)
    assert named
    assert all(address.startswith("/") for address in named)
    for address in named:
        assert client.get(address).status_code == 200, address
    # Content-Security-Policy forbids what is written into the page itself.
    assert not re.search(r"<script(?![^>]*src=)|<style|style=\"|onclick=", reply.text)


def test_nothing_in_the_package_names_another_host(client):
    for path in sorted(STATIC.rglob("*.*")):
        reply = client.get(f"/static/{path.relative_to(STATIC)}")
        assert reply.status_code == 200, path
        assert not re.search("https?://", reply.text.replace("http://www.w3.org/2000/svg", "")), path


def test_scripts_stay_small_and_import_what_is_there():
    for path in STATIC.rglob("*.js"):
        text = path.read_text()
        assert text.count("\n") < 300, path
        for name in re.findall(r'from "(\./[^"]+|\.\./[^"]+)"', text):
            assert (path.parent / name).resolve().is_file(), (path, name)


@pytest.mark.parametrize(
    "path", ["/static/../app.py", "/static/%2e%2e/app.py", "/static/nothing.js", "/static//etc/passwd"]
)
def test_nothing_else_is_served(client, path):
    assert client.get(path).status_code == 404


def test_files_have_etags(client):
    tag = client.get("/static/main.js").headers["etag"]
    assert client.get("/static/main.js", headers={"If-None-Match": tag}).status_code == 304


def test_the_vendored_library_is_served(client):
    assert client.get("/static/vendor/uPlot.iife.min.js").status_code == 200
    assert client.get("/static/vendor/uPlot.LICENSE").text.startswith("The MIT License")
