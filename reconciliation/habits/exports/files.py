"""Makes the file of an export and keeps in the journal who took what, in one go: no file leaves unnoted."""

from collections.abc import Callable
from datetime import UTC

from django.contrib.auth.models import AbstractUser
from django.db import transaction

from reconciliation.habits import outgoing
from reconciliation.habits.exports import csv_file, xlsx_file
from reconciliation.habits.exports.sheet import Sheet
from reconciliation.habits.outgoing import File
from reconciliation.who import full_name
from sync import clock

#: kinds of file -> (how people call it, its content type)
FORMS = {"csv": ("CSV", csv_file.CONTENT_TYPE), "xlsx": ("XLSX", xlsx_file.CONTENT_TYPE)}


def take(draw_up: Callable[[], Sheet], *, form: str, user: AbstractUser) -> File:
    """Write the view as a file of this form and note it down. Raises TooMany."""
    now, by = clock.now(), full_name(user)
    with transaction.atomic():
        sheet = draw_up()
        content = csv_file.write(sheet) if form == "csv" else xlsx_file.write(sheet, at=now, by=by)
        name = f"{sheet.name}-{now.astimezone(UTC):%Y-%m-%dT%H%M%SZ}.{form}"
        word, content_type = FORMS[form]
        count = f"{len(sheet.rows):,} row{'' if len(sheet.rows) == 1 else 's'}"
        return outgoing.noted(
            content,
            name=name,
            content_type=content_type,
            action="exported",
            about=("export", name),
            user=user,
            text=f"{by} took {count} as {word}: {sheet.says}.",
            details={
                "list": sheet.title, "filter": sheet.narrowed, "address": sheet.address, "rows": len(sheet.rows)
            },
        )  # fmt: skip
