"""Predict the maximum gain of a phase before it is measured, by Amdahl's bound.

If the phase affects a share of the time, its gain is between 1 and 1/(1-share); a known speed-up of that part gives an
exact value. Refused once the phase has been measured.
"""

from __future__ import annotations

import argparse
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from lobench.workbench.cli import options

if TYPE_CHECKING:
    from lobench.workbench.ladder import LadderFile
    from lobench.workbench.plan import Prediction

HELP = "predict the maximum gain of a phase before it exists"

_OUTPUT = "out"
_PUBLISHED = Path("reports") / "published"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "phase",
        metavar="PHASE",
        help="its number, or the name or first letters of its variant (p5); with --ladder, of its step",
    )
    options.add_feeds(parser, note="predict for this feed only", settings=False)
    parser.add_argument("--share", metavar="P", help="measured share of the time, 0 to 1: 0.38, or a range 0.35-0.41")
    parser.add_argument("--from", dest="result", metavar="RESULT", help="take the share from a result or profile.json")
    parser.add_argument("--stage", metavar="NAME", help="with --from: the stage to take the share of")
    parser.add_argument("--speedup", type=float, metavar="S", help="speed-up of that part, such as 3")
    parser.add_argument("--bottleneck", metavar="TEXT", help="bottleneck to remove (default: the stage's name)")
    parser.add_argument("--before", metavar="TEXT", help="the current implementation")
    parser.add_argument("--after", metavar="TEXT", help="the planned implementation")
    parser.add_argument("--source", metavar="TEXT", help="origin of the prediction")
    parser.add_argument("--replace", action="store_true", help="replace a prediction that is still unmeasured")
    parser.add_argument(
        "--measured",
        metavar="DIR",
        action="append",
        default=[],
        help=f"also search this folder for measurements (repeatable; besides {_OUTPUT} and {_PUBLISHED})",
    )


def run(arguments: argparse.Namespace) -> int:
    from dataclasses import asdict, replace

    from lobench.workbench.console import print_json
    from lobench.workbench.ladder.file import read_file
    from lobench.workbench.plan import DEFAULT, record

    ladder = read_file(arguments.ladder) if arguments.ladder else None
    made = _prediction(arguments, ladder)
    _refuse_if_measured(arguments, made.phase, ladder)
    path = ladder.ledger if ladder else Path(arguments.ledger or DEFAULT)
    record(path, made, replace=arguments.replace, steps=ladder.named_in_ledger if ladder else ())
    made = replace(made, low=round(made.low, 4), high=round(made.high, 4))
    if arguments.json:
        print_json({"ledger": str(path), "prediction": asdict(made)})
    else:
        print(f"phase {made.phase}, {made.bottleneck}: {made.gain} predicted ({made.source}), recorded in {path}")
    return 0


def _prediction(arguments: argparse.Namespace, ladder: LadderFile | None) -> Prediction:
    from datetime import UTC, datetime

    from lobench.engine.errors import UsageError
    from lobench.workbench.plan import Prediction, gain_range, share_from
    from lobench.workbench.profile import saved_profile, time_share
    from lobench.workbench.results import read

    phase = _step(arguments.phase, ladder) if ladder and ladder.steps else _phase(arguments.phase)
    if (arguments.share is None) == (arguments.result is None):
        raise UsageError("give the measured share of the time: either --share P, or --from RESULT --stage NAME")
    if (arguments.result is None) != (arguments.stage is None):
        raise UsageError("--from and --stage belong together: the result, and the stage to take the share of")
    feed = _feed(options.feeds_of(arguments))
    if arguments.share is not None:
        share, source = _share(arguments.share), "a share given by hand"
    elif profile := saved_profile(arguments.result):
        share, method = time_share(profile, arguments.stage, feed[0] if feed else None)
        source = f"share of stage '{arguments.stage}' by {method} in a profile of {profile.variant}"
    else:
        document = read(arguments.result)
        share = share_from(document, arguments.stage, feed[1] if feed else None, phase)
        source = f"share of stage '{arguments.stage}' in the result of {document.created}"
    bottleneck = arguments.bottleneck or arguments.stage
    if bottleneck is None:
        raise UsageError("name the bottleneck that the phase removes: --bottleneck TEXT")
    low, high = gain_range(share, arguments.speedup)
    return Prediction(
        phase=phase,
        bottleneck=bottleneck,
        low=low,
        high=high,
        source=arguments.source or f"Amdahl's bound, {source}",
        date=datetime.now(UTC).date().isoformat(),
        before=arguments.before,
        after=arguments.after,
        share=share,
        speedup=arguments.speedup,
        feed=feed,
    )


def _refuse_if_measured(arguments: argparse.Namespace, phase: int, ladder: LadderFile | None) -> None:
    from lobench.engine.errors import UsageError
    from lobench.variants import discover
    from lobench.workbench.console import stderr
    from lobench.workbench.plan import measured_in

    root = Path(__file__).resolve().parents[2]
    for folder in arguments.measured:
        if not Path(folder).is_dir():
            raise UsageError(f"{folder}: no such folder; --measured takes a folder of results")
    folders = [*map(Path, arguments.measured), Path(_OUTPUT), root / _OUTPUT, root / _PUBLISHED]
    console = stderr()

    def unreadable(problem: str) -> None:
        console.print(f"lobench: skipped, may hold a measurement: {problem}", markup=False, soft_wrap=True)

    name = ladder.name if ladder else None
    found = measured_in(dict.fromkeys(folder.resolve() for folder in folders), phase, unreadable, name)
    if found is not None:
        raise UsageError(
            f"phase {phase} was measured already ({found}): a known gain cannot be predicted, and the prediction stays "
            "as it is"
        )
    if ladder is not None:
        return
    exists = [variant.name for variant in discover().values() if variant.phase == phase]
    if exists:
        console.print(
            f"lobench: {exists[0]} exists already; no measurement of it was found in {_OUTPUT}, "
            f"{_PUBLISHED} or --measured",
            markup=False,
            soft_wrap=True,
        )


def _step(text: str, ladder: LadderFile) -> int:
    """The number of a ladder's step, by its name, the first letters of it, or its number. A separate ledger may name a
    future step."""
    from lobench.engine.errors import UsageError
    from lobench.variants import full_name

    names = ladder.keys[1:]
    if text not in names and text.isdecimal():
        if 1 <= int(text) <= len(names) or (int(text) and ladder.ledger != ladder.path):
            return int(text)
    else:
        with suppress(UsageError, ValueError):
            return names.index(full_name(text, names)) + 1
    raise UsageError(f"PHASE is a step of {ladder.path} above its first ({', '.join(names) or 'none'}), was '{text}'")


def _phase(text: str) -> int:
    import re

    from lobench.engine.errors import UsageError

    found = re.fullmatch(r"p?(\d{1,3})(_\w+)?", text)
    if found is None or int(found[1]) == 0:
        raise UsageError(f"PHASE is a number from 1 or a variant's name like p5_memory_pool, was '{text}'")
    return int(found[1])


def _share(text: str) -> tuple[float, float]:
    from lobench.engine.errors import UsageError

    try:
        values = [float(part) for part in text.split("-")]
    except ValueError:
        values = []
    if len(values) not in (1, 2):
        raise UsageError(f"--share is a number from 0 to below 1 or a range like 0.35-0.41, was '{text}'")
    return values[0], values[-1]


def _feed(specs: list[str]) -> tuple[str, str] | None:
    """Name and digest of the feed that the prediction is for."""
    if not specs:
        return None
    from lobench.engine.feeds import load, open_feed

    feed = load(open_feed(specs))
    return feed.name, feed.digest
