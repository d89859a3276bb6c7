"""The code in a file, without comments, and whether two libraries have the same code."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from lobench.workbench.commits.code_text import code_by_line, code_of, digest_of
from lobench.workbench.commits.machine_code import code_digest


@pytest.mark.parametrize(
    ("name", "one", "other"),
    [
        ("a.py", "x = 1\n", '"""Words."""\n\n# more\nx = 1  # and more\n'),
        ("a.cpp", "int f() { return 1; }\n", "// words\n  int f() { return 1; } /* a\nb */\n\n"),
        ("a.cpp", 'auto a = "// no";\n', 'auto a = "// no";  // yes\n'),
        ("a.h", "char c = '\"'; // x\nint b;\n", "char c = '\"';\nint b;\n"),
        ("a.rs", "fn f<'a>(x: &'a str) {}\n", "/// Words.\nfn f<'a>(x: &'a str) {} // 'a\n"),
        ("a.rs", 'let a = r#"// "no""#;\n', 'let a = r#"// "no""#; // yes\n'),
    ],
)
def test_words_are_no_code(name: str, one: str, other: str) -> None:
    assert code_of(name, one.encode()) == code_of(name, other.encode())


@pytest.mark.parametrize(
    ("name", "one", "other"),
    [
        ("a.py", "x = 1\n", "x = 2\n"),
        ("a.py", "def (\n", "def (:\n"),
        ("a.cpp", 'auto a = "// no";\n', 'auto a = "// on";\n'),
        ("a.cpp", 'auto a = R"(// no)";\n', 'auto a = R"(// on)";\n'),
        ("a.rs", 'let a = "/* x";\nf();\nlet b = "*/";\n', 'let a = "/* x";\ng();\nlet b = "*/";\n'),
        ("a.rs", "let a = '\"'; f(); // \"\n", "let a = '\"'; g(); // \"\n"),
        ("build.sh", "g++ -O1 # x\n", "g++ -O1 # y\n"),
    ],
)
def test_code_is_code(name: str, one: str, other: str) -> None:
    assert code_of(name, one.encode()) != code_of(name, other.encode())


def test_code_by_line() -> None:
    assert code_by_line("a.cpp", b"/* one\ntwo */ int a; // x\n\nint b;\n") == [b"", b"int a;", b"", b"int b;"]
    assert code_by_line("a.py", b"# x\nx = 1  # y\n") == [b"", b"x = 1"]


def test_a_digest_knows_names() -> None:
    assert digest_of([("a.py", b"x = 1")]) != digest_of([("b.py", b"x = 1")])
    assert digest_of([("a.py", b"x = 1"), ("b.py", b"")]) == digest_of([("b.py", b"# words\n"), ("a.py", b"x  = 1\n")])


def test_debug_information_is_no_code(tmp_path: Path) -> None:
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler")

    def built(text: str) -> str:
        (tmp_path / "a.c").write_text(text)
        library = tmp_path / "a.so"
        subprocess.run([compiler, "-g", "-O1", "-shared", "-fPIC", "a.c", "-o", library], cwd=tmp_path, check=True)
        return code_digest(library)

    assert built("int f(void) { return 1; }\n") == built("\n\n\nint f(void)\n{\n  return 1;\n}\n")
    assert built("int f(void) { return 1; }\n") != built("int f(void) { return 2; }\n")
    (tmp_path / "none").write_bytes(b"no library")
    assert code_digest(tmp_path / "none") != code_digest(tmp_path / "a.c")
