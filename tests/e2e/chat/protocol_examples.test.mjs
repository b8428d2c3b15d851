// Every example of docs/protocol.md: the calls of "What clients emit" are made as they are written there, one after the other, and what is
// answered and pushed is what is written below them, but for ids, times and phone numbers. WARREN_WRITE_EXAMPLES=1 writes it anew.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { root } from "../../support/servers.mjs";
import { checkAnswer, checkPush, checkSchema, serverEvents } from "./asyncapi.mjs";
import { closeAll, connect, makePeople, startNode, waitUntil } from "./support.mjs";

const page = join(root, "docs/protocol.md");
const document = readFileSync(page, "utf8");
const [things, rest] = document.split("\n## What clients emit\n");
const [emitted, pushes] = rest.split("\n## What the server emits\n");
/** The blocks of code in `text`: `{ language, info, code, whole }`. */
const blocksOf = (text) => [...text.matchAll(/^( *)```(\w+)(?: (.+))?\n([^]*?)^\1```$/gm)]
  .map(([whole, , language, info, code]) => ({ whole, language, info, code }));

test("what stands for itself is as docs/asyncapi.yaml has it", () => {
  const blocks = [...blocksOf(things), ...blocksOf(pushes)].filter(({ language }) => language !== "js");
  assert.ok(blocks.length >= 5);
  for (const { language, info, code } of blocks) {
    assert.equal(language, "json");
    const value = JSON.parse(code);
    if (info === "push") checkPush(value);
    else checkSchema(info, value);
  }
});

// ------------------------------------------------------------------------------------------------------ what differs each time

