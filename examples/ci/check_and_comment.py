#!/usr/bin/env python3
"""Run `lobench check` and put what it says into one comment of a pull request, which later runs update.

Everything is told by the environment (action.yml says what): LOBENCH_BASE, LOBENCH_HEAD, LOBENCH_ARGUMENTS,
LOBENCH_PULL_REQUEST, LOBENCH_TOKEN; and by the service: GITHUB_API_URL, GITHUB_REPOSITORY, GITHUB_OUTPUT, RUNNER_TEMP.
The exit code is that of the check: a comment that cannot be written, as from a fork, is a warning.
"""

from __future__ import annotations

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
"""By which the comment is found again; `lobench check --github` writes it."""

LAST_LINES = 20


def main() -> int:
    folder = Path(os.environ.get("RUNNER_TEMP", "."))
    text, report = folder / "lobench-comment.md", folder / "lobench-junit.xml"
    text.unlink(missing_ok=True)
    words = [os.environ["LOBENCH_BASE"], os.environ["LOBENCH_HEAD"], *shlex.split(os.environ["LOBENCH_ARGUMENTS"])]
    command = ["lobench", "check", *words, "--github", str(text), "--junit", str(report)]
    last: deque[str] = deque(maxlen=LAST_LINES)
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, encoding="utf-8", errors="replace") as process:
        assert process.stderr is not None
        for line in process.stderr:
            # The service reads annotations from it, and people what is under way.
            print(line, end="", file=sys.stderr, flush=True)
            last.append(line)
    if output := os.environ.get("GITHUB_OUTPUT"):
        with open(output, "a", encoding="utf-8") as file:
            file.write(f"report={report}\n")
    if pull := os.environ["LOBENCH_PULL_REQUEST"]:
        told = text.read_text(encoding="utf-8") if text.exists() else failed(process.returncode, "".join(last))
        comment(int(pull), told)
    return process.returncode


def failed(code: int, last: str) -> str:
    """What is said where nothing was compared."""
    return f"{MARK}\n### lobench check\n\n❌ **Nothing was compared** (exit code {code}).\n\n~~~\n{last.strip()}\n~~~\n"


def comment(pull: int, text: str) -> None:
    """Write the comment, or update the one that is there."""
    place = f"/repos/{os.environ['GITHUB_REPOSITORY']}/issues"
    try:
        number = own_comment(f"{place}/{pull}/comments")
        if number is None:
            ask("POST", f"{place}/{pull}/comments", {"body": text})
        else:
            ask("PATCH", f"{place}/comments/{number}", {"body": text})
    except (urllib.error.URLError, OSError, ValueError) as error:
        print(f"::warning::lobench: the comment could not be written: {error}", file=sys.stderr)


def own_comment(place: str) -> int | None:
    """The number of the comment that begins with the mark."""
    page = 1
    while comments := ask("GET", f"{place}?per_page=100&page={page}"):
        for one in comments:
            if one["body"].startswith(MARK):
                return int(one["id"])
        page += 1
    return None


def ask(method: str, path: str, content: Any = None) -> Any:
    """One request to the service's API."""
    request = urllib.request.Request(
        os.environ.get("GITHUB_API_URL", "https://api.github.com") + path,
        method=method,
        data=None if content is None else json.dumps(content).encode(),
        headers={
            "Authorization": f"Bearer {os.environ['LOBENCH_TOKEN']}",
            "Accept": "application/vnd.github+json",
            "Content-Type": "application/json",
        },
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


if __name__ == "__main__":
    sys.exit(main())
