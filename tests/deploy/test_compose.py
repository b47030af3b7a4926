"""docker-compose.yml says only what the code can do, and publishes nothing beyond this machine."""

import re
import shutil
import subprocess
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import typer

from services import __main__ as entry
from services.ingest.app import create_app
from services.runtime.database import open_engine
from services.settings import PREFIX, Settings, read_settings
from tests.deploy.composition import FILE, OURS, ROOT, SECRETS, composition, environment, service, variables

GIVEN = {name: f"{name.lower()} of the tests 0123456789" for name in SECRETS}
SETTINGS = {PREFIX + knob.name.upper() for knob in fields(Settings)}


@pytest.fixture(scope="module")
def commands() -> dict[str, Any]:
    """The commands of `qingfeng`."""
    entry.register_all()
    return typer.main.get_command(entry.app).commands  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", OURS)
def test_every_container_of_ours_runs_a_command_that_exists(name: str, commands: dict[str, Any]) -> None:
    command, *arguments = service(name)["command"]
    assert command in commands
    assert not arguments


@pytest.mark.parametrize("name", OURS)
def test_every_variable_given_to_our_containers_is_a_setting(name: str) -> None:
    given = environment(name, GIVEN)
    assert set(given) <= SETTINGS
    settings = read_settings(given)
    assert settings.kafka == "kafka:9092"
    assert settings.host == "0.0.0.0"
    assert 8000 in (settings.port, settings.metrics_port)


def test_all_three_services_agree_on_what_they_share() -> None:
    shared = [read_settings(environment(name, GIVEN)) for name in OURS]
    for knob in ("kafka", "topic_prefix", "partitions", "timezone", "lateness_days"):
        assert len({getattr(one, knob) for one in shared}) == 1, knob
    ingest, _, alerts = shared
    assert (ingest.database_url, ingest.vault_key) == (alerts.database_url, alerts.vault_key)


def test_a_detector_is_given_no_database_and_no_key() -> None:
    settings = read_settings(environment("detector", GIVEN))
    assert {settings.database_url, settings.pseudonym_key, settings.vault_key} == {""}


@pytest.mark.parametrize("name", SECRETS)
def test_a_missing_secret_is_named_and_has_no_default(name: str) -> None:
    asked = variables(composition()["services"])
    assert asked[name] == ("?", "missing in .env, see README.md")


def test_the_file_holds_no_password() -> None:
    for name, one in composition()["services"].items():
        for variable, value in one.get("environment", {}).items():
            if re.search(r"PASSWORD|SECRET|_KEY$|TOKEN", variable):
                assert re.fullmatch(r"\$\{\w+:\?[^}]+\}", value), f"{name}: {variable}"


def test_every_variable_of_the_env_file_is_a_secret_or_a_setting() -> None:
    assert set(variables(composition()["services"])) <= SETTINGS | set(SECRETS)


def test_ports_are_published_on_loopback_only() -> None:
    published = [port for one in composition()["services"].values() for port in one.get("ports", ())]
    assert published
    assert all(re.fullmatch(r"127\.0\.0\.1:\d+:\d+", port) for port in published)
    assert len({port.split(":")[1] for port in published}) == len(published)


def test_kafka_and_the_database_are_not_published_at_all() -> None:
    assert "ports" not in service("kafka")
    assert "ports" not in service("postgres")


@pytest.mark.parametrize("name", list(composition()["services"]))
def test_every_service_restarts_is_watched_and_keeps_its_logs_small(name: str) -> None:
    one = service(name)
    assert one["restart"] == "unless-stopped"
    assert one["healthcheck"]["test"][0] == "CMD"
    assert one["logging"]["options"]["max-size"]


@pytest.mark.parametrize("name", ["kafka", "postgres", "prometheus", "grafana"])
def test_what_others_made_is_pinned_and_keeps_its_data_in_a_volume(name: str) -> None:
    one = service(name)
    tag = one["image"].partition(":")[2]
    assert tag
    assert tag != "latest"
    kept = [volume.partition(":")[0] for volume in one["volumes"]]
    assert any(volume in composition()["volumes"] for volume in kept)


def test_kafka_is_the_version_that_the_tests_run_against() -> None:
    pom = (ROOT / "tests/support/kafka-broker.pom.xml").read_text(encoding="utf-8")
    tested = re.search(r"<kafka.version>(.+)</kafka.version>", pom)
    assert tested is not None
    assert service("kafka")["image"] == f"apache/kafka:{tested[1]}"


@pytest.mark.parametrize("name", OURS)
def test_our_containers_can_write_only_where_they_must(name: str) -> None:
    one = service(name)
    assert one["read_only"] is True
    assert one["cap_drop"] == ["ALL"]
    # An unnamed volume: each container has its own, so workers that are scaled do not share a folder.
    assert one["volumes"] == ["/data"]


def test_a_worker_keeps_its_state_in_a_folder_of_its_own() -> None:
    """The first free one of the data folder, so that several containers may share a volume."""
    assert read_settings(environment("detector", GIVEN)).worker_dir is None
    assert "container_name" not in service("detector")
    assert "ports" not in service("detector")


@pytest.mark.parametrize("name", OURS)
def test_our_containers_are_asked_whether_they_are_ready(name: str) -> None:
    assert "http://127.0.0.1:8000/readyz" in service(name)["healthcheck"]["test"][-1]


def test_readyz_and_metrics_are_there(tmp_path: Path) -> None:
    given = Settings(data_dir=tmp_path, database_url="postgresql://nobody@127.0.0.1:1/none")
    app = create_app(given, open_engine(given.database_url))
    assert {"/readyz", "/metrics"} <= {getattr(route, "path", "") for route in app.routes}


def test_files_that_are_mounted_exist() -> None:
    for name, one in composition()["services"].items():
        for volume in one["volumes"]:
            if volume.startswith("./"):
                assert (ROOT / volume.split(":")[0]).exists(), f"{name}: {volume}"


def test_what_a_service_depends_on_says_when_it_is_healthy() -> None:
    for one in composition()["services"].values():
        for other, how in one.get("depends_on", {}).items():
            assert how == {"condition": "service_healthy"}
            assert "healthcheck" in service(other)


def test_docker_itself_accepts_the_file(tmp_path: Path) -> None:
    docker = shutil.which("docker")
    if docker is None or subprocess.run([docker, "compose", "version"], capture_output=True).returncode:
        pytest.skip("no docker client with compose here")
    (tmp_path / ".env").write_text("".join(f"{name}={value}\n" for name, value in GIVEN.items()))
    ask = [docker, "compose", "--env-file", str(tmp_path / ".env"), "-f", str(FILE), "config", "--quiet"]
    done = subprocess.run(ask, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
