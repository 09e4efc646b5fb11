"""Notes: what a step read, dropped and warns of, for the report."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal

from regdecode.io.atomic import atomic_path

Kind = Literal["info", "dropped", "warning"]


@dataclass(frozen=True)
class Note:
    """One line of a step's account: `n` things (`what`), and why."""

    kind: Kind
    what: str
    n: int | float | None = None
    why: str = ""


@dataclass
class Notes:
    """The account of one step.

    Parameters
    ----------
    stage
        Name of the step as the report shows it, such as "reference" or "bin_sites tf".
    """

    stage: str
    notes: list[Note] = field(default_factory=list)

    def add(self, what: str, n: int | float | None = None, why: str = "", kind: Kind = "info") -> None:
        """Append one note."""
        self.notes.append(Note(kind, what, n, why))

    def write(self, path: str | Path) -> None:
        """Write the account as JSON."""
        with atomic_path(path) as temporary:
            temporary.write_text(json.dumps(asdict(self), indent=1) + "\n")


def read_notes(path: str | Path) -> Notes:
    """Read an account written by `Notes.write`."""
    raw = json.loads(Path(path).read_text())
    return Notes(raw["stage"], [Note(**note) for note in raw["notes"]])
