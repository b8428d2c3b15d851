// Rates: per connection, per person, by kind of event.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { root } from "../../support/servers.mjs";
import { asyncapi, events } from "./asyncapi.mjs";
import { closeAll, connect, Connection, makePeople, startNode } from "./support.mjs";

let node, alice, bob;
before(async () => {
  const limits = { send_per_connection: "5/60s", send_per_user: "8/60s", read_per_connection: "3/1s", create_per_user: "2/60s" };
  node = await startNode({ limits });
  [alice, bob] = await makePeople(node, "Alice", "Bob");
});
after(async () => {
  closeAll();
  assert.equal(await node.stop(), 0);
});

const codes = async (connection, count, event, payload) => {
  const answers = await Promise.all(Array.from({ length: count }, () => connection.ask(event, payload)));
  return answers.map((answer) => answer.code ?? "ok");
};

test("beyond its rate a connection is told when to try again, and others are not held up", async () => {
  const [a1, a2, b] = await Promise.all([connect(node, alice), connect(node, alice), connect(node, bob)]);
  const channelId = await a1.get("group:chat", { member: bob.id });
  const message = { channelId, message: "x" };
  assert.deepEqual(await codes(a1, 7, "message:new", message), [...Array(5).fill("ok"), ...Array(2).fill("rate_limited")]);
  const { retryAfter } = await a1.refused("rate_limited", /try again in \d+ s/, "message:new", message);
  assert.ok(retryAfter > 0 && retryAfter <= 12, `${retryAfter}`);
  // Her other connection has a rate of its own, but together they have hers.
  assert.deepEqual(await codes(a2, 5, "message:new", message), [...Array(3).fill("ok"), ...Array(2).fill("rate_limited")]);
  await b.get("message:new", message);
  await a1.get("server:info", null);
});

test("what is refused costs as much as what is not", async () => {
  const b = await connect(node, bob);
  assert.deepEqual(await codes(b, 5, "no such event", {}), [...Array(3).fill("unknown_event"), ...Array(2).fill("rate_limited")]);
});

test("a rate fills again by itself", async () => {
  const a = await connect(node, alice);
  await codes(a, 4, "server:info", null);
  const { retryAfter } = await a.refused("rate_limited", null, "server:info", null);
  await new Promise((done) => setTimeout(done, retryAfter * 1000));
  await a.get("server:info", null);
});

test("each kind of event has its own", async () => {
  const a = await connect(node, bob);
  assert.deepEqual(await codes(a, 3, "group:new", { name: "tea", members: [] }), ["ok", "ok", "rate_limited"]);
  await a.get("sync", { channels: {} });
});

const read = (path) => readFileSync(join(root, path), "utf8");
/** Every event that the server takes, whoever added it. */
const verbs = readdirSync(join(root, "src/gateway")).filter((name) => /^on_.*\.cpp$/.test(name))
  .map((name) => /constinit const Verb \w+\{"([\w:]+)"/.exec(read(`src/gateway/${name}`))[1]);
/** The kinds of events that have rates. */
const kinds = [...read("docs/configuration.md").matchAll(/^### `limits\.(\w+)_per_connection`$/gm)].map(([, kind]) => kind);

for (const one of ["connection", "user"]) {
  test(`every event is refused beyond its rate of a ${one}, with the time when to try again`, async () => {
    const limits = Object.fromEntries(kinds.flatMap((kind) =>
      ["connection", "user"].map((of) => [`${kind}_per_${of}`, of === one ? "1/600s" : "0/1s"])));
    const own = await startNode({ limits });
    assert.ok(verbs.length >= 12 && kinds.length >= 4);
    const people = await makePeople(own, ...verbs.map((_, n) => `Person${n}`));
    await Promise.all(verbs.map(async (verb, n) => {
      const first = await new Connection(own, { token: people[n].socketToken }).connected();
      const second = one === "user" ? await new Connection(own, { token: people[n].socketToken }).connected() : first;
      // What is badly formed does not reach what counts by person.
      const { payload } = asyncapi.components.messages[events[verb]].examples[0];
      await first.ask(verb, payload);
      const { retryAfter } = await second.refused("rate_limited", /try again in \d+ s/, verb, payload);
      assert.ok(retryAfter > 0 && retryAfter <= 600, `${verb}: ${retryAfter}`);
    }));
    closeAll();
    assert.equal(await own.stop(), 0);
  });
}
