"""Problems: one cause each."""

from django.contrib import admin
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from reconciliation import sentences
from reconciliation.models import Problem
from sync.admin.read_only import ReadOnly, fields_of


@admin.register(Problem)
class ProblemAdmin(ReadOnly):
    list_display = ["page", "title", "team", "first_seen_at", "last_seen_at", "solved_at"]
    list_display_links = ["title"]
    list_filter = ["team", ("solved_at", admin.EmptyFieldListFilter)]
    search_fields = ["value__startswith"]
    search_help_text = _("Starts with: the value that causes it")
    fields = ["page", *fields_of(Problem)]

    @admin.display(description=_("Problem page"))
    def page(self, problem: Problem) -> str:
        return format_html('<a class="text-link" href="/p/{}">{}</a>', problem.number, problem.number)

    @admin.display(description=_("What"))
    def title(self, problem: Problem) -> str:
        return sentences.problem_title(problem)
