"""The dashboard: a front page that says what got slower, when and by how much; and asv's site, whole."""
