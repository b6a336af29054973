"""The exception for mistakes of the user."""


class UserError(Exception):
    """A mistake that the user can correct.

    Its message is one sentence that names the file or the key and the remedy. The command line prints
    it without a traceback and exits with code 2.
    """
