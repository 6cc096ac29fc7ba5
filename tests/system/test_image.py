"""The Dockerfile, step by step, without an engine: each instruction is read from the file and done in a scratch root.

What stands in for the engine: COPY copies into a folder, RUN runs with the paths of the image moved into it, and the
one step that downloads (the lock file) is replaced by a view of this environment's packages, which the same lock made.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import site
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def instructions() -> list[tuple[str, str]]:
    text = re.sub(r"\\\n", " ", (ROOT / "Dockerfile").read_text())
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [(word, rest.strip()) for word, _, rest in (line.partition(" ") for line in lines)]


def stages() -> list[list[tuple[str, str]]]:
    found: list[list[tuple[str, str]]] = []
    for word, rest in instructions():
        if word == "FROM":
            found.append([])
        found[-1].append((word, rest))
    return found


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The root folder after the build stage: opt/tenfold is the image's virtual environment."""
    root = tmp_path_factory.mktemp("image")
    source = root / "src"
    source.mkdir()
    for word, rest in stages()[0]:
        if word == "COPY":
            *sources, target = shlex.split(rest)
            for name in sources:
                assert (ROOT / name).exists(), f"COPY {name}: no such file"
                into = source / (target if (ROOT / name).is_dir() else name)
                into.parent.mkdir(parents=True, exist_ok=True)
                if (ROOT / name).is_dir():
                    shutil.copytree(ROOT / name, into, ignore=shutil.ignore_patterns("__pycache__"))
                else:
                    shutil.copy(ROOT / name, into)
        elif word == "RUN":
            run_step(rest, root, source)
    return root


def run_step(step: str, root: Path, source: Path) -> None:
    if "--require-hashes" in step:
        packages = root.joinpath("opt/tenfold/lib").glob("python*/site-packages")
        next(packages).joinpath("locked.pth").write_text("\n".join(site.getsitepackages()) + "\n")
        return
    command = step.replace("/opt/tenfold", str(root / "opt/tenfold")).replace(
        "python -m venv", f"{sys.executable} -m venv"
    )
    for one in command.split(" && "):
        subprocess.run(shlex.split(one), cwd=source, check=True, capture_output=True, text=True)


def test_every_dependency_of_the_wheel_is_locked() -> None:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    locked = {re.split(r"[=\[ ]", line)[0] for line in (ROOT / "requirements.lock").read_text().splitlines()}
    wanted = [*project["dependencies"], *(d for extra in project["optional-dependencies"].values() for d in extra)]
    for requirement in wanted:
        assert re.split(r"[<>=\[ ]", requirement)[0].lower() in locked


def test_the_last_stage_is_not_root_and_checks_its_health() -> None:
    last = stages()[-1]
    words = [word for word, _ in last]
    user = next(rest for word, rest in last if word == "USER")
    assert user.partition(":")[0] not in ("root", "0")
    assert words.index("USER") < words.index("ENTRYPOINT")
    assert "HEALTHCHECK" in words
    created = next(rest for word, rest in last if word == "RUN")
    assert user == "8150:8150"
    assert "groupadd --gid 8150 tenfold && useradd --uid 8150 --gid 8150 --create-home tenfold" in created
    copied = next(rest for word, rest in last if word == "COPY")
    assert copied == "--from=build /opt/tenfold /opt/tenfold"


def test_the_installed_wheel_is_complete(image: Path) -> None:
    tenfold = image / "opt/tenfold/bin/tenfold"
    result = subprocess.run(
        [tenfold, "scenarios", "--json"], cwd=image, env=environment(image), capture_output=True, text=True, check=True
    )
    assert "paris-2024" in result.stdout
    packages = next(image.joinpath("opt/tenfold/lib").glob("python*/site-packages"))
    for room in ("contract", "generator", "detector", "store", "campaign", "api", "cli", "loadtests", "scenarios"):
        ours = {p.relative_to(ROOT) for p in (ROOT / room).rglob("*") if p.is_file() and "__pycache__" not in p.parts}
        missing = [str(p) for p in ours if not (packages / p).exists()]
        assert not missing


def test_entrypoint_serves_and_the_healthcheck_passes(image: Path) -> None:
    last = dict(stages()[-1])
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    place = {"/data": str(image / "data"), "8150": port}
    entry = json.loads(last["ENTRYPOINT"]) + [moved(word, place) for word in json.loads(last["CMD"])]
    health = [moved(word, place) for word in json.loads(last["HEALTHCHECK"].partition("CMD")[2])]
    (image / "data").mkdir(exist_ok=True)
    server = subprocess.Popen(
        [str(image / "opt/tenfold/bin" / entry[0]), *entry[1:]],
        cwd=image / "data",
        env=environment(image),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    try:
        wait_for(f"http://127.0.0.1:{port}/healthz", server)
        assert subprocess.run([sys.executable, *health[1:]], check=False).returncode == 0
    finally:
        server.terminate()
        _, errors = server.communicate(timeout=20)
    assert b"Traceback" not in errors
    assert subprocess.run([sys.executable, *health[1:]], check=False, stderr=subprocess.DEVNULL).returncode != 0


def moved(word: str, place: dict[str, str]) -> str:
    for old, new in place.items():
        word = word.replace(old, new)
    return word


def environment(image: Path) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "VIRTUAL_ENV")}
    return kept | {"NUMBA_CACHE_DIR": str(image / "kernels"), "PYTHONDONTWRITEBYTECODE": "1"}


def wait_for(url: str, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        assert server.poll() is None, (server.stderr.read() if server.stderr else b"").decode()
        try:
            with urllib.request.urlopen(url, timeout=1):
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.05)
    pytest.fail(f"{url} did not answer")
