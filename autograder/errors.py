"""The base class of every exception whose message is written for people; the command line prints it as one line."""


class UserError(Exception):
    """Something that the user can put right; the message says what and how."""


class ExerciseError(UserError):
    """A slip in an exercise's file: what is wrong, in one line. `line` is where, if whoever raises it knows."""

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.line = line
