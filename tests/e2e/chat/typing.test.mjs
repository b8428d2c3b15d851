// Typing: who is shown it, and when it ends; on one node, and on two.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { everywhere, transports, unknownId, waitUntil } from "./support.mjs";

everywhere("typing", { typing: { ttl: "2s", interval: "200ms" } }, (at) => {
  let alice, bob, carol, dave;
  test("people", async () => { [alice, bob, carol, dave] = await at.people("Alice", "Bob", "Carol", "Dave"); });
  const typing = (connection) => connection.pushed("typing");

  for (const [name, options] of Object.entries(transports)) {
    test(`the other members are shown that somebody types, and that they stop (${name})`, async () => {
      const [a, b, c, d] = await Promise.all([at.connect(0, alice, options), at.connect(1, bob, options), at.connect(0, carol, options),
        at.connect(1, dave, options)]);
      const channelId = await a.get("group:new", { name: "tea", members: [bob.id, carol.id] });
      await Promise.all([b, c].map((each) => each.push("group:new", ({ _id }) => _id === channelId)));
      assert.equal(await a.get("typing", { channelId, on: true }), null);
      for (const each of [b, c]) {
        assert.deepEqual(await each.push("typing"), { channelId, userId: alice.id, on: true, ttl: 2 });
      }
      await a.get("typing", { channelId, on: false });
      for (const each of [b, c]) assert.deepEqual(await each.push("typing", ({ on }) => !on), { channelId, userId: alice.id, on: false });
      await a.get("message:new", { channelId, message: "done" });
      await Promise.all([b, c].map((each) => each.push("message:new")));
      for (const each of [b, c]) assert.equal(typing(each).length, 2);
      assert.deepEqual([...typing(a), ...typing(d)], []);
      await d.refused("not_found", /no such channel/, "typing", { channelId, on: true });
      await d.refused("not_found", /no such channel/, "typing", { channelId: unknownId, on: true });
      await a.refused("invalid", /"on"/, "typing", { channelId });
      await a.refused("invalid", /"on"/, "typing", { channelId, on: "yes" });
      await a.refused("invalid", /"channelId"/, "typing", { on: true });
      at.closeAll();
    });
  }

  test("it ends by itself, with the message, and with the connection", async () => {
    const [a, b] = await Promise.all([at.connect(0, alice), at.connect(1, bob)]);
    const channelId = await a.get("group:chat", { member: bob.id });
    await b.push("group:chat", ({ _id }) => _id === channelId);
    const ends = async (what) => {
      const before = typing(b).filter(({ on }) => !on).length;
      await waitUntil(() => typing(b).filter(({ on }) => !on).length > before, { what: `typing to end ${what}` });
    };
    const begins = async () => {
      const before = typing(b).filter(({ on }) => on).length;
      await a.get("typing", { channelId, on: true });
      await waitUntil(() => typing(b).filter(({ on }) => on).length > before, { what: "typing to begin" });
    };
    await begins();
    await ends("by itself");
    await begins();
    const ended = ends("with the message");
    await a.get("message:new", { channelId, message: "hello" });
    await ended;
    await begins();
    a.close();
    await ends("with the connection");
    assert.deepEqual(typing(b).map(({ on }) => on), [true, false, true, false, true, false]);
    at.closeAll();
  });

  test("it ends with the message at once, whichever device and node that is sent from", async () => {
    const [phone, laptop, b] = await Promise.all([at.connect(0, alice), at.connect(1, alice), at.connect(1, bob)]);
    const channelId = await phone.get("group:chat", { member: bob.id });
    await Promise.all([laptop, b].map((each) => each.get("channels:get", null)));
    await phone.get("typing", { channelId, on: true });
    await b.push("typing", ({ on }) => on);
    const sent = Date.now();
    await laptop.get("message:new", { channelId, message: "from the other" });
    await b.push("typing", ({ on }) => !on);
    assert.ok(Date.now() - sent < 1500, `it ended after ${Date.now() - sent} ms, as if nobody had written`);
    at.closeAll();
  });

  test("who is blocked is shown nothing, and shows nothing", async () => {
    const [a, b] = await Promise.all([at.connect(0, alice), at.connect(1, bob)]);
    const channelId = await a.get("group:chat", { member: bob.id });
    await a.get("user:block", { userId: bob.id });
    // On the other node what is shown may be a second late.
    await new Promise((done) => { setTimeout(done, 1100); });
    await a.get("typing", { channelId, on: true });
    await b.get("typing", { channelId, on: true });
    await a.get("user:unblock", { userId: bob.id });
    const group = await a.get("group:new", { name: "later", members: [bob.id] });
    await b.push("group:new", ({ _id }) => _id === group);
    await a.get("typing", { channelId: group, on: true });
    await b.push("typing");
    assert.deepEqual(typing(b).map((each) => each.channelId), [group]);
    assert.deepEqual(typing(a), []);
    at.closeAll();
  });
});
