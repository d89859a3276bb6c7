"""asv's files as people leave them: empty, with comments, of another shape."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lobench.engine.errors import LobenchError, UsageError
from lobench.workbench.history import store
from lobench.workbench.history.asv_files import configuration, read_object
from tests.support.miniature import Miniature

pytestmark = pytest.mark.fast

pytest.importorskip("asv")


@pytest.mark.parametrize(
    ("text", "folders"),
    [
        ('{"results_dir": "a//b", // a comment: "x"\n "html_dir": "h"}', ("a/b", "h")),
        ('/* "results_dir": "c" */ {"html_dir": "http://x", }', ("results", "http:/x")),
        ("{} // nothing", ("results", "html")),
        ("{}", ("results", "html")),
        ("{results_dir: 'r'}", ("r", "html")),
        ('\ufeff{"html_dir": "h\u00fc"}', ("results", "h\u00fc")),
    ],
)
def test_configurations_are_read_as_asv_reads_them(tmp_path: Path, text: str, folders: tuple[str, str]) -> None:
    (tmp_path / "asv.conf.json").write_text(text, encoding="utf-8")
    found = configuration(tmp_path)
    assert (found["results_dir"], found["html_dir"]) == tuple(str(tmp_path / folder) for folder in folders)
    assert found["version"] == 1


@pytest.mark.parametrize(
    "content", [b"", b" \n", b"// words", b"{", b"[]", b"3", b"null", b'"x"', b"\xff\xfe", b"[" * 100_000]
)
def test_a_configuration_that_is_no_object_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "asv.conf.json").write_bytes(content)
    with pytest.raises(UsageError, match="not a JSON object"):
        configuration(tmp_path)


@pytest.mark.parametrize("value", [None, 3, [], "a\0b"])
def test_folders_must_have_names(tmp_path: Path, value: Any) -> None:
    (tmp_path / "asv.conf.json").write_text(json.dumps({"results_dir": value}))
    with pytest.raises(UsageError, match="results_dir must be the name of a folder"):
        configuration(tmp_path)


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "asv.conf.json").mkdir()
    with pytest.raises(UsageError, match="cannot be read"):
        configuration(tmp_path)
    assert read_object(Path("/dev/null")) is None


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b'{"version": 3}', b'{"version": 1, "points": []}', b'{"version": 1, "other": 1}', b"\xff"],
)
def test_a_history_of_another_shape_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "history.json"
    file.write_bytes(content)
    with pytest.raises(LobenchError, match=r"history\.json: not "):
        store.load(file, "here")
    file.write_text('{"version": 1}')
    assert store.load(file, "here").points == {}


@pytest.mark.normal
def test_a_site_is_made_from_asvs_readable_files(miniature: Miniature) -> None:
    from tests.support.recorded import recorded

    order = recorded(miniature, 8)
    results = miniature.folder / ".asv/results"
    (machine,) = (path.parent for path in results.glob("*/machine.json"))
    # asv's suite was run on another machine, and someone edited its files.
    other = results / "other"
    other.mkdir()
    facts = json.loads((machine / "machine.json").read_text()) | {"machine": "other"}
    (other / "machine.json").write_text(f"// ours\n{json.dumps(facts)}")
    (one, *_) = machine.glob("*-lobench.json")
    content = json.loads(one.read_text())
    content["params"]["machine"] = "other"
    (other / one.name).write_text(f"/* measured at night */ {json.dumps(content)}")
    for name, text in (("empty", ""), ("list", "[]"), ("object", "{}"), ("cut", '{"version": 2, "res')):
        (other / f"{order[0][:8]}-{name}.json").write_text(text)
    for name in ("silent", "nameless"):
        (results / name).mkdir()
        (results / name / one.name).write_text(json.dumps(content))
    (results / "silent/machine.json").write_text("")
    (results / "nameless/machine.json").write_text('{"version": 1}')
    (machine / "machine.json").write_text("")
    (results / "benchmarks.json").write_text("// nothing yet\n")
    done = miniature.lobench("dashboard", "-o", "site")
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    left = [line for line in done.stderr.splitlines() if line.endswith("it is left out of the site")]
    assert len(left) == 6, done.stderr
    index = json.loads((miniature.folder / "site/index.json").read_text())
    assert set(index["machines"]) == {machine.name, "other"}


@pytest.mark.parametrize("command", [("history", "regressions"), ("dashboard",), ("history", "record")])
def test_an_empty_configuration_is_one_line(miniature: Miniature, command: tuple[str, ...]) -> None:
    miniature.work(1)
    (miniature.folder / "asv.conf.json").write_text("")
    feed = ("--feed", miniature.feed) if command[-1] == "record" else ()
    done = miniature.lobench(*command, *feed)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert "asv.conf.json: not a JSON object" in line
