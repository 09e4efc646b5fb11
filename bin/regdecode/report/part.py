"""One part of a section of the page."""

from dataclasses import dataclass, field

from regdecode.report.style import Picture
from regdecode.report.tables import Table


@dataclass
class Part:
    """Sentences, figures and tables, and what is absent with the reason."""

    sentences: list[str] = field(default_factory=list)
    pictures: list[Picture] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    absent: list[tuple[str, str]] = field(default_factory=list)

    def lacks(self, what: str, why: str) -> None:
        """Note something the reader would look for, and why it is not here."""
        self.absent.append((what, why))
