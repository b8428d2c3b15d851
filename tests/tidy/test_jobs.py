"""tools/test counts what happened: every way a test program can end is told apart."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
from testing import jobs  # noqa: E402
from testing.jobs import Counts, Job  # noqa: E402

REPORTS = {
    "gtest": """<testsuites><testsuite name="Log">
        <testcase name="A" status="run" result="completed"/>
        <testcase name="B" status="run" result="completed"><failure message="no"/><failure message="nor"/></testcase>
        <testcase name="C" status="run" result="skipped"><skipped message="no broker"/></testcase>
        <testcase name="D" status="notrun" result="suppressed"/>
        </testsuite></testsuites>""",
    "node": """<testsuites><testsuite name="bundles"><testcase name="a" classname="test"/>
        <testsuite name="inner"><testcase name="b"><failure type="testCodeFailure" message="no"/></testcase></testsuite>
        </testsuite><testcase name="c" classname="test"><skipped type="skipped" message="no store"/></testcase>
        </testsuites>""",
    "pytest": """<testsuites><testsuite name="pytest"><testcase classname="t" name="a"/>
        <testcase classname="t" name="b"><error message="no">trace</error></testcase>
        <testcase classname="t" name="c"><skipped message="no client"/></testcase></testsuite></testsuites>""",
}


@pytest.fixture(autouse=True)
def logs(tmp_path, monkeypatch):
    monkeypatch.setattr(jobs, "LOGS", tmp_path / "logs")
    monkeypatch.setattr(jobs, "ROOT", tmp_path)
    return tmp_path / "logs"


def run(script, **options):
    return jobs.run_job(Job("job", ["sh", "-c", script, "sh", "{xml}"], cwd=Path("/"), **options), "stage")


@pytest.mark.parametrize("kind", REPORTS)
def test_reads_reports(kind, tmp_path):
    (tmp_path / "report.xml").write_text(REPORTS[kind])
    outcome = jobs.read_report(tmp_path / "report.xml")
    assert outcome.counts == Counts(1, 1, 1)
    assert outcome.failures[0][1] == "no" and outcome.skips[0][1].startswith("no ")


@pytest.mark.parametrize("script, counts", [
    ("true", Counts(passed=1)),
    ("exit 3", Counts(failed=1)),
    ("kill -SEGV $$", Counts(failed=1)),
    ('echo "<testsuites><testcase name=\'a\'/></testsuites>" >"$1"', Counts(passed=1)),
    ('echo "<testsuites><testcase name=\'a\'/></testsuites>" >"$1"; exit 1', Counts(passed=1, failed=1)),
    ('echo "<testsuites><testcase name=" >"$1"; exit 1', Counts(failed=1)),
], ids=["plain", "exit status", "crash", "report", "leak after the report", "torn report"])
def test_counts_every_end(script, counts):
    assert run(script).counts == counts


def test_out_of_time_is_a_failure_and_takes_children_along(tmp_path):
    outcome = run(f"(sleep 2; touch {tmp_path}/survived) & wait", timeout_seconds=0.2)
    assert outcome.counts == Counts(failed=1)
    assert "out of time" in outcome.failures[0][1]
    assert not (tmp_path / "survived").exists()


def test_keeps_the_output_of_failures_only(logs):
    run("echo good")
    assert not (logs / "stage" / "job.out").exists()
    run("echo bad; exit 1")
    assert (logs / "stage" / "job.out").read_text() == "bad\n"


def test_an_empty_report_of_a_failed_program_is_a_failure():
    assert run('echo "<testsuites/>" >"$1"; exit 1').counts == Counts(failed=1)
