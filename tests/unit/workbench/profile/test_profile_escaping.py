"""Files whose names or texts contain characters that XML and UTF-8 cannot hold."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from lobench.workbench.profile.escaping import escaped
from lobench.workbench.profile.flamegraph import Node, _of_file, drawn


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a <b> & 'c' é 𝄞\t", "a &lt;b&gt; &amp; &#x27;c&#x27; é 𝄞\t"),
        ("\x00\x0c\x1b[0m", "��" + "�[0m"),
        ("a\udcff.py", "a�.py"),
        ("\ufffe\uffff\ufffd", "���"),
    ],
)
def test_characters_that_xml_forbids_are_replaced(text: str, shown: str) -> None:
    assert escaped(text) == shown


def test_a_flame_graph_of_any_names_is_read() -> None:
    root = Node("all", "\x1b")
    root.value, root.colour = 1.0, "#fff"
    root.below["f"] = below = Node("f\x0c", "f (a\udcff.py)")
    below.value, below.colour = 1.0, "#fff"
    text = drawn(root, "\x08.py", alive=True)
    assert "f (a�.py)" in "".join(ElementTree.fromstring(text.encode()).itertext())


def test_debug_information_of_a_file_of_any_name() -> None:
    from llvmlite import ir

    from lobench.workbench.lines.describing import ProgramTables
    from lobench.workbench.profile.linetables import LineTables

    module = ir.Module()
    LineTables(module, "/b\udcfe/a\udcff.py", None, False).finalize()
    ProgramTables(module, "/a.py", None, False)._file("/other\udcff.py")
    text = str(module)
    assert 'filename: "a?.py"' in text
    assert 'directory: "/b?"' in text
    assert 'filename: "other?.py"' in text


def test_colours_of_files_of_any_name() -> None:
    assert _of_file("a\udcff.py", "f (a\udcff.py)").startswith("hsl(")
