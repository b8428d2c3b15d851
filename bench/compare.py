#!/usr/bin/python3
"""Measures Warren beside what its users could pick instead, and Warren by itself; prints one table.

    bench/compare.py                     an hour: 3 rounds
    bench/compare.py --rounds 7 --seconds 15 --people 19000     longer
    bench/compare.py --only fanout       some of: fanout chat durable connect most memory storm ask hostile two_nodes
    bench/compare.py --write             also writes docs/benchmarks.md from the results

Servers are pinned to the first core and the load generator to the last; both sides of a comparison run in turns within
one call. Where a figure says "all cores", the server may use every core, the generator's too, as it would by itself.
A ratio is printed only where both servers, not the generator, were what was busy; the ratio of CPU time always.
`make bench` builds what this needs. Results are kept in build/bench/.
"""

import argparse
import http.client
import json
import os
import re
import resource
import select
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import time
from pathlib import Path

import heap

ROOT = Path(__file__).resolve().parent.parent
OUT = ROOT / "build" / "bench"
MEMORY_GIVEN_BACK_IN = 45  # Seconds: memberships that nobody uses go after 30, malloc gives back every 10.
NEWEST_IN_BUCKET = 104  # As with a thousand messages: a page of 50 is read from one bucket.
TWO_NODES_WINDOW = 16
NOT_ALL_IN = 4  # How warren-load then ends.
SPIN = 50  # Microseconds for which a generator with a core of its own looks for what comes before it sleeps.
MOST_PATIENCE = 20  # Seconds in which nobody more comes in.
STILL_MAX = 3  # Runs in a row in which it does.
BUSY_PERCENT = 90  # Of a core: from here on it is what limits.


class NotAllIn(SystemExit):
    """The generator ended before it measured, since not everybody came in."""


class StoodStill(Exception):
    """The store of the two nodes did, in every run that was tried."""


