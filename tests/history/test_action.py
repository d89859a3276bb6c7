"""The composite action of examples/ci: its own steps run here, against an API that records its requests."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree

import pytest

from lobench.workbench.commits.counting import missing
from lobench.workbench.summaries.github import MARK
from tests.support.miniature import Miniature
from tests.support.paths import ROOT

yaml = pytest.importorskip("yaml")

FOLDER = ROOT / "examples/ci"
counts = pytest.mark.skipif(missing() is not None, reason=f"{missing()}")


class Service(ThreadingHTTPServer):
    """The part of a service's API that comments need: 100 comments of others come before ours; ``refuses``: the token
    is a fork's."""

    pages = True
    """Without pages all comments come every time."""

    def __init__(self, refuses: bool = False) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.comments: list[dict[str, Any]] = [{"id": number, "body": f"comment {number}"} for number in range(100)]
        self.comments[7]["body"] = None
        self.asked: list[str] = []
        self.refuses = refuses


class _Handler(BaseHTTPRequestHandler):
    server: Service

    def do_GET(self) -> None:
        page = int(parse_qs(urlsplit(self.path).query)["page"][0])
        comments = self.server.comments
        self._answer(comments[100 * (page - 1) : 100 * page] if self.server.pages else comments)

    def do_POST(self) -> None:
        comments = self.server.comments
        comments.append({"id": len(comments), **self._content()})
        self._answer(comments[-1])

    def do_PATCH(self) -> None:
        comments = self.server.comments
        comments[int(self.path.rpartition("/")[2])] |= self._content()
        self._answer({})

    def _content(self) -> Any:
        return json.loads(self.rfile.read(int(self.headers["Content-Length"])))

    def _answer(self, content: Any) -> None:
        self.server.asked.append(f"{self.command} {urlsplit(self.path).path}")
        refused = self.server.refuses and self.command != "GET"
        text = json.dumps(content).encode()
        assert self.headers["Authorization"] == "Bearer secret"
        self.send_response(403 if refused else 200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def service() -> Iterator[Service]:
    with Service() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def load(name: str) -> Any:
    return yaml.safe_load((FOLDER / name).read_text())


def evaluated(text: str, inputs: dict[str, str]) -> str:
    """An expression of the action's own inputs; the tests give all of them."""
    return re.sub(r"\$\{\{ inputs\.(\w+) \}\}", lambda found: inputs[found[1]], text)


def act(
    miniature: Miniature, service: Service, base: str, head: str, *more: str, name: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run the action's steps as a runner does: bash, their environment, until one fails."""
    bin_ = miniature.folder.parent / "bin"
    bin_.mkdir(exist_ok=True)
    for program, words in (("lobench", "-P -m lobench"), ("python", "")):
        (bin_ / program).write_text(f'#!/bin/sh\nexec {sys.executable} {words} "$@"\n')
        (bin_ / program).chmod(0o755)
    arguments = f"--exact --variants p0_plain --feed {miniature.feed} {' '.join(more)}"
    inputs = {"base": base, "head": head, "arguments": arguments, "comment": "7", "token": "secret", "install": "true"}
    inputs |= {"name": name}
    variables = {
        **{"PATH": f"{bin_}:{os.environ['PATH']}", "HOME": os.environ.get("HOME", "/"), "PYTHONPATH": str(ROOT)},
        **{"LOBENCH_CACHE_DIR": str(miniature.cache), "GITHUB_ACTION_PATH": str(FOLDER), "NO_COLOR": "1"},
        **{"GITHUB_API_URL": f"http://127.0.0.1:{service.server_port}", "GITHUB_REPOSITORY": "owner/name"},
        **{"RUNNER_TEMP": str(miniature.folder.parent), "GITHUB_OUTPUT": str(miniature.folder.parent / "output")},
        "GITHUB_STEP_SUMMARY": str(miniature.folder.parent / "summary.md"),
    }
    for step in load("action.yml")["runs"]["steps"]:
        assert step["shell"] == "bash"
        own = {name: evaluated(text, inputs) for name, text in step.get("env", {}).items()}
        command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]]
        done = subprocess.run(command, cwd=miniature.folder, env={**variables, **own}, capture_output=True, text=True)
        if done.returncode:
            break
    return done


@counts
def test_one_comment_is_written_and_updated(miniature: Miniature, service: Service) -> None:
    base = miniature.work(40)
    head = miniature.work(50, "by @somebody")
    done = act(miniature, service, base, head)
    assert done.returncode == 1, done.stderr
    assert "FAILED: p0_plain (more work)" in done.stdout
    # The annotation is at the changed line.
    (warning,) = [line for line in done.stderr.splitlines() if line.startswith("::")]
    assert warning.startswith("::warning file=variants/p0_plain.py,line=2,title=lobench check%3A ")
    assert warning.endswith("::changed: work = 50")
    body = service.comments[100]["body"]
    assert len(service.comments) == 101
    assert body.startswith(f"{MARK.format('check')}\n### lobench check: {head[:8]} ")
    assert "❌ **FAILED: p0_plain (more work)**" in body
    assert "@\u200bsomebody" in body
    assert f"lobench check {base[:12]}..{head[:12]} --exact" in body
    report = (miniature.folder.parent / "output").read_text().strip().removeprefix("report=")
    assert ElementTree.parse(report).getroot().get("failures") == "1"
    assert "### lobench check: " in (miniature.folder.parent / "summary.md").read_text()

    # The next push repairs it, and the same comment is updated.
    better = miniature.work(40, "again")
    done = act(miniature, service, base, better)
    assert done.returncode == 0, done.stderr
    assert len(service.comments) == 101
    assert "✅ **PASSED" in service.comments[100]["body"]
    assert service.asked[-1] == "PATCH /repos/owner/name/issues/comments/100"
    assert service.comments[99]["body"] == "comment 99"


