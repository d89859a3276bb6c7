"""Response times of events: service times by a cycle counter, response times under open load.

Theory of operation (docs/latency.md has the formulae and their sources):

- ``ticks`` reads the cycle counter from compiled code, and measures the length of a tick and the cost of a reading.
- ``arrivals`` takes the arrival times of records from the feed.
- ``serving`` is the queue: a compiled loop that passes records to a replay as they would have arrived, and times each
  call. It calls the machine code that sessions time (``engine.native_call``): there is no other build, and no probe in
  it. The clock of the queue consists of arrivals and measured service times, so it never waits.
- ``queueing`` computes the waiting of a single server from service times by Lindley's recursion, for any speed of the
  market, and searches the largest speed at which a bound is kept.
- ``histograms`` sums up times as HdrHistograms.
- ``work`` does all of it for one variant in a separate process; ``measure`` starts it, variant by variant, and compares
  each replay's results with the reference; ``shown`` prints it.
"""
