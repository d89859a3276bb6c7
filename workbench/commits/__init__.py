"""Measuring commits against each other: their sources, environments, worker processes, and sessions of them all."""
