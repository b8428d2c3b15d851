// The table of limits in docs/protocol.md: every key with its default, what counts as what, and each code as a server says it beyond the
// limit.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { signIn } from "../../support/chat_client.mjs";
import { root } from "../../support/servers.mjs";
import { asyncapi, events } from "./asyncapi.mjs";
import { closeAll, connect, Connection, flood, makePeople, password, range, startNode } from "./support.mjs";

const read = (path) => readFileSync(join(root, path), "utf8");
const section = read("docs/protocol.md").split("\n## Limits\n")[1];
/** The rows with their keys: `{ what, keys, values, beyond }`. */
const rows = [...section.matchAll(/^\| (?!what|\*\*)(.+) \| (.*) \| (.+) \| (.+) \|$/gm)].map(([, what, keys, values, beyond]) =>
  ({ what, keys: keys.split(", ").filter(Boolean).map((key) => key.replaceAll("`", "")), values: values.split(", "), beyond }));
const codeOf = ({ beyond }) => /^`(\w+)`$/.exec(beyond)?.[1];
const defaults = new Map([...read("docs/configuration.md").matchAll(/^### `([\w.]+)`$[^#]+?Default: `"?([^`"]*)"?`/gm)]
  .map(([, ...pair]) => pair));

test("it has every limit that can be configured, each with its default", () => {
  const listed = rows.flatMap(({ keys, values }) => keys.map((key, i) => [key, values[i]]));
  assert.ok(listed.length > 50);
  for (const [key, value] of listed) assert.equal(value.replace(" (no limit)", ""), defaults.get(key), key);
  const keys = listed.map(([key]) => key);
  assert.equal(new Set(keys).size, keys.length);
  const isLimit = (key) => key.startsWith("limits.") || /_(max|timeout)$/.test(key) && /^(http|socketio)\./.test(key);
  for (const key of defaults.keys()) assert.ok(!isLimit(key) || keys.includes(key), `docs/protocol.md, Limits, lacks ${key}`);
});

test("it says of each event what it counts as", () => {
  const kinds = new Map();
  for (const name of readdirSync(join(root, "src/gateway")).filter((file) => /^on_.*\.cpp$/.test(file))) {
    for (const [, verb, kind] of read(`src/gateway/${name}`).matchAll(/constinit const Verb \w+\{\s*"([\w:]+)",\s*RateClass::(\w+)/g)) {
      kinds.set(verb, kind);
    }
  }
  assert.deepEqual([...kinds.keys()].toSorted(), Object.keys(events).toSorted());
  for (const kind of new Set(kinds.values())) {
    const { what } = rows.find(({ keys }) => keys.includes(`limits.${kind}_per_connection`));
    const named = [...what.matchAll(/`([\w:*]+)`/g)].map(([, name]) => new RegExp(`^${name.replace("*", ".+")}$`));
    for (const [verb, its] of kinds) assert.equal(named.some((name) => name.test(verb)), its === kind, `${verb} counts as ${its}: ${what}`);
  }
});

// ------------------------------------------------------------------------------------------------------ beyond each of them

const nodes = [];
after(async () => {
  closeAll();
  for (const node of nodes) assert.equal(await node.stop(), 0);
});
/** A node with that configuration, a group of Alice and Bob in it, and connections of both. */
async function scene(config) {
  const node = await startNode(config);
  nodes.push(node);
  const people = await makePeople(node, "Alice", "Bob", "Carol", "Dave");
  const a = await connect(node, people[0]);
  const channelId = await a.get("group:new", { name: "tea", members: [people[1].id] });
  const { seq } = await a.get("message:new", { channelId, message: "hello" });
  return { node, people, ids: people.map(({ id }) => id), a, channelId, seq };
}
const refusal = (code) => async (connection, event, payload) => {
  const { retryAfter } = await connection.refused(code, null, event, payload);
  return retryAfter;
};
const isTooLarge = refusal("too_large");
const rest = async (node, method, path, { token, body } = {}) => {
  const answer = await fetch(`${node.url}/api/v1${path}`, { method, body: body && JSON.stringify(body),
    headers: { "content-type": "application/json", ...(token && { authorization: `Bearer ${token}` }) } });
  return { status: answer.status, retryAfter: Number(answer.headers.get("retry-after")), ...await answer.json() };
};
const isLimited = ({ status, code, retryAfter }) => {
  assert.deepEqual([status, code], [429, "rate_limited"]);
  assert.ok(retryAfter > 0 && retryAfter <= 600, `${retryAfter}`);
};
/** By one connection, or by two of a person: the second time is refused. */
const rateOf = (verb, how) => async (key) => {
  const node = await startNode({ limits: { [key]: "1/600s" } });
  nodes.push(node);
  const [person] = await makePeople(node, "Alice");
  const first = await new Connection(node, { token: person.socketToken }).connected();
  const second = how === "connection" ? first : await new Connection(node, { token: person.socketToken }).connected();
  const { payload } = asyncapi.components.messages[events[verb]].examples[0];
  await first.ask(verb, payload);
  const retryAfter = await refusal("rate_limited")(second, verb, payload);
  assert.ok(retryAfter > 0 && retryAfter <= 600, `${retryAfter}`);
  assert.deepEqual(second.reasons, []);
};
const rates = Object.fromEntries(Object.entries({ send: "message:new", create: "group:new", read: "server:info", sync: "sync",
  search: "messages:search", receipt: "receipt:read" }).flatMap(([kind, verb]) =>
  ["connection", "user"].map((how) => [`limits.${kind}_per_${how}`, rateOf(verb, how)])));
const isOverloaded = (count, event, payload) => async ({ node, people, channelId }) => {
  const answers = await flood(node, people[0], count, event, () => ({ channelId, ...payload }));
  assert.deepEqual([...new Set(answers.map(({ code }) => code))].filter(Boolean), ["overloaded"]);
};

/** What goes beyond one limit, on a node where it is that small: `[the limit, what is done]`. */
const beyond = {
  "limits.message": [10, async ({ a, channelId }) => {
    await a.get("message:new", { channelId, message: "x".repeat(10) });
    await isTooLarge(a, "message:new", { channelId, message: "x".repeat(11) });
  }],
  "limits.data": [10, ({ a, channelId }) => isTooLarge(a, "message:new", { channelId, message: "x", data: { a: "xxxxx" } })],
  "limits.type": [3, ({ a, channelId }) => isTooLarge(a, "message:new", { channelId, message: "x", type: "xxxx" })],
  "limits.mentions": [1, ({ a, channelId, ids }) => isTooLarge(a, "message:new", { channelId, message: "x", mentions: ids.slice(0, 2) })],
  "limits.emoji_per_message": [1, async ({ a, channelId, seq }) => {
    await a.get("message:react", { channelId, seq, emoji: "👍", on: true });
    await isTooLarge(a, "message:react", { channelId, seq, emoji: "🎉", on: true });
  }],
  "limits.channel_name": [4, async ({ a, channelId }) => {
    await a.get("group:new", { name: "ÄÖÜß", members: [] });
    await isTooLarge(a, "group:new", { name: "ÄÖÜßa", members: [] });
    await isTooLarge(a, "group:update", { channelId, name: "x".repeat(17) });
  }],
  "limits.picture": [64, ({ a, channelId }) => isTooLarge(a, "group:update", { channelId, image: `/${"x".repeat(64)}` })],
  "limits.group_members": [2, async ({ a, channelId, ids }) => {
    await isTooLarge(a, "group:add", { channelId, members: [ids[2]] });
    await isTooLarge(a, "group:new", { name: "x", members: ids.slice(1) });
  }],
  "limits.members_per_change": [1, ({ a, channelId, ids }) => isTooLarge(a, "group:add", { channelId, members: ids.slice(2) })],
  "limits.blocked": [1, async ({ a, ids }) => {
    await a.get("user:block", { userId: ids[1] });
    await isTooLarge(a, "user:block", { userId: ids[2] });
  }],
  "presence.watched": [1, ({ a, ids }) => isTooLarge(a, "presence:watch", { users: ids.slice(0, 2) })],
  "limits.query": [8, ({ a }) => isTooLarge(a, "messages:search", { query: "x".repeat(9) })],
  "limits.query_words": [2, async ({ a }) => {
    await a.get("messages:search", { query: "one two" });
    await isTooLarge(a, "messages:search", { query: "one two three" });
  }],
  "limits.sync_channels": [1, ({ a, ids }) => isTooLarge(a, "sync", { channels: { [ids[0]]: 1, [ids[1]]: 1 } })],
  "limits.events_in_flight": [2, isOverloaded(500, "message:new", { message: "x" })],
  "limits.waiting_per_channel": [100, isOverloaded(3000, "message:new", { message: "x" }), { limits: { events_in_flight: 100000 } }],
  "limits.receipts_waiting": [100, isOverloaded(500, "receipt:read", { seq: 1 }),
    { limits: { events_in_flight: 100000 }, delivery: { receipt_delay: "2s" } }],
  "limits.events_per_address": ["10/600s", async ({ node, people, a }) => {
    const b = await new Connection(node, { token: people[1].socketToken }).connected();
    for (let asked = 0; asked < 3; ++asked) await a.get("server:info", null);
    for (let asked = 0; asked < 4; ++asked) await b.get("server:info", null);
    assert.ok(await refusal("rate_limited")(a, "server:info", null) > 0);
    assert.ok(await refusal("rate_limited")(b, "server:info", null) > 0);
  }],
  // Every one of the four has signed in and asked who they are.
  "limits.rest_per_address": ["9/600s", async ({ node, people: [{ token }] }) => {
    assert.equal((await rest(node, "GET", "/user/me", { token })).status, 201);
    isLimited(await rest(node, "GET", "/user/me", { token }));
    isLimited(await rest(node, "POST", "/auth/sign-in", { body: { email: "alice@example.org", password } }));
  }],
  "limits.people_search_per_user": ["1/600s", async ({ node, people }) => {
    const search = ({ token }) => rest(node, "GET", "/public/search?type=user&query=ali", { token });
    assert.equal((await search(people[0])).status, 200);
    isLimited(await search(people[0]));
    assert.equal((await search(people[1])).status, 200);
  }],
  "limits.sign_in_per_address": ["1/600s", async ({ node }) => {
    const wrong = (name) => rest(node, "POST", "/auth/sign-in", { body: { email: `${name}@example.org`, password: "wrong password" } });
    assert.equal((await wrong("alice")).status, 401);
    isLimited(await wrong("bob"));
  }],
  "limits.sign_in_per_account": ["1/600s", async ({ node }) => {
    const attempt = (body) => rest(node, "POST", "/auth/sign-in", { body });
    assert.equal((await attempt({ email: "alice@example.org", password: "wrong password" })).status, 401);
    isLimited(await attempt({ email: "alice@example.org", password }));
    await signIn(node.url, "bob@example.org", password);
  }],
};
/** Shown where time can be held: the file, and what it must hold. */
const elsewhere = { "limits.event_timeout": ["src/gateway/gateway_test.cpp", /timed_out/] };

describe("beyond it", () => {
  for (const { what, keys, beyond: then } of rows.filter((row) => codeOf(row) && row.keys.length > 0)) {
    for (const key of keys) test(`${key} is ${then}: ${what}`, async () => {
      if (elsewhere[key]) return assert.match(read(elsewhere[key][0]), elsewhere[key][1]);
      const [section, name] = key.split(".");
      if (rates[key]) return rates[key](name);
      assert.ok(beyond[key], "nobody has tried it");
      const [value, act, { limits = {}, ...config } = {}] = beyond[key];
      const limited = { [name]: value };
      return act(await scene(section === "limits" ? { ...config, limits: { ...limits, ...limited } } : { ...config, [section]: limited }));
    });
  }
});

test("what is as large as may be goes through all the same, one by one", async () => {
  const { a, channelId } = await scene({ limits: { message: "60 KiB", answer: "64 KiB" }, socketio: { queue_max: "1 MiB" } });
  const texts = range(1, 3).map((n) => `${n}`.padEnd(60 * 1024, "\n"));
  for (const message of texts) await a.get("message:new", { channelId, message });
  const seen = [];
  for (let limited = true; limited;) {
    const { channels: { [channelId]: synced } } = await a.get("sync", { channels: { [channelId]: 2 + seen.length } });
    assert.ok(synced.entries.length > 0, "an answer that brings nothing is asked for again for ever");
    seen.push(...synced.entries.map(({ message }) => message));
    ({ limited } = synced);
  }
  assert.deepEqual(seen, texts);
});
