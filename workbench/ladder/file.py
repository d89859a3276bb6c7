"""A ladder file: TOML, read and checked before anything that it names is loaded (docs/ladder.md)."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from lobench.engine.errors import UsageError
from lobench.workbench.ladder import recipe
from lobench.workbench.plan.ledger import parsed, read_ledger
from lobench.workbench.results.model.ladder import Prediction

PHASES: Final = "phases"
"""In place of steps: those of lobench itself, every phase that there is."""
DEFAULT_FEED: Final = "synth:liquid-future"

_TOP: Final = ("name", "reference", "feed", "ledger", "steps", "step", "prediction", *recipe.KEYS)
_STEP: Final = ("variant", "title")


@dataclass(frozen=True)
class StepEntry:
    """A step as written. ``key``: its name for reference and predictions, the stem of a file or the name itself;
    ``file``: its file, None for a variant by name; ``title``: None for the variant's own."""

    key: str
    variant: str
    file: str | None
    title: str | None


@dataclass(frozen=True)
class LadderFile:
    """The content of a file. ``steps``: from the bottom up, empty for lobench's own phases; ``reference``: the key of a
    step; ``feed``: the default feed; ``predictions``: of ``ledger``, which is the file itself or one that it names."""

    path: Path
    name: str
    reference: str
    steps: tuple[StepEntry, ...]
    feed: tuple[str, ...]
    ledger: Path
    predictions: tuple[Prediction, ...]

    @property
    def keys(self) -> tuple[str, ...]:
        """Of its steps."""
        return tuple(step.key for step in self.steps)

    @property
    def named_in_ledger(self) -> tuple[str, ...]:
        """Names of steps that predictions in ``ledger`` go by; none where they go by number."""
        return self.keys if self.ledger == self.path else ()


def read_file(name: str | Path) -> LadderFile:
    """The ladder in a file. Raises UsageError, naming file and key, for an invalid or unreadable one, LedgerError for a
    ledger that it names."""
    path = Path(name)
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(
            f"{path}: {error.strerror}; --ladder takes a file (`lobench ladder init` writes one)"
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: not TOML: {error}") from error
    try:
        return _ladder(path, content)
    except ValueError as error:
        raise UsageError(f"{path}: {error}") from error


def _ladder(path: Path, content: Mapping[str, Any]) -> LadderFile:
    _refuse_unknown(content, _TOP, "")
    if any(key in content for key in recipe.KEYS):
        recipe.parse(path, content)
    steps = _steps(path, content)
    keys = [step.key for step in steps]
    # In lobench's own ladder the reference is the first phase.
    reference = _text(content, "reference", keys[0] if keys else None)
    if keys and reference not in keys:
        raise ValueError(f"reference: '{reference}' is not a step. Use any of {', '.join(keys)}")
    ledger = _text(content, "ledger", "")
    if ledger and "prediction" in content:
        raise ValueError("ledger: the file itself holds predictions; keep them there or in the ledger")
    if ledger:
        place = path.parent / ledger
        predictions = read_ledger(place)
    else:
        place = path
        predictions = parsed(content.get("prediction", []), keys, strict=True)
    return LadderFile(path, _text(content, "name"), reference, steps, _feed(path, content), place, tuple(predictions))


def _steps(path: Path, content: Mapping[str, Any]) -> tuple[StepEntry, ...]:
    if "steps" in content:
        if content["steps"] != PHASES:
            raise ValueError(f"steps: '{PHASES}' takes lobench's own phases; write other steps as tables, [[step]]")
        if "step" in content:
            raise ValueError(f"step: lobench's own phases are the steps (steps = '{PHASES}'); leave one of the two out")
        return ()
    entries = content.get("step")
    if not isinstance(entries, list) or not entries or not all(isinstance(entry, dict) for entry in entries):
        raise ValueError("step: a ladder needs steps, tables that begin with [[step]]")
    found: list[StepEntry] = []
    for number, entry in enumerate(entries, 1):
        where = f"step {number}: "
        _refuse_unknown(entry, _STEP, where)
        try:
            variant, title = _text(entry, "variant"), _text(entry, "title", "")
        except ValueError as error:
            raise ValueError(f"{where}{error}") from error
        file = str(path.parent / variant) if recipe.is_file(variant) else None
        made = StepEntry(Path(variant).stem if file else variant, variant, file, title or None)
        if file and not Path(file).is_file():
            raise ValueError(f"{where}variant: no file '{file}'")
        if any(made.key == other.key for other in found):
            raise ValueError(f"{where}variant: step '{made.key}' already exists")
        found.append(made)
    return tuple(found)


def _feed(path: Path, content: Mapping[str, Any]) -> tuple[str, ...]:
    """The words of the feed; files are relative to the ladder's folder."""
    entry = content.get("feed", DEFAULT_FEED)
    specs = [entry] if isinstance(entry, str) else entry
    if not isinstance(specs, list) or not specs or not all(isinstance(spec, str) and spec for spec in specs):
        raise ValueError(f"feed: must be a text, or a list of several that are replayed as one, was {entry!r}")
    return tuple(spec if spec.startswith("synth:") else str(path.parent / spec) for spec in specs)


def _text(content: Mapping[str, Any], key: str, otherwise: str | None = None) -> str:
    """The text of a key, ``otherwise`` if it is missing."""
    text = content.get(key, otherwise)
    if text is None:
        raise ValueError(f"{key}: is missing")
    if not isinstance(text, str) or (key in content and not text.strip()):
        raise ValueError(f"{key}: must be a text, was {text!r}")
    return text


def _refuse_unknown(content: Mapping[str, Any], known: Sequence[str], where: str) -> None:
    unknown = [key for key in content if key not in known]
    if unknown:
        raise ValueError(f"{where}{unknown[0]}: not known. Use any of {', '.join(known)}")
