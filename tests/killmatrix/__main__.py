"""`python -m tests.killmatrix --runs 2000`: the kill matrix on SQLite and on PostgreSQL."""

import argparse
import os
import subprocess
import sys
import time

DATABASES = ("sqlite", "postgresql")
LANES = 24


def main() -> int:
    """0 if everything held and the controls failed on every database asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.killmatrix", description=__doc__)
    parser.add_argument("--runs", type=int, default=2000, help="on each database")
    parser.add_argument("--database", choices=(*DATABASES, "both"), default="both")
    parser.add_argument("--seed", type=int, default=None, help="default: the time")
    parser.add_argument("--lanes", type=int, default=LANES, help="runs side by side")
    options = parser.parse_args()
    seed = int(time.time()) if options.seed is None else options.seed
    if options.database == "both":
        return max([_on(database, seed, options) for database in DATABASES])
    return _here(options.database, seed, options)


def _on(database: str, seed: int, options: argparse.Namespace) -> int:
    """In a process of its own: Django is set up for one database."""
    numbers = {"runs": options.runs, "lanes": options.lanes, "seed": seed}
    command = [sys.executable, "-m", "tests.killmatrix", "--database", database]
    command += [word for name, value in numbers.items() for word in (f"--{name}", str(value))]
    return subprocess.run(command, check=False).returncode


def _here(database: str, seed: int, options: argparse.Namespace) -> int:
    os.environ["TEST_DATABASE"] = database
    os.environ["DJANGO_SETTINGS_MODULE"] = "webui.settings"
    import django

    import tests.environment  # noqa: F401

    django.setup()
    from tests.killmatrix import matrix

    print(f"kill matrix on {database}: {options.runs} runs, seed {seed}", flush=True)
    return 0 if matrix.run(options.runs, seed, options.lanes, database) else 1


if __name__ == "__main__":
    sys.exit(main())
