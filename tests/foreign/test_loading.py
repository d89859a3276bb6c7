"""Files that are not engines: each is refused in one line with the reason, and none harms the caller."""

from __future__ import annotations

from pathlib import Path

import pytest

from lobench.engine.errors import UsageError
from lobench.engine.foreign.engine import ForeignEngine
from lobench.engine.scope import Scope, least, told
from lobench.variants import REFERENCE, discover, load_file, resolve
from lobench.workbench.kernel_identity import same_kernels
from lobench.workbench.ladder import known_with
from lobench.workbench.measurement.variant_digest import variant_digest
from lobench.workbench.verification import isolated
from tests.support.c_engines import FOREIGN, Build

pytestmark = pytest.mark.fast

REFUSED = {
    "version": (["VERSION=2"], "ABI version 2; this lobench supports version 1"),
    "short": (["SIZE=32"], r"its table has 32 bytes, that of ABI version 1 \d+"),
    "symbol": (["NO_SYMBOL"], r"exports no lobench_engine\(\)"),
    "null": (["NO_TABLE"], r"lobench_engine\(\) returned null"),
    "missing": (["LACKS_ORDERS"], r"offers queues, and its table has no orders\(\)"),
    "no_books": (["OFFERS=32"], "offers no books"),
    "queues": (["OFFERS=LOBENCH_BBO|LOBENCH_QUEUES"], "offers queues without levels"),
    "features": (["OFFERS=LOBENCH_LEVELS|LOBENCH_FEATURES"], r"offers features, and its table has no features\(\)"),
    "strategies": (["OFFERS=LOBENCH_LEVELS|LOBENCH_STRATEGIES"], "offers strategies without features"),
    "unknown": (["OFFERS=LOBENCH_LEVELS|4096"], "offers has bits that no version of the ABI knows"),
}


@pytest.mark.parametrize("way", REFUSED)
def test_a_library_that_is_no_engine_is_refused(way: str, build: Build) -> None:
    defines, said = REFUSED[way]
    with pytest.raises(UsageError, match=said):
        load_file(build(way, *defines))


def test_a_text_is_no_library(tmp_path: Path) -> None:
    (tmp_path / "text.so").write_text("no library")
    with pytest.raises(UsageError, match="not a shared library that can be loaded here"):
        load_file(str(tmp_path / "text.so"))
    with pytest.raises(UsageError, match="No such file"):
        load_file(str(tmp_path / "nothing.so"))


@pytest.mark.normal
@pytest.mark.parametrize(
    ("define", "seconds", "said"),
    [
        ("EXITS_WHEN_LOADED", 60.0, "when loaded, ended with code 0"),
        ("CRASHES_WHEN_LOADED", 60.0, "when loaded, was killed by SIGABRT"),
        ("HANGS_WHEN_LOADED", 2.0, "when loaded, did not end within 2 s"),
    ],
)
def test_an_engine_that_crashes_while_loading_is_refused(
    define: str, seconds: float, said: str, build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(isolated, "LOADING_SECONDS", seconds)
    with pytest.raises(UsageError, match=said):
        known_with([build(define.lower(), define)])


def test_a_command_loads_no_library_itself(build: Build) -> None:
    path = build("unloaded")
    engine = known_with([path])["unloaded"]
    assert path not in Path("/proc/self/maps").read_text()
    assert isinstance(engine, ForeignEngine)
    assert (engine.title, engine.version, engine.offered) == ("Arrays", "1.2", ("BBO", "levels", "queues"))
    assert "Arrays 1.2: offers BBO, levels, queues" in engine.summary


def test_an_engine_is_no_variant_to_combine(build: Build) -> None:
    known = discover([build("plain")])
    assert list(known)[-1] == "plain"
    with pytest.raises(UsageError, match="plain is an engine from outside; it has no policies"):
        resolve("plain,lookup=hash", known)
    with pytest.raises(UsageError, match="a variant named 'plain' already exists"):
        discover([build("plain"), build("plain")])


def test_engines_of_the_same_bytes_are_the_same(build: Build, tmp_path: Path) -> None:
    first = Path(build("plain"))
    copy = tmp_path / "copy.so"
    copy.write_bytes(first.read_bytes())
    one, two, other = (load_file(str(path)) for path in (first, copy, build("grows", "GROWS")))
    assert same_kernels([one, two, other, discover()[REFERENCE]], "book") == {"copy": "plain"}
    assert variant_digest(one) == variant_digest(two) != variant_digest(other)


def test_a_python_engine_is_checked(tmp_path: Path) -> None:
    def refused(text: str, said: str) -> None:
        path = tmp_path / f"engine{len(list(tmp_path.iterdir()))}.py"
        path.write_text(text)
        with pytest.raises(UsageError, match=said):
            load_file(str(path))

    refused("ENGINE = 5", "offers no books|is not a class")
    refused("class ENGINE:\n    offers = 'bogus'", "no 'bogus'. Use any of bbo, levels")
    refused("class ENGINE:\n    offers = 'levels'", r"ENGINE needs a method apply\(\)")
    refused(
        "class ENGINE:\n    offers = 'levels'\n    def apply(self, records): pass",
        r"offers levels needs a method levels\(\)",
    )
    refused("nothing = 0", "defines no VARIANT .* and no ENGINE")
    engine = load_file(str(FOREIGN / "textbook.py"))
    assert isinstance(engine, ForeignEngine)
    assert (engine.name, engine.title, engine.version, engine.counts) == ("textbook", "Textbook", "0.1", False)


def test_the_scope_of_a_session_is_the_least(build: Build) -> None:
    queues = load_file(build("plain"))
    bbo = load_file(build("bbo", "OFFERS=LOBENCH_BBO"))
    reference = discover()[REFERENCE]
    assert reference.scope("strategies") == Scope()
    assert least([reference.scope("strategies"), queues.scope("strategies")]) == Scope(
        until="book", trace=False, anomalies=False
    )
    assert least([queues.scope("book"), bbo.scope("book")]).books == "bbo"
    with pytest.raises(UsageError, match="shows no results of --until decode"):
        queues.scope("decode")


@pytest.mark.parametrize(
    ("scope", "until", "said"),
    [
        (Scope(), "strategies", "levels, queues, features, strategies and anomalies"),
        (Scope(until="book", anomalies=False), "strategies", "levels and queues; offers no features"),
        (Scope(until="book", anomalies=False), "book", "levels and queues"),
        (Scope(until="book", books="bbo", anomalies=False), "book", "BBO; offers no levels"),
        (
            Scope(until="features", books="levels", anomalies=False),
            "strategies",
            "levels and features; offers no queues and no strategies",
        ),
    ],
)
def test_the_scope_of_a_comparison_in_words(scope: Scope, until: str, said: str) -> None:
    assert told(scope, until) == said
