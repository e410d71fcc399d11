"""Titles whose English is kept elsewhere, in the reader's language: of cases, problems, reasons and controls."""

from django.utils.translation import gettext as _

from reconciliation import sentences
from reconciliation.controls.registry import CONTROLS
from reconciliation.models import ExceptionCase, Problem
from sync.catalogue import reason


def title(case: ExceptionCase) -> str:
    """Short and plain; what was written in the source stays as it was written there."""
    return _beginning(sentences.title(case), case.reason)


def problem_title(problem: Problem) -> str:
    return _beginning(sentences.problem_title(problem), problem.reason)


def reason_title(code: str) -> str:
    return _(reason(code).title)


def control_title(name: str) -> str:
    """Its name where there is no such control any more."""
    return _(CONTROLS[name].title) if name in CONTROLS else name


def _beginning(text: str, code: str) -> str:
    words = reason(code).title
    return f"{_(words)}{text.removeprefix(words)}"
