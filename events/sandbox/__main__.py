"""`python -m events.sandbox`: the sandbox alone, without Django."""

import argparse
import functools
import sys

from events import private
from events.sandbox.command import add_arguments, open_sandbox, run


def main() -> None:
    """Reads the command line and serves."""
    private.guard_process()
    parser = argparse.ArgumentParser(prog="python -m events.sandbox")
    add_arguments(parser)
    try:
        sandbox = open_sandbox(vars(parser.parse_args()))
    except ValueError as error:
        sys.exit(str(error))
    run(sandbox, functools.partial(print, flush=True))


main()
