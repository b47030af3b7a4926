"""deploy/kubernetes is valid for Kubernetes, says only what the code can do, opens no more than it must."""

import base64
import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import typer
import yaml

from services import __main__ as entry
from services.runtime.kafka.serve import STOP_SECONDS
from services.runtime.web import add_operations
from services.settings import PREFIX, Settings, read_settings
from tests.deploy.composition import ROOT

FOLDER = ROOT / "deploy" / "kubernetes"
VERSIONS = ("1.31", kubernetes_validate.latest_version())
SETTINGS = {PREFIX + knob.name.upper() for knob in fields(Settings)}
SECRETS = {
    "ingest": {"QINGFENG_DATABASE_URL", "QINGFENG_PSEUDONYM_KEY", "QINGFENG_VAULT_KEY"},
    "alerts": {"QINGFENG_DATABASE_URL", "QINGFENG_VAULT_KEY"},
    "detector": set(),
    "migrate": {"QINGFENG_DATABASE_URL"},
}
VALUES = dict.fromkeys(SECRETS["ingest"], "0123456789abcdef secret") | {
    "QINGFENG_DATABASE_URL": "postgresql://nobody@postgres/none"
}


def documents(file: Path) -> list[dict[str, Any]]:
    return [one for one in yaml.safe_load_all(file.read_text(encoding="utf-8")) if one]


KUSTOMIZATION = documents(FOLDER / "kustomization.yaml")[0]
OBJECTS = [one for name in KUSTOMIZATION["resources"] for one in documents(FOLDER / name)]
WORKLOADS = {
    one["metadata"]["name"]: one for one in OBJECTS if one["kind"] in ("Deployment", "StatefulSet", "Job")
}
every_workload = pytest.mark.parametrize("name", list(WORKLOADS))


def of_kind(kind: str) -> list[dict[str, Any]]:
    return [one for one in OBJECTS if one["kind"] == kind]


def pod(name: str) -> dict[str, Any]:
    return WORKLOADS[name]["spec"]["template"]


def container(name: str) -> dict[str, Any]:
    (one,) = pod(name)["spec"]["containers"]
    return one


def environment(name: str) -> dict[str, str]:
    """What a container is given, secrets filled in."""
    given: dict[str, str] = {}
    if container(name).get("envFrom"):
        (shared,) = of_kind("ConfigMap")
        given.update(shared["data"])
    for variable in container(name).get("env", ()):
        given[variable["name"]] = variable.get("value") or VALUES[variable["name"]]
    return given


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("one", OBJECTS, ids=lambda one: f"{one['kind']}-{one['metadata']['name']}")
def test_every_object_is_valid_by_the_schemas_of_kubernetes(one: dict[str, Any], version: str) -> None:
    kubernetes_validate.validate(one, version, strict=True)


def test_a_word_that_is_none_of_kubernetes_would_be_noticed() -> None:
    wrong = {**of_kind("Service")[0], "spec": {"sellector": {}}}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, VERSIONS[-1], strict=True)


def test_the_kustomization_names_every_file_once_and_the_image_by_version() -> None:
    files = {file.name for file in FOLDER.glob("*.yaml")} - {"kustomization.yaml"}
    assert sorted(KUSTOMIZATION["resources"]) == sorted(files)
    (image,) = KUSTOMIZATION["images"]
    assert {container(name)["image"] for name in WORKLOADS} == {image["name"]}
    assert re.fullmatch(r"\d+\.\d+\.\d+", image["newTag"])


@every_workload
def test_every_container_runs_a_command_that_exists(name: str) -> None:
    entry.register_all()
    command: Any = typer.main.get_command(entry.app)
    for word in container(name)["args"]:
        command = command.commands[word]
    assert not hasattr(command, "commands")


@every_workload
def test_every_variable_is_a_setting_and_secrets_come_by_reference_to_those_who_need_them(name: str) -> None:
    given = environment(name)
    assert set(given) <= SETTINGS
    read_settings(given)
    secret = {one["name"] for one in container(name).get("env", ()) if "valueFrom" in one}
    assert secret == SECRETS[name]
    assert {"pseudonym_key", "vault_key"}.isdisjoint(key.lower() for key in of_kind("ConfigMap")[0]["data"])
    assert not of_kind("Secret")


def test_services_agree_on_what_they_share_and_the_detector_serves_its_health() -> None:
    assert all(container(name)["envFrom"] for name in ("ingest", "detector", "alerts"))
    settings = read_settings(environment("detector"))
    assert settings.metrics_port == 8000
    assert settings.kafka
    assert not settings.database_url
    assert WORKLOADS["detector"]["spec"]["replicas"] <= settings.partitions