class Bench:
    def __init__(self, arguments):
        self.arguments = arguments
        self.bin = (ROOT / "build" / arguments.preset / "bin") if not arguments.bin else Path(arguments.bin).resolve()
        self.cores = sorted(os.sched_getaffinity(0))
        self.server_core, self.load_core = self.cores[0], self.cores[-1]
        self.rows = []
        self.about = machine()

    def save(self):
        """What was measured so far stays, whatever comes after it."""
        command = " ".join(["bench/compare.py", *(word for word in sys.argv[1:] if word != "--write")])
        merge({"machine": self.about, "command": command, "pinned": [self.server_core, self.load_core],
               "connections": self.arguments.people, "seconds": self.arguments.seconds, "rows": self.rows}).write()

    # Servers and loads -------------------------------------------------------------------------------------------

    def start(self, command, ready, all_cores=False):
        """Starts a server pinned to its core; its process and port, once a line of it matches `ready`."""
        self.spin = 0 if all_cores else SPIN
        log = open(OUT / "server.log", "ab")
        pin = [] if all_cores else ["taskset", "-c", str(self.server_core)]
        # Ends with this process even where that ends with an error.
        server = subprocess.Popen(["setpriv", "--pdeathsig", "TERM", *pin, *map(str, command)], cwd=OUT,
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
        pid = ["--server-pid", str(server.pid)] if server else []
        command = ["taskset", "-c", str(self.load_core), str(self.bin / "warren-load"), scenario, "--port", str(port),
                   *pid, "--spin", str(self.spin if server else 0), "--json", str(report), *map(str, options)]
        done = subprocess.run(command, cwd=OUT, capture_output=True, text=True)
        if done.returncode != 0:
            failure = f"bench: {' '.join(command)}\n{done.stdout}{done.stderr}"
            raise NotAllIn(failure) if done.returncode == NOT_ALL_IN else SystemExit(failure)
        return json.loads(report.read_text())

    @staticmethod
    def people_that_fit(aim):
        """As many as are aimed at, or as one process may have open files, but for its own."""
        return min(aim, (resource.getrlimit(resource.RLIMIT_NOFILE)[1] - 1000) // 1000 * 1000)

    def warren(self, data, tool=(), all_cores=False, admin=0):
        listening = r"http://127\.0\.0\.1:(\d+)\s"
        command = [*tool, self.bin / "warren", "serve", "--config", ROOT / "bench" / "warren.toml", "--data-dir", data,
                   "--listen", "127.0.0.1:0", "--admin-listen", f"127.0.0.1:{admin}"]
        return self.start(command + ([] if all_cores else ["--set", "http.shards=1"]), listening.encode(), all_cores)

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
        return max(8 * rooms, 16)

    def chat(self):
        """message:new in groups of 1000: sign-in, log, SQLite and delivery, beside the bare library, 100 B"""
        people = max(1000, self.arguments.people // 1000 * 1000)
        data, file = self.prepare("chat", people, "--group-size", 1000)
        library, ready = self.fanout_servers()["Warren library"]
        # A message waits for its fsync before it is delivered, so the same number on their way means less for each turn
        # of the server: what either can do at most shows with more of them.
        for each in (8, 32):
            runs = {"Warren chat": [], "Warren library": [], "Warren library, frames as long as chat's": []}
            window = each * (people // 1000)
            for _ in range(self.arguments.rounds):
                server, port = self.warren(data)
                runs["Warren chat"].append(self.load("chat", port, server, "--people", file, "--payload", 100,
                                                     "--window", window, *self.spans()))
                self.stop(server)
                for name, payload in (("Warren library", 100), ("Warren library, frames as long as chat's", 400)):
                    server, port = self.start(library, ready)
                    runs[name].append(self.load("fanout", port, server, "--connections", people, "--room-size", 1000,
                                                "--payload", payload, "--window", window, *self.spans()))
                    self.stop(server)
            self.compare(f"chat fan-out, groups of 1000, {each} on their way in each", runs, "deliveries_per_second",
                         "delivery")

    def durable(self):
        """durable acknowledged messages/s: 1000 people, groups of 10 and one-to-one, 200 B, fsync before each answer"""
        data, file = self.prepare("durable", 1000, "--group-size", 10, "--pairs", 1)
        best, peak = {"Warren": []}, 0
        for _ in range(self.arguments.rounds):
            server, port = self.warren(data, all_cores=True)
            best["Warren"].append(self.load("chat", port, server, "--people", file, "--window", 256, *self.spans()))
            self.stop(server)
        self.compare("durable messages, all cores, 256 at once", best, "messages_per_second", "acknowledged")
        peak = statistics.median(run["messages_per_second"] for run in best["Warren"])
        for part, label in ((0.8, "at 0.8 of that rate"), (0.1, "at a tenth of that rate")):
            runs = {"Warren": []}
            for _ in range(self.arguments.rounds):
                server, port = self.warren(data, all_cores=True)
                runs["Warren"].append(self.load("chat", port, server, "--people", file, "--rate", int(peak * part),
                                                *self.spans()))
                self.stop(server)
            self.compare(f"durable messages, all cores, {label}", runs, "messages_per_second", "acknowledged")

    def connect(self):
        """from token to first sync answered, 10 and 5 channels each; what an idle person in 5 channels costs"""
        for people, channels in ((self.arguments.people, 10), (self.people_that_fit(50_000), 5)):
            data, file = self.prepare("connect", people, "--group-size", 10, "--groups", channels)
            runs = self.connected(data, file, people)
            self.compare(f"connecting, with sync, all cores, {channels} channels", runs, "connected_per_second",
                         "connected_and_synced")
        self.compare(f"memory for each of {people} idle people, all cores", runs, "server_bytes_each", None)
        half = people // 2
        for all_of_them, some in zip(runs["Warren"], self.connected(data, file, half)["Warren"]):
            further = all_of_them["server_bytes_each"] * people - some["server_bytes_each"] * half
            all_of_them["server_bytes_each_further"] = further / (people - half)
        self.compare(f"memory for each idle person beyond {half}, all cores", runs, "server_bytes_each_further", None)

    def connected(self, data, file, people):
        runs = {"Warren": []}
        for _ in range(self.arguments.rounds):
            server, port = self.warren(data, all_cores=True)
            runs["Warren"].append(self.load("connect", port, server, "--people", file, "--connections", people,
                                            "--hold", MEMORY_GIVEN_BACK_IN))
            self.stop(server)
        return runs

    def most(self):
        """as many signed-in people as come in, each process with as many as it may hold; 5 channels each"""
        most = self.arguments.most
        each = self.people_that_fit(most)
        data, file = self.prepare("most", each, "--group-size", 10, "--groups", 5)
        free, nodes, bytes_of_nobody, gave = free_bytes(), [], 0, ""
        while len(nodes) * each < most and not gave:
            copy = OUT / f"data-most-{len(nodes)}"
            shutil.rmtree(copy, ignore_errors=True)
            shutil.copytree(data, copy)
            admin = free_port()
            server, port = self.warren(copy, all_cores=True, admin=admin)
            bytes_of_nobody += resident_bytes(server.pid)
            command = [self.bin / "warren-load", "connect", "--port", port, "--people", file, "--hold", 3600]
            load = subprocess.Popen([*map(str, command)], cwd=OUT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                    text=True)
            nodes.append((server, load, admin))
            if self.all_in(each, *nodes[-1]) < each:
                gave = self.what_gave(server, load)
        time.sleep(MEMORY_GIVEN_BACK_IN)
        people = sum(connections(admin) for _, _, admin in nodes)  # Those who came and stayed.
        # Also of the kernel, and of the generators.
        of_machine = free - free_bytes()
        of_servers = sum(resident_bytes(node[0].pid) for node in nodes if node[0].poll() is None) - bytes_of_nobody
        for _, load, _ in nodes:
            load.terminate()
            load.wait()
        for number, (server, _, _) in enumerate(nodes):
            server.kill()  # Nobody waits for half a million goodbyes.
            server.wait()
            shutil.rmtree(OUT / f"data-most-{number}")
        name = f"Warren, {len(nodes)} processes; first to give: {gave or 'nothing'}"
        for figure, report in (("the most people at once", {"people": people}),
                               ("the most people, memory of their servers", {"server_bytes_each": of_servers / people}),
                               ("the most people, of the machine, with kernel and generators",
                                {"bytes_each": of_machine / people})):
            self.compare(f"{figure}, all cores", {name: [report]}, next(iter(report)), None)

    @staticmethod
    def all_in(people, server, load, admin):
        """How many of them came in."""
        most, grew_at = 0, time.monotonic()
        while most < people and time.monotonic() - grew_at < MOST_PATIENCE:
            if server.poll() is not None or load.poll() is not None:
                break
            if (now := connections(admin)) > most:
                most, grew_at = now, time.monotonic()
            time.sleep(0.5)
        return most

    @staticmethod
    def what_gave(server, load):
        """What of server and generator first said that it could not go on."""
        if server.poll() is not None:
            return f"the server, which ended with {server.returncode}"
        load.terminate()
        return (load.communicate()[1].strip() or "unknown").splitlines()[-1]

    def memory(self):
        """which of Warren's functions hold the heap of an idle person in 5 channels, by heaptrack"""
        people = min(4000, self.arguments.people)
        data, file = self.prepare("memory", people, "--group-size", 10, "--groups", 5)
        nobody, everybody = self.heap_of(data, file, 0), self.heap_of(data, file, people)
        each = {holder: (size - nobody[holder]) / people for holder, size in everybody.items()}
        large = {holder: size for holder, size in each.items() if size >= 10 and holder != "others"}
        large["all others"] = sum(each.values()) - sum(large.values())
        large["all of it"] = sum(each.values())
        for holder, size in sorted(large.items(), key=lambda item: item[1]):
            self.compare(f"heap of an idle person, {holder}", {"Warren": [{"bytes_each": size}]}, "bytes_each", None)

    def heap_of(self, data, file, people):
        """Bytes by what allocated them, in a server that is killed while everybody is idle."""
        for earlier in OUT.glob("heap.*"):
            earlier.unlink()
        recorded = OUT / "heap"
        tool, port = self.warren(data, ["heaptrack", "-o", recorded])
        server = next(pid for pid in descendants(tool.pid) if Path(f"/proc/{pid}/exe").resolve().name == "warren")
        if people:
            load = subprocess.Popen(["taskset", "-c", str(self.load_core), self.bin / "warren-load", "connect",
                                     "--port", str(port), "--people", file, "--hold", "600"],
                                    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=OUT)
            while len(os.listdir(f"/proc/{server}/fd")) < people:
                if load.poll() is not None:
                    raise SystemExit("bench: not everybody could connect")
                time.sleep(1)
            time.sleep(MEMORY_GIVEN_BACK_IN)
        os.kill(server, signal.SIGKILL)
        if people:
            load.kill()
            load.wait()
        tool.wait()
        return heap.held(next(OUT.glob("heap.*")), OUT / "heap-stacks")

    def storm(self):
        """everybody is cut off at once and returns within 0.5 to 1.5 s, each syncing, 10 channels each"""
        people = self.people_that_fit(20_000)
        data, file = self.prepare("storm", people, "--group-size", 10, "--groups", 10)
        runs = {"Warren": []}
        for _ in range(self.arguments.rounds):
            server, port = self.warren(data, all_cores=True)
            runs["Warren"].append(self.load("storm", port, server, "--people", file))
            self.stop(server)
        self.compare(f"reconnect storm of {people}, all cores, all back (s)", runs, "all_back_seconds", "back")
        for run in runs["Warren"]:
            run["memory_peak"] = run["server_bytes_max"] / run["server_bytes"]
        self.compare("reconnect storm, all cores, memory at its peak", runs, "memory_peak", None)

    def ask(self):
        """opening the app, a page of history, a search, for long and short histories; 10 and 500 channels"""
        page = {"channelId": "$channel", "limit": 50}
        histories = {}
        for history in self.arguments.histories:
            # The newest page is the same part of a bucket of 128 in all of them.
            history += NEWEST_IN_BUCKET - history % 128
            histories[f"Warren, history of {history}"] = self.prepare(f"ask-{history}", 10, "--group-size", 10,
                                                                      "--groups", 1, "--history", history)
        for event, figure, payload in (("channels:list", "channels:list", {"limit": 50}),
                                       ("messages:get", "newest page", page),
                                       ("messages:get", "deep page", {**page, "before": 500}),
                                       ("messages:search", "search, a rare word", {"query": "nebane"})):
            self.questions(figure, histories, event, payload, 8)
        for channels in (10, 500):
            data = {"Warren": self.prepare(f"ask-in-{channels}", 20, "--group-size", 10, "--groups", channels,
                                           "--history", 20)}
            self.questions(f"channels:list, {channels} channels", data, "channels:list", {"limit": 200}, 1)
            self.questions(f"sync from nothing, {channels} channels", data, "sync", {"channels": {}}, 1)

    def questions(self, figure, data_of, event, payload, window):
        """The same question to servers with the data of each side, in turns."""
        runs = {side: [] for side in data_of}
        for _ in range(self.arguments.rounds):
            for side, (data, file) in data_of.items():
                server, port = self.warren(data)
                runs[side].append(self.load("ask", port, server, "--people", file, "--event", event, "--data",
                                            json.dumps(payload), "--window", window, *self.spans()))
                self.stop(server)
        self.compare(figure, runs, "answers_per_second", "answered")

    def hostile(self):
        """1 % of the connections never read and 1 % send garbage, while the others chat at a steady rate"""
        data, file = self.prepare("hostile", 5000, "--group-size", 100)
        runs = {"nobody hostile": [], "1 % never read, 1 % send garbage": []}
        for _ in range(self.arguments.rounds):
            for name, bad in zip(runs, ([], ["--slow", 1, "--hostile", 1])):
                server, port = self.warren(data)
                runs[name].append(self.load("chat", port, server, "--people", file, "--payload", 100, "--rate", 200,
                                            *bad, *self.spans()))
                self.stop(server)
        self.compare("chat, groups of 100, 200 messages/s", runs, "deliveries_per_second", "delivery")
        self.compare("the same, memory of the server", runs, "server_bytes", None)

    def two_nodes(self):
        """CPU seconds for a million messages of two nodes and their broker, members on both or on one"""
        for size in self.arguments.groups:
            for name, used in (("two nodes", 2), ("only one used", 1)):
                try:
                    reports = [self.on_two_nodes(size, used) for _ in range(self.arguments.rounds)]
                except StoodStill as why:
                    self.not_measured(f"two nodes, groups of {size}", name, why)
                    continue
                for at, process in enumerate(("node a", "node b", "broker")):
                    for report in reports:
                        messages = report["messages_per_second"] * report["seconds"] / 1e6
                        report["cpu_seconds_per_million"] = report["server_cpu_seconds_each"][at] / messages
                    self.compare(f"two nodes, groups of {size}: {process}", {name: reports}, "cpu_seconds_per_million",
                                 None)
            self.save()

    def on_two_nodes(self, size, used):
        """One run in which the store went on; how many there were before in which it stood still is in the report."""
        for repeated in range(STILL_MAX):
            try:
                report = self.run_on_two_nodes(size, used)
                if report["messages_per_second"] > 0:
                    return {**report, "repeated": repeated}
            except NotAllIn as failure:
                print(failure, flush=True)
            print("   the store stood still, so the run is repeated", flush=True)
        raise StoodStill(f"the store stood still {STILL_MAX} times in a row")

    def run_on_two_nodes(self, size, used):
        """One run with servers of its own: what one run leaves behind in them must not be a part of the next."""
        people = max(size, 200)
        options = ["--people", people, *(["--group-size", 2, "--groups", 0, "--pairs", 1] if size == 2 else
                                         ["--group-size", size])]
        file = OUT / "two-nodes.jsonl"
        command = ["node", ROOT / "bench" / "two_nodes.mjs", *options, "--out", file]
        cluster = subprocess.Popen([*map(str, command)], stdout=subprocess.PIPE, cwd=OUT, text=True,
                                   env={**os.environ, "WARREN_BIN": str(self.bin / "warren")})
        try:
            about = json.loads(cluster.stdout.readline() or "null")
            if not about:
                raise SystemExit("bench: two nodes did not start")
            first, *more = about["ports"][:used]
            pids = [option for pid in about["pids"] for option in ("--server-pid", pid)]
            return self.load("chat", first, None, *pids, *(option for port in more for option in ("--port", port)),
                             "--people", file, "--opening-max", 8, "--payload", 100, "--window", TWO_NODES_WINDOW,
                             *self.spans())
        finally:
            cluster.terminate()
            cluster.wait()

    # What is said of it ------------------------------------------------------------------------------------------

    def compare(self, figure, runs, key, latency):
        first = None
        for name, reports in runs.items():
            value = statistics.median(report[key] for report in reports)
            measured = all("server_cpu_percent" in report for report in reports)
            server, load = (statistics.median(report[side] for report in reports) if measured else None
                            for side in ("server_cpu_percent", "generator_cpu_percent"))
            seconds = [report["server_cpu_seconds"] for report in reports if report.get("server_cpu_seconds")]
            row = {"figure": figure, "side": name, "value": value, "unit": key.replace("_", " "),
                   "rounds": len(reports), "server_cpu": server,
                   "spread": [min(r[key] for r in reports), max(r[key] for r in reports)],
                   "generator_cpu": load, "limit": self.limit(server, load, "all cores" in figure) if measured else "",
                   "failures": self.failures(reports),
                   "repeated": sum(report.get("repeated", 0) for report in reports)}
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

    def not_measured(self, figure, side, why):
        self.rows.append({"figure": figure, "side": f"{side}: not measured, {why}", "value": None, "unit": "",
                          "rounds": 0, "server_cpu": None, "spread": [None, None], "generator_cpu": None, "limit": "",
                          "failures": 0})
        print(line_of(self.rows[-1]), flush=True)

    def limit(self, server, load, all_cores):
        if all_cores:
            return "all cores" if server + load >= BUSY_PERCENT * len(self.cores) else "neither"
        if load >= BUSY_PERCENT:
            return "generator"
        return "server" if server >= BUSY_PERCENT else "neither"

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


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def connections(admin):
    """Of the server whose admin port that is; 0 where it does not answer."""
    asking = http.client.HTTPConnection("127.0.0.1", admin, timeout=60)
    try:
        asking.request("GET", "/metrics")
        text = asking.getresponse().read().decode()
    except OSError:
        return 0
    finally:
        asking.close()
    return int(float(re.search(r"^warren_connections (\S+)$", text, re.M).group(1)))


def resident_bytes(pid):
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")


def free_bytes():
    """What programs may still have: what files are cached in counts as free."""
    return next(int(line.split()[1]) * 1024 for line in open("/proc/meminfo") if line.startswith("MemAvailable"))


def descendants(pid):
    for child in map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()):
        yield child
        yield from descendants(child)


def line_of(row):
    def number(value):
        return "" if value is None else f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
    ratio = f"  ratio {row['ratio']}" if "ratio" in row else ""
    ratio += f"  CPU ratio {row['cpu_ratio']}" if "cpu_ratio" in row else ""
    latency = f"  p50 {number(row['p50_ms'])} ms  p99 {number(row['p99_ms'])} ms" if "p99_ms" in row else ""
    each = f"  {number(row['per_cpu_second'])} per CPU second" if "per_cpu_second" in row else ""
    busy = "" if row["server_cpu"] is None else (
        f"  [server {row['server_cpu']:.0f} %, generator {row['generator_cpu']:.0f} %: {row['limit']}]")
    failures = f"  {row['failures']} FAILURES" if row["failures"] else ""
    return (f"{row['figure']:<38} {row['side']:<16} {number(row['value']):>10} {row['unit']}{each}{latency}"
            f"{busy}{ratio}{failures}")


def machine():
    models = [line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")]
    memory = next(int(line.split()[1]) for line in open("/proc/meminfo") if line.startswith("MemTotal")) / 1e6
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True)
    node = subprocess.run(["node", "--version"], capture_output=True, text=True).stdout.strip()
    return {"cpu": models[0] if models else "?", "cores": len(os.sched_getaffinity(0)), "memory_gb": round(memory),
            "kernel": ".".join(os.uname().release.split(".")[:2]), "node": node, "commit": commit.stdout.strip(),
            "at": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
            "load_average_at_start": round(os.getloadavg()[0], 1)}


def numbers(text):
    return [int(part) for part in text.split(",")]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--preset", default="release")
    parser.add_argument("--bin", help="where the programs are, instead of the preset's folder")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--warmup", type=float, default=2)
    parser.add_argument("--people", type=int, default=10_000)
    parser.add_argument("--most", type=int, default=500_000, help="people who try to be connected at once")
    parser.add_argument("--histories", type=numbers, default=[1000, 100_000, 1_000_000],
                        help="messages in a channel, e.g. 1000,100000,1000000")
    parser.add_argument("--groups", type=numbers, default=[2, 10, 100, 1000],
                        help="members of the groups on two nodes, e.g. 2,10")
    parser.add_argument("--only", default="fanout,chat,durable,connect,most,memory,storm,ask,hostile,two_nodes")
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks.md")
    arguments = parser.parse_args()
    OUT.mkdir(parents=True, exist_ok=True)
    bench = Bench(arguments)
    print(f"{bench.about['cpu']}, {bench.about['cores']} cores; servers on core {bench.server_core}, "
          f"generator on core {bench.load_core}")
    for name in arguments.only.split(","):
        began = time.monotonic()
        print(f"== {name}: {getattr(bench, name).__doc__}", flush=True)
        getattr(bench, name)()
        bench.save()
        print(f"   {time.monotonic() - began:.0f} s", flush=True)
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
