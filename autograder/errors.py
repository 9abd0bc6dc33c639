"""What every exception that is a sentence for people derives from; the command line prints it as one line, not as a traceback."""


class UserError(Exception):
    """Something that the user can put right; the message says what and how."""
