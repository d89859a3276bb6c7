"""The section on verification lists what was compared, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from lobench.reports.blocks import Text
from lobench.reports.sections import verification
from tests.support.reported import complete
from tests.support.typed import views


@pytest.mark.parametrize(
    ("until", "compared", "covered"),
    [
        (
            "strategies",
            None,
            "the running trace of the best prices, the sizes at them, all features and all signals of every "
            "evaluation, at every 4,096th record; the state of all books (levels, queues, features and accounts) at "
            "doubling intervals and at the end; and answers about random books in between",
        ),
        (
            "book",
            {"books": "levels", "trace": False, "asked": "strategies"},
            "the state of all books (levels) at doubling intervals and at the end; and answers about random books in "
            "between",
        ),
        (
            "book",
            {"books": "bbo", "trace": True, "asked": "strategies"},
            "the running trace of the best prices and the sizes at them of every evaluation, at every 4,096th record; "
            "the state of all books (best prices and sizes) at doubling intervals and at the end; and answers about "
            "random books in between",
        ),
        ("decode", None, "the sum of all fields of all records"),
    ],
)
def test_the_lead_names_the_scope_of_the_comparison(until: str, compared: dict[str, Any] | None, covered: str) -> None:
    made = complete()
    made["until"] = until
    if compared is not None:
        made["compared"] = compared
    lead = verification.section(views(made)[0]).blocks[0]
    assert isinstance(lead, Text)
    assert f"the comparison covers {covered}." in lead.text
