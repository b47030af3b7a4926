"""deploy/Dockerfile: its sources exist, its commands parse, what it builds is whole and runs as nobody."""

import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.deploy.composition import ROOT

FILE = ROOT / "deploy" / "Dockerfile"


def instructions() -> list[tuple[str, str]]:
    """(instruction, rest) of the file, continued lines joined, comments dropped."""
    text = re.sub(r"\\\n", " ", re.sub(r"^#.*\n", "", FILE.read_text(encoding="utf-8"), flags=re.MULTILINE))
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return [(line.split(" ", 1)[0], line.split(" ", 1)[1].strip()) for line in lines]


def given(instruction: str) -> list[str]:
    """What stands behind each occurrence of an instruction."""
    return [rest for name, rest in instructions() if name == instruction]


def test_only_instructions_that_docker_knows_are_used() -> None:
    known = {"FROM", "ENV", "WORKDIR", "COPY", "RUN", "USER", "EXPOSE", "HEALTHCHECK", "ENTRYPOINT", "CMD"}
    assert {name for name, _ in instructions()} <= known


def test_what_is_copied_exists_and_is_let_through_to_the_builder() -> None:
    let_through = [
        line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")
    ]
    for rest in given("COPY"):
        if rest.startswith("--from="):
            continue
        *sources, _ = rest.split()
        for source in sources:
            assert (ROOT / source).exists(), source
            assert source.split("/")[0] in let_through, source


@pytest.mark.parametrize("command", given("RUN"))
def test_every_command_parses(command: str) -> None:
    done = subprocess.run(["bash", "-n", "-c", command], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_both_stages_stand_on_the_same_pinned_python() -> None:
    bases = [rest.split(" AS ")[0] for rest in given("FROM")]
    assert len(set(bases)) == 1
    assert bases[0].startswith("python:3.11-slim")


def test_dependencies_are_held_to_their_hashes() -> None:
    installs = [
        part for run in given("RUN") for part in run.split("&&") if "install" in part and " -r " in part
    ]
    assert len(installs) == 2
    assert all("--require-hashes" in part for part in installs)


def test_it_runs_as_a_user_without_rights() -> None:
    names = [name for name, _ in instructions()]
    assert given("USER") == ["qingfeng"]
    assert names.index("USER") > max(place for place, name in enumerate(names) if name == "RUN")


def test_build_tools_do_not_stay() -> None:
    final = [rest for name, rest in instructions()[max(
        place for place, (name, _) in enumerate(instructions()) if name == "FROM"
    ):] if name == "RUN"]  # fmt: skip
    assert any("pip uninstall" in run for run in final)
    assert not any("apt-get install" in run or "pip install" in run for run in final)


def test_the_entry_point_and_the_health_check_are_lists_of_arguments() -> None:
    assert json.loads(given("ENTRYPOINT")[0]) == ["qingfeng"]
    check = given("HEALTHCHECK")[0].split("CMD", 1)[1]
    program, option, code = json.loads(check)
    assert (program, option) == ("python", "-c")
    compile(code, "HEALTHCHECK", "exec")
    assert "/readyz" in code


def test_the_wheel_carries_everything_that_is_no_module(tmp_path: Path) -> None:
    """The image holds what the wheel holds: migrations, templates, the console's files."""
    done = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    (wheel,) = tmp_path.glob("*.whl")
    packed = set(zipfile.ZipFile(wheel).namelist())
    wanted = {
        str(path.relative_to(ROOT))
        for folder in ("services", "schemas")
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert wanted <= packed, sorted(wanted - packed)
