"""What can go wrong with channels and their digests.

DigestsError
├── UnknownChannel     there is no such channel, or it is not read
├── OrderUnreadable    after a channel's name comes no day, or no hour
├── MalformedExport    a file is no export of a channel; says where
├── DigestUnfit        the model's text holds no statement that cites a post; `fault` names why
├── ReviewUnreadable   the reviewer's answer is not what was asked for
└── DatasetError       a dataset or an export is not what it says it is
"""

from __future__ import annotations


class DigestsError(Exception):
    """Root of the tree."""


class UnknownChannel(DigestsError):
    """There is no such channel, or it is not read."""


class OrderUnreadable(DigestsError):
    """The channel is known, but what follows its name is no day, or no hour."""


class MalformedExport(DigestsError):
    """A file is no export of a channel; the message says where it stops being one."""


class DigestUnfit(DigestsError):
    """The model's text cannot serve as a digest."""

    def __init__(self, fault: str) -> None:
        super().__init__(fault)
        self.fault = fault


class ReviewUnreadable(DigestsError):
    """The reviewer's answer does not have the structure that was asked for; the message says where."""


class DatasetError(DigestsError):
    """A dataset, an export or a report is not what it says it is; the message says in what."""
