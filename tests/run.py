"""`make test`: what tests need is found or installed, then they run on SQLite and PostgreSQL."""

import os
import shutil
import subprocess
import sys

# Programs that tests start, and Debian's package of each.
PROGRAMS = {"nginx": "nginx-light", "systemd-analyze": "systemd"}
SYSTEM_PATH = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/usr/local/sbin"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# These folders touch no database: once is enough.
MODEL_FREE = ("indicators", "cloudflare", "sandbox", "bench")


def main() -> int:
    """0 if every test passed on both databases."""
    if not _browser():
        print("\n*** NO BROWSER: the browser tests are skipped. Install chromium. ***\n")
        if os.environ.get("CI"):
            return 1
    if absent := _absent_programs():
        print(f"\n*** NOT TESTED: {', '.join(absent)} cannot be found. Install them. ***\n")
        if os.environ.get("CI"):
            return 1
    pytest = [sys.executable, "-m", "pytest", "-q", "-n", str(os.cpu_count() or 2)]
    chosen = sys.argv[1:]
    first = _run([*pytest, *chosen], "sqlite")
    skipped = [f"--ignore=tests/{name}" for name in MODEL_FREE]
    second = _run([*pytest, *skipped, *chosen], "postgresql")
    return first or second


def _browser() -> bool:
    """Whether there is a browser, after installing Debian's where that is possible."""
    if any(map(shutil.which, BROWSERS)):
        return True
    _install("chromium")
    return any(map(shutil.which, BROWSERS))


def _absent_programs() -> list[str]:
    """Those of the `PROGRAMS` that are not here, after installing Debian's where possible."""
    absent = [name for name in PROGRAMS if not shutil.which(name, path=SYSTEM_PATH)]
    if absent:
        _install(*(PROGRAMS[name] for name in absent))
    return [name for name in absent if not shutil.which(name, path=SYSTEM_PATH)]


def _install(*packages: str) -> None:
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return
    subprocess.run(["apt-get", "update", "-qq"], check=False)
    subprocess.run(
        ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages],
        check=False,
        stdout=subprocess.DEVNULL,
    )


def _run(command: list[str], database: str) -> int:
    """The exit status; what failed beside others is tried once more, alone, and named."""
    print(f"\n=== tests on {database} ===", flush=True)
    environment = os.environ | {"TEST_DATABASE": database}
    status = subprocess.run(command, check=False, env=environment).returncode
    if status != 1:
        return status
    print(f"\n=== what failed on {database}, alone ===", flush=True)
    alone = [*command, "-n", "0", "-v", "--last-failed", "--last-failed-no-failures=none"]
    status = subprocess.run(alone, check=False, env=environment).returncode
    if status == 0:
        print("*** These passed alone and not beside others: a machine too busy, or a defect. ***")
    return status


if __name__ == "__main__":
    sys.exit(main())
