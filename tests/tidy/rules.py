"""What holds in every source tree of Warren; each rule yields one line per breach. Tested by test_tidy.py."""

import re
import subprocess
from pathlib import Path

# Who may include whom (ARCHITECTURE.md): each folder, and by transitivity what those it names may include.
INCLUDES = {
    "base": [],
    "model": ["base"],
    "words": ["base"],
    "ports": ["model", "words"],
    "chat": ["ports"],
    "http": ["base"],
    "engineio": ["http"],
    "socketio": ["engineio"],
    "gateway": ["socketio", "chat"],
    "api": ["http", "chat"],
    "adapters": ["ports"],
    "app": ["gateway", "api", "adapters"],
}

# Headers of other libraries: who may name them. The domain knows neither sockets nor JSON; a driver has one home.
FOREIGN = [
    (r"boost/(beast|json)", "not", {"chat", "ports"}),
    (r"sqlite3\.h", "only", {"adapters/sqlite"}),
    (r"(mongoc|bson)(/|\.h)", "only", {"adapters/mongo"}),
    (r"(rabbitmq-c/|amqp)", "only", {"adapters/rabbitmq"}),
    (r"unicode/", "only", {"words"}),
    (r"sodium", "only", {"adapters/sodium", "base"}),
    (r"(CLI/|toml\+\+/|toml\.hpp)", "only", {"app"}),
]

CPP_LINES_MAX = 400
HEADER_LINES_MAX = 250  # Of src/; a contract suite is code in a header.
LINE_COLUMNS_MAX = {".py": 120, ".mjs": 140}  # C++ is clang-format's.
# A file beyond its size says why in a comment at its start, such as: // Long because one table holds all settings.
LONG_BECAUSE = re.compile(r"^\s*(//|#).*\blong(er)?\b", re.MULTILINE | re.IGNORECASE)

INCLUDE_LINE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]', re.MULTILINE)


def tracked_files(root):
    listing = subprocess.run(["git", "ls-files", "-z", "-c", "-o", "--exclude-standard"], cwd=root,
                             capture_output=True, check=True).stdout.decode()
    return [Path(name) for name in listing.split("\0") if name and (root / name).is_file()]


def reachable(folder):
    """The folders that `folder` may include, itself among them."""
    found, waiting = set(), [folder]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += INCLUDES.get(name, [])
    return found


def folder_of(path):
    """`src/chat/x.cpp` is in chat, `src/adapters/mongo/x.cpp` in adapters/mongo; others are in no folder."""
    parts = Path(path).parts
    if parts[0] != "src" or len(parts) < 3:
        return None
    return "/".join(parts[1:3]) if parts[1] == "adapters" and len(parts) > 3 else parts[1]


def sources(root):
    for path in tracked_files(root):
        if path.suffix in (".cpp", ".hpp") and (folder := folder_of(path)):
            yield path, folder, (root / path).read_text(errors="replace")


def _own_include_breach(root, path, folder, name):
    target = folder_of(Path("src") / name)
    if name.startswith("tests/"):
        return None if path.stem.endswith("_test") else "only tests include from tests/"
    if not (root / "src" / name).exists():
        return "is not written from src/, or does not exist"
    top, target_top = folder.split("/")[0], (target or "").split("/")[0]
    if target_top not in reachable(top):
        return f"{folder} may not include {target}"
    if top == target_top == "adapters" and folder != target:
        return "no adapter includes another"
    return None


def includes(root):
    for path, folder, text in sources(root):
        for quote, name in INCLUDE_LINE.findall(text):
            if quote == '"' and (breach := _own_include_breach(root, path, folder, name)):
                yield f"{path}: #include {name}: {breach}"


def foreign_includes(root):
    for path, folder, text in sources(root):
        for _, name in INCLUDE_LINE.findall(text):
            for pattern, mode, folders in FOREIGN:
                if re.match(pattern, name) and (folder in folders) != (mode == "only"):
                    yield f"{path}: #include <{name}> has no place in {folder}"


def include_cycles(root):
    graph = {}
    for path, _, text in sources(root):
        names = [name for quote, name in INCLUDE_LINE.findall(text) if quote == '"']
        graph[str(path.relative_to("src"))] = names
    done, open_path = set(), []

    def visit(name):
        if name in open_path:
            yield " -> ".join(open_path[open_path.index(name):] + [name])
        elif name not in done and name in graph:
            open_path.append(name)
            for next_name in graph[name]:
                yield from visit(next_name)
            open_path.pop()
            done.add(name)

    for name in list(graph):
        yield from visit(name)


def sizes(root):
    for path in tracked_files(root):
        header = HEADER_LINES_MAX if path.parts[0] == "src" else CPP_LINES_MAX
        limit = {".cpp": CPP_LINES_MAX, ".hpp": header}.get(path.suffix)
        if limit is None:
            continue
        text = (root / path).read_text(errors="replace")
        lines = text.splitlines()
        if len(lines) > limit and not LONG_BECAUSE.search("\n".join(lines[:12])):
            yield f"{path}: {len(lines)} lines (more than {limit}), and no comment at its start says `Long because`"


def columns(root):
    for path in tracked_files(root):
        limit = LINE_COLUMNS_MAX.get(path.suffix)
        if limit is None:
            continue
        for number, line in enumerate((root / path).read_text(errors="replace").splitlines(), 1):
            if len(line) > limit:
                yield f"{path}:{number}: {len(line)} columns, more than {limit}"


def pragma_once(root):
    for path in tracked_files(root):
        if path.suffix == ".hpp" and "#pragma once" not in (root / path).read_text(errors="replace")[:4000]:
            yield f"{path}: no #pragma once"


FORBIDDEN_NAMES = re.compile(r"(^|_)(utils?|helpers?|manager|common)\.(cpp|hpp|mjs|py)$")


def names(root):
    for path in tracked_files(root):
        if path.suffix in (".cpp", ".hpp", ".py") and not re.fullmatch(r"[a-z0-9_]+(\.[a-z0-9_]+)*", path.name):
            yield f"{path}: file names are snake_case"
        if FORBIDDEN_NAMES.search(path.name):
            yield f"{path}: named after nothing that it does"


def lockfiles(root):
    for path in tracked_files(root):
        if path.name == "package-lock.json" and '"resolved"' in (root / path).read_text():
            yield f"{path}: names a registry; make it with omit-lockfile-registry-resolved (.npmrc)"


def left_behind(root):
    for path in tracked_files(root):
        if any(part in ("node_modules", ".deps", "__pycache__", "warren-data") for part in path.parts):
            yield f"{path}: belongs in no commit"
        elif (root / path).stat().st_size > 1_000_000:
            yield f"{path}: larger than 1 MB"


RULES = [includes, foreign_includes, include_cycles, sizes, columns, pragma_once, names, lockfiles, left_behind]
