"""Errors of the command, each with the exit code that the contract gives it."""

from __future__ import annotations

__all__ = [
    "BackendMissingError",
    "ConformanceError",
    "ProcessEndedError",
    "SuiteError",
    "UsageError",
    "VersionError",
]


class ConformanceError(Exception):
    """An error that the command prints as one line; `code` is its exit code."""

    code = 2


class UsageError(ConformanceError):
    """An unknown option, operator, dtype or case."""

    code = 2


class BackendMissingError(ConformanceError):
    """No such backend, or its device is not available."""

    code = 3


class ProcessEndedError(ConformanceError):
    """The backend ended, or tried to end, the process that called it."""

    code = 5


class SuiteError(ConformanceError):
    """The suite itself is not in order: another case list than its version's, or a failed self-test."""

    code = 7


class VersionError(ConformanceError):
    """A report or backend of another version than this suite's."""

    code = 4
