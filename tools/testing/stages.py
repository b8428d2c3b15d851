"""The stages of `tools/test`: each builds what it needs, runs it and returns what it counted."""

import json
import os
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

from testing.jobs import LOGS, ROOT, Counts, Job, run_jobs

CORES = os.cpu_count() or 2
VENV_PYTHON = ROOT / ".deps" / "venv" / "bin" / "python"


class StageFailed(Exception):
    """The stage could not run; it counts as one failure."""


@dataclass
class Context:
    preset: str = "release"
    names: list = field(default_factory=list)

    def wants(self, name):
        return not self.names or any(part in name for part in self.names)


def _tail(path, lines=40):
    return "\n    ".join(path.read_text(errors="replace").splitlines()[-lines:])


def _run(stage, name, command, **options):
    """Runs `command` with its output in a log, whose end is shown where it fails."""
    log = LOGS / stage / f"{name}.out"
    log.parent.mkdir(parents=True, exist_ok=True)
    with open(log, "wb") as output:
        status = subprocess.call(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=output,
                                 stderr=subprocess.STDOUT, **options)
    if status != 0:
        raise StageFailed(f"{name} ended with status {status}:\n    {_tail(log)}")
    log.unlink()


def _git_files(*patterns):
    listing = subprocess.run(["git", "ls-files", "-z", *patterns], cwd=ROOT, capture_output=True, check=True).stdout
    return [name for name in listing.decode().split("\0") if name and (ROOT / name).exists()]


def format_check(context):
    """every C++ file is as clang-format leaves it"""
    files = _git_files("*.cpp", "*.hpp")
    if files:
        _run("format", "clang-format", ["clang-format-16", "--dry-run", "-Werror", *files])
    return Counts(passed=1)


def tidy(context):
    """who may include whom, sizes, and what must not be in the repository"""
    return _pytest("tidy", [ROOT / "tests" / "tidy"])


def build(context):
    """the programs of `make build` and `make bench`"""
    began = time.monotonic()
    _run("build", "build", ["tools/build", context.preset, f"-j{CORES}", "warren", "warren-echo", "benches"])
    print(f"built warren, warren-echo and the benchmarks in {time.monotonic() - began:.0f} s", flush=True)
    return Counts(passed=1)


def _ctest(preset):
    listing = subprocess.run(["ctest", "--test-dir", f"build/{preset}", "--show-only=json-v1"], cwd=ROOT,
                             capture_output=True, check=False)
    if listing.returncode != 0:
        raise StageFailed(f"ctest in build/{preset}: {listing.stderr.decode()}")
    return json.loads(listing.stdout)["tests"]


def _property(test, name, default):
    return next((entry["value"] for entry in test.get("properties", []) if entry["name"] == name), default)


def _ctest_stage(stage, preset, context, wanted=lambda labels: True, env=None):
    """Builds the wanted tests of a preset (a test has its target's name) and runs each program once."""
    _run(stage, "configure", ["tools/build", preset, "build.ninja"])
    tests = [test for test in _ctest(preset)
             if context.wants(test["name"]) and wanted(_property(test, "LABELS", []))]
    if not tests:
        return Counts()
    began = time.monotonic()
    # Whatever compiles is tested even where another target does not.
    broken = Counts()
    try:
        _run(stage, "build", ["tools/build", preset, f"-j{CORES}", "-k0", *[test["name"] for test in tests]])
    except StageFailed as failure:
        print(f"FAILED {stage}: {failure}", flush=True)
        broken = Counts(failed=1)
    print(f"built {len(tests)} test programs in {time.monotonic() - began:.0f} s", flush=True)
    # The longest first, so that none is left alone at the end.
    tests = [test for test in _ctest(preset) if test["name"] in {test["name"] for test in tests} and "command" in test]
    tests.sort(key=lambda test: -_property(test, "COST", 0))
    jobs = [Job(test["name"], test["command"], {"GTEST_OUTPUT": "xml:{xml}", "GTEST_COLOR": "no", **(env or {})},
                int(_property(test, "TIMEOUT", 600)), Path(_property(test, "WORKING_DIRECTORY", ROOT)))
            for test in tests]
    return broken + run_jobs(stage, jobs, CORES)


def unit(context):
    """unit, contract and simulation tests of the release build"""
    return _ctest_stage("unit", context.preset, context)


def asan(context):
    """unit and contract tests under AddressSanitizer and UndefinedBehaviorSanitizer"""
    env = {"ASAN_OPTIONS": "detect_stack_use_after_return=1:strict_string_checks=1",
           "UBSAN_OPTIONS": "print_stacktrace=1", "WARREN_SIM_SEEDS": os.environ.get("WARREN_SIM_SEEDS", "150")}
    return _ctest_stage("asan", "asan", context, lambda labels: "no-asan" not in labels, env)


def tsan(context):
    """the tests labelled tsan under ThreadSanitizer"""
    suppressions = ROOT / "tests" / "support" / "tsan.supp"
    env = {"TSAN_OPTIONS": f"halt_on_error=1:second_deadlock_stack=1:suppressions={suppressions}",
           "WARREN_SIM_SEEDS": os.environ.get("WARREN_SIM_SEEDS", "20")}
    return _ctest_stage("tsan", "tsan", context, lambda labels: "tsan" in labels, env)


def _pytest(name, paths, timeout_seconds=600):
    if not VENV_PYTHON.exists():
        raise StageFailed("the Python test clients are missing; run tools/setup test")
    command = [VENV_PYTHON, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--junitxml={xml}", *paths]
    return run_jobs(name, [Job(name, command, {"PYTHONDONTWRITEBYTECODE": "1"}, timeout_seconds)], 1)


def _below(folder, pattern):
    return sorted(file for file in folder.rglob(pattern) if "node_modules" not in file.parts)


def _black_box(stage, folder, context, parallel, timeout_seconds):
    """Every *.test.mjs with node's test runner and every test_*.py with pytest, each file a job."""
    binary = Path(os.environ.get("WARREN_BIN", ROOT / "build" / context.preset / "bin" / "warren")).resolve()
    env = {"WARREN_BIN": str(binary), "WARREN_ECHO_BIN": str(binary.with_name("warren-echo")),
           "PYTHONDONTWRITEBYTECODE": "1"}
    node = ["node", "--test", "--test-reporter=junit", "--test-reporter-destination={xml}",
            "--test-reporter=spec", "--test-reporter-destination=stdout",
            # Not --test-force-exit: it ends before the report is written whole.
            f"--test-timeout={timeout_seconds * 1000}"]
    pytest = [VENV_PYTHON, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--junitxml={xml}"]
    files = [(file, node) for file in _below(folder, "*.test.mjs")]
    files += [(file, pytest) for file in _below(folder, "test_*.py")]
    jobs = [Job(str(file.relative_to(folder)).replace("/", "-"), [*command, file], dict(env), timeout_seconds)
            for file, command in files if context.wants(str(file.relative_to(folder)))]
    if jobs and not binary.with_name("warren-echo").exists() and not binary.exists():
        raise StageFailed(f"{binary} was not built; see the stage build")
    return run_jobs(stage, jobs, parallel)


def e2e(context):
    """black-box tests with stock clients, from JavaScript and Python"""
    return _black_box("e2e", ROOT / "tests" / "e2e", context, CORES, 300)


def chaos(context):
    """what survives: kill -9, restarts of broker and store, two nodes"""
    return _black_box("chaos", ROOT / "tests" / "chaos", context, 1, 900)


ALL = {"format": format_check, "tidy": tidy, "build": build, "unit": unit, "e2e": e2e, "chaos": chaos,
       "asan": asan, "tsan": tsan}
