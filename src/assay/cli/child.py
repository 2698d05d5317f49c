"""A program that is run for somebody: its streams are its own, signals are passed on, and its end is its exit
code."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

_PASSED_ON: Final = ("SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2")
_STDERR: Final = 2
_BY_SIGNAL: Final = 128
"""What shells add to the number of a signal that ended a program."""


class Child:
    """One program; `run` may be called once."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._early: list[int] = []

    def run(self, command: Sequence[str], environment: Mapping[str, str], quiet: bool = False) -> int:
        """Run it to its end; its exit code, 128 and the signal's number where a signal ended it.

        With `quiet` what it writes on standard output goes to standard error. Signals that arrive here are passed
        on. Of Ctrl-C the terminal tells the program itself. Raises OSError when it cannot be started.
        """
        with self._listening():
            out = _STDERR if quiet else None
            self._process = subprocess.Popen(list(command), env=dict(environment), stdout=out)  # noqa: S603
            for number in self._early:
                self._process.send_signal(number)
            code = self._process.wait()
        return code if code >= 0 else _BY_SIGNAL - code

    def _pass_on(self, number: int, frame: Any) -> None:
        if number == signal.SIGINT and _from_terminal():
            return
        if self._process is None:
            self._early.append(number)
        else:
            self._process.send_signal(number)

    @contextmanager
    def _listening(self) -> Iterator[None]:
        numbers = [getattr(signal, name) for name in _PASSED_ON if hasattr(signal, name)]
        before = {number: signal.signal(number, self._pass_on) for number in numbers}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, signal.SIG_DFL if handler is None else handler)


def program_name(command: Sequence[str]) -> str:
    """What a receipt says of a command line: the program's name, and the script's where Python runs a file.

    Arguments are not kept: there are secrets among them.
    """
    name = Path(command[0]).name
    if name.startswith("python") and len(command) > 1 and Path(command[1]).is_file():
        return f"{name} {Path(command[1]).name}"
    return name


def _from_terminal() -> bool:
    """Whether this process and the program are what a terminal's Ctrl-C reaches."""
    try:
        with open("/dev/tty", "rb") as terminal:  # noqa: PTH123
            return os.tcgetpgrp(terminal.fileno()) == os.getpgrp()
    except (OSError, AttributeError):
        return False
