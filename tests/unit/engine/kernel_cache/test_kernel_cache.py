"""A cached kernel is never used with other sources, values or settings; and unchanged code is not compiled again."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from tests.support.edited_kernels import Place, place, zygote
from tests.support.paths import ROOT

pytestmark = pytest.mark.normal

__all__ = ["place", "zygote"]

PLAIN = "@kernel\ndef step(number):\n    return number + {}\n"
DEEP = "import deep\n@kernel\ndef step(number):\n    return deep.step(number)\n"
INTRINSIC = """
@intrinsic
def add(typingctx, number):
    def codegen(context, builder, sig, args):
        return builder.add(args[0], args[0].type({}))
    return number(number), codegen
@kernel
def step(number):
    return add(number)
"""
OVERLOAD = """
def add(number): pass
@overload(add)
def choose(number):
    def implementation(number):
        return number + {}
    return implementation
@kernel
def step(number):
    return add(number)
"""
OVERLOADED_ELSEWHERE = """
@overload(np.frexp)
def choose(number):
    extra = {}
    return lambda number: number + extra
@kernel
def step(number):
    return np.frexp(number)
"""
OVERLOADED_METHOD = """
from numba.extending import overload_attribute
@overload_attribute(types.Integer, "more")
def more(number):
    return lambda number: number + {}
@kernel
def step(number):
    return number.more
"""
CLOSURE = """
def build(extra):
    @kernel
    def step(number):
        return number + extra
    return step
step = build({})
"""
SWAPPED = """
def build(extra):
    @kernel
    def step(number):
        return number + extra
    return step
first, second = build({0}), build(10 - {0})
@kernel
def step(number):
    return first(number) + 0 * second(number)
"""
DTYPE = """
LAYOUT = np.dtype({{"names": ["a", "b"], "formats": ["i8", "i8"], "offsets": [{0} * 8 - 8, 16]}})
STEPS = np.array([1, 2, 0], "i8").view(LAYOUT)
@kernel
def step(number):
    return number + STEPS[0]["a"]
"""
GENERATED = """
space = {{"kernel": kernel}}
exec("@kernel\\ndef step(number):\\n    return number + {}", space)
step = space["step"]
"""
MODULES = "import deep\n@kernel\ndef step(number):\n    module = deep\n    return number + module.EXTRA\n"
ENUM = """
import enum
class Steps(enum.IntEnum):
    ONE = {}
@kernel
def step(number):
    return number + Steps.ONE
"""
DEFAULT = "@kernel\ndef step(number, extra={}):\n    return number + extra\n"
TUPLE = "EXTRAS = ((0, {}), 'a')\n@kernel\ndef step(number):\n    return number + EXTRAS[0][1]\n"
NAMED = """
from collections import namedtuple
Extras = namedtuple("Extras", "a b")
EXTRAS = Extras(0, {})
@kernel
def step(number):
    return number + EXTRAS.b
"""
NUMBAS = "@numba.njit(cache=True)\ndef step(number):\n    return number + {}\n"
NUMBAS_DEEP = "import deep\n@numba.njit(cache=True)\ndef step(number):\n    return deep.step(number)\n"
NUMBAS_VALUE = """
EXTRA = int(os.environ.get("EXTRA", "{}"))
@numba.njit(cache=True)
def step(number):
    return number + EXTRA
