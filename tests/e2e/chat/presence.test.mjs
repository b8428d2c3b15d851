// Presence: who is online, by those who watch; on one node, and on two of which one dies.
import assert from "node:assert/strict";
import { test } from "node:test";
import { everywhere, transports, unknownId, waitUntil } from "./support.mjs";

const limits = { presence: { ttl: "30s", linger: "300ms", answer_wait: "1s", watched: 20 } };
everywhere("presence", limits, (at) => {
  let alice, bob, carol;
  test("people", async () => { [alice, bob, carol] = await at.people("Alice", "Bob", "Carol"); });
  const told = (connection, person) => connection.pushed("presence").filter(({ userId }) => userId === person.id);
  const isNow = (connection, person, online) => waitUntil(() => told(connection, person).at(-1)?.online === online,
    { what: `${person.name} to be ${online ? "online" : "offline"}` });
  const recent = (time) => assert.ok(Math.abs(Date.now() - new Date(time)) < 60_000, time);

  for (const [name, options] of Object.entries(transports)) {
    test(`who watches is told of coming and going (${name})`, async () => {
      const a = await at.connect(0, alice, options);
      const before = await a.get("presence:watch", { users: [bob.id, unknownId, alice.id] });
      assert.deepEqual(Object.keys(before).toSorted(), [bob.id, unknownId, alice.id].toSorted());
      assert.equal(before[bob.id].online, false);
      assert.deepEqual(before[unknownId], { online: false });
      assert.equal(before[alice.id].online, true);
      recent(before[alice.id].lastSeen);

      const b = await at.connect(1, bob, options);
      const tab = await at.connect(0, bob);
      await isNow(a, bob, true);
      b.close();
      const again = await a.get("presence:watch", { users: [bob.id] });
      assert.equal(again[bob.id].online, true, "the other tab is there");
      tab.close();
      await isNow(a, bob, false);
      const last = told(a, bob).at(-1);
      assert.deepEqual(Object.keys(last), ["userId", "online", "lastSeen"]);
      recent(last.lastSeen);
      assert.deepEqual(told(a, bob).map(({ online }) => online), [true, false]);
      assert.deepEqual(await a.get("presence:watch", { users: [bob.id] }), { [bob.id]: { online: false, lastSeen: last.lastSeen } });
      at.closeAll();
    });
  }

  test("the answer has who is there already, and a later call replaces it", async () => {
    const [a, b, c] = await Promise.all([at.connect(0, alice), at.connect(1, bob), at.connect(1, carol)]);
    const answer = await a.get("presence:watch", { users: [bob.id, carol.id] });
    assert.deepEqual(Object.values(answer).map(({ online }) => online), [true, true]);
    assert.deepEqual(Object.keys(await a.get("presence:watch", { users: [carol.id] })), [carol.id]);
    b.close();
    c.close();
    await isNow(a, carol, false);
    assert.deepEqual(told(a, bob), []);
    assert.deepEqual(await a.get("presence:watch", { users: [] }), {});
    at.closeAll();
  });

  test("when somebody was seen outlives their connections", async () => {
    const [a, b] = await Promise.all([at.connect(0, alice), at.connect(1, bob)]);
    b.close();
    a.close();
    const later = await at.connect(1, carol);
    const seen = async () => (await later.get("presence:watch", { users: [alice.id] }))[alice.id];
    await waitUntil(async () => !(await seen()).online, { what: "Alice to be offline" });
    recent((await seen()).lastSeen);
    at.closeAll();
  });

  test("who is blocked sees somebody who was never here", async () => {
    const [a, b] = await Promise.all([at.connect(0, alice), at.connect(1, bob)]);
    assert.equal((await a.get("presence:watch", { users: [bob.id] }))[bob.id].online, true);
    await b.get("user:block", { userId: alice.id });
    await isNow(a, bob, false);
    assert.deepEqual(told(a, bob), [{ userId: bob.id, online: false }]);
    assert.deepEqual(await a.get("presence:watch", { users: [bob.id] }), { [bob.id]: { online: false } });
    assert.equal((await b.get("presence:watch", { users: [alice.id] }))[alice.id].online, true);
    await b.get("user:unblock", { userId: alice.id });
    assert.equal((await a.get("presence:watch", { users: [bob.id] }))[bob.id].online, true);
    at.closeAll();
  });

  test("bad input is named", async () => {
    const a = await at.connect(0, alice);
    await a.refused("invalid", /"users"/, "presence:watch", {});
    await a.refused("invalid", /"users"/, "presence:watch", { users: bob.id });
    await a.refused("invalid", /users\[1\]/, "presence:watch", { users: [bob.id, "bob"] });
    await a.refused("too_large", /more than 20/, "presence:watch", { users: Array(21).fill(bob.id) });
    await a.refused("invalid", /object/, "presence:watch", null);
    at.closeAll();
  });
});
