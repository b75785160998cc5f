"""Errors of the demo.

StoryError
    CommandError    a `petiole` command ended with another exit code than the story expects
    WaitError           something that the story waits for did not happen in time
"""


class StoryError(Exception):
    """A step of the story did not hold; the text says which and where to look."""


class CommandError(StoryError):
    """A `petiole` command ended unexpectedly."""


class WaitError(StoryError):
    """A condition was not seen within its time."""