"""
INLINE = "@numba.njit(inline='always')\ndef step(number):\n    return number + {}\n"


@pytest.mark.parametrize(
    ("helper", "deep"),
    [
        (PLAIN, ""),
        (DEEP, PLAIN),
        (MODULES, "EXTRA = {}\n"),
        (INTRINSIC, ""),
        (OVERLOAD, ""),
        (OVERLOADED_ELSEWHERE, ""),
        (OVERLOADED_METHOD, ""),
        (CLOSURE, ""),
        (SWAPPED, ""),
        (DTYPE, ""),
        (GENERATED, ""),
        (ENUM, ""),
        (DEFAULT, ""),
        (TUPLE, ""),
        (NAMED, ""),
        (NUMBAS, ""),
        (NUMBAS_DEEP, PLAIN),
        (INLINE, ""),
    ],
    ids=lambda text: text if not text else None,
)
def test_an_edit_is_a_miss_and_nothing_changed_is_a_hit(place: Place, helper: str, deep: str) -> None:
    def edit(extra: int) -> None:
        place.helper(deep.format(extra), "deep")
        place.helper(helper.format(extra))

    edit(1)
    assert place.run() == (6, False)
    assert place.run() == (6, True)
    edit(2)
    assert place.run() == (7, False)
    edit(1)
    assert place.run() == (6, True)


def test_a_constant_of_the_environment(place: Place) -> None:
    for cached, helper in ((True, "EXTRA = int(os.environ['EXTRA'])\n" + PLAIN.format("EXTRA")), (False, NUMBAS_VALUE)):
        place.helper(helper)
        assert place.run(EXTRA="1") == (6, False)
        assert place.run(EXTRA="2") == (7, False)
        assert place.run(EXTRA="1") == (6, True), cached


def test_an_overload_that_asks_the_environment_is_not_kept(place: Place) -> None:
    place.helper(OVERLOAD.replace("    def impl", "    extra = int(os.environ['EXTRA'])\n    def impl").format("extra"))
    for extra in (1, 2):
        out, err = place.said(EXTRA=str(extra))
        assert json.loads(out) == [5 + extra, 0]
        assert "is compiled in each process: helper.choose uses os" in err


def test_another_decorator_is_another_kernel(place: Place) -> None:
    place.helper(PLAIN.format(1))
    assert place.run() == (6, False)
    place.helper(PLAIN.format(1).replace("@kernel", "@inlined"))
    assert place.run() == (6, False)


@pytest.mark.parametrize(
    "setting", ["OPT = type(numba.config.OPT)(0)", "BOUNDSCHECK = 1", "LOOP_VECTORIZE = 0", "SLP_VECTORIZE = 1"]
)
def test_settings_that_are_set_in_the_process(place: Place, setting: str) -> None:
    place.helper(PLAIN.format(1))
    body = f"import numba\nnumba.config.{setting}"
    assert place.run() == (6, False)
    assert place.run(body) == (6, False)
    assert place.run(body) == (6, True)


def test_settings_of_the_environment(place: Place) -> None:
    place.helper(PLAIN.format(1))
    assert place.alone() == (6, False)
    assert place.alone(NUMBA_OPT="0") == (6, False)
    assert place.alone(NUMBA_CPU_NAME="generic") == (6, False)
    assert place.alone(NUMBA_NUM_THREADS="1", NUMBA_CACHE_DIR=str(place.folder), PYTHONHASHSEED="7") == (6, True)


def test_kernels_with_stale_constants_are_not_kept(place: Place) -> None:
    """Numba compiles a called function once: later callers have the old constant, whatever its present value."""
    place.helper("EXTRA = 1\n" + PLAIN.format("EXTRA"))
    body = """
    first = compute(5)
    helper.EXTRA = 2
    @entry
    def compute(number):
        return helper.step(number)
    """
    assert "compute is not cached: step was compiled with other values" in place.said(body)[1]
    again = "helper.EXTRA = 2\n" + textwrap.dedent(body).partition("EXTRA = 2\n")[2]
    assert place.run(again) == (7, False)


@pytest.mark.parametrize(
    "helper",
    [
        "import ctypes\nsine = ctypes.CDLL(None).labs\nsine.argtypes = [ctypes.c_long]\nsine.restype = ctypes.c_long\n"
        "@kernel\ndef step(number):\n    return sine(number) + 1\n",
        "@numba.vectorize\ndef add(n):\n    return n + 1\n@kernel\ndef step(number):\n    return add(number)\n",
    ],
)
def test_kernels_without_a_key_are_compiled_every_time(place: Place, helper: str) -> None:
    place.helper(helper)
    for _ in range(2):
        out, err = place.said()
        assert json.loads(out) == [6, 0]
        assert len(err.splitlines()) == 1
        assert err.startswith("lobench: the kernel compute is compiled in each process: ")


def test_a_function_of_a_shared_library_counts_with_its_content(place: Place, tmp_path: Path) -> None:
    compiler = next((name for name in ("cc", "gcc", "clang") if _has(name)), None)
    if compiler is None:
        pytest.skip("no C compiler")
    place.helper(
        """
        import llvmlite.binding
        llvmlite.binding.load_library_permanently(os.environ["LIBRARY"])
        add = types.ExternalFunction("lobench_test_add", types.int64(types.int64))
        @kernel
        def step(number):
            return add(number)
        """
    )

    def build(extra: int) -> None:
        source = tmp_path / "add.c"
        source.write_text(f"long lobench_test_add(long number) {{ return number + {extra}; }}\n")
        subprocess.run([compiler, "-shared", "-fPIC", "-o", tmp_path / "add.so", source], check=True)

    build(1)
    library = {"LIBRARY": str(tmp_path / "add.so")}
    assert place.run(**library) == (6, False)
    assert place.run(**library) == (6, True)
    build(2)
    assert place.run(**library) == (7, False)


def _has(program: str) -> bool:
    return any(os.access(Path(folder) / program, os.X_OK) for folder in os.get_exec_path())


def test_two_processes_that_compile_at_once_never_swap_code(place: Place) -> None:
    """Kernels of one name and one line, in an empty cache, while every rename takes its time."""
    for extra in (1, 2):
        (place.folder / f"main{extra}").mkdir()
    slow = """
    import os, time
    from lobench.engine.kernel_cache import store
    replace = os.replace
    def late(source, target):
        time.sleep(0.5)
        replace(source, target)
    os.replace = late
    """

    def started(extra: int) -> subprocess.Popen[str]:
        one = Place(place.folder / f"main{extra}", place.zygote)
        one.cache = place.cache
        one.helper(PLAIN.format(extra))
        return one.start(slow)

    for hit in (False, True):
        together = [started(extra) for extra in (1, 2)]
        assert [Place.told(process) for process in together] == [(6, hit), (7, hit)]


def test_importing_changes_nothing(tmp_path: Path) -> None:
    text = (
        "import json, os; before = dict(os.environ); import lobench.engine.errors, lobench.engine.cache; "
        "import lobench.engine.replay; "
        "import numba; print(json.dumps([before == dict(os.environ), numba.config.CACHE_DIR]))"
    )
    env = {**os.environ, "LOBENCH_CACHE_DIR": str(tmp_path / "cache")}
    done = subprocess.run([sys.executable, "-c", text], env=env, cwd=ROOT, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == [True, ""]
    assert not (tmp_path / "cache").exists()


def test_a_users_own_cached_function_stays_out_of_the_folder(place: Place) -> None:
    place.helper(PLAIN.format(1))
    place.run("import numba\n@numba.njit(cache=True)\ndef own(number):\n    return number\nown(1)")
    kept = list((place.cache / "kernels").iterdir())
    # The kernel and the part that it calls.
    assert [path.suffix for path in kept] == [".kernel"] * 2


UNKNOWN = """
def add(number): pass
@overload(add)
def choose(number):
    space = {{}}
    exec(open({file!r}).read(), space)
    return space["implementation"]
