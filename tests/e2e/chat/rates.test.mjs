// Rates: per connection, per person, by kind of event.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { closeAll, connect, makePeople, startNode } from "./support.mjs";

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
