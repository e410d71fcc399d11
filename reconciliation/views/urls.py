"""Addresses of the portal's pages: the desk here, trail, controls and connections in more_urls."""

from django.urls import include, path, register_converter
from django.urls.converters import IntConverter, StringConverter
from django.views.generic import RedirectView

from reconciliation.views import approvals, case, exports, presence, problem, queue, runs, several, told

app_name = "desk"


class Number(IntConverter):
    """A row's number: never longer than the database can look up."""

    regex = "[0-9]{1,18}"


class Fixing(StringConverter):
    """What the form of a fix can do."""

    regex = "preview|ask|run"


class Deciding(StringConverter):
    """What can be done with a request."""

    regex = "approve|refuse|withdraw"


class Talking(StringConverter):
    """What can be said about a request before it is decided."""

    regex = "ask-back|answer|hand-on"


class Sheet(StringConverter):
    """The kind of file an export is."""

    regex = "csv|xlsx"


for converter, called in (
    (Number, "number"),
    (Fixing, "fixing"),
    (Deciding, "deciding"),
    (Talking, "talking"),
    (Sheet, "sheet"),
):
    register_converter(converter, called)

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index"), name="home"),
    path("queue/", queue.queue, name="queue"),
    path("queue/export.<sheet:form>", exports.queue_export, name="queue_export"),
    path("queue/several", several.several, name="several"),
    path("queue/several/reverse", several.several_reverse, name="several_reverse"),
    path("queue/several/done", several.several_done, name="several_done"),
    path("queue/views", queue.views, name="views"),
    path("queue/views/save", queue.view_save, name="view_save"),
    path("queue/views/<number:pk>/delete", queue.view_delete, name="view_delete"),
    path("queue/views/<number:pk>/follow", told.view_follow, name="view_follow"),
    path("p/PRB-<number:pk>", problem.problem, name="problem"),
    path("p/PRB-<number:pk>/mute", told.problem_mute, name="problem_mute"),
    path("p/PRB-<number:pk>/<fixing:do>", problem.problem_fix, name="problem_fix"),
    path("x/EXC-<number:pk>", case.case, name="case"),
    path("x/EXC-<number:pk>/take", case.case_take, name="case_take"),
    path("x/EXC-<number:pk>/watch", told.case_watch, name="case_watch"),
    path("x/EXC-<number:pk>/snooze", case.case_snooze, name="case_snooze"),
    path("x/EXC-<number:pk>/wake", case.case_wake, name="case_wake"),
    path("x/EXC-<number:pk>/hand-over", case.case_hand, name="case_hand"),
    path("x/EXC-<number:pk>/give-back", case.case_give_back, name="case_give_back"),
    path("x/EXC-<number:pk>/acts/<number:act>/reverse", case.case_reverse, name="case_reverse"),
    path("x/EXC-<number:pk>/tags", case.case_tag, name="case_tag"),
    path("x/EXC-<number:pk>/comment", case.case_comment, name="case_comment"),
    path("x/EXC-<number:pk>/peek", case.case_peek, name="case_peek"),
    path("x/EXC-<number:pk>/here", presence.case_here, name="case_here"),
    path("x/EXC-<number:pk>/<fixing:do>", case.case_fix, name="case_fix"),
    path("approvals/", approvals.approval_list, name="approvals"),
    path("approvals/export.<sheet:form>", exports.approvals_export, name="approvals_export"),
    path("approvals/APR-<number:pk>", approvals.approval, name="approval"),
    path("approvals/APR-<number:pk>/<deciding:do>", approvals.approval_decide, name="approval_decide"),
    path("approvals/APR-<number:pk>/<talking:do>", approvals.approval_talk, name="approval_talk"),
    path("runs/<number:pk>", runs.run, name="run"),
    path("runs/<number:pk>/progress", runs.run_progress, name="run_progress"),
    path("", include("reconciliation.views.more_urls")),
]
