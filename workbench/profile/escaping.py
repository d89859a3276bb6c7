"""Text within HTML and SVG."""

from __future__ import annotations

import re
from html import escape

_UNFIT = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 cannot hold in any way (section 2.2)."""


def escaped(text: str) -> str:
    """A text for an element or a quoted attribute; control characters and the halves of surrogate pairs, which file
    names can contain, are shown as U+FFFD."""
    return escape(_UNFIT.sub("\ufffd", text))
