"""Programs whose composition is known: the same dependent step, which no compiler can shorten, on three lines that run
once, four times and once for each count of the command line."""
