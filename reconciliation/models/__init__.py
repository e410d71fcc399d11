"""Cases, problems, approvals, fixes, controls: what people work with."""

from reconciliation.models.approvals import (
    ApprovalLimits,
    ApprovalPolicy,
    ApprovalQuestion,
    ApprovalRequest,
    ApprovalYes,
)
from reconciliation.models.cases import CaseComment, ExceptionCase
from reconciliation.models.changes import RowChange
from reconciliation.models.controls import Break, ControlLine, ControlRun, ControlStage, ReconcilingItem
from reconciliation.models.desk import (
    Absence,
    CaseAct,
    CaseTag,
    Mention,
    Presence,
    Profile,
    SavedView,
    Snooze,
)
from reconciliation.models.evidence import EvidencePack
from reconciliation.models.fixes import FixItem, FixRun
from reconciliation.models.matches import Match, MatchMember, MatchRule
from reconciliation.models.notices import (
    CaseWatch,
    MutedProblem,
    Notice,
    NoticeChoice,
    NoticeRoom,
    ViewMatch,
    ViewSubscription,
)
from reconciliation.models.ownership import OwnershipRule
from reconciliation.models.problems import Problem
from reconciliation.models.second_factor import SecondFactor
from reconciliation.models.sign_offs import SignOff, SignOffPolicy

__all__ = [
    "Absence",
    "ApprovalLimits",
    "ApprovalPolicy",
    "ApprovalRequest",
    "ApprovalQuestion",
    "ApprovalYes",
    "Break",
    "CaseAct",
    "CaseComment",
    "CaseTag",
    "CaseWatch",
    "ControlLine",
    "ControlRun",
    "ControlStage",
    "EvidencePack",
    "ExceptionCase",
    "FixItem",
    "FixRun",
    "Match",
    "MatchMember",
    "MatchRule",
    "Mention",
    "MutedProblem",
    "Notice",
    "NoticeChoice",
    "NoticeRoom",
    "OwnershipRule",
    "Presence",
    "Problem",
    "Profile",
    "ReconcilingItem",
    "RowChange",
    "SavedView",
    "SecondFactor",
    "SignOff",
    "SignOffPolicy",
    "Snooze",
    "ViewMatch",
    "ViewSubscription",
]
