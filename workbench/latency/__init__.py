"""How long an event takes to be answered: service times by a cycle counter, response times under open load.

Theory of operation (docs/latency.md has the formulae and where they are from):

- ``ticks`` reads the cycle counter from compiled code, and says how long a tick and a reading take.
- ``arrivals`` takes the times at which records came from the feed.
- ``serving`` is the queue: a compiled loop that hands records to a replay as they would have come, and times each call.
  What is called is the machine code that sessions time (``engine.native_call``): there is no other build, and nothing
  in it that measures. The clock of the queue is made of arrivals and measured service times, so it never waits.
- ``queueing`` computes the waiting of a single server from service times by Lindley's recursion, for any speed of the
  market, and searches the largest speed at which a bound is kept.
- ``histograms`` sums up times as HdrHistograms.
- ``work`` does all of it for one variant in a process of its own; ``measure`` asks for it, variant by variant, and
  compares what each replay computed with the reference; ``shown`` prints it.
"""
