"""The processor that a program is compiled for under valgrind: this machine's, without features that valgrind lacks."""

from __future__ import annotations

from typing import TypedDict


class Host(TypedDict):
    """A processor as LLVM knows it: its name, and feature to whether it has it."""

    name: str
    features: dict[str, bool]


class CompiledFor(TypedDict):
    """A program's compilation target, from which ``model.Processor`` is read."""

    name: str
    without: list[str]
    chosen: bool


def host() -> Host:
    """The processor of this machine."""
    from llvmlite import binding

    return Host(name=str(binding.get_host_cpu_name()), features=dict(binding.get_host_cpu_features()))


def runnable_processor(real: Host) -> CompiledFor:
    """Compile for the processor ``real`` (``host()`` outside valgrind) without the features that this process lacks;
    the user's own choice is respected. Returns the target, and the features left out."""
    from lobench.workbench.numba_internals import codegen, config, found

    target = found(codegen, "JITCPUCodegen")
    has = host()["features"]
    features = {
        name: there and bool(has.get(name)) and (config.ENABLE_AVX or not name.startswith("avx"))
        for name, there in real["features"].items()
    }
    lost = sorted(name for name, there in real["features"].items() if there and not has.get(name))
    text = ",".join(("+" if there else "-") + name for name, there in sorted(features.items()))
    target._get_host_cpu_name = lambda self: config.CPU_NAME or real["name"]
    target._get_host_cpu_features = lambda self: text if config.CPU_FEATURES is None else config.CPU_FEATURES
    chosen = config.CPU_NAME is not None or config.CPU_FEATURES is not None
    return CompiledFor(name=config.CPU_NAME or real["name"], without=[] if chosen else lost, chosen=chosen)
