"""Showing a measured document to a person, and its parts without raw samples to a program."""

from __future__ import annotations

from typing import Any

from lobench.engine.policy import STAGES
from lobench.workbench.results import SESSIONS
from lobench.workbench.results.caution import caution, idleness


def without_rows(value: Any) -> Any:
    """A document without the rows of its samples, which are in its file."""
    if isinstance(value, dict):
        return {key: without_rows(entry) for key, entry in value.items() if key != "rows"}
    if isinstance(value, list):
        return [without_rows(entry) for entry in value]
    return value


def exit_code(content: dict[str, Any]) -> int:
    """1 if a variant did not compute what the reference computes, in verification or after a timed replay."""
    disagreeing = any(feed.get(part) and feed[part]["disagreeing"] for feed in content["feeds"] for part in SESSIONS)
    return int(disagreeing or any(not entry["agrees"] for feed in content["feeds"] for entry in feed["verification"]))


def show(content: dict[str, Any]) -> None:
    """Print what was found on each feed: the ladder, anomalies, verification, and what the session can tell apart."""
    for feed in content["feeds"]:
        _show_feed(content, feed)


def stages(content: dict[str, Any]) -> str:
    """``, until book: decode and book only`` behind the name of what was measured; empty for the whole pipeline."""
    until = content["until"]
    if until == STAGES[-1]:
        return ""
    *most, last = STAGES[: STAGES.index(until) + 1]
    return f", until {until}: {' and '.join(filter(None, [', '.join(most), last]))} only"


def say(label: str, text: object) -> None:
    """One line under the tables."""
    from lobench.workbench.console import stdout

    stdout().print(f"{label:<13} {text}", markup=False, soft_wrap=True)


def _show_feed(content: dict[str, Any], feed: dict[str, Any]) -> None:
    from rich.table import Table

    from lobench.workbench.console import stdout
    from lobench.workbench.experiment.feed import refuted

    console = stdout()
    why = idleness(feed, content["until"])
    if why:
        say("evaluations", f"none: {why}")
    until, books = stages(content), feed["books"]
    evaluations = "" if until else f"{feed['evaluations']:,} evaluations, "
    title = f"{feed['name']}{until}: {feed['events']:,} events, {evaluations}{books:,} book{'s' * (books != 1)}"
    for entry in feed["verification"]:
        if not entry["agrees"]:
            console.print(f"{entry['name']} with {entry['workers']} workers:", markup=False)
            console.print(entry["difference"], markup=False, soft_wrap=True)
    table = Table(title=title)
    for heading in ("variant", "M events/s", "step", "95 % interval", "predicted", "verdict", "in total"):
        table.add_column(heading, justify="left" if heading in ("variant", "verdict") else "right")
    for rung in feed["analysis"]["ladder"]:
        table.add_row(*_cells(rung))
    console.print(table)
    kinds = [f"{name} {count:,}" for name, count in feed["anomalies"].items() if count]
    say("anomalies", ", ".join(kinds) or "none")
    wrong = refuted(feed)
    if wrong:
        say("verification", f"FAILED for {', '.join(wrong)}: not measured")
    else:
        say("verification", f"{len(feed['verification'])} replays agree to the last bit")
    for name in feed["session"]["disagreeing"]:
        reason = feed["session"].get("reasons", {}).get(name, "it differed from the reference in a timed replay")
        say("REFUSED", f"{name}: {reason}; its figures are left out")
    say_tuning(feed)
    _show_biases(feed)
    _show_from_top(feed)
    _show_noise(feed)


def _show_biases(feed: dict[str, Any]) -> None:
    """Which figures above are others where each variant runs by itself."""
    for rung in feed["analysis"]["ladder"]:
        if rung.get("bias"):
            say("lock-step", lock_step(rung["variant"], rung["bias"]))
        alone = rung.get("total_alone")
        if alone:
            say("", f"{rung['variant']} by itself: {_spelled(alone)} in total")


