"""Addresses of the desk for machines."""

from django.urls import path, re_path

from reconciliation.api import (
    absences,
    dashboards,
    exporting,
    habits,
    owning,
    reconciling,
    replays,
    signing,
    trail,
    views,
)

_FIX = r"^(?P<kind>problems|cases)/(?P<number>[0-9]{1,12})/fixes/(?P<name>[a-z_]{1,40})"

urlpatterns = [
    path("problems", views.Problems.as_view(), name="api-problems"),
    path("cases", views.Cases.as_view(), name="api-cases"),
    path("cases/export", exporting.CasesExport.as_view(), name="api-cases-export"),
    path("cases/<int:number>", views.Case.as_view(), name="api-case"),
    re_path(_FIX + r"$", views.FixChoices.as_view(), name="api-fix"),
    re_path(_FIX + r"/preview$", views.FixPreview.as_view(), name="api-fix-preview"),
    re_path(_FIX + r"/ask$", views.FixAsk.as_view(), name="api-fix-ask"),
    re_path(_FIX + r"/run$", views.FixRunNow.as_view(), name="api-fix-run"),
    re_path(r"^cases/(?P<number>[0-9]{1,12})/snooze$", habits.CaseSnooze.as_view(), name="api-case-snooze"),
    re_path(r"^cases/(?P<number>[0-9]{1,12})/wake$", habits.CaseWake.as_view(), name="api-case-wake"),
    re_path(r"^cases/(?P<number>[0-9]{1,12})/hand-over$", habits.CaseHandOver.as_view(), name="api-case-hand"),
    re_path(r"^cases/(?P<number>[0-9]{1,12})/give-back$", habits.CaseGiveBack.as_view(), name="api-case-back"),
    re_path(r"^cases/(?P<number>[0-9]{1,12})/comments$", habits.CaseComments.as_view(), name="api-case-comments"),
    re_path(r"^cases/(?P<number>[0-9]{1,12})/tags$", habits.CaseTags.as_view(), name="api-case-tags"),
    re_path(r"^cases/(?P<number>[0-9]{1,12})/take$", habits.CaseTake.as_view(), name="api-case-take"),
    re_path(r"^cases/(?P<number>[0-9]{1,12})/acts$", habits.CaseActs.as_view(), name="api-case-acts"),
    re_path(
        r"^cases/(?P<number>[0-9]{1,12})/acts/(?P<act>[0-9]{1,12})/reverse$",
        habits.CaseReverse.as_view(),
        name="api-case-reverse",
    ),
    path("breaks", reconciling.Breaks.as_view(), name="api-breaks"),
    path("matches", reconciling.Matches.as_view(), name="api-matches"),
    re_path(
        r"^matches/(?P<number>[0-9]{1,12})/(?P<word>take-up|approve|refuse|withdraw|ask-undo|undo|keep)$",
        reconciling.MatchAct.as_view(),
        name="api-match-act",
    ),
    path("reconciling-items", reconciling.Items.as_view(), name="api-items"),
    re_path(
        r"^reconciling-items/(?P<number>[0-9]{1,12})/(?P<word>accept|refuse|withdraw)$",
        reconciling.ItemAct.as_view(),
        name="api-item-act",
    ),
    path("approvals", views.Approvals.as_view(), name="api-approvals"),
    path("approvals/<int:number>", views.Approval.as_view(), name="api-approval"),
    re_path(
        r"^approvals/(?P<number>[0-9]{1,12})/(?P<word>approve|refuse|withdraw)$",
        views.Decide.as_view(),
        name="api-decide",
    ),
    re_path(
        r"^approvals/(?P<number>[0-9]{1,12})/(?P<word>ask-back|answer|hand-on)$",
        views.TalkAbout.as_view(),
        name="api-talk-about",
    ),
    path("journals/<int:number>/members", views.JournalMembers.as_view(), name="api-journal-members"),
    path("runs/<int:number>", views.Run.as_view(), name="api-run"),
    path("replays", replays.Replays.as_view(), name="api-replays"),
    path("ownership-rules", owning.Rules.as_view(), name="api-rules"),
    path("ownership-rules/try", owning.RuleTry.as_view(), name="api-rule-try"),
    path("ownership-rules/again", owning.RulesAgain.as_view(), name="api-rules-again"),
    path("absences", absences.Absences.as_view(), name="api-absences"),
    re_path(r"^absences/(?P<number>[0-9]{1,12})/back$", absences.Back.as_view(), name="api-absence-back"),
    path("find", trail.Find.as_view(), name="api-find"),
    re_path(
        r"^trails/(?P<correlation_id>(?:deal|customer):[A-Za-z0-9_.:-]{1,120})$",
        trail.TrailOut.as_view(),
        name="api-trail",
    ),
    path("figures/operations", dashboards.Operations.as_view(), name="api-figures-operations"),
    path("figures/executive", dashboards.Executive.as_view(), name="api-figures-executive"),
    path("sign-offs", signing.SignOffs.as_view(), name="api-sign-offs"),
    path("sign-offs/certificate", signing.Certificate.as_view(), name="api-certificate"),
    re_path(r"^sign-offs/(?P<number>[0-9]{1,12})/(?P<word>sign|return)$", signing.Review.as_view(), name="api-sign"),
    path("tie-out", views.TieOut.as_view(), name="api-tie-out"),
    path("controls/<slug:name>/run", views.RunControl.as_view(), name="api-control-run"),
]
