"""Who holds the heap of a server, from what heaptrack recorded of one that was killed at work."""

import collections
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FRAME = re.compile(r"(?P<function>.*?)(?: \((?P<file>[^()]+)\))?$")


def folders():
    """Of each source file's name, the folder of src/ that has it; none where several have."""
    out = collections.defaultdict(set)
    for path in (ROOT / "src").rglob("*.?pp"):
        out[path.name].add(path.parent.relative_to(ROOT / "src").as_posix())
    return {name: found.pop() for name, found in out.items() if len(found) == 1}


def holder_of(stack, folder_of):
    """The innermost function of Warren's own in a stack, whose outermost frame is the first; else SQLite or others."""
    for frame in reversed(stack):
        if frame.startswith("sqlite3"):
            return "SQLite"
        function, file = FRAME.match(frame).group("function", "file")
        names = re.sub(r"<.*|\((?!anonymous).*|\[.*|\(anonymous namespace\)::", "", function).split("::")
        is_own = names[0] == "warren" and len(names) > 2
        if folder := folder_of.get(file):
            where = f"{folder}/{file}"
        elif is_own and names[1].islower():
            where = folder = "/".join(name for name in names[1:-1] if name.islower())
        else:
            continue
        name = "a lambda" if names[-1] == "operator" else "::".join(names[-2:])
        return f"{where}: {name.removeprefix(Path(folder).name + '::')}"
    return "others"


def held(recorded, folded):
    """Bytes by holder, of the file that heaptrack wrote; `folded` is a file for the stacks in between."""
    subprocess.run(["heaptrack_print", "-f", recorded, "-a", "0", "-p", "0", "-T", "0", "-F", folded,
                    "--flamegraph-cost-type", "leaked"], check=True, capture_output=True)
    out, folder_of = collections.Counter(), folders()
    for line in Path(folded).read_text().splitlines():
        stack, size = line.rsplit(" ", 1)
        out[holder_of(stack.split(";"), folder_of)] += int(size)
    return out
