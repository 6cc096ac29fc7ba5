"""What is deployed: the image, compose file, manifests and dashboard name what there is, and nothing is left open."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import httpx2
import pytest
import typer.main
import yaml
from prometheus_client.parser import text_string_to_metric_families

from api.run_metrics import gauges
from cli.main import build_app
from tests.api.conftest import CARD, finish
from tests.api.helpers import make_run, serving, until
from tests.api.test_run_metrics import DOCUMENT
from tests.architecture.test_workflow import Strict

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
COMPOSE = yaml.load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"), Strict)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
MANIFESTS = [
    (path.name, one)
    for path in sorted((DEPLOY / "kubernetes").glob("*.yaml"))
    for one in yaml.load_all(path.read_text(encoding="utf-8"), Strict)
]
VERSIONS = {
    "Namespace": "v1", "PersistentVolumeClaim": "v1", "Service": "v1", "Deployment": "apps/v1", "DaemonSet": "apps/v1",
    "Ingress": "networking.k8s.io/v1", "NetworkPolicy": "networking.k8s.io/v1", "RayJob": "ray.io/v1",
}  # fmt: skip
# Of the Compose specification: what a service of ours may say.
KEYS = {
    "image", "build", "command", "entrypoint", "environment", "ports", "volumes", "tmpfs", "secrets", "networks",
    "network_mode", "deploy", "healthcheck", "depends_on", "restart", "init", "read_only", "cap_drop", "cap_add",
    "security_opt", "pids_limit", "logging", "profiles", "user", "stop_grace_period",
}  # fmt: skip


def words_of(service: dict[str, Any]) -> list[str]:
    """What a service of ours runs, without the name of the program."""
    text = " ".join(service["command"])
    return text.partition("exec tenfold ")[2].split() if "exec tenfold" in text else text.split()


def check_call(words: list[str]) -> None:
    """Every command and option exists."""
    command = typer.main.get_command(build_app()).commands[words[0]]  # type: ignore[attr-defined]  # a group has them
    known = {option for parameter in command.params for name in (parameter.opts, parameter.secondary_opts)
             for option in name}  # fmt: skip
    given = {word.partition("=")[0] for word in words if word.startswith("--")}
    assert given <= known, f"tenfold {words[0]}: {given - known}"


# -- image -------------------------------------------------------------------------------------------------------------


def pins(name: str) -> set[tuple[str, str]]:
    text = (ROOT / name).read_text(encoding="utf-8")
    return {(found[0], found[1]) for found in re.findall(r"^([a-z0-9-]+)==([^\s;\\]+)", text, re.MULTILINE)}


def test_the_image_has_the_versions_of_the_lock_and_no_tool_of_development():
    run, everything = pins("requirements-run.lock"), pins("requirements.lock")
    assert run <= everything
    names = {name for name, _ in run}
    extras = PROJECT["optional-dependencies"]
    needed = [*PROJECT["dependencies"], *extras["otel"], *extras["ray"], *extras["lake"]]
    assert {re.split(r"[\[>=<]", one)[0].lower() for one in needed} <= names
    development = {re.split(r"[\[>=<]", one)[0].lower() for one in (*extras["dev"], *extras["load"])}
    # hatchling builds the wheel; Ray needs jsonschema
    assert names & development == {"hatchling", "jsonschema"}
    assert "requirements-run.lock" in (ROOT / "Makefile").read_text(encoding="utf-8").partition("\nlock:")[2]


def test_the_image_is_built_from_what_is_there_and_runs_as_nobody_special():
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    copied = [name for line in re.findall(r"^COPY (?!--from)(.+) \S+$", text, re.MULTILINE) for name in line.split()]
    assert all((ROOT / name).exists() for name in copied)
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]["build"]["targets"]
    assert set(wheel["wheel"]["packages"]) <= set(copied)
    assert "requirements-run.lock" in copied
    assert "requirements.lock" not in copied
    assert re.findall(r"^USER (.+)$", text, re.MULTILINE)[-1] == "8150:8150"
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").split()
    assert {".git", "runs", "deploy"} <= set(ignored), "keys under deploy/secrets must not get into an image"
    assert not set(ignored) & set(copied)
    assert "deploy/secrets/" in (ROOT / ".gitignore").read_text(encoding="utf-8").split()
    check_call(json.loads(re.findall(r"^CMD (\[.+\])$", text, re.MULTILINE)[-1]))


# -- compose -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_can_do_no_more_than_it_must(name):
    service = SERVICES[name]
    assert set(service) <= KEYS
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service.get("cap_add", []) == (["NET_RAW"] if name == "sensor" else [])
    assert "no-new-privileges:true" in service["security_opt"]
    assert set(service["deploy"]["resources"]["limits"]) == {"cpus", "memory"}
    assert service["pids_limit"]
    assert not {"privileged", "pid", "ipc"} & set(service)
    for port in service.get("ports", []):
        assert port.startswith("127.0.0.1:"), "what is published is for this machine alone"
    assert ("user" in service) == (name == "sensor")
    for value in (service.get("environment") or {}).values():
        assert not re.search(r"tfk_|password=", str(value))


@pytest.mark.parametrize("name", SERVICES)
def test_what_a_service_names_is_there(name):
    service = SERVICES[name]
    assert set(service.get("secrets", [])) <= set(COMPOSE["secrets"])
    assert set(service.get("networks", [])) <= set(COMPOSE["networks"])
    assert set(service.get("depends_on", [])) <= set(SERVICES)
    for mount in service.get("volumes", []):
        source = mount.split(":")[0]
        assert (DEPLOY / source).exists() if source.startswith(".") else source in COMPOSE["volumes"]
    if service["image"].startswith("tenfold"):
        assert service["image"] == f"tenfold:{PROJECT['version']}"
        check_call(words_of(service))
    else:
        assert re.fullmatch(r"[a-z/]+:v?\d+\.\d+\.\d+", service["image"]), "a version, never the latest"
        assert "healthcheck" in service


def test_the_secrets_are_files_that_nobody_can_commit_and_that_are_used():
    used = {secret for service in SERVICES.values() for secret in service.get("secrets", [])}
    assert used == set(COMPOSE["secrets"])
    for name, secret in COMPOSE["secrets"].items():
        assert secret["file"].startswith("./secrets/")
        text = json.dumps(SERVICES) + (DEPLOY / "prometheus" / "prometheus.yml").read_text(encoding="utf-8")
        assert f"/run/secrets/{name}" in text


def test_prometheus_asks_the_api_by_a_name_to_which_it_answers():
    config = yaml.load((DEPLOY / "prometheus" / "prometheus.yml").read_text(encoding="utf-8"), Strict)
    [job] = config["scrape_configs"]
    [[host, port]] = [target.split(":") for one in job["static_configs"] for target in one["targets"]]
    assert host in SERVICES
    assert {f"--name={host}", f"--port={port}"} <= set(SERVICES[host]["command"])
    source = yaml.load(
        (DEPLOY / "grafana/provisioning/datasources/prometheus.yaml").read_text(encoding="utf-8"), Strict
    )["datasources"][0]
    assert source["url"] == "http://prometheus:9090"
    assert "--web.listen-address=0.0.0.0:9090" in SERVICES["prometheus"]["command"]
    for rules in config["rule_files"]:
        assert (DEPLOY / "prometheus" / rules).is_file()
    if shutil.which("promtool"):  # Prometheus' own check, where it is installed
        for what, path in (("config", "prometheus.yml"), ("rules", "rules.yml")):
            call = ["promtool", "check", what, *(["--syntax-only"] if what == "config" else []), path]
            done = subprocess.run(call, cwd=DEPLOY / "prometheus", capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stdout + done.stderr


# -- dashboard ---------------------------------------------------------------------------------------------------------


UNDER_WAY = DOCUMENT | {
    "rates": dict.fromkeys(("planned", "sent", "detected", "frames"), 1.0),
    "latency_ms": dict.fromkeys(("p50", "p99", "max"), 1.0),
}


def dashboard() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((DEPLOY / "grafana/dashboards/tenfold.json").read_text(encoding="utf-8"))
    return found


def expressions() -> list[str]:
    rules = yaml.load((DEPLOY / "prometheus" / "rules.yml").read_text(encoding="utf-8"), Strict)
    asked = [target["expr"] for panel in dashboard()["panels"] for target in panel["targets"]]
    return asked + [rule["expr"] for group in rules["groups"] for rule in group["rules"]]


@pytest.fixture(scope="module")
def metrics(tmp_path_factory) -> str:
    """What a service that runs says, with a run on show."""
    runs = tmp_path_factory.mktemp("runs")
    run = make_run(runs / "20240726-193000-paris-2024-ab12")
    finish(run)
    (run / "scorecard.json").write_text(json.dumps(CARD))  # its ledger has counts of its own
    with serving(runs) as client:
        client: httpx2.Client
        assert client.get("/healthz").status_code == 200
        assert client.get("/readyz").status_code == 200

        def shown() -> str:
            text = str(client.get("/metrics").text)
            return text if "tenfold_run_info" in text else ""

        return until(shown)


def test_every_metric_of_the_dashboard_and_the_rules_is_told_by_the_service(metrics):
    families = {family.name: family for family in text_string_to_metric_families(metrics)}
    kinds = {"counter": ("_total",), "histogram": ("_bucket", "_count", "_sum"), "gauge": ("",)}
    told = {name + end for name, family in families.items() for end in kinds.get(family.type, ("",))}
    asked = {name for text in expressions() for name in re.findall(r"\btenfold_\w+", text)}
    assert len(asked) > 12
    assert asked <= told, asked - told


def test_every_label_that_is_asked_for_is_there(metrics):
    samples = [one for family in text_string_to_metric_families(metrics) for one in family.samples]
    for text in expressions():
        for name, label, value in re.findall(r"(tenfold_\w+)\{(\w+)=\"([^\"]+)\"\}", text):
            there = {one.labels.get(label) for one in samples if one.name == name}
            # rates are told of a run under way only: this one has ended
            there |= set(gauges(UNDER_WAY)) if label == "figure" else set()
            assert value in there, text
    # labels by which panels are named, of metrics that have samples
    for panel in dashboard()["panels"]:
        for target in panel["targets"]:
            found = [one for one in samples if one.name in re.findall(r"tenfold_\w+", target["expr"])]
            for label in re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]):
                assert not found or any(label in one.labels for one in found), (panel["title"], label)


def test_panels_do_not_lie_upon_each_other_and_ask_the_source_that_is_set_up():
    taken: set[tuple[int, int]] = set()
    uids = {panel["datasource"]["uid"] for panel in dashboard()["panels"]}
    text = (DEPLOY / "grafana/provisioning/datasources/prometheus.yaml").read_text(encoding="utf-8")
    assert uids == {yaml.load(text, Strict)["datasources"][0]["uid"]}
    for panel in dashboard()["panels"]:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert max(x for x, _ in cells) < 24
        assert not cells & taken, panel["title"]
        taken |= cells
    assert len({panel["id"] for panel in dashboard()["panels"]}) == len(dashboard()["panels"])


# -- Kubernetes --------------------------------------------------------------------------------------------------------


def pods() -> list[tuple[str, dict[str, Any]]]:
    """Every pod that a manifest describes, with the name of the file and kind."""
    found = []
    for file, one in MANIFESTS:
        if "template" in one.get("spec", {}):
            found.append((f"{file}:{one['kind']}", one["spec"]["template"]))
        cluster = one.get("spec", {}).get("rayClusterSpec", {})
        groups = [cluster["headGroupSpec"], *cluster["workerGroupSpecs"]] if cluster else []
        found += [(f"{file}:{number}", group["template"]) for number, group in enumerate(groups)]
    return found


@pytest.mark.parametrize(("file", "one"), MANIFESTS, ids=[f"{file}:{one['kind']}" for file, one in MANIFESTS])
def test_a_manifest_is_of_a_kind_that_there_is(file, one):
    assert VERSIONS[one["kind"]] == one["apiVersion"]
    assert re.fullmatch(r"[a-z0-9-]+", one["metadata"]["name"])
    assert (one["kind"] == "Namespace") == ("namespace" not in one["metadata"])
    if one["kind"] != "Namespace":
        assert any(
            other["kind"] == "Namespace" and other["metadata"]["name"] == one["metadata"]["namespace"]
            for _, other in MANIFESTS
        )
    if one["kind"] in ("Deployment", "DaemonSet"):
        assert one["spec"]["selector"]["matchLabels"] == one["spec"]["template"]["metadata"]["labels"]
    if one["kind"] in ("Service", "NetworkPolicy"):
        chosen = one["spec"].get("selector") or one["spec"]["podSelector"]["matchLabels"]
        assert any(chosen == pod["metadata"]["labels"] for _, pod in pods())


@pytest.mark.parametrize(("name", "pod"), pods(), ids=[name for name, _ in pods()])
def test_a_pod_can_do_no_more_than_it_must_and_names_what_is_there(name, pod):
    spec = pod["spec"]
    sensor = name.startswith("sensor")
    assert spec["automountServiceAccountToken"] is False
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert bool(spec["securityContext"].get("runAsNonRoot")) != sensor
    assert spec.get("hostNetwork", False) == sensor
    [container] = spec["containers"]
    rights = container["securityContext"]
    assert rights["allowPrivilegeEscalation"] is False
    assert rights["capabilities"] == ({"drop": ["ALL"], "add": ["NET_RAW"]} if sensor else {"drop": ["ALL"]})
    assert rights.get("readOnlyRootFilesystem", False) != name.startswith("ray")  # Ray writes where it likes
    assert set(container["resources"]["limits"]) == {"cpu", "memory"}
    assert container["image"] == f"tenfold:{PROJECT['version']}"
    assert {mount["name"] for mount in container["volumeMounts"]} == {volume["name"] for volume in spec["volumes"]}
    if "args" in container:
        check_call(container["args"])


def test_ports_and_claims_that_are_named_are_there():
    by_kind = {one["kind"]: one for file, one in MANIFESTS if file == "tenfold.yaml"}
    [container] = by_kind["Deployment"]["spec"]["template"]["spec"]["containers"]
    [port] = container["ports"]
    assert f"--port={port['containerPort']}" in container["args"]
    [service_port] = by_kind["Service"]["spec"]["ports"]
    assert service_port["targetPort"] == port["name"]
    [rule] = by_kind["Ingress"]["spec"]["rules"]
    backend = rule["http"]["paths"][0]["backend"]["service"]
    assert (backend["name"], backend["port"]["name"]) == (by_kind["Service"]["metadata"]["name"], service_port["name"])
    assert f"--name={rule['host']}" in container["args"]
    assert {container[probe]["httpGet"]["path"] for probe in ("startupProbe", "livenessProbe", "readinessProbe")} == {
        "/healthz", "/readyz",  # the module's server answers both: see ``metrics``
    }  # fmt: skip
    claims = {volume["persistentVolumeClaim"]["claimName"] for _, pod in pods() for volume in pod["spec"]["volumes"]
              if "persistentVolumeClaim" in volume}  # fmt: skip
    assert claims == {by_kind["PersistentVolumeClaim"]["metadata"]["name"]}


def test_the_ray_job_is_a_campaign_and_its_ray_is_ours():
    [job] = [one for _, one in MANIFESTS if one["kind"] == "RayJob"]
    assert ("ray", job["spec"]["rayClusterSpec"]["rayVersion"]) in pins("requirements-run.lock")
    words = job["spec"]["entrypoint"].split()
    assert words[:2] == ["tenfold", "run"]
    assert (ROOT / "scenarios" / f"{words[2]}.toml").is_file()
    workers = sum(group["replicas"] for group in job["spec"]["rayClusterSpec"]["workerGroupSpecs"])
    shards = sum(int(words[words.index(option) + 1]) for option in ("--generators", "--detectors"))
    assert shards <= 2 * (workers + 1), "a processor for each shard"
    check_call(words[1:])
