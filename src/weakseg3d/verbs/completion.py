"""Write the script with which a shell completes this command's verbs, options and files, for the command `weakseg3d`.

Save it where the shell looks for completions, and start a new shell:
bash: ~/.local/share/bash-completion/completions/weakseg3d (read by the package bash-completion)
zsh:  a folder of $fpath, as the file _weakseg3d
fish: ~/.config/fish/completions/weakseg3d.fish
"""

import argparse

EXAMPLE = "  python -m weakseg3d completion bash > ~/.local/share/bash-completion/completions/weakseg3d"

# What stands for files and folders in the help of all verbs.
FILES = ("FILE", "CSV", "PATH", "RECORD", "PNG")
FOLDERS = ("DIR",)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument("shell", choices=["bash", "zsh", "fish", "tcsh"], help="the shell that completes")


def run(args: argparse.Namespace) -> None:
    """Print the script."""
    import shtab

    from weakseg3d.cli import whole_parser

    parser = whole_parser()
    _name_places(parser, shtab.FILE, shtab.DIRECTORY)
    print(shtab.complete(parser, shell=args.shell))


def _name_places(parser: argparse.ArgumentParser, file: dict[str, str], folder: dict[str, str]) -> None:
    """Say of every argument of ``parser``, at all levels, whether the shell completes files or folders for it."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for subparser in action.choices.values():
                _name_places(subparser, file, folder)
        elif action.metavar in FILES + FOLDERS:
            action.complete = file if action.metavar in FILES else folder  # type: ignore[attr-defined]
