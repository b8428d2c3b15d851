// docs/protocol.md names every event and every error there is, and its first example works as written.
import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { root, startWarren } from "../../support/servers.mjs";

const read = (path) => readFileSync(join(root, path), "utf8");
const document = read("docs/protocol.md");
const section = (title) => document.split(/^## /m).find((part) => part.startsWith(title));
const cells = (text) => [...text.matchAll(/^\|(.+)\|$/gm)].map(([, row]) => row.split("|").map((cell) => cell.trim().replaceAll("`", "")));

test("the table of errors is the server's", () => {
  const table = [...read("src/base/error.cpp").matchAll(/ErrcInfo\{Errc::\w+, "(\w+)", (\d+), (\w+),/g)]
    .map(([, code, status, retryable]) => [code, status, retryable === "true" ? "yes" : ""]);
  const written = cells(section("Errors")).slice(2).map((row) => row.slice(0, 3));
  assert.ok(table.length > 10);
  assert.deepEqual(written, table);
});

test("every event that the server takes has a line and a heading", () => {
  const verbs = readdirSync(join(root, "src/gateway")).filter((name) => /^on_.*\.cpp$/.test(name))
    .flatMap((name) => [...read(`src/gateway/${name}`).matchAll(/constinit const Verb \w+\{"([\w:]+)"/g)].map(([, verb]) => verb));
  const emitted = section("What clients emit");
  const listed = cells(emitted).slice(2).map(([name]) => /^\[(.+)\]/.exec(name)[1]);
  assert.deepEqual(listed.toSorted(), verbs.toSorted());
  assert.deepEqual([...emitted.matchAll(/^### (\S+)$/gm)].map(([, name]) => name).sort(), verbs.toSorted());
});

test("every link within it leads somewhere", () => {
  const anchorOf = (title) => title.toLowerCase().replace(/[^\w -]/g, "").replaceAll(" ", "-");
  const anchors = new Set([...document.matchAll(/^##+ (.+)$/gm)].map(([, title]) => anchorOf(title)));
  for (const [, anchor] of document.matchAll(/\]\(#([\w-]+)\)/g)) assert.ok(anchors.has(anchor), anchor);
});

test("its example runs as written against `serve --demo`", async () => {
  const node = await startWarren({ args: ["--demo"] });
  const example = /```js\n(.+?)```/s.exec(document)[1].replace("http://127.0.0.1:8080", node.url);
  const done = `socket.on("event", ({ data }) => { if (data.message === "hello") { console.log("OK"); process.exit(0); } });`;
  const file = join(root, "tests/e2e/chat", `.example-${process.pid}.mjs`); // Beside node_modules.
  writeFileSync(file, `${example}\n${done}`);
  try {
    assert.match(execFileSync(process.execPath, [file], { encoding: "utf8", timeout: 20000 }), /^OK$/m);
  } finally {
    execFileSync("rm", ["-f", file]);
    await node.stop();
  }
});
