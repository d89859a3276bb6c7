"""The day of a file whose times count from midnight, and where that midnight lies."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from lobench.engine.errors import FeedError, UsageError
from lobench.engine.feeds.dates import dates_in, day_of, midnight, parse_date

WINTER, SUMMER = 5, 4
"""Hours that New York's clock is behind UTC."""


@pytest.mark.parametrize(
    ("name", "day"),
    [
        ("01302019.NASDAQ_ITCH50", date(2019, 1, 30)),
        ("S013019-v50.txt", date(2019, 1, 30)),
        ("ex20101224.TEST_ITCH_50", date(2010, 12, 24)),
        ("20190130.BX_ITCH_50.gz", date(2019, 1, 30)),
        ("12302019.NASDAQ_ITCH50.zst", date(2019, 12, 30)),
        ("AAPL_2012-06-21_34200000_57600000_message_10.csv", date(2012, 6, 21)),
        ("AAPL_2012_06_21_message_10.csv", date(2012, 6, 21)),
    ],
)
def test_names_say_their_day(name: str, day: date) -> None:
    assert dates_in(name) == {day}
    assert day_of(f"/data/20200101/{name}", None) == day


@pytest.mark.parametrize("name", ["data.itch", "99999999.itch", "120190130.itch", "part-013019.itch"])
def test_name_without_a_day_is_refused(name: str) -> None:
    with pytest.raises(FeedError, match=r"its name contains no date: give the date, as in --date 2019-01-30"):
        day_of(name, None)
    assert day_of(name, date(2019, 1, 30)) == date(2019, 1, 30)


def test_name_with_two_days_is_refused() -> None:
    with pytest.raises(FeedError, match=r"contains several dates \(2019-01-30, 2019-01-31\)"):
        day_of("20190130-01312019.itch", None)


@pytest.mark.parametrize("text", ["", "yesterday", "2019-13-01", "1066-10-14", "30.01.2019"])
def test_dates_are_written_one_way(text: str) -> None:
    with pytest.raises(UsageError, match="expected a date like 2019-01-30"):
        parse_date(text)


@pytest.mark.parametrize(
    ("day", "hours"),
    [
        (date(2024, 3, 9), WINTER),
        (date(2024, 3, 10), WINTER),  # clocks go forward at 2 in the morning
        (date(2024, 3, 11), SUMMER),
        (date(2024, 11, 2), SUMMER),
        (date(2024, 11, 3), SUMMER),  # and back
        (date(2024, 11, 4), WINTER),
        (date(2010, 12, 24), WINTER),
    ],
)
def test_midnight_is_new_yorks(day: date, hours: int) -> None:
    expected = datetime(day.year, day.month, day.day, hours, tzinfo=UTC)
    assert midnight(day) == int(expected.timestamp()) * 10**9
