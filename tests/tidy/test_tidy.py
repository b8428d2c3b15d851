"""The rules of rules.py hold here, and each of them notices a breach."""

import subprocess
from pathlib import Path

import pytest

import rules

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("rule", rules.RULES, ids=lambda rule: rule.__name__)
def test_holds(rule):
    breaches = list(rule(ROOT))
    assert not breaches, "\n".join(breaches)


@pytest.fixture
def tree(tmp_path):
    """A small tree in which every rule holds; call it with {path: text} to add to it."""
    subprocess.run(["git", "init", "-q", tmp_path], check=True)

    def add(files):
        for name, text in files.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text)
        return tmp_path

    return add


SOUND = {
    "src/base/result.hpp": "#pragma once\n#include <boost/json.hpp>\n",
    "src/model/ids.hpp": '#pragma once\n#include "base/result.hpp"\n',
    "src/chat/log.hpp": '#pragma once\n#include "model/ids.hpp"\n',
    "src/chat/log_test.cpp": '#include "tests/support/real_server.hpp"\n#include "chat/log.hpp"\n',
    "src/http/server.hpp": '#pragma once\n#include "base/result.hpp"\n',
    "src/adapters/sqlite/store.cpp": '#include <sqlite3.h>\n#include "model/ids.hpp"\n',
    "src/adapters/mongo/store.hpp": "#pragma once\n",
    "src/app/main.cpp": '#include "chat/log.hpp"\n#include "adapters/mongo/store.hpp"\n',
    "web/package-lock.json": '{"packages": {}}\n',
}

BREACHES = [
    (rules.includes, {"src/chat/a.cpp": '#include "http/server.hpp"\n'}),
    (rules.includes, {"src/http/a.cpp": '#include "chat/log.hpp"\n'}),
    (rules.includes, {"src/base/a.cpp": '#include "model/ids.hpp"\n'}),
    (rules.includes, {"src/chat/a.cpp": '#include "log.hpp"\n'}),
    (rules.includes, {"src/chat/a.cpp": '#include "tests/support/real_server.hpp"\n'}),
    (rules.includes, {"src/adapters/sqlite/a.cpp": '#include "adapters/mongo/store.hpp"\n'}),
    (rules.includes, {"src/adapters/sqlite/a.cpp": '#include "chat/log.hpp"\n'}),
    (rules.foreign_includes, {"src/chat/a.cpp": "#include <boost/json.hpp>\n"}),
    (rules.foreign_includes, {"src/chat/a.cpp": "#include <boost/beast/http.hpp>\n"}),
    (rules.foreign_includes, {"src/app/a.cpp": "#include <sqlite3.h>\n"}),
    (rules.foreign_includes, {"src/adapters/mongo/a.cpp": "#include <amqp.h>\n"}),
    (rules.include_cycles, {"src/chat/a.hpp": '#include "chat/b.hpp"\n', "src/chat/b.hpp": '#include "chat/a.hpp"\n'}),
    (rules.sizes, {"src/chat/a.cpp": "//\n" * 401}),
    (rules.sizes, {"src/chat/a.hpp": "//\n" * 251}),
    (rules.columns, {"tools/a.py": "#" + "x" * 120 + "\n"}),
    (rules.pragma_once, {"src/chat/a.hpp": "// nothing\n"}),
    (rules.names, {"src/chat/ChannelLog.cpp": "\n"}),
    (rules.names, {"src/chat/string_utils.cpp": "\n"}),
    (rules.lockfiles, {"web/package-lock.json": '{"packages": {"a": {"resolved": "https://example.org"}}}\n'}),
    (rules.left_behind, {"web/node_modules/a.js": "\n"}),
    (rules.left_behind, {"docs/a.txt": "x" * 1_000_001}),
]


@pytest.mark.parametrize("rule", rules.RULES, ids=lambda rule: rule.__name__)
def test_accepts_a_sound_tree(rule, tree):
    assert list(rule(tree(SOUND))) == []


@pytest.mark.parametrize("rule, files", BREACHES, ids=lambda value: getattr(value, "__name__", None))
def test_notices(rule, files, tree):
    assert len(list(rule(tree(SOUND | files)))) == 1


def test_a_long_file_may_say_why(tree):
    assert list(rules.sizes(tree({"src/chat/a.cpp": "// Long because it is one table.\n" + "//\n" * 401}))) == []
