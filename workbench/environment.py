"""Facts about the machine and the software of a measurement. They name no host, user or path."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
import subprocess
from contextlib import suppress
from importlib import metadata
from pathlib import Path

import psutil

from lobench.engine.errors import LobenchError
from lobench.workbench import git
from lobench.workbench.results.model.environment import Environment, Memory, NumbaTarget, Processor, Revision, System
from lobench.workbench.version import version

_ROOT = Path(__file__).resolve().parent.parent
_CPUS = Path("/sys/devices/system/cpu")
_CPU = _CPUS / "cpu0"
_CACHE_SUFFIX = {"Data": "d", "Instruction": "i", "Unified": ""}
_PACKAGES = ("numpy", "numba", "llvmlite", "scipy", "pyarrow", "databento-dbn", "zstandard")
_BOOST = ((_CPUS / "cpufreq/boost", "1"), (_CPUS / "intel_pstate/no_turbo", "0"))
"""Linux's files on whether the processor may exceed its nominal frequency, and the text that means yes."""


def environment() -> Environment:
    """Facts by topic; None if this system does not report one."""
    cpu, system = _processor(), _system()
    memory = psutil.virtual_memory()
    return Environment(
        lobench=Revision(version(), revision()),
        machine_digest=machine_digest(cpu, system, memory.total),
        cpu=cpu,
        system=system,
        memory=Memory(memory.total, memory.available),
        load_average=tuple(round(load, 2) for load in os.getloadavg()),
        python=f"{platform.python_implementation()} {platform.python_version()}",
        packages=_versions(),
        numba=_numba(),
    )


def machine_digest(cpu: Processor, system: System, total_bytes: int) -> str:
    """32 hex digits that are equal where absolute figures may be compared: of the processor's model, cores, threads
    and caches, the architecture, memory in whole GiB, the kernel's first two numbers, and virtualization."""
    same = [
        *(cpu.model, cpu.signature, cpu.cores, cpu.threads, cpu.caches),
        *(system.machine, system.virtualization),
        re.findall(r"\d+", system.kernel)[:2],
        round(total_bytes / 2**30),
    ]
    return hashlib.blake2b(json.dumps(same, sort_keys=True).encode(), digest_size=16).hexdigest()


def _processor() -> Processor:
    return Processor(
        model=_cpuinfo("model name") or platform.processor() or None,
        signature=_signature(),
        cores=psutil.cpu_count(logical=False),
        threads=psutil.cpu_count(),
        usable_threads=_usable_threads(),
        caches=_caches(),
        governor=_text(_CPU / "cpufreq/scaling_governor"),
        frequency_driver=_text(_CPU / "cpufreq/scaling_driver"),
        boost=_boost(),
        smt={"0": False, "1": True}.get(_text(_CPUS / "smt/active") or ""),
    )


def _system() -> System:
    return System(
        kernel=f"{platform.system()} {platform.release()}",
        machine=platform.machine(),
        libc=" ".join(platform.libc_ver()).strip() or None,
        clocksource=_text(Path("/sys/devices/system/clocksource/clocksource0/current_clocksource")),
        transparent_hugepages=_chosen(Path("/sys/kernel/mm/transparent_hugepage/enabled")),
        virtualization=_virtualization(),
    )


def _versions() -> dict[str, str]:
    """Of the packages that figures depend on; optional ones that are not installed are left out."""
    found = {}
    for name in _PACKAGES:
        with suppress(metadata.PackageNotFoundError):
            found[name] = metadata.version(name)
    return found


def revision() -> str | None:
    """The commit of the checkout that this runs from, with ``-dirty`` if files differ from it; None outside of one."""
    if not (_ROOT / ".git").exists():
        return None
    try:
        top = git.ask(_ROOT, "rev-parse", "--show-toplevel", timeout=10)
        answer = git.ask(_ROOT, "describe", "--always", "--abbrev=40", "--exclude=*", "--dirty", timeout=10)
    except (LobenchError, OSError, subprocess.TimeoutExpired):
        return None
    # In a copy that is no repository itself, git answers for a repository around it.
    own = top.ok and Path(os.fsdecode(top.out.removesuffix(b"\n"))) == _ROOT
    return answer.text.strip() if own and answer.ok else None


def _cpuinfo(field: str) -> str | None:
    """The kernel's facts about the first processor."""
    found = re.search(rf"^{field}\s*:\s*(.+)$", _text(Path("/proc/cpuinfo")) or "", re.MULTILINE)
    return found[1].strip() if found else None


def _signature() -> str | None:
    """Family, model and stepping: they tell processors apart whose name a hypervisor hides."""
    numbers = [_cpuinfo(field) for field in ("cpu family", "model", "stepping")]
    return "-".join(number or "?" for number in numbers) if any(numbers) else None


def _usable_threads() -> int | None:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None


def _caches() -> dict[str, str]:
    """Size by name (``L1d``, ``L1i``, ``L2``, ``L3``) of the caches of the first core."""
    caches = {}
    for folder in sorted((_CPU / "cache").glob("index*")):
        level, kind, size = (_text(folder / name) for name in ("level", "type", "size"))
        if level and kind in _CACHE_SUFFIX and size:
            caches[f"L{level}{_CACHE_SUFFIX[kind]}"] = size
    return caches


def _boost() -> bool | None:
    """Whether the clock may rise above its nominal frequency; None where the system does not tell."""
    for path, yes in _BOOST:
        said = _text(path)
        if said is not None:
            return said == yes
    return None


def _virtualization() -> str | None:
    """``hypervisor`` if the processor says that it is a virtual one, ``none`` if it says that it is not; None where it
    says nothing."""
    flags = _cpuinfo("flags")
    return None if flags is None else "hypervisor" if "hypervisor" in flags.split() else "none"


def _chosen(path: Path) -> str | None:
    """The word in brackets, as the kernel marks which of several choices is in force."""
    found = re.search(r"\[(\w+)\]", _text(path) or "")
    return found[1] if found else None


def _numba() -> NumbaTarget:
    """Numba's compilation target, and the NUMBA_* variables that were set."""
    from llvmlite import binding

    try:
        flags = sorted(name for name, present in binding.get_host_cpu_features().items() if present)
    except RuntimeError:  # llvmlite cannot tell on some machines
        flags = []
    # lobench sets the cache folder itself; its name would only reveal the home folder.
    variables = {
        name: value
        for name, value in sorted(os.environ.items())
        if name.startswith("NUMBA_") and name != "NUMBA_CACHE_DIR"
    }
    return NumbaTarget(os.environ.get("NUMBA_CPU_NAME") or binding.get_host_cpu_name(), tuple(flags), variables)


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8").strip() or None
    except OSError:
        return None