const isId = (text) => /^[0-9a-f]{24}$/.test(text);
const isTime = (text) => /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(text);
const isPhone = (text) => /^\d{10}$/.test(text);
/** Ids as they are written, by the real ones. */
class Ids {
  #written = new Map();
  #real = new Map();
  #next = 0x6b05bd01100cb414c48219d0n;
  bind(real, written) {
    this.#written.set(real, written);
    this.#real.set(written, real);
  }
  /** Whether the two are one id, or may be from now on. */
  match(real, written) {
    if (!this.#written.has(real) && !this.#real.has(written)) this.bind(real, written);
    return this.#written.get(real) === written;
  }
  write(real) {
    if (!this.#written.has(real)) this.bind(real, (this.#next++).toString(16));
    return this.#written.get(real);
  }
  read(text) { return text.replace(/[0-9a-f]{24}/g, (id) => this.#real.get(id) ?? id); }
}
/** Throws unless `real` is what is `written`. */
function compare(written, real, ids, path) {
  if (Array.isArray(written)) {
    assert.ok(Array.isArray(real) && real.length === written.length, `${path}: ${JSON.stringify(real)}`);
    return written.forEach((each, i) => compare(each, real[i], ids, `${path}[${i}]`));
  }
  if (written && typeof written === "object") {
    assert.deepEqual(Object.keys(written).map((key) => ids.read(key)).toSorted(), Object.keys(real ?? {}).toSorted(), path);
    return Object.entries(written).forEach(([key, each]) => compare(each, real[ids.read(key)], ids, `${path}.${key}`));
  }
  if (path.endsWith(".revision")) return assert.equal(typeof real, "number", path);
  if (typeof written === "string" && typeof real === "string") {
    if (isId(written) && isId(real)) return assert.ok(ids.match(real, written), `${path}: ${real} is not ${written}`);
    if (isTime(written) && isTime(real) || isPhone(written) && isPhone(real)) return;
    const cursor = (text) => text.replace(/^\d{13}-/, "TIME-");
    return assert.equal(cursor(real), cursor(ids.read(written)), path);
  }
  assert.equal(real, written, path);
}
/** `real` as it is to be written. */
function write(real, ids, times) {
  const phoneOf = ({ _id }) => `${1435167630 + 7 * (parseInt(ids.write(_id).slice(-2), 16) - 0xc9)}`;
  const text = JSON.stringify(real, (key, value) => (value?.phoneNo ? { ...value, phoneNo: phoneOf(value) } : value));
  const written = text.replace(/[0-9a-f]{24}/g, (id) => ids.write(id)).replace(/"\d{4}-\d\d-\d\dT[\d:.]+Z"/g, (time) => {
    if (!times.has(time)) times.set(time, `"2026-11-24T16:36:${17 + times.size}.504Z"`);
    return times.get(time);
  });
  return wrap(JSON.parse(written));
}
/** JSON in lines of at most some 130 columns, of which the first begins at `column`. */
function wrap(value, indent = "", column = 0) {
  const line = JSON.stringify(value);
  if (line.length + column <= 130 || !value || typeof value !== "object") return line;
  const [open, end] = Array.isArray(value) ? "[]" : "{}";
  const lines = [];
  for (const [name, each] of Object.entries(value)) {
    const key = open === "[" ? "" : `${JSON.stringify(name)}:`;
    const before = lines.length === 0 ? column + 1 : indent.length + 1;
    const part = key + wrap(each, `${indent} `, before + key.length);
    const last = `${lines.at(-1)},${part}`;
    const fits = lines.length > 0 && !/\n/.test(last) && last.length + (lines.length === 1 ? column : indent.length) < 128;
    if (fits) lines[lines.length - 1] = last;
    else lines.push(part);
  }
  return open + lines.join(`,\n${indent} `) + end;
}

// ------------------------------------------------------------------------------------------------------ the conversation

let node;
before(async () => { node = await startNode({ node: { name: "burrow-1" } }); });
after(async () => {
  closeAll();
  assert.equal(await node.stop(), 0);
});

/** The people, and what they said before: as "What clients emit" introduces them. */
async function begin(ids) {
  const names = ["Alice", "Bob", "Carol", "Dave"];
  const people = await makePeople(node, ...names);
  const written = ["6b05bd01100cb414c48219c9", "6b05bd01100cb414c48219ca", "6b05bd01100cb414c48219cb", "6b05bd01100cb414c48219cc"];
  people.forEach(({ id }, i) => ids.bind(id, written[i]));
  ids.bind("6b05bd01100cb414c48219ff", "6b05bd01100cb414c48219ff"); // Nobody's.
  const here = {};
  for (const person of people) here[person.name.toLowerCase()] = await connect(node, person);
  const tea = await here.alice.get("group:new", { name: "Tea", members: [people[1].id, people[3].id], data: { color: "green" } });
  ids.bind(tea, "6b05bd01100cb414c48219cd");
  const message = { channelId: tea, message: "Is there tea?", nonce: "5b20", type: "question", data: { urgent: true } };
  await here.alice.get("message:new", message);
  await here.bob.get("message:new", { channelId: tea, message: "There is.", nonce: "6e1d" });
  for (const each of [here.alice, here.bob, here.dave]) await each.push("message:new", ({ seq }) => seq === 3);
  return here;
}

test("every call is answered, and pushed, as it is written; and every event has one", { timeout: 60000 }, async () => {
  const [ids, times] = [new Ids(), new Map()];
  const here = await begin(ids);
  const isWriting = process.env.WARREN_WRITE_EXAMPLES === "1";
  const made = new Set();
  let text = emitted, answer, seen = {};
  const sockets = Object.fromEntries(Object.entries(here).map(([name, connection]) => [name, {
    emitWithAck: async (event, ...args) => {
      made.add(event);
      answer = await connection.ask(event, ...args);
      checkAnswer(event, args[0], answer);
    },
    disconnect: () => connection.close(),
  }]));
  for (const { language, info, code, whole } of blocksOf(emitted)) {
    if (language === "js") {
      seen = Object.fromEntries(Object.entries(here).map(([name, { events }]) => [name, events.length]));
      const Run = Object.getPrototypeOf(async () => {}).constructor;
      await new Run(...Object.keys(sockets), ids.read(code))(...Object.values(sockets));
      continue;
    }
    const written = JSON.parse(code);
    let real = answer;
    if (info) {
      const name = /^pushed to (\w+)$/.exec(info)[1];
      const isIt = ({ event }) => event === (written?.event ?? event);
      real = await waitUntil(() => here[name].events.slice(seen[name]).find(isIt), { what: `${written?.event} pushed to ${name}` });
      checkPush(real);
    }
    if (isWriting) text = text.replace(whole, () => `\`\`\`json${info ? ` ${info}` : ""}\n${write(real, ids, times)}\n\`\`\``);
    else compare(written, real, ids, "");
  }
  if (isWriting) writeFileSync(page, `${things}\n## What clients emit\n${text}\n## What the server emits\n${pushes}`);
  assert.deepEqual([...made].toSorted(), serverEvents());
});

test("every push has an example", () => {
  const listed = [...pushes.split("\n## ")[0].matchAll(/^\| ((?:`[\w:]+`(?:, )?)+) \|/gm)]
    .flatMap(([, names]) => [...names.matchAll(/`([\w:]+)`/g)].map(([, name]) => name)).filter((name) => name !== "event");
  const shown = blocksOf(rest).filter(({ info }) => /^push/.test(info)).map(({ code }) => JSON.parse(code)?.event);
  assert.ok(listed.length >= 9);
  for (const name of listed) assert.ok(shown.includes(name), `no example of ${name}`);
});
