"""The dashboard: a front page that lists regressions with their dates and sizes; and asv's complete site."""
