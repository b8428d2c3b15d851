#!/usr/bin/python3
"""Writes docs/benchmarks.md from what bench/compare.py measured (build/bench/results.json)."""

import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "build" / "bench" / "results.json"

HEAD = """# Figures

Written by `bench/document.py` from the last run of `bench/compare.py`; not by hand.

- `make bench` measures everything with 3 rounds (an hour) and prints the lines below as a table;
  `bench/compare.py --help` says how to measure longer or only a part, `--write` writes this file.
- Every delivery is counted and checked by the generator (`warren-load`): a run in which one was missing, repeated or
  out of order ends with an error and gives no figure. The store is as it always is: an acknowledged message has been
  fsynced.
- Servers are pinned to one core, the generator to another; both sides of a comparison ran in turns in one call. Where
  a figure says *all cores*, nothing is compared and the server may use every core, that of the generator too. A value
  is the median of the rounds. *Limit* says what was busy (90 % of its cores or more); where it was not the server
  alone, the value is a lower bound and no ratio is given (*generator*: it was busy, whether or not the server was too;
  *neither*: the disk was waited for, or other programs had a share of the cores). *Per CPU second* divides by the CPU
  time that the server's process used, and so, like the *CPU ratio*, also says something where the server was not the
  limit.
- A row's *ratio* is the first side's value divided by its own: of histories, how many times slower the longer one is.
- A closed loop keeps so many messages on their way that the server never waits (8 for each room where not said
  otherwise), so its latencies are those of an overloaded server. Latencies of an open loop count from when a message
  was due, not from when it was sent.
- A generator that is pinned apart looks for what comes for 50 µs before it sleeps: or the server would pay for waking
  it, which clients behind a network do not cost. What it looks in vain is not counted as its CPU
  ([0086](decisions/0086-half-a-million-people-and-two-nodes.md)).
- Limits on how often one person may do something are off (`bench/warren.toml`); everything else is as it comes.

"""

AIMS = """## Aims

| figure | aim |
|---|---|
| fan-out of the bare library, rooms of 1000 (10 and 100) | 8 (4) times npm's socket.io on one core |
| the same, open loop at 3 times npm's maximum | p99 < 100 ms |
| chat fan-out, groups of 1000 | 0.8 of the bare library |
| durable acknowledged messages | 15 k/s with p99 < 50 ms; at a tenth of that p99 < 10 ms |
| memory for each idle person, 5 channels | 4 KB, better 2 KB, at 50 000 and more |
| the most people at once | as many as fit, better 500 000 |
| connecting, with sync, 10 channels | 5 k/s |
| reconnect storm of 20 000 | no error, all back in 20 s, memory at most 1.5 times |
| opening the app, a page of history | flat (1.2) from the shortest history to the longest |
| opening the app with 500 channels | < 50 ms at p50 |
| a cached page of history | 20 k/s a core |
| slow and hostile clients | the others' p99 at most twice as long; memory within the limits |
| two nodes | what the second one costs |

Memory, heap and storm are measured in one process, with as many people as it may open files for (`ulimit -n`, less a
thousand); *the most people at once* goes on with further processes until everybody is in or something gives.
`make bench-long` takes longer, with more people; `make profile` leaves a flame graph of a loaded server.

## Where an aim is missed: why, and what would be next

- **Chat against the library** comes to its aim since the generator is no longer the limit
  ([0092](decisions/0092-the-generator-was-the-limit-of-chat.md)), though not in every call: what the library does not
  do at all is chat's own work on a message and the log's. Next: a group's members as one list for each shard, so that a
  message is one job.
- **Open loop at three times npm's maximum** is met by little, or missed by little, depending on how fast npm is in the
  minute before: messages of one room are too far apart there to leave together, so each delivery is a system call of
  its own, and those alone fill the core: the *Beast broadcast* of the rows above, which does nothing else, does not
  come to three times npm's maximum either. Next: io_uring, which would save the calls, though not what TCP does in
  them.
- **Durable messages** come to their aim, with 256 at once and at a tenth of that, but not in the machine's slow hours
  ([0092](decisions/0092-the-generator-was-the-limit-of-chat.md) has three calls of unchanged code). What is not asked
  for, and not good yet, is the row *at 0.8 of that rate*: while the log is moved into the file, by the thread that
  writes, all wait, and at that rate the queue takes its time to become empty again
  ([0081](decisions/0081-the-log-in-pieces.md)). Next: the log moved beside the writing.
- **Connecting** takes both cores: chat's thread two fifths, SQLite's readers a third
  ([0090](decisions/0090-members-of-many-channels-by-one-read.md)). It comes to its aim, but not in the machine's slow
  hours ([0092](decisions/0092-the-generator-was-the-limit-of-chat.md)).
  Next: one read for where a person is and what they have read.
- **The most people, and memory.** The rows *heap of an idle person* name who holds it; what the process takes beyond
  is malloc's own and its rounding, and free memory between what is used
  ([0068](decisions/0068-memory-of-an-idle-person.md)). Some megabytes do not depend on people, so each further person
  takes less than the average. SQLite has given its pages back by then, and memberships that nobody uses are gone. The
  better aim, 2 KB, is not met.
- **Two nodes.** A process that has little to do also pays for being there (beats, heartbeats), which weighs the more
  the fewer messages the store lets through: see *only one used*, node b. In groups of 1000 those are few: the
  MongoDB-protocol server that the benchmark can start reads whole collections for what a MongoDB finds by an index.

The parts (`build/release/bin/bench_*`, Google Benchmark) print their own tables. What a message may cost in
allocations, store calls, publishes and encodings is no figure but a test: `budget_test`, a part of `make test`.
"""


