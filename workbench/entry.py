"""The entry point of the command: an interrupt in its first moments ends it in one line, too.

So nothing large is imported here before the signal has its handler; `workbench.cli.main` puts Python's own in place
once it can say more.
"""

import os
from signal import SIG_DFL, SIG_IGN, SIGINT, getsignal, signal

_INTERRUPTED = 128 + SIGINT


def _end(number: int, frame: object) -> None:
    try:
        os.write(2, b"lobench: interrupted\n")
    finally:
        os._exit(_INTERRUPTED)


if getsignal(SIGINT) is not SIG_IGN:  # a shell's background jobs ignore it, and continue to
    signal(SIGINT, _end)


def run() -> int:
    """The command `lobench`; returns its exit code."""
    # Kernels work on addresses: no command can do without the compiler.
    os.environ.pop("NUMBA_DISABLE_JIT", None)
    from lobench.workbench.streams import finish, prepare

    prepare()
    from lobench.workbench.cli import main

    try:
        code = main()
    except SystemExit as end:  # from the argument parser
        code = end.code if isinstance(end.code, int) else 0
    code = finish(code)
    if getsignal(SIGINT) is not SIG_IGN:
        signal(SIGINT, SIG_DFL)  # at interpreter exit a handler could no longer report anything
    return code
