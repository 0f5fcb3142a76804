"""Findings: what a user should know about a data set before a model is trained."""

from fairrun.data.findings.candidates import possible_protected, possible_targets
from fairrun.data.findings.coded import code_columns
from fairrun.data.findings.draft import draft_spec
from fairrun.data.findings.find import find, find_in
from fairrun.data.findings.finding import KINDS, Finding, Findings
from fairrun.data.findings.request import CheckRequest, check_request
from fairrun.data.findings.roles import Roles

__all__ = [
    "KINDS",
    "CheckRequest",
    "Finding",
    "Findings",
    "Roles",
    "check_request",
    "code_columns",
    "draft_spec",
    "find",
    "find_in",
    "possible_protected",
    "possible_targets",
]
