"""The file that `lobench ladder init` writes: a ready-to-run ladder with a comment on every key."""

from __future__ import annotations

from typing import Final

TEMPLATE: Final = """\
# A ladder: the steps of an optimization plan, in order, with a prediction for each (docs/ladder.md).
#
#   lobench ladder show FILE      check this file
#   lobench verify --ladder FILE  verify that all steps compute the same results
#   lobench run --ladder FILE     measure all steps side by side, grade the predictions, write the report

name = "My plan"

# The feed for commands that name none: a file beside this one, or a synthetic feed; a list of files is one feed.
feed = "synth:liquid-future,n=200000"

# The step that total speed-ups are relative to (default: the first).
# reference = "p3"

# Steps, from the bottom up. variant: one of lobench's (`lobench variants` lists them), a combination of policies like
# "lookup=hash,memory=pooled", or a file beside this one: "./mine.py". title: the step's title in the report.
[[step]]
variant = "p3"
title = "an order is found by walking its level's queue"

[[step]]
variant = "p4"
title = "an order is found in a hash table"

# Predictions, one for each step above the first: write them before the step is measured, and do not edit them later.
# gain: lowest and highest speed-up over the step before.
[[prediction]]
step = "p4"
bottleneck = "linear order search"
gain = [1.1, 1.1]
source = "origin of the prediction"
date = 2026-11-22
# before = "the old implementation"       # these are optional
# after = "the new implementation"
# throughput = [13.0, 17.0]               # M events/s after the step
# feed = {name = "…", digest = "…"}       # for this feed only; overrides a prediction for all feeds

# Predictions can also go in a separate file, which numbers the steps (phase = 1 is the second):
# ledger = "predictions.toml"
"""
