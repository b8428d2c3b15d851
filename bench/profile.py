#!/usr/bin/python3
"""Leaves a flame graph of a loaded server in build/profile/: where its CPU time goes, by stack.

    bench/profile.py                      message:new in groups of 100
    bench/profile.py --scenario durable   one-to-one chats and groups of 10
    bench/profile.py --scenario connect   connecting, with sync, 10 channels each
    bench/profile.py --scenario page      pages of history from the cache

Samples with perf (Debian's linux-perf) by the CPU's clock, which virtual machines have too; `make profile` builds what
this needs. Beside the graph it prints the functions that most samples ended in, and those of Warren's own that most
passed through.
"""

import argparse
import collections
import html
import re
import shutil
import subprocess
import time

import compare

OUT = compare.ROOT / "build" / "profile"
FRAME_HEIGHT, WIDTH = 16, 1600


def stacks_of(samples):
    """How often each stack (outermost first) was seen, from what `perf script` prints."""
    counts, stack = collections.Counter(), []
    for line in samples.splitlines():
        if not line.strip():
            if stack:
                counts[tuple(reversed(stack))] += 1
            stack = []
        elif match := re.match(r"\s+[0-9a-f]+ (.+?)(?:\+0x[0-9a-f]+)? \(.*\)$", line):
            stack.append(match.group(1))
        else:
            stack = []
    return counts


def tree_of(counts):
    root = {"name": "all", "count": 0, "children": {}}
    for stack, count in counts.items():
        root["count"] += count
        node = root
        for name in stack:
            node = node["children"].setdefault(name, {"name": name, "count": 0, "children": {}})
            node["count"] += count
    return root


def svg_of(root):
    """Each box is a function, as wide as the share of samples that it was in; what it called lies on top of it."""
    boxes, deepest = [], 0

    def draw(node, x, depth):
        nonlocal deepest
        width = node["count"] / root["count"] * WIDTH
        if width < 0.5:
            return
        deepest = max(deepest, depth)
        boxes.append((node, x, depth, width))
        for child in sorted(node["children"].values(), key=lambda each: each["name"]):
            draw(child, x, depth + 1)
            x += child["count"] / root["count"] * WIDTH

    draw(root, 0, 0)
    height = (deepest + 1) * FRAME_HEIGHT
    yield (f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" font-family="monospace" '
           'font-size="11">')
    for node, x, depth, width in boxes:
        name, share = html.escape(node["name"]), node["count"] / root["count"] * 100
        colour = f"hsl({sum(map(ord, node['name'])) % 50}, 85%, 65%)"
        y = height - (depth + 1) * FRAME_HEIGHT
        label = html.escape(node["name"][:int(width / 7)]) if width > 30 else ""
        yield (f'<g><title>{name} ({share:.1f} %)</title><rect x="{x:.1f}" y="{y}" width="{width:.1f}" '
               f'height="{FRAME_HEIGHT - 1}" fill="{colour}"/><text x="{x + 2:.1f}" y="{y + 12}">{label}</text></g>')
    yield "</svg>"


SCENARIOS = {  # What `warren-load prepare` makes, how many people, and how `warren-load` loads.
    "chat": (2000, ["--group-size", 100], ["chat", "--payload", 100, "--window", 160]),
    "durable": (1000, ["--group-size", 10, "--pairs", 1], ["chat", "--payload", 200, "--window", 256]),
    "connect": (10_000, ["--group-size", 10, "--groups", 10], ["connect"]),
    "page": (10, ["--group-size", 10, "--groups", 1, "--history", 1000],
             ["ask", "--event", "messages:get", "--data", '{"channelId":"$channel","limit":50,"before":500}',
              "--window", 8]),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scenario", choices=SCENARIOS, default="chat")
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--after", type=float, default=3, help="seconds of load before sampling begins")
    arguments = parser.parse_args()
    if not shutil.which("perf"):
        raise SystemExit("profile: there is no perf; `make setup` installs it (linux-perf)")
    for folder in (OUT, compare.OUT):
        folder.mkdir(parents=True, exist_ok=True)
    bench = compare.Bench(argparse.Namespace(preset="release", bin=None))
    people, prepared, (scenario, *options) = SCENARIOS[arguments.scenario]
    data, file = bench.prepare("profile", people, *prepared)
    server, port = bench.warren(data)
    is_steady = scenario != "connect"
    spans = ["--warmup", arguments.after, "--seconds", arguments.seconds + 2] if is_steady else []
    load = subprocess.Popen(["taskset", "-c", str(bench.load_core), bench.bin / "warren-load", scenario,
                             "--port", str(port), "--people", file, *map(str, options + spans)],
                            stdout=subprocess.DEVNULL)
    time.sleep(arguments.after if is_steady else 0.5)
    recorded = OUT / "perf.data"
    subprocess.run(["perf", "record", "-e", "cpu-clock", "-F", "499", "--call-graph", "dwarf,16384",
                    "-p", str(server.pid), "-o", recorded, "--", "sleep", str(arguments.seconds)],
                   check=True, capture_output=True)
    load.wait()
    bench.stop(server)
    samples = subprocess.run(["perf", "script", "-i", recorded, "--no-inline", "-F", "comm,ip,sym,dso"], check=True,
                             capture_output=True, text=True).stdout
    recorded.unlink()
    counts = stacks_of(samples)
    if not counts:
        raise SystemExit("profile: perf took no samples")
    graph = OUT / f"{arguments.scenario}.svg"
    graph.write_text("\n".join(svg_of(tree_of(counts))) + "\n")
    ends, passed, total = collections.Counter(), collections.Counter(), sum(counts.values())
    for stack, count in counts.items():
        ends[stack[-1]] += count
        for name in {name for name in stack if name.startswith("warren::")}:
            passed[name] += count
    for what, names in (("ended in", ends), ("passed through", passed)):
        print(f"{what}:")
        for name, count in names.most_common(25):
            print(f"{count / total * 100:5.1f} %  {name[:130]}")
    print(f"{total} samples; the graph is in {graph.relative_to(compare.ROOT)}")


if __name__ == "__main__":
    main()