def lock_step(variant: str, bias: dict[str, float]) -> str:
    """What being measured beside others does to a variant."""
    costs = "as long" if bias["value"] >= 1 else "as long only"
    return f"{variant} takes {_spelled(bias)} {costs} beside the others as by itself"


def _spelled(ratio: dict[str, float]) -> str:
    return f"{ratio['value']:.3g}x ({ratio['low']:.3g} to {ratio['high']:.3g})"


def _show_from_top(feed: dict[str, Any]) -> None:
    found = feed["analysis"]["from_top"]
    if found:
        for entry in found["axes"]:
            ratio = entry["ratio"]
            if ratio is not None:
                lost = f"{ratio['value']:.3g}x ({ratio['low']:.3g} to {ratio['high']:.3g}), {entry['verdict']}"
                say("without", f"{entry['axis']} of phase {entry['phase']}: {found['top']} is {lost}")
        say("", found["sentence"])


def resolution(noise: dict[str, Any]) -> str:
    """The smallest effects that a session finds, in words."""
    mde = noise["mde"]
    step = mde.get("step")
    noisiest = f"; {step['effect']:.2%} in the noisiest step, {step['base']} to {step['variant']}" if step else ""
    return f"differences of {mde['effect']:.2%} are found with {mde['power']:.0%} probability{noisiest}"


def say_floors(noise: dict[str, Any], *, more: str = "") -> None:
    """By how much identical things came out apart, slow ones and fast ones."""
    say("noise floor", f"{noise['floor']:.2%} (the reference against itself, in the same session){more}")
    for control in noise.get("controls", ())[1:]:
        pair = f"{control['variant']} against {control['of']}"
        if control["variant"].startswith(f"{control['of']} ("):
            pair = f"{control['of']} against itself"
        say("", f"{control['floor']:.2%} ({pair}, the same kernel)")


def say_tuning(feed: dict[str, Any]) -> None:
    """With which tuning a feed was replayed, if with any."""
    tuning = feed.get("tuning")
    if tuning:
        say("tuning", f"{tuning['profile']}{'' if tuning['confirmed'] else ', never confirmed'}")


def _show_noise(feed: dict[str, Any]) -> None:
    noise, session = feed["analysis"]["noise"], feed["session"]
    contaminated = noise["contaminated"]
    say_floors(noise, more=f", CPU time, {contaminated['of']:,} samples, {contaminated['samples']:,} flagged")
    wrong = noise["false_positives"]
    say("A/A", f"{wrong['measured']:.1%} of sessions like this one would tell identical variants apart (nominal 5%)")
    say("resolution", resolution(noise))
    few = caution(session)
    if few:
        say("caution", few)
    aim = session["design"]["until_precision"]
    if aim is not None:
        widest = max(
            (
                max(interval["high"] / interval["value"], interval["value"] / interval["low"]) - 1
                for rung in feed["analysis"]["ladder"]
                for interval in (rung["step"], rung["total"])
                if interval
            ),
            default=0.0,
        )
        say("precision", f"the widest interval is ±{widest:.2%}, asked for was ±{aim:.2%}")


def _cells(rung: dict[str, Any]) -> list[str]:
    cells = [rung["variant"], f"{rung['events_per_second']['value'] / 1e6:.2f}"]
    step, total, prediction = rung["step"], rung["total"], rung["prediction"]
    word, in_total = rung["step_verdict"] or rung.get("note") or "", f"{total['value']:.3g}x" if total else "1"
    if step is None:
        return [*cells, "", "", "", word, in_total]
    predicted = ""
    if prediction is not None:
        low, high = prediction["low"], prediction["high"]
        predicted = f"{low:g}x" if low == high else f"{low:g}-{high:g}x"
    return [
        *cells,
        f"{step['value']:.3g}x",
        f"{step['low']:.3g} to {step['high']:.3g}",
        predicted,
        word,
        in_total,
    ]
