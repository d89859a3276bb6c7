"""`lobench verify`: agreement, the first difference of a wrong variant, and refusals."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from lobench.engine.oracle import Oracle
from lobench.workbench.verification.coverage import DEFAULT_FEEDS
from tests.support import wrong
from tests.support.command import complaints, lobench, refused
from tests.support.dbn_files import header, records, write
from tests.support.paths import ROOT

pytestmark = pytest.mark.xdist_group("verify")

SMALL = ("--variants", "p4_hash_lookup")


def verdicts(*arguments: object, code: int = 0, folder: Path | None = None) -> Any:
    """The JSON of a verification that must end with exit code ``code``."""
    done = lobench("verify", wrong.FEED, *arguments, "--json", folder=folder)
    assert done.returncode == code, done.stderr
    assert complaints(done) == ""
    return json.loads(done.stdout)


def outcome(told: Any, name: str) -> Any:
    (found,) = [entry for entry in told["verifications"] if entry["variant"] == name]
    return found


def test_json_of_agreeing_variants() -> None:
    told = verdicts(*SMALL, "--workers", "1,2", "--oracle")
    parts = {"feed", "feed_digest", "events", "agree", "tuning", "verifications", "reached", "not_reached"}
    assert set(told) == parts
    assert "many_records" in told["not_reached"]
    assert not {"evaluation", "cancel_mismatch", "modify_larger"} & set(told["not_reached"])
    assert told["not_reached"] == [name for name, count in told["reached"].items() if count == 0]
    assert told["tuning"] is None
    assert told["feed"] == wrong.FEED
    assert told["events"] == 20_000
    assert len(told["feed_digest"]) == 32
    assert told["agree"] is True
    pairs = [(entry["variant"], entry["workers"]) for entry in told["verifications"]]
    assert pairs == [("p0_baseline", 1), ("p4_hash_lookup", 1), ("p4_hash_lookup", 2), ("oracle", 1)]

    oracle = Oracle()
    oracle.apply(wrong.feed_records())
    expected = oracle.finish()
    assert sum(expected.anomalies.values()) > 10
    for entry in told["verifications"]:
        assert entry["agrees"] is True
        assert entry["kinds"] == []
        assert entry["difference"] is None
        assert {name: entry[name] for name in expected.as_json()} == expected.as_json()
        assert entry["digests"]["trace"] == f"{expected.trace:016x}"


@pytest.mark.long
def test_each_number_of_workers_also_for_the_reference() -> None:
    told = verdicts("--variants", "p0_baseline p4_hash_lookup p0_baseline", "--workers", "2", "--evaluate", "every")
    pairs = [(entry["variant"], entry["workers"]) for entry in told["verifications"]]
    assert pairs == [("p0_baseline", 1), ("p0_baseline", 2), ("p4_hash_lookup", 2)]
    assert told["agree"] is True
    assert {entry["evaluations"] for entry in told["verifications"]} == {20_000}


@pytest.mark.long
def test_agreement_for_a_person() -> None:
    done = lobench("verify", wrong.FEED, *SMALL)
    assert done.returncode == 0
    assert complaints(done) == ""
    assert "20,000 events" in done.stdout
    assert [line.split()[1] for line in done.stdout.splitlines() if " yes " in line] == [
        "p0_baseline",
        "p4_hash_lookup",
    ]
    assert "\x1b" not in done.stdout


def test_a_wrong_variant(tmp_path: Path) -> None:
    """An order that cannot be found: the first difference is the cancel that names it."""
    mistake = wrong.mistake()
    wrong.write_forgetful(tmp_path)
    told = verdicts(
        "--variants", "forgetful", "--workers", "1,2", "--variants-from", "forgetful.py", code=1, folder=tmp_path
    )
    assert told["agree"] is False
    assert outcome(told, "p0_baseline")["agrees"] is True
    both = [entry for entry in told["verifications"] if entry["variant"] == "forgetful"]
    assert [entry["workers"] for entry in both] == [1, 2]
    for entry in both:
        assert entry["agrees"] is False
        difference = entry["difference"]
        assert difference["record"] == mistake.record
        assert difference["event"] == mistake.event
        assert set(difference["kinds"]) == mistake.kinds == {"books", "features", "strategies", "anomalies"}
        assert difference["before"] == mistake.before
        assert difference["expected"] == mistake.expected
        assert difference["actual"] == mistake.actual
        assert difference["actual"] != difference["expected"]
        assert difference["features"] == mistake.features
        assert {"micro_price", "imbalance_level1", "order_lifetime_avg"} <= {each["name"] for each in mistake.features}


@pytest.mark.long
def test_a_wrong_variant_for_a_person(tmp_path: Path) -> None:
    mistake = wrong.mistake()
    path = wrong.write_forgetful(tmp_path)
    done = lobench("verify", wrong.FEED, "--variants", "forgetful", "--variants-from", path)
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    (verdict,) = [line for line in lines if line.split()[1:2] == ["forgetful"]]
    assert "NO: trace, state, " in verdict
    (first,) = [place for place, line in enumerate(lines) if line.startswith("first difference: ")]
    assert lines[first - 1] == "forgetful with 1 workers:"
    assert lines[first].startswith(f"first difference: event {mistake.record} (")
    event = mistake.event
    for name in ("order_id", "price", "size", "flags", "instrument_id", "publisher_id", "ts_event"):
        assert f"{name} {event[name]}" in lines[first + 1]
    for each in mistake.features:
        assert f"  feature {each['name']}: expected {each['expected']!r}, actual {each['actual']!r}" in lines
    side = "bids" if chr(event["side"]) == "B" else "asks"
    place = lines.index(f"  {side}, best first, from level 1:")
    for line, book in zip(
        lines[place + 1 : place + 4], (mistake.before, mistake.expected, mistake.actual), strict=True
    ):
        price, size, count, _ = book[side][0]
        assert f" {price}x{size}({count}) [" in line


@pytest.mark.long
def test_a_feature_that_is_off_by_one_ulp(tmp_path: Path) -> None:
    """Features are compared as the context gives them back: it is the first evaluation that has this one."""
    wrong.write_inexact(tmp_path)
    told = verdicts("--variants", "inexact", "--variants-from", "inexact.py", code=1, folder=tmp_path)
    found = outcome(told, "inexact")
    # Every answer and every state contains it; the trace is taken from the computed values.
    assert "state" in found["kinds"]
    difference = found["difference"]
    record, price = wrong.first_micro_price()
    assert difference["record"] == record
    assert difference["kinds"][0] == "features"
    assert difference["expected"] == difference["actual"]
    (feature,) = difference["features"]
    assert feature == {"name": "micro_price", "expected": price, "actual": math.nextafter(price, math.inf)}


@pytest.mark.fast
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--variants", "p9_nothing"], "no variant named 'p9_nothing'. Use any of p0_baseline, p1_zero_copy, "),
        (["--variants", "speed=max"], "no axis named 'speed' in 'speed=max'. Use any of events, context, "),
        (["--variants", "lookup=tree"], "no policy 'tree' of axis lookup in 'lookup=tree'. Use any of linear, hash"),
        (["--variants", " "], "--variants names no variant"),
        (["--until", "decode"], "--until decode computes nothing to verify; choose book, features or strategies"),
        (["--workers", "0"], "--workers takes positive numbers separated by commas, was '0'"),
        (["--workers", "1,two"], "--workers takes positive numbers separated by commas, was '1,two'"),
        (["--workers", ""], "--workers takes positive numbers separated by commas, was ''"),
        (["--workers", "1,,2"], "--workers takes positive numbers separated by commas, was '1,,2'"),
        (["--variants-from", "none.py"], "none.py: No such file or directory; --variants-from takes a Python file"),
        (["--variants-from", "."], ".: Is a directory; --variants-from takes a Python file"),
        (["--variants-from", "syntax.py"], "syntax.py: SyntaxError: "),
        (["--variants-from", "raises.py"], "raises.py: ZeroDivisionError: division by zero"),
        (["--variants-from", "empty.py"], "empty.py: defines no VARIANT (docs/adding-a-variant.md) and no ENGINE"),
        (["--variants-from", "p0_baseline.py"], "p0_baseline.py: a variant named 'p0_baseline' already exists"),
    ],
)
def test_usage(tmp_path: Path, arguments: list[str], said: str) -> None:
    sources = {"syntax": "def (\n", "raises": "1 / 0\n", "empty": ""}
    sources["p0_baseline"] = "from lobench.variants.p0_baseline import VARIANT\n"
    for name, source in sources.items():
        (tmp_path / f"{name}.py").write_text(source)
    # Refused before the feed is generated, which would take minutes.
    line = refused(2, "verify", "synth:liquid-future,n=100000000", *arguments, folder=tmp_path)
    assert line.removeprefix("lobench: ").startswith(said)


def test_bad_feeds(tmp_path: Path) -> None:
    cut = write(tmp_path / "cut.dbn", header(), records(100).tobytes()[:-1])
    assert f"{cut}: byte " in refused(3, "verify", cut, *SMALL)
    text = write(tmp_path / "text.dbn", b"ts_event,action\n")
    # A text file is read as a table, whatever its name.
    assert f"{text}: is not a Databento mbo table" in refused(3, "verify", text, *SMALL)
    assert refused(3, "verify", tmp_path / "none.dbn").endswith("none.dbn: no such file")
    assert "no-such-market" in refused(2, "verify", "synth:no-such-market")


def test_an_empty_feed(tmp_path: Path) -> None:
    done = lobench("verify", write(tmp_path / "empty.dbn", header()), *SMALL, "--workers", "1,2", "--oracle")
    assert done.returncode == 0, done.stderr
    assert "0 events" in done.stdout


def test_a_variant_that_does_not_compile(tmp_path: Path) -> None:
    """It is named with the reason; the others are verified."""
    source = wrong.FORGETFUL.format(order_id=1).replace(
        "    found = find_any", '    found = book["nothing"] + find_any'
    )
    (tmp_path / "typo.py").write_text(source)
    names = ("--variants", "typo p4_hash_lookup")
    done = lobench("verify", wrong.FEED, *names, "--variants-from", "typo.py", "--json", folder=tmp_path)
    assert done.returncode == 1
    assert complaints(done) == ""
    told = json.loads(done.stdout)
    assert [entry["agrees"] for entry in told["verifications"]] == [True, False, True]
    found = outcome(told, "typo")
    assert found["kinds"] == ["compile"]
    assert found["reason"].startswith("the timed kernel does not compile:\n")
    assert "Field 'nothing' was not found in record" in found["reason"]
    assert 'File "typo.py", line ' in found["reason"]
    assert len(found["reason"].splitlines()) < 20
    assert "Traceback" not in found["reason"]


CHEATS = ROOT / "tests" / "cheats"


@pytest.mark.long
def test_failing_variants_are_named_beside_agreeing_ones() -> None:
    """Two that end their process, one that prints, one that is right: one JSON object, exit code 1."""
    names = ("raises", "crashes", "prints")
    files = [word for name in names for word in ("--variants-from", CHEATS / f"{name}.py")]
    done = lobench(
        "verify",
        "synth:every-rule",
        "--variants",
        " ".join([*names, "p4_hash_lookup"]),
        *files,
        "--until",
        "book",
        "--json",
    )
    assert done.returncode == 1, done.stderr
    told = json.loads(done.stdout)
    agreeing = {entry["variant"]: entry["agrees"] for entry in told["verifications"]}
    assert agreeing == {"p0_baseline": True, "raises": False, "crashes": False, "prints": True, "p4_hash_lookup": True}
    assert outcome(told, "raises")["kinds"] == ["exception"]
    assert outcome(told, "crashes")["kinds"] == ["signal"]


@pytest.mark.long
def test_without_a_feed(tmp_path: Path) -> None:
    """The default feeds reach every rule, with one worker and with two."""
    done = lobench("verify", "--variants", "p4_hash_lookup", "--until", "book", "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert set(told) == {"agree", "feeds", "not_reached"}
    # This feed has no trades.
    assert all(name.startswith("strategy_") for name in told["not_reached"])
    assert [feed["feed"] for feed in told["feeds"]] == list(DEFAULT_FEEDS)
    for feed in told["feeds"]:
        assert [entry["workers"] for entry in feed["verifications"]] == [1, 1, 2]


@pytest.mark.fast
def test_a_time_limit_is_a_duration() -> None:
    line = refused(2, "verify", wrong.FEED, *SMALL, "--time-limit", "soon")
    assert line == "lobench: 'soon' is not a duration; write 90, 90s or 2m"
