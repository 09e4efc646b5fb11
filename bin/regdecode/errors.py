"""The one family of errors: each says what is wrong, where, and how to fix it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class RegdecodeError(Exception):
    """Base of every error that regdecode raises on purpose; scripts end with `exit_code`."""

    exit_code = 2


class InputError(RegdecodeError):
    """The user's input cannot be used.

    Parameters
    ----------
    what
        The fault, with the values that disagree.
    where
        File, line, gene or parameter; empty when `what` says it.
    fix
        What to change.
    """

    def __init__(self, what: str, where: str | Path = "", fix: str = "") -> None:
        self.what, self.where, self.fix = what, str(where), fix
        super().__init__(self.message())

    def message(self) -> str:
        """Return the message as the user reads it."""
        head = f"{self.where}: {self.what}" if self.where else self.what
        return f"{head}\n  fix: {self.fix}" if self.fix else head


class ToleranceError(RegdecodeError):
    """A computed result misses the guarantee it is published with."""

    exit_code = 3


class Faults:
    """Collects faults so that a user sees all of them at once."""

    def __init__(self, limit: int = 20) -> None:
        self.limit = limit
        self.errors: list[RegdecodeError] = []

    def add(self, what: str, where: str | Path = "", fix: str = "") -> None:
        """Note one fault."""
        self.errors.append(InputError(what, where, fix))

    @contextmanager
    def collect(self) -> Iterator[None]:
        """Turn an `InputError` raised inside the block into a noted fault."""
        try:
            yield
        except InputError as error:
            self.errors.append(error)

    def raise_if_any(self) -> None:
        """Raise every noted fault as one `InputError`.

        Raises
        ------
        InputError
            When at least one fault was noted.
        """
        if not self.errors:
            return
        if len(self.errors) == 1:
            raise self.errors[0]
        shown = "\n".join(f"- {error}" for error in self.errors[: self.limit])
        more = f"\n- and {len(self.errors) - self.limit} more" if len(self.errors) > self.limit else ""
        raise InputError(f"{len(self.errors)} faults:\n{shown}{more}")
