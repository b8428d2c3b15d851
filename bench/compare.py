#!/usr/bin/python3
"""Measures Warren beside what its users could pick instead, and Warren by itself; prints one table.

    bench/compare.py                     a few minutes: 3 rounds
    bench/compare.py --rounds 7 --seconds 15 --people 19000     longer
    bench/compare.py --only fanout       some of: fanout chat durable connect storm ask
    bench/compare.py --write             also writes docs/benchmarks.md from the results

Servers are pinned to the first core and the load generator to the last; both sides of a comparison run in turns within
one call. A ratio is printed only where both servers, not the generator, were what was busy;
the ratio of CPU time always. `make bench` builds what
this needs. Results are kept in build/bench/.
"""

import argparse
import json
import os
import re
import select
import shutil
import signal
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OUT = ROOT / "build" / "bench"
BUSY_PERCENT = 90  # Of a core: from here on it is what limits.


class Bench:
    def __init__(self, arguments):
        self.arguments = arguments
        self.bin = (ROOT / "build" / arguments.preset / "bin") if not arguments.bin else Path(arguments.bin).resolve()
        cores = sorted(os.sched_getaffinity(0))
        self.server_core, self.load_core = cores[0], cores[-1]
        self.rows = []

    # Servers and loads -------------------------------------------------------------------------------------------

    def start(self, command, ready):
        """Starts a server pinned to its core; its process and port, once a line of it matches `ready`."""
        log = open(OUT / "server.log", "ab")
        server = subprocess.Popen(["taskset", "-c", str(self.server_core), *map(str, command)], cwd=OUT,
                                  stdout=subprocess.PIPE, stderr=log)
        deadline, text = time.monotonic() + 60, b""
        while time.monotonic() < deadline and server.poll() is None:
            if select.select([server.stdout], [], [], 1)[0]:
                text += os.read(server.stdout.fileno(), 4096)
            if match := re.search(ready, text):
                return server, int(match.group(1))
        raise SystemExit(f"bench: {command[0]} did not start; see {OUT / 'server.log'}")

    def stop(self, server):
        server.send_signal(signal.SIGTERM)
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()

    def load(self, scenario, port, server, *options):
        """One run of the generator; its report. A run that lost or disordered deliveries ends everything."""
        report = OUT / "report.json"
        report.unlink(missing_ok=True)
        command = ["taskset", "-c", str(self.load_core), str(self.bin / "warren-load"), scenario, "--port", str(port),
                   "--server-pid", str(server.pid), "--json", str(report), *map(str, options)]
        done = subprocess.run(command, cwd=OUT, capture_output=True, text=True)
        if done.returncode != 0:
            raise SystemExit(f"bench: {' '.join(command)}\n{done.stdout}{done.stderr}")
        return json.loads(report.read_text())

    def warren(self, data):
        listening = r"http://127\.0\.0\.1:(\d+)\s"
        command = [self.bin / "warren", "serve", "--config", ROOT / "bench" / "warren.toml", "--data-dir", data,
                   "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", "--set", "http.shards=1"]
        return self.start(command, listening.encode())

    def prepare(self, name, people, *options):
        """A data folder with people, made once a call; what each run does to it stays small beside it."""
        data = OUT / f"data-{name}"
        shutil.rmtree(data, ignore_errors=True)
        file = OUT / f"{name}.jsonl"
        subprocess.run([self.bin / "warren-load", "prepare", "--data-dir", data, "--people", str(people), "--out", file,
                        *map(str, options)], cwd=OUT, check=True, capture_output=True)
        return data, file

    # What is measured --------------------------------------------------------------------------------------------

    def spans(self):
        return ["--warmup", self.arguments.warmup, "--seconds", self.arguments.seconds]

    def fanout_servers(self):
        listening = rb"http://127\.0\.0\.1:(\d+)\s"
        peer = ROOT / "bench" / "peers" / "socketio_fanout.mjs"
        return {"Warren library": ([self.bin / "warren-fanout"], listening),
                "npm socket.io": (["node", peer], listening),
                "Beast broadcast": ([self.bin / "beast-fanout"], listening)}

    def fanout(self):
        """deliveries/s of the bare library in rooms, beside npm's socket.io and plain Beast, 100 B"""
        people = self.arguments.people
        for size in (1000, 100, 10):
            runs = {name: [] for name in self.fanout_servers()}
            window = self.window(people // size)
            for _ in range(self.arguments.rounds):
                for name, (command, ready) in self.fanout_servers().items():
                    server, port = self.start(command, ready)
                    runs[name].append(self.load("fanout", port, server, "--connections", people, "--room-size", size,
                                                "--payload", 100, "--window", window, *self.spans()))
                    self.stop(server)
            self.compare(f"fan-out, rooms of {size}", runs, "deliveries_per_second", "delivery")
            if size == 1000:
                self.fanout_at(3 * statistics.median(run["messages_per_second"] for run in runs["npm socket.io"]))

    def fanout_at(self, rate):
        """Latency of the library at three times what npm's socket.io can do at most."""
        command, ready = self.fanout_servers()["Warren library"]
        runs = {"Warren library": []}
        for _ in range(self.arguments.rounds):
            server, port = self.start(command, ready)
            runs["Warren library"].append(self.load("fanout", port, server, "--connections", self.arguments.people,
                                                    "--room-size", 1000, "--rate", round(rate, 1), *self.spans()))
            self.stop(server)
        self.compare("the same, open loop at 3x npm's maximum", runs, "deliveries_per_second", "delivery")

    @staticmethod
    def window(rooms):
        """Messages on their way at once: enough for the server to be the one that is waited for."""
        return min(max(8 * rooms, 16), 2000)

    def chat(self):
        """message:new in groups of 1000: sign-in, log, SQLite and delivery, beside the bare library, 100 B"""
        people = max(1000, self.arguments.people // 1000 * 1000)
        data, file = self.prepare("chat", people, "--group-size", 1000)
        library, ready = self.fanout_servers()["Warren library"]
        runs = {"Warren chat": [], "Warren library": []}
        window = self.window(people // 1000)
        for _ in range(self.arguments.rounds):
            server, port = self.warren(data)
            runs["Warren chat"].append(self.load("chat", port, server, "--people", file, "--payload", 100,
                                                 "--window", window, *self.spans()))
            self.stop(server)
            server, port = self.start(library, ready)
            runs["Warren library"].append(self.load("fanout", port, server, "--connections", people, "--room-size",
                                                    1000, "--payload", 100, "--window", window, *self.spans()))
            self.stop(server)
        self.compare("chat fan-out, groups of 1000", runs, "deliveries_per_second", "delivery")

    def durable(self):
        """durable acknowledged messages/s: 1000 people, groups of 10 and one-to-one, 200 B, fsync before each answer"""
        data, file = self.prepare("durable", 1000, "--group-size", 10, "--pairs", 1)
        best, peak = {"Warren": []}, 0
        for _ in range(self.arguments.rounds):
            server, port = self.warren(data)
            best["Warren"].append(self.load("chat", port, server, "--people", file, "--window", 256, *self.spans()))
            self.stop(server)
        self.compare("durable messages, 256 at once", best, "messages_per_second", "acknowledged")
        peak = statistics.median(run["messages_per_second"] for run in best["Warren"])
        for part, label in ((0.8, "at 0.8 of that rate"), (0.1, "at a tenth of that rate")):
            runs = {"Warren": []}
            for _ in range(self.arguments.rounds):
                server, port = self.warren(data)
                runs["Warren"].append(self.load("chat", port, server, "--people", file, "--rate", int(peak * part),
                                                *self.spans()))
                self.stop(server)
            self.compare(f"durable messages, {label}", runs, "messages_per_second", "acknowledged")

    def connect(self):
        """from token to first sync answered, 5 channels each, and what an idle person costs"""
        data, file = self.prepare("connect", self.arguments.people, "--group-size", 10, "--groups", 5)
        runs = {"Warren": []}
        for _ in range(self.arguments.rounds):
            server, port = self.warren(data)
            runs["Warren"].append(self.load("connect", port, server, "--people", file, "--hold", 3))
            self.stop(server)
        self.compare("connecting, with sync", runs, "connected_per_second", "connected_and_synced")
        self.compare("memory for each idle person", runs, "server_bytes_each", None)

    def storm(self):
        """everybody is cut off at once and returns within 0.5 to 1.5 s, each syncing, 10 channels each"""
        data, file = self.prepare("storm", self.arguments.people, "--group-size", 10, "--groups", 10)
        runs = {"Warren": []}
        for _ in range(self.arguments.rounds):
            server, port = self.warren(data)
            runs["Warren"].append(self.load("storm", port, server, "--people", file))
            self.stop(server)
        self.compare("reconnect storm, all back (s)", runs, "all_back_seconds", "back")

    def ask(self):
        """opening the app and a page of history, for histories of 1 k and 100 k messages in a channel"""
        for history in (1000, 100_000):
            data, file = self.prepare(f"ask-{history}", 20, "--group-size", 10, "--groups", 1, "--history", history)
            page = {"channelId": "$channel", "limit": 50}
            deep = {**page, "before": 500}
            for event, label, payload in (("channels:list", "channels:list", {"limit": 50}),
                                          ("messages:get", "newest page", page), ("messages:get", "deep page", deep)):
                runs = {"Warren": []}
                for _ in range(self.arguments.rounds):
                    server, port = self.warren(data)
                    runs["Warren"].append(self.load("ask", port, server, "--people", file, "--event", event, "--data",
                                                    json.dumps(payload), "--window", 8, *self.spans()))
                    self.stop(server)
                self.compare(f"{label}, history of {history}", runs, "answers_per_second", "answered")

    # What is said of it ------------------------------------------------------------------------------------------

    def compare(self, figure, runs, key, latency):
        first = None
        for name, reports in runs.items():
            value = statistics.median(report[key] for report in reports)
            server = statistics.median(report.get("server_cpu_percent", 0) for report in reports)
            load = statistics.median(report.get("generator_cpu_percent", 0) for report in reports)
            seconds = [report["server_cpu_seconds"] for report in reports if report.get("server_cpu_seconds")]
            row = {"figure": figure, "side": name, "value": value, "unit": key.replace("_", " "),
                   "rounds": len(reports), "server_cpu": server,
                   "spread": [min(r[key] for r in reports), max(r[key] for r in reports)],
                   "generator_cpu": load, "limit": self.limit(server, load), "failures": self.failures(reports)}
            if key in ("deliveries_per_second", "messages_per_second") and seconds:
                row["per_cpu_second"] = statistics.median(
                    r[key] * r["seconds"] / max(r["server_cpu_seconds"], 0.01) for r in reports)
            if latency:
                row["p50_ms"] = statistics.median(r[latency]["p50_ms"] for r in reports)
                row["p99_ms"] = statistics.median(r[latency]["p99_ms"] for r in reports)
            if first:
                row["ratio"] = self.ratio(first, row)
                if first.get("per_cpu_second") and row.get("per_cpu_second"):
                    row["cpu_ratio"] = f"{first['per_cpu_second'] / row['per_cpu_second']:.2f}"
            first = first or row
            self.rows.append(row)
            print(line_of(row), flush=True)

    @staticmethod
    def limit(server, load):
        if server >= BUSY_PERCENT:
            return "server"
        return "generator" if load >= BUSY_PERCENT else "neither"

    @staticmethod
    def failures(reports):
        return sum(sum(report.get("failures", {}).values()) for report in reports)

    @staticmethod
    def ratio(first, row):
        if "generator" in (first["limit"], row["limit"]):
            return "refused: the generator was the limit"
        if "neither" in (first["limit"], row["limit"]):
            return "refused: a server was not busy"
        return f"{first['value'] / row['value']:.2f}" if row["value"] else "refused: nothing came"


def line_of(row):
    def number(value):
        return "" if value is None else f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
    ratio = f"  ratio {row['ratio']}" if "ratio" in row else ""
    ratio += f"  CPU ratio {row['cpu_ratio']}" if "cpu_ratio" in row else ""
    latency = f"  p50 {number(row['p50_ms'])} ms  p99 {number(row['p99_ms'])} ms" if "p99_ms" in row else ""
    each = f"  {number(row['per_cpu_second'])} per CPU second" if "per_cpu_second" in row else ""
    failures = f"  {row['failures']} FAILURES" if row["failures"] else ""
    return (f"{row['figure']:<38} {row['side']:<16} {number(row['value']):>10} {row['unit']}{each}{latency}"
            f"  [server {row['server_cpu']:.0f} %, generator {row['generator_cpu']:.0f} %: {row['limit']}]"
            f"{ratio}{failures}")


def machine():
    models = [line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")]
    memory = next(int(line.split()[1]) for line in open("/proc/meminfo") if line.startswith("MemTotal")) / 1e6
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True)
    node = subprocess.run(["node", "--version"], capture_output=True, text=True).stdout.strip()
    return {"cpu": models[0] if models else "?", "cores": len(os.sched_getaffinity(0)), "memory_gb": round(memory),
            "kernel": ".".join(os.uname().release.split(".")[:2]), "node": node, "commit": commit.stdout.strip(),
            "at": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
            "load_average_at_start": round(os.getloadavg()[0], 1)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--preset", default="release")
    parser.add_argument("--bin", help="where the programs are, instead of the preset's folder")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--warmup", type=float, default=2)
    parser.add_argument("--people", type=int, default=10_000)
    parser.add_argument("--only", default="fanout,chat,durable,connect,storm,ask")
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks.md")
    arguments = parser.parse_args()
    OUT.mkdir(parents=True, exist_ok=True)
    bench, about = Bench(arguments), machine()
    print(f"{about['cpu']}, {about['cores']} cores; servers on core {bench.server_core}, "
          f"generator on core {bench.load_core}")
    for name in arguments.only.split(","):
        began = time.monotonic()
        print(f"== {name}: {getattr(bench, name).__doc__}", flush=True)
        getattr(bench, name)()
        print(f"   {time.monotonic() - began:.0f} s", flush=True)
    command = f"bench/compare.py --rounds {arguments.rounds} --seconds {arguments.seconds:g} --only {arguments.only}"
    results = {"machine": about, "command": command, "pinned": [bench.server_core, bench.load_core],
               "connections": arguments.people, "seconds": arguments.seconds, "rows": bench.rows}
    merge(results).write()
    if arguments.write:
        subprocess.run([sys.executable, ROOT / "bench" / "document.py"], check=True)


class merge:
    """The results of this call beside those of earlier ones: a figure measured again replaces what it was."""

    def __init__(self, results):
        self.file = OUT / "results.json"
        self.all = json.loads(self.file.read_text()) if self.file.exists() else []
        figures = {row["figure"] for row in results["rows"]}
        for earlier in self.all:
            earlier["rows"] = [row for row in earlier["rows"] if row["figure"] not in figures]
        self.all = [earlier for earlier in self.all if earlier["rows"]] + [results]

    def write(self):
        self.file.write_text(json.dumps(self.all, indent=1))


if __name__ == "__main__":
    main()
