"""The prediction ledger: predictions for each phase from before it was measured, and their grades (docs/plan.md)."""

from __future__ import annotations

from lobench.workbench.plan.amdahl import gain_range, share_from
from lobench.workbench.plan.grading import Grade, grade, score
from lobench.workbench.plan.ledger import DEFAULT, LedgerError, predictions, read_ledger
from lobench.workbench.plan.recording import measured_in, record
from lobench.workbench.results.model.ladder import Prediction

__all__ = [
    "DEFAULT",
    "Grade",
    "LedgerError",
    "Prediction",
    "gain_range",
    "grade",
    "measured_in",
    "predictions",
    "read_ledger",
    "record",
    "score",
    "share_from",
]
