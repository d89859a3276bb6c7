"""The history: costs of each commit's variants, measured pairwise, kept in asv's files, searched for regressions."""