def number(value):
    if value is None:
        return ""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def table(rows):
    yield ("| figure | side | value | spread | per CPU second | p50 ms | p99 ms | server / generator CPU | limit "
           "| ratio | CPU ratio |")
    yield "|---|---|---|---|---|---|---|---|---|---|---|"
    for row in rows:
        spread = "" if row["value"] is None else f"{number(row['spread'][0])} - {number(row['spread'][1])}"
        side = row["side"] + (f" ({row['failures']} failures)" if row["failures"] else "")
        side += f" ({row['repeated']} runs repeated)" if row.get("repeated") else ""
        value = f"{number(row['value'])} {row['unit']}"
        busy = "" if row["server_cpu"] is None else f"{row['server_cpu']:.0f} % / {row['generator_cpu']:.0f} %"
        cells = [row["figure"], side, value, spread, number(row.get("per_cpu_second")),
                 number(row.get("p50_ms")), number(row.get("p99_ms")),
                 busy, row["limit"], row.get("ratio", ""),
                 row.get("cpu_ratio", "")]
        yield "| " + " | ".join(cells) + " |"


def main():
    if not RESULTS.exists():
        sys.exit("document: there are no results yet; run bench/compare.py")
    text = HEAD
    for run in json.loads(RESULTS.read_text()):
        about = run["machine"]
        text += f"## {run['command']}\n\n"
        text += (f"{about['at']}, commit {about['commit']}: {about['cores']} cores of {about['cpu']}, "
                 f"{about['memory_gb']} GB, Linux {about['kernel']}, Node.js {about['node']}; servers on core "
                 f"{run['pinned'][0]}, generator on core {run['pinned'][1]}; {run['connections']} connections where "
                 f"not said otherwise; {run['seconds']:g} s a round; load average before: "
                 f"{about['load_average_at_start']}.\n\n")
        text += "\n".join(table(run["rows"])) + "\n\n"
    text += AIMS
    (ROOT / "docs" / "benchmarks.md").write_text(text)
    print("wrote docs/benchmarks.md")


if __name__ == "__main__":
    main()
