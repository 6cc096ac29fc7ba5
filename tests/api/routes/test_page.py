from __future__ import annotations

import re

import pytest


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
    pages = [
        "/",
        "/docs",
        *[f"/static/{n}.js" for n in ("main", "alerts", "charts", "docs", "panels", "service", "launch")],
    ]
    for path in pages:
        text = client.get(path).text.replace("http://www.w3.org/2000/svg", "")
        assert not re.search("https?://", text), path


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
    assert client.get("/static/vendor/uPlot.LICENSE").status_code == 404