@{inner}
def inner(number):
    return add(number)
@kernel
def step(number):
    return inner(number)
"""
FIRST = """
import numba
@{first}
def first(number):
    return helper.{calls}(number){more}
try:
    first(5)
except numba.core.errors.NumbaError:
    pass
"""


@pytest.mark.parametrize(
    "inner", ["kernel", *(pytest.param(other, marks=pytest.mark.long) for other in ("inlined", "numba.njit"))]
)
@pytest.mark.parametrize(
    ("first", "calls", "more"),
    [
        ("numba.njit", "inner", ""),
        ("numba.njit", "step", ""),
        ("numba.njit", "step", " + nothing_of_that_name"),
        ("entry", "step", ""),
    ],
)
def test_overloads_of_unknown_source_are_not_kept(
    place: Place, tmp_path: Path, inner: str, first: str, calls: str, more: str
) -> None:
    """A kernel does not depend on an earlier compilation of its parts."""
    file = tmp_path / "unknown.py"
    place.helper(UNKNOWN.format(file=str(file), inner=inner))
    for body in (FIRST.format(first=first, calls=calls, more=more), ""):
        for extra in (1, 2):
            file.write_text(f"def implementation(number):\n    return number + {extra}\n")
            out, err = place.said(body)
            assert json.loads(out) == [5 + extra, 0]
            assert "compute is not cached: the sources of implementation are unknown" in err


def test_a_pipeline_of_the_users_is_part_of_the_key(place: Place) -> None:
    place.helper(
        """
        from lobench.engine.part_compiler import _Named
        from numba.core import types
        class Own(_Named):
            def compile_extra(self, function):
                self.wanted = 1
                return super().compile_extra(function)
        @numba.njit(pipeline_class=Own)
        def step(number):
            return number + 1
        """
    )
    body = "from lobench.engine.kernel_cache.fingerprint import digest_of\nimport sys\n"
    body += "print(digest_of([helper.Own]), file=sys.stderr)"
    before = place.said(body)[1]
    text = (place.folder / "helper.py").read_text()
    (place.folder / "helper.py").write_text(text.replace("wanted = 1", "wanted = 22"))
    assert place.said(body)[1] != before
