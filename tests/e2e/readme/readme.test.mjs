// The README's JavaScript and Python lines, taken from the README as they stand there, against a demo server.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { required, root, startWarren, temporaryFolder } from "../../support/servers.mjs";

const readme = readFileSync(join(root, "README.md"), "utf8");
const block = (language) => new RegExp("```" + language + "\\n([\\s\\S]*?)```").exec(readme)[1];

let node;
before(async () => { node = await startWarren({ args: ["--demo"] }); });
after(() => node.stop());

function run(command, name, language) {
  const folder = temporaryFolder();
  symlinkSync(join(root, "tests/e2e/node_modules"), join(folder, "node_modules"));
  const code = block(language);
  assert.ok(code.includes("http://127.0.0.1:8080"));
  writeFileSync(join(folder, name), code.replaceAll("http://127.0.0.1:8080", node.url));
  const result = spawnSync(command, [name], { cwd: folder, encoding: "utf8", timeout: 30000 });
  assert.equal(result.status, 0, result.stderr);
  return result.stdout;
}

test("the JavaScript lines send a message once", () => {
  const first = run(process.execPath, "tea.mjs", "js");
  const stored = /stored in .+ at \d+/.exec(first);
  assert.ok(stored, first);
  assert.ok(run(process.execPath, "tea.mjs", "js").includes(stored[0]));
});

const python = spawnSync("python3", ["-c", "import socketio, requests"], { encoding: "utf8" });
const reason = python.status === 0 || required("python") ? false : "no python3 with python-socketio and requests; run make setup";
test("the Python lines read it", { skip: reason }, () => {
  assert.match(run("python3", "tea.py", "python"), /Tea is ready/);
});
