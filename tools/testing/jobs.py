"""Test programs as jobs: each runs by itself, several at a time, and its JUnit report is counted by test case."""

import concurrent.futures
import os
import signal
import subprocess
import xml.etree.ElementTree
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LOGS = ROOT / "build" / "test-logs"
TAIL_LINES = 60


@dataclass
class Counts:
    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def __add__(self, other):
        return Counts(self.passed + other.passed, self.failed + other.failed, self.skipped + other.skipped)


@dataclass
class Job:
    """One program that runs tests. `{xml}` in its command or environment becomes the path of its report."""

    name: str
    command: list
    env: dict = field(default_factory=dict)
    timeout_seconds: int = 600
    cwd: Path = ROOT


@dataclass
class Outcome:
    counts: Counts
    failures: list  # of (test, message)
    skips: list  # of (test, reason)


def _text_of(element):
    return (element.get("message") or "").strip() or (element.text or "").strip()


def read_report(path):
    """What a JUnit report (gtest's, node's or pytest's) says; None where there is no readable one."""
    try:
        tree = xml.etree.ElementTree.parse(path)
    except (OSError, xml.etree.ElementTree.ParseError):
        return None
    outcome = Outcome(Counts(), [], [])
    for case in tree.iter("testcase"):
        if case.get("status") == "notrun":
            continue
        name = f"{case.get('classname', '')}.{case.get('name', '')}".lstrip(".")
        bad = [child for child in case if child.tag in ("failure", "error")]
        skips = [child for child in case if child.tag == "skipped"]
        if bad:
            outcome.counts.failed += 1
            outcome.failures.append((name, _text_of(bad[0])))
        elif skips or case.get("result") == "skipped":
            outcome.counts.skipped += 1
            outcome.skips.append((name, _text_of(skips[0]) if skips else ""))
        else:
            outcome.counts.passed += 1
    return outcome


def _execute(job, output, xml_path):
    """The exit status, negative for a signal; None where the time ran out."""
    command = [str(part).replace("{xml}", str(xml_path)) for part in job.command]
    env = {**os.environ, **{key: value.replace("{xml}", str(xml_path)) for key, value in job.env.items()}}
    with open(output, "wb") as log:
        # A session of its own, so that a program out of time takes its children with it.
        process = subprocess.Popen(command, cwd=job.cwd, env=env, stdin=subprocess.DEVNULL, stdout=log,
                                   stderr=subprocess.STDOUT, start_new_session=True)
        try:
            return process.wait(job.timeout_seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
            return None


def run_job(job, stage):
    folder = LOGS / stage
    folder.mkdir(parents=True, exist_ok=True)
    output, xml_path = folder / f"{job.name}.out", folder / f"{job.name}.xml"
    job.env.setdefault("WARREN_TEST_LOGS", str(folder))
    status = _execute(job, output, xml_path)
    outcome = read_report(xml_path)
    if outcome is None:
        outcome = Outcome(Counts(passed=1) if status == 0 else Counts(failed=1), [], [])
    elif status != 0 and not outcome.counts.failed:
        outcome.counts.failed += 1
    if status != 0 and not outcome.failures:
        how = "ran out of time" if status is None else f"ended with status {status}"
        outcome.failures.append((job.name, f"{how} (tests that passed: {outcome.counts.passed})"))
    if not outcome.counts.failed:
        output.unlink()
        xml_path.unlink(missing_ok=True)
    return outcome


def _report(job, stage, outcome):
    by_reason = {}
    for test, reason in outcome.skips:
        by_reason.setdefault(reason.splitlines()[0] if reason else "no reason given", []).append(test)
    for reason, tests in by_reason.items():
        others = f" and {len(tests) - 1} others" if len(tests) > 1 else ""
        print(f"skipped {stage}/{job.name}: {tests[0]}{others}: {reason}", flush=True)
    if not outcome.counts.failed:
        return
    output = LOGS / stage / f"{job.name}.out"
    for test, message in outcome.failures:
        lines = message.splitlines()
        print(f"FAILED {stage}/{job.name}: {test}: " + "\n    ".join(lines[:12]), flush=True)
    print(f"--- the end of {output.relative_to(ROOT)}:")
    for line in output.read_text(errors="replace").splitlines()[-TAIL_LINES:]:
        print(f"    {line[:400]}")
    for log in sorted((LOGS / stage).glob("*/*.log")):
        print(f"    kept: {log.relative_to(ROOT)}")


def run_jobs(stage, jobs, parallel):
    """Runs the jobs, the first ones first, `parallel` at a time, and prints what failed."""
    total = Counts()
    with concurrent.futures.ThreadPoolExecutor(parallel) as pool:
        running = {pool.submit(run_job, job, stage): job for job in jobs}
        for future in concurrent.futures.as_completed(running):
            outcome = future.result()
            _report(running[future], stage, outcome)
            total += outcome.counts
    return total
