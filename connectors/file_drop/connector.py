"""A bank that is known by its statements alone: files in a folder, listed by value date."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import ClassVar

from connectors.errors import Misconfigured
from connectors.file_drop.lines import BankLine, StatementError
from connectors.file_drop.statements import ENDINGS, read
from connectors.interface import Connector, ControlLine, ControlPage


class FileDrop(Connector):
    """Statements in the folder of the setting `folder`; the setting `traces` names the pattern of a gateway's trace."""

    name = "file_drop"
    label = "Bank statements"
    role = "bank"
    capabilities: ClassVar[frozenset[str]] = frozenset({"list_day"})

    def list_day(self, *, kind: str, entity: str, day: date) -> Iterator[ControlPage]:
        """The lines of a day that carry a gateway's trace, file by file. Raises Misconfigured naming what is wrong with
        a file: a statement that cannot be read must not look like a day without money.
        """
        if kind != "payout":
            raise LookupError(f"kind: a bank statement shows payouts, not {kind!r}")
        seen: set[str] = set()
        for path in self._files():
            lines = [line for line in self._read(path) if line.value_date == day and line.line_id not in seen]
            seen |= {line.line_id for line in lines}
            found = tuple(one for line in lines if (one := self._as_payout(line)))
            yield ControlPage(lines=found, source_count=None, query=path.name)

    def check(self) -> str:
        """How many files there are, all of them readable."""
        files = self._files()
        count = sum(len(self._read(path)) for path in files)
        return f"{len(files)} statements with {count} lines"

    def _files(self) -> list[Path]:
        folder = Path(str(self.setup.settings.get("folder") or ""))
        if not self.setup.settings.get("folder") or not folder.is_dir():
            raise Misconfigured(f"file_drop: the folder {str(folder)!r} is not there", system=self.name)
        return sorted(path for path in folder.iterdir() if path.suffix.lower() in ENDINGS)

    def _read(self, path: Path) -> list[BankLine]:
        try:
            return read(path.name, path.read_bytes())
        except (OSError, StatementError) as error:
            raise Misconfigured(f"file_drop: {error}", reason="SCHEMA_CHANGE", system=self.name) from error

    def _as_payout(self, line: BankLine) -> ControlLine | None:
        """A line that names a gateway's payout: by the word that begins its traces, or by the payout's own id."""
        prefixes = tuple(str(one) for one in self.setup.settings.get("traces", ("po_",)))
        trace = next((word.strip(",;:/") for word in line.text.split() if word.startswith(prefixes)), "")
        if not trace:
            return None
        return ControlLine(
            reference=f"bank:{trace}",
            external_id=line.line_id,
            document_date=line.value_date,
            currency=line.currency,
            net=line.amount,
            tax=line.amount - line.amount,
            gross=line.amount,
            label=trace,
            status="booked",
        )
