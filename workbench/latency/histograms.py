"""Times summed up: mean, quantiles, and the whole distribution as an HdrHistogram that other tools read."""

from __future__ import annotations

import io
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from hdrh.histogram import HdrHistogram

from lobench.workbench.latency.queueing import Times, quantile
from lobench.workbench.results.model.latency import Distribution

DIGITS: Final = 3
"""Decimal digits that a histogram keeps of a time."""
_HALF_BITS: Final = 10
"""A histogram of three digits distinguishes 2^10 values between a power of two and the next."""
_LEAST_RANGE: Final = 1 << 12

QUANTILES: Final = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "p99_9": 0.999, "p99_99": 0.9999}


def distribution(times: Times) -> Distribution | None:
    """Summary of times in ns, shape (n,); None without any."""
    if not len(times):
        return None
    found = {name: quantile(times, share) for name, share in QUANTILES.items()}
    return Distribution(count=len(times), mean=float(times.mean()), max=float(times.max()), hdr=encoded(times), **found)


def encoded(times: Times) -> str:
    """The times, in whole ns, as HdrHistogram writes them down: V2, compressed, base64."""
    whole = _rounded(times)
    values, counts = np.unique(whole, return_counts=True)
    histogram = HdrHistogram(1, max(2 * int(values[-1]), _LEAST_RANGE), DIGITS)
    for value, count in zip(values.tolist(), counts.tolist(), strict=True):
        histogram.record_value(value, count)
    text: bytes = histogram.encode()
    return text.decode("ascii")


def decoded(text: str) -> Any:
    """The histogram that was written down."""
    return HdrHistogram.decode(text.encode("ascii"))


def percentiles(text: str) -> str:
    """The content of a ``.hgrm`` file for an encoded histogram: its distribution over percentiles, in ns."""
    out = io.BytesIO()
    decoded(text).output_percentile_distribution(out, 1.0)
    return out.getvalue().decode("ascii")


def _rounded(times: Times) -> npt.NDArray[np.int64]:
    """Whole nanoseconds, with a histogram's precision: values that share a bucket become equal."""
    whole = np.rint(times).astype(np.int64)
    bits = np.frexp(whole.astype(np.float64))[1] - 1 - _HALF_BITS
    shift = np.maximum(bits, 0)
    rounded: npt.NDArray[np.int64] = (whole >> shift) << shift
    return rounded
