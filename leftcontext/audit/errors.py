"""What the audit says where it can't audit."""

from autograder.errors import UserError


class AuditError(UserError):
    """A model that can't be audited as it was handed over; the message says why and what to try."""


class LeakError(AssertionError):
    """Raised by `assert_causal`; the message is the report."""
