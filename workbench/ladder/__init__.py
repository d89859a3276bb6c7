"""Ladders: the steps of a plan in order, their reference, and their predictions.

``file`` reads and checks a ladder file, ``loading`` loads its variants: commands pass on a ``Ladder``. ``template`` is
the text of `lobench ladder init`. lobench's own ladder is one such file, ``variants/ladder.toml``.
"""

from __future__ import annotations

from lobench.workbench.ladder.file import LadderFile, read_file
from lobench.workbench.ladder.loading import Ladder, known_with, load_ladder

__all__ = ["Ladder", "LadderFile", "known_with", "load_ladder", "read_file"]
