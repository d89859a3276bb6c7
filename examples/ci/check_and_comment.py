#!/usr/bin/env python3
"""Run `lobench check` and write its result into one comment on a pull request, which later runs update.

All input comes from the environment. action.yml documents LOBENCH_BASE, LOBENCH_HEAD, LOBENCH_ARGUMENTS,
LOBENCH_PULL_REQUEST, LOBENCH_NAME and LOBENCH_TOKEN; the service sets GITHUB_API_URL, GITHUB_REPOSITORY, GITHUB_OUTPUT
and RUNNER_TEMP. The exit code is that of the check: a comment that cannot be written, as from a fork, is a warning. The
code that is built and run comes from the pull request, so it does not get the token.
"""

from __future__ import annotations

import ctypes
import json
import os
import shlex
import subprocess
import sys
import urllib.error
import urllib.request
from collections import deque
from pathlib import Path
from typing import Any

MARK = "<!-- lobench check -->"
"""Identifies the comment later; `lobench check --github` writes it."""

LAST_LINES = 20
PR_SET_DUMPABLE = 4


def main() -> int:
    token = withheld()
    folder = Path(os.environ.get("RUNNER_TEMP", "."))
    text, report = folder / "lobench-comment.md", folder / "lobench-junit.xml"
    text.unlink(missing_ok=True)
    # Three dots: leave out later commits of the base branch.
    between = f"{os.environ['LOBENCH_BASE']}...{os.environ['LOBENCH_HEAD']}"
    words = [between, *shlex.split(os.environ["LOBENCH_ARGUMENTS"])]
    command = ["lobench", "check", *words, "--github", str(text), "--junit", str(report)]
    last: deque[str] = deque(maxlen=LAST_LINES)
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, encoding="utf-8", errors="replace") as process:
        assert process.stderr is not None
        for line in process.stderr:
            # The service reads annotations from stderr, and people follow the progress there.
            print(line, end="", file=sys.stderr, flush=True)
            last.append(line)
    if output := os.environ.get("GITHUB_OUTPUT"):
        with open(output, "a", encoding="utf-8") as file:
            file.write(f"report={report}\n")
    if pull := os.environ["LOBENCH_PULL_REQUEST"]:
        body = text.read_text(encoding="utf-8") if text.exists() else failed(process.returncode, "".join(last))
        comment(int(pull), body, token)
    return process.returncode


def withheld() -> str:
    """The token, hidden from all processes started from here on, both in their environment and in this process's."""
    token = os.environ.pop("LOBENCH_TOKEN")
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
    return token


def failed(code: int, last: str) -> str:
    """The comment if nothing was compared."""
    return f"{MARK}\n### lobench check\n\n❌ **Nothing was compared** (exit code {code}).\n\n~~~\n{last.strip()}\n~~~\n"


def comment(pull: int, text: str, token: str) -> None:
    """Write the comment, or update the existing one."""
    name = os.environ.get("LOBENCH_NAME", "")
    mark = f"<!-- lobench check {name.replace('-->', '')} -->" if name else MARK
    text = text.replace(MARK, mark, 1)
    place = f"/repos/{os.environ['GITHUB_REPOSITORY']}/issues"
    try:
        number = own_comment(f"{place}/{pull}/comments", mark, token)
        if number is None:
            ask("POST", f"{place}/{pull}/comments", token, {"body": text})
        else:
            ask("PATCH", f"{place}/comments/{number}", token, {"body": text})
    except (urllib.error.URLError, OSError, ValueError) as error:
        print(f"::warning::lobench: the comment could not be written: {error}", file=sys.stderr)


def own_comment(place: str, mark: str, token: str) -> int | None:
    """The number of the comment that starts with the mark."""
    page, seen = 1, None
    while comments := ask("GET", f"{place}?per_page=100&page={page}", token):
        for one in comments:
            if (one["body"] or "").startswith(mark):
                return int(one["id"])
        # A service without pages may return all comments every time.
        if comments[0]["id"] == seen:
            break
        page, seen = page + 1, comments[0]["id"]
    return None


def ask(method: str, path: str, token: str, content: Any = None) -> Any:
    """One request to the service's API."""
    request = urllib.request.Request(
        os.environ.get("GITHUB_API_URL", "https://api.github.com") + path,
        method=method,
        data=None if content is None else json.dumps(content).encode(),
        headers={
            "Authorization": f"Bearer {token}",
            "Accept": "application/vnd.github+json",
            "Content-Type": "application/json",
        },
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


if __name__ == "__main__":
    sys.exit(main())
