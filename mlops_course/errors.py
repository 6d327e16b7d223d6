"""The mistakes a user can make or meet; their messages are the whole of what the user gets to read."""


class CourseError(Exception):
    """Something the user can act on. The message says what is wrong, where, and what to do next."""


class ContractError(CourseError):
    """A notebook cannot be checked, because it does not keep the contract of `course reproduce`."""


class InterruptedByUserError(CourseError):
    """The user stopped the command."""
