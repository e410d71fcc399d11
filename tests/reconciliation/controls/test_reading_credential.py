"""Controls ask with a credential of their own, which cannot write: every control, each side."""

from collections.abc import Iterator

import pytest

from connectors.interface import ControlPage
from reconciliation.controls import runner
from reconciliation.controls.registry import COMPARED, CONTROLS
from reconciliation.models import ControlRun
from tests.paper_erp import Paper
from tests.small_company import DAY, Company


@pytest.mark.parametrize("name", COMPARED)
def test_a_control_reads_with_the_credential_that_cannot_write(
    company: Company, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given systems that note with which credential they are asked
    asked: list[tuple[str, bool]] = []

    def list_day(self: Paper, **about: object) -> Iterator[ControlPage]:
        asked.append((self.setup.code, self.setup.read_only))
        yield ControlPage(lines=(), source_count=0, query="")

    monkeypatch.setattr(Paper, "list_day", list_day)
    control = CONTROLS[name]
    wanted = {role for role in (control.left_role, control.right_role) if role not in ("portal", "bank")}
    # when it is asked
    run = runner.run(name, entity=company.entity, business_date=DAY)
    # then each system it needs was asked so, and never otherwise
    assert {code for code, _ in asked} == wanted or run.status == ControlRun.Status.NOT_RUN
    assert all(read_only for _, read_only in asked) and asked