@counts
@pytest.mark.long
def test_a_commit_that_does_not_run_is_commented(miniature: Miniature, service: Service) -> None:
    base = miniature.work(40)
    head = miniature.commit("broken", engine__replay="def (:\n")
    done = act(miniature, service, base, head)
    assert done.returncode == 1
    body = service.comments[100]["body"]
    assert body.startswith(f"{MARK.format('check')}\n")
    assert "❌ **FAILED: HEAD does not run: " in body
    assert "SyntaxError" in body
    done = act(miniature, service, base, "nothing")
    assert done.returncode == 2
    body = service.comments[100]["body"]
    assert "**Nothing was compared** (exit code 2)" in body
    assert "no commit named 'nothing'" in body
    assert len(service.comments) == 101


@counts
def test_a_comment_that_is_refused_is_no_failure(miniature: Miniature, service: Service) -> None:
    service.refuses = True
    base = miniature.work(40)
    done = act(miniature, service, base, miniature.work(40, "words"))
    assert done.returncode == 0, done.stderr
    assert "::warning::lobench: the comment could not be written: HTTP Error 403" in done.stderr


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch, service: Service) -> ModuleType:
    spec = importlib.util.spec_from_file_location("check_and_comment", FOLDER / "check_and_comment.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setenv("GITHUB_API_URL", f"http://127.0.0.1:{service.server_port}")
    monkeypatch.setenv("GITHUB_REPOSITORY", "owner/name")
    return module


def test_a_service_without_pages(script: ModuleType, service: Service) -> None:
    service.pages = False
    for text in ("one", "two"):
        script.comment(7, f"{script.MARK}\n{text}", "secret")
    assert [one["body"] for one in service.comments[100:]] == [f"{script.MARK}\ntwo"]


def test_two_checks_have_a_comment_each(script: ModuleType, service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("", "cpp", "rust", "cpp"):
        monkeypatch.setenv("LOBENCH_NAME", name)
        script.comment(7, f"{script.MARK}\nof {name}", "secret")
    assert [one["body"].splitlines() for one in service.comments[100:]] == [
        [script.MARK, "of "],
        ["<!-- lobench check cpp -->", "of cpp"],
        ["<!-- lobench check rust -->", "of rust"],
    ]


def test_the_built_code_cannot_read_the_token(tmp_path: Path, service: Service) -> None:
    """Neither in its own environment nor, but for root, in that of the process that started it."""
    parents = "" if os.geteuid() == 0 else 'tr "\\0" "\\n" </proc/$PPID/environ; '
    (tmp_path / "lobench").write_text(f"#!/bin/sh\n( env; {parents}) >{tmp_path}/seen 2>/dev/null\nexit 1\n")
    (tmp_path / "lobench").chmod(0o755)
    variables = {
        **{"PATH": f"{tmp_path}:{os.environ['PATH']}", "RUNNER_TEMP": str(tmp_path), "LOBENCH_TOKEN": "secret"},
        **{"LOBENCH_BASE": "main", "LOBENCH_HEAD": "side", "LOBENCH_ARGUMENTS": "", "LOBENCH_PULL_REQUEST": "7"},
        **{"GITHUB_API_URL": f"http://127.0.0.1:{service.server_port}", "GITHUB_REPOSITORY": "owner/name"},
    }
    done = subprocess.run([sys.executable, FOLDER / "check_and_comment.py"], env=variables, capture_output=True)
    assert done.returncode == 1
    seen = (tmp_path / "seen").read_text()
    assert "LOBENCH_BASE=main" in seen
    assert "secret" not in seen
    assert len(service.comments) == 101


@pytest.mark.parametrize(
    ("name", "schema"),
    [
        ("action.yml", "vendor.github-actions"),
        ("check-workflow.yml", "vendor.github-workflows"),
        ("history-workflow.yml", "vendor.github-workflows"),
    ],
)
def test_files_keep_to_the_services_schema(name: str, schema: str) -> None:
    pytest.importorskip("check_jsonschema")
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, str(FOLDER / name)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_workflows_use_existing_inputs_and_scripts() -> None:
    action = load("action.yml")
    (step,) = [
        one for one in load("check-workflow.yml")["jobs"]["check"]["steps"] if "examples/ci" in one.get("uses", "")
    ]
    assert set(step["with"]) <= set(action["inputs"])
    assert f"steps.{step['id']}.outputs.report" in (FOLDER / "check-workflow.yml").read_text()
    assert set(action["outputs"]) == {"report"}
    for run in re.findall(r"examples/ci/(\w+) (?:get|put)", (FOLDER / "history-workflow.yml").read_text()):
        assert os.access(FOLDER / run, os.X_OK)
    # Text from strangers is data, never part of a script.
    for step in action["runs"]["steps"]:
        assert "${{" not in step["run"]