@every_workload
def test_nothing_runs_as_root_or_writes_where_it_must_not(name: str) -> None:
    outer, inner = pod(name)["spec"]["securityContext"], container(name)["securityContext"]
    assert outer["runAsNonRoot"] is True
    dockerfile = (ROOT / "deploy" / "Dockerfile").read_text(encoding="utf-8")
    assert f"--uid {outer['runAsUser']} " in dockerfile
    assert outer["seccompProfile"] == {"type": "RuntimeDefault"}
    assert inner["readOnlyRootFilesystem"] is True
    assert inner["allowPrivilegeEscalation"] is False
    assert inner["capabilities"] == {"drop": ["ALL"]}
    assert pod(name)["spec"]["automountServiceAccountToken"] is False
    assert {mount["mountPath"] for mount in container(name)["volumeMounts"]} == {"/data", "/tmp"}


@every_workload
def test_every_container_says_what_it_needs_and_where_it_ends(name: str) -> None:
    resources = container(name)["resources"]
    assert set(resources["requests"]) == {"cpu", "memory"}
    assert resources["limits"]["memory"]


@pytest.mark.parametrize("name", ["ingest", "detector", "alerts"])
def test_probes_ask_what_is_served_where_it_is_served(name: str) -> None:
    from fastapi import FastAPI

    app = FastAPI()
    add_operations(app, {})
    served = {route.path for route in app.routes}  # type: ignore[attr-defined]
    one = container(name)
    assert one["ports"] == [{"name": "http", "containerPort": 8000}]
    for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
        assert one[probe]["httpGet"]["path"] in served
        assert one[probe]["httpGet"]["port"] == "http"
    # A pod that only says what is missing must not be killed for it.
    assert one["livenessProbe"]["httpGet"]["path"] == "/healthz"


def test_a_detector_keeps_a_volume_of_its_own_and_has_time_to_hand_over() -> None:
    one = WORKLOADS["detector"]
    assert one["kind"] == "StatefulSet"
    (claim,) = one["spec"]["volumeClaimTemplates"]
    mounted = {mount["name"]: mount["mountPath"] for mount in container("detector")["volumeMounts"]}
    folder = environment("detector")["QINGFENG_WORKER_DIR"]
    assert folder.startswith(mounted[claim["metadata"]["name"]] + "/")
    assert pod("detector")["spec"]["terminationGracePeriodSeconds"] > STOP_SECONDS
    assert one["spec"]["serviceName"] in {service["metadata"]["name"] for service in of_kind("Service")}


def test_budgets_services_and_policies_speak_of_pods_that_exist() -> None:
    labels = {name: pod(name)["metadata"]["labels"]["app.kubernetes.io/name"] for name in WORKLOADS}
    assert all(name == label for name, label in labels.items())
    served = {one["spec"]["selector"]["app.kubernetes.io/name"] for one in of_kind("Service")}
    assert served == {"ingest", "detector", "alerts"}
    kept = {
        one["spec"]["selector"]["matchLabels"]["app.kubernetes.io/name"]
        for one in of_kind("PodDisruptionBudget")
    }
    assert kept == served
    for name in served:
        selector = WORKLOADS[name]["spec"]["selector"]["matchLabels"]
        assert selector.items() <= pod(name)["metadata"]["labels"].items()
        assert WORKLOADS[name]["spec"]["replicas"] >= 2


def test_the_network_opens_to_each_no_more_than_it_needs() -> None:
    policies = {one["metadata"]["name"]: one["spec"] for one in of_kind("NetworkPolicy")}
    assert policies["nobody"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    reached = {name: _reached(policies[name]) for name in WORKLOADS}
    assert reached == {
        "ingest": {("kafka", 9092), ("postgres", 5432)},
        "detector": {("kafka", 9092)},
        "alerts": {("kafka", 9092), ("postgres", 5432), ("0.0.0.0/0", 443), ("0.0.0.0/0", 8443)},
        "migrate": {("postgres", 5432)},
    }
    for name in ("ingest", "detector", "alerts"):
        assert policies[name]["podSelector"]["matchLabels"] == {"app.kubernetes.io/name": name}
    # What a webhook must never reach is closed in the network too.
    (block,) = [
        to["ipBlock"] for rule in policies["alerts"]["egress"] for to in rule["to"] if "ipBlock" in to
    ]
    assert {"10.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "192.168.0.0/16"} <= set(block["except"])


def test_no_file_holds_a_secret() -> None:
    for file in FOLDER.iterdir():
        text = file.read_text(encoding="utf-8")
        for word in re.findall(r"[A-Za-z0-9+/]{40,}={0,2}", text):
            assert not base64.b64decode(word + "=" * (-len(word) % 4)), word


def _reached(policy: dict[str, Any]) -> set[tuple[str, int]]:
    found = set()
    for rule in policy["egress"]:
        for to in rule["to"]:
            if "ipBlock" in to:
                where = to["ipBlock"]["cidr"]
            else:
                where = to["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"]
            found.update((where, port["port"]) for port in rule["ports"])
    return found
