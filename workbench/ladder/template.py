"""What `lobench ladder init` writes: a ladder that runs as it is, with a comment on every key."""

from __future__ import annotations

from typing import Final

TEMPLATE: Final = """\
# A ladder: the steps of an optimization plan, in order, and what was predicted for each. docs/ladder.md explains it.
#
#   lobench ladder show FILE      check this file
#   lobench verify --ladder FILE  does every step compute the same?
#   lobench run --ladder FILE     measure all steps side by side, grade the predictions, write the page

name = "My plan"

# What is replayed where a command names no feed: a file beside this one, or a synthetic feed; a list is one feed.
feed = "synth:liquid-future,n=200000"

# The step that totals are over. Without this key it is the first one.
# reference = "p3"

# Steps, from the bottom up. variant: one of lobench's (`lobench variants` lists them), a combination of policies as in
# "lookup=hash,memory=pooled", or a file beside this one: "./mine.py". title: what the page calls the step.
[[step]]
variant = "p3"
title = "an order is found by walking its level's queue"

[[step]]
variant = "p4"
title = "an order is found in a hash table"

# Predictions: written down before the step is measured, and not edited afterwards. One for each step above the first.
# gain: lowest and highest speed-up of the step over the step before it.
[[prediction]]
step = "p4"
bottleneck = "linear order search"
gain = [1.1, 1.1]
source = "who says so, and why"
date = 2026-11-22
# before = "how it was done"              # these are optional
# after = "how it is done then"
# throughput = [13.0, 17.0]               # M events/s after the step
# feed = {name = "…", digest = "…"}       # for this feed only; comes before one for all feeds

# Predictions may also stand in a file of their own, which numbers the steps (phase = 1 is the second):
# ledger = "predictions.toml"
"""
