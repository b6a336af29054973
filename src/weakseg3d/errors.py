"""The one exception a user's mistake may end in."""


class UserError(Exception):
    """A mistake the user can correct.

    Its message is one sentence that names the file or the key and the remedy. The command line prints
    it without a traceback and exits with code 2.
    """
