"""The command line, `tot24`: each command is a thin call into the rooms of the package.

Whatever a user can get wrong ends in one line on standard error that says what to do, and exit
code 2. Heavy libraries load inside the commands that need them, so that `--help` stays quick.
"""

from tot24_bench.cli.main import app

__all__ = ["app"]
