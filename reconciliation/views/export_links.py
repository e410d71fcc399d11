"""The links by which a page offers its view as a file."""

from typing import Any

from django.urls import reverse

from reconciliation.habits.exports import files
from reconciliation.habits.exports.sheet import MOST


def export_links(name: str, *args: object, of: str, query: str = "") -> dict[str, Any]:
    """Both addresses with the page's own query, and what is exported, in words."""
    tail = query if len(query) > 1 else ""
    forms = [(word, reverse(f"desk:{name}", args=[*args, form]) + tail) for form, (word, _) in files.FORMS.items()]
    return {"forms": forms, "of": of, "most": MOST}
