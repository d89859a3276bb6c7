"""The history: what each commit's variants cost, measured pairwise, kept in asv's files, searched for regressions."""
