// Who gets in, and how connections end.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { closeAll, connect, Connection, makePeople, range, signedIn, startNode, transports, waitUntil } from "./support.mjs";

let node, alice, bob;
before(async () => {
  node = await startNode({ limits: { connections_per_user: 4 }, node: { name: "burrow-1" } });
  [alice, bob] = await makePeople(node, "Alice", "Bob");
});
after(async () => {
  closeAll();
  assert.equal(await node.stop(), 0);
});

for (const [name, options] of Object.entries(transports)) {
  test(`a good token is let in over ${name}`, async () => {
    const connection = await new Connection(node, { token: alice.socketToken }, options).connected();
    assert.equal(await connection.get("server:info", null), "burrow-1");
    assert.equal(await connection.get("server:info"), "burrow-1");
    connection.close();
  });

  for (const [what, auth, message] of [
    ["no auth", undefined, "Token not found"],
    ["no token", {}, "Token not found"],
    ["an empty token", { token: "" }, "Token not found"],
    ["a token that is no string", { token: { $ne: 1 } }, "Token not found"],
    ["an unknown token", { token: "x".repeat(43) }, "Invalid token"],
    ["the session's own token", () => ({ token: alice.token }), "Invalid token"],
    ["a huge token", { token: "x".repeat(100_000) }, "Token not found"],
  ]) {
    test(`${what} is a CONNECT_ERROR "${message}" over ${name}`, async () => {
      const connection = new Connection(node, typeof auth === "function" ? auth() : auth, options);
      await assert.rejects(connection.connected(), { message });
      assert.equal(connection.socket.active, false); // The stock client does not try again by itself.
      connection.close();
    });
  }
}

test("signing out ends every connection of that person, and nobody else's", async () => {
  const other = await signedIn(node, "Alice");
  const [phone, desk, friend] = await Promise.all([connect(node, alice), connect(node, other, transports.polling), connect(node, bob)]);
  const answer = await fetch(`${node.url}/api/v1/auth/sign-out`, { method: "POST", headers: { cookie: `token=${alice.token}` } });
  assert.equal(answer.status, 200);
  for (const device of [phone, desk]) {
    await waitUntil(() => device.reasons.length > 0, { what: "the end of the connection" });
    assert.deepEqual(device.reasons, ["io server disconnect"]);
  }
  assert.equal(friend.socket.connected, true);
  await friend.get("server:info", null);
  await assert.rejects(new Connection(node, { token: alice.socketToken }).connected(), { message: "Invalid token" });
  alice = await signedIn(node, "Alice");
});

test("a person's connections are limited: one too many has its transport closed and tries again", async () => {
  const devices = await Promise.all([1, 2, 3].map(() => connect(node, bob)));
  await waitUntil(async () => (await node.metric("warren_connections")) === 4, { what: "four connections" });
  const extra = new Connection(node, { token: bob.socketToken });
  let refused = "";
  extra.socket.on("connect_error", (error) => { refused ||= error.message; });
  let tries = 0;
  extra.socket.io.on("reconnect_attempt", () => { tries += 1; });
  await waitUntil(() => tries >= 2, { what: "two more tries" });
  assert.equal(extra.socket.connected, false);
  assert.equal(refused, "");
  devices[0].close();
  await waitUntil(() => extra.socket.connected, { what: "room for the other connection" });
});

describe("when the node stops", () => {
  test("everybody's transport is closed and what was accepted is acknowledged", async () => {
    const [a, b] = await Promise.all([connect(node, alice), connect(node, alice, transports.polling)]);
    const channelId = await a.get("group:new", { name: "tea", members: [] });
    const send = (n) => a.ask("message:new", { channelId, message: `m${n}`, nonce: `${n}` }).catch(() => null);
    const answers = range(1, 50).map(send);
    await waitUntil(() => b.pushed("message:new").length > 0, { what: "the first message" });
    const ended = node.stop();
    const said = await Promise.all(answers);
    assert.equal(await ended, 0);
    for (const device of [a, b]) assert.ok(device.reasons.every((reason) => reason !== "io server disconnect"), device.reasons);
    const stored = said.filter((answer) => answer?.success).map(({ data }) => data.seq);
    assert.ok(stored.length > 0);
    closeAll();
    await node.start();
    const again = await connect(node, alice);
    const page = await again.get("messages:get", { channelId, limit: 100 });
    const there = new Set(page.messages.map(({ seq }) => seq));
    assert.deepEqual(stored.filter((seq) => !there.has(seq)), []);
    const unanswered = said.filter((answer) => answer && !answer.success);
    assert.ok(unanswered.every(({ code }) => code === "unavailable"), JSON.stringify(unanswered));
  });
});
