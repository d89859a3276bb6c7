"""The asv suite: variants and feeds are parameters; a variant that a commit does not have is skipped."""
