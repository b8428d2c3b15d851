// Receipts, unread counts and what people set for themselves: everybody has two devices, on different nodes where there are two.
import assert from "node:assert/strict";
import { after, afterEach, before, describe, test } from "node:test";
import { closeAll, connect, houses, makePeople, range, transports, unknownId, waitUntil } from "./support.mjs";

for (const { name, skip, start } of houses) describe(name, { skip }, () => {
  let house, alice, bob, carol;
  before(async () => {
    house = await start();
    [alice, bob, carol] = await makePeople(house.nodes[0], "Alice", "Bob", "Carol");
  });
  afterEach(closeAll);
  after(() => house?.stop());

  /** Alice on one node; Bob's phone on the other by polling, his laptop on the first. */
  async function meet(...others) {
    const [here, there] = house.nodes;
    const a = await connect(here, alice);
    const phone = await connect(there, bob, transports.polling);
    const laptop = await connect(here, bob, transports.upgrade);
    const channelId = await a.get("group:new", { name: "tea", members: [bob.id, ...others] });
    await Promise.all([a, phone, laptop].map((each) => each.push("group:new", ({ _id }) => _id === channelId)));
    return { a, phone, laptop, channelId };
  }
  const write = async (from, channelId, count) => {
    for (const n of range(1, count)) await from.get("message:new", { channelId, message: `${n}` });
  };
  const lineOf = async (connection, channelId) =>
    (await connection.get("channels:list", {})).channels.find(({ _id }) => _id === channelId);
  const inOrder = (list, key) => list.every((each, at) => at === 0 || each[key] > list[at - 1][key]);

  test("a message is delivered and read, and everybody in the channel learns it", async () => {
    const { a, phone, laptop, channelId } = await meet();
    await write(a, channelId, 2);
    await phone.push("message:new", ({ seq }) => seq === 3);
    assert.deepEqual(await phone.get("receipt:delivered", { channelId, seq: 3 }), { delivered: 3, read: 0, readCount: 0 });
    const who = { channelId, userId: bob.id };
    for (const each of [a, phone, laptop]) assert.deepEqual(await each.push("receipt"), { ...who, delivered: 3 });
    assert.deepEqual(await phone.get("receipt:read", { channelId, seq: 2 }), { delivered: 3, read: 2, readCount: 1 });
    for (const each of [a, phone, laptop]) assert.deepEqual(await each.push("receipt", ({ read }) => read), { ...who, read: 2 });
    assert.equal((await lineOf(laptop, channelId)).unread, 1);
    const { channels } = await a.get("sync", { channels: { [channelId]: 3 } });
    assert.deepEqual(channels[channelId].watermarks, { [bob.id]: { delivered: 3, read: 2 } });
    assert.equal(channels[channelId].unread, 2, "Alice has not read what she wrote");
    assert.deepEqual(await laptop.get("receipt:read", { channelId, seq: 1 }), { delivered: 3, read: 2, readCount: 1 },
      "it never goes back");
    await a.get("receipt:read", { channelId, seq: 3 });
    assert.equal((await lineOf(a, channelId)).unread, 0);
  });

  test("what is unread stays exact, and a mark holds until the next read", async () => {
    const { a, phone, laptop, channelId } = await meet();
    await write(a, channelId, 4);
    await phone.get("receipt:read", { channelId, seq: 4 });
    assert.equal((await lineOf(laptop, channelId)).unread, 1);
    const marked = await laptop.get("channel:state", { channelId, unreadFrom: 3 });
    assert.deepEqual([marked.unreadFrom, marked.readCount], [3, 1]);
    for (const each of [phone, laptop]) assert.deepEqual(await each.push("state"), { channelId, ...marked });
    for (const each of [phone, laptop]) assert.equal((await lineOf(each, channelId)).unread, 3);
    await write(a, channelId, 1);
    assert.equal((await lineOf(phone, channelId)).unread, 4);
    assert.deepEqual(await phone.get("receipt:read", { channelId, seq: 6 }), { delivered: 6, read: 6, readCount: 5 });
    for (const each of [phone, laptop]) {
      const state = await each.push("state", ({ unreadFrom }) => unreadFrom === 0);
      assert.equal(state.readCount, 5);
      assert.ok(inOrder(each.pushed("state"), "revision"));
    }
    assert.equal((await lineOf(laptop, channelId)).unread, 0);
    assert.deepEqual(a.pushed("state"), []);
    const { joined } = await laptop.get("sync", { channels: {} });
    const found = joined.find(({ _id }) => _id === channelId);
    assert.deepEqual([found.unread, found.watermarks[bob.id]], [0, { delivered: 6, read: 6 }]);
  });

  test("a burst is stored and told together", async () => {
    const { a, phone, channelId } = await meet();
    await write(a, channelId, 30);
    await phone.push("message:new", ({ seq }) => seq === 31);
    const seqs = range(2, 31);
    const answers = await Promise.all(seqs.map((seq) => phone.get("receipt:read", { channelId, seq })));
    seqs.forEach((seq, at) => assert.ok(answers[at].read >= seq));
    await a.push("receipt", ({ read }) => read === 31);
    const pushes = a.pushed("receipt").filter(({ userId }) => userId === bob.id);
    assert.ok(pushes.length < seqs.length, `${pushes.length}`);
    assert.ok(inOrder(pushes, "read"));
  });

  test("settings are one's own, and the same on all one's devices", async () => {
    const { a, phone, laptop, channelId } = await meet();
    const plain = { muted: false, pinned: false, archived: false, notify: "all", unreadFrom: 0, readCount: 0, revision: 0 };
    assert.deepEqual((await lineOf(laptop, channelId)).state, plain);
    const first = await phone.get("channel:state", { channelId, muted: true, notify: "mentions" });
    assert.deepEqual(first, { ...plain, muted: true, notify: "mentions", revision: first.revision });
    for (const each of [phone, laptop]) assert.deepEqual(await each.push("state"), { channelId, ...first });
    const second = await laptop.get("channel:state", { channelId, pinned: true, archived: true, muted: false });
    assert.deepEqual(second, { ...plain, pinned: true, archived: true, notify: "mentions", revision: second.revision });
    assert.ok(second.revision > first.revision);
    for (const each of [phone, laptop]) assert.deepEqual(await each.push("state", ({ pinned }) => pinned), { channelId, ...second });
    for (const each of [phone, laptop]) {
      assert.deepEqual((await each.get("sync", { channels: { [channelId]: 1 } })).channels[channelId].state, second);
    }
    assert.deepEqual((await lineOf(a, channelId)).state, plain);
    assert.deepEqual(a.pushed("state"), []);
    closeAll();
    const again = await connect(house.nodes[0], bob);
    assert.deepEqual((await lineOf(again, channelId)).state, second);
  });

  test("a large group tells the reader's devices and the writer, nobody else", async () => {
    const strangers = await makePeople(house.nodes[0], ...range(1, 30).map((n) => `Member${n}`));
    const { a, phone, laptop, channelId } = await meet(carol.id, ...strangers.map(({ id }) => id));
    const c = await connect(house.nodes[0], carol);
    await a.get("message:new", { channelId, message: "to all" });
    await Promise.all([phone, c].map((each) => each.push("message:new", ({ seq }) => seq === 2)));
    await phone.get("receipt:read", { channelId, seq: 2 });
    for (const each of [a, laptop, phone]) assert.equal((await each.push("receipt")).userId, bob.id);
    await c.get("receipt:read", { channelId, seq: 2 });
    await a.push("receipt", ({ userId }) => userId === carol.id);
    assert.deepEqual((await c.push("receipt")).userId, carol.id);
    assert.deepEqual(c.pushed("receipt").map(({ userId }) => userId), [carol.id]);
    assert.deepEqual((await lineOf(phone, channelId)).watermarks, { [bob.id]: { delivered: 2, read: 2 } });
  });

  test("whom somebody blocked sees no receipts of theirs in their chat", async () => {
    const [here, there] = house.nodes;
    const b = await connect(here, bob);
    const c = await connect(there, carol);
    const channelId = await b.get("group:chat", { member: carol.id });
    await b.get("message:new", { channelId, message: "hello" });
    await c.get("receipt:read", { channelId, seq: 2 });
    await b.push("receipt", ({ read }) => read === 2);
    assert.deepEqual((await lineOf(b, channelId)).watermarks[carol.id], { delivered: 2, read: 2 });
    await b.get("message:new", { channelId, message: "are you there?" });
    await c.get("user:block", { userId: bob.id });
    assert.deepEqual((await lineOf(b, channelId)).watermarks, {});
    await c.get("receipt:read", { channelId, seq: 3 });
    await b.get("receipt:read", { channelId, seq: 3 });
    await b.push("receipt", ({ userId }) => userId === bob.id);
    await c.push("receipt", ({ userId }) => userId === bob.id);
    assert.deepEqual(b.pushed("receipt").filter(({ userId, read }) => userId === carol.id && read > 2), []);
    assert.deepEqual(Object.keys((await lineOf(c, channelId)).watermarks).sort(), [bob.id, carol.id].sort());
    await c.get("user:unblock", { userId: bob.id });
    assert.deepEqual((await lineOf(b, channelId)).watermarks[carol.id], { delivered: 3, read: 3 });
  });

  test("only members, and only what is there", async () => {
    const { a, phone, channelId } = await meet();
    const c = await connect(house.nodes[0], carol);
    for (const event of ["receipt:delivered", "receipt:read"]) {
      const refusal = await c.refused("not_found", null, event, { channelId, seq: 1 });
      assert.deepEqual(await c.refused("not_found", null, event, { channelId: unknownId, seq: 1 }), refusal);
      await phone.refused("invalid", /seq 2/, event, { channelId, seq: 2 });
      await phone.refused("invalid", /"seq" is missing/, event, { channelId });
      await phone.refused("invalid", /"seq"/, event, { channelId, seq: 0 });
      await phone.refused("invalid", /"seq"/, event, { channelId, seq: "1" });
      await phone.refused("invalid", /"channelId"/, event, { seq: 1 });
    }
    await c.refused("not_found", null, "channel:state", { channelId, muted: true });
    await phone.refused("invalid", /seq 9/, "channel:state", { channelId, unreadFrom: 9 });
    await phone.refused("invalid", /Give one of/, "channel:state", { channelId });
    await phone.refused("invalid", /"muted" must be true or false/, "channel:state", { channelId, muted: 1 });
    await phone.refused("invalid", /"notify"/, "channel:state", { channelId, notify: "loud" });
    await phone.refused("invalid", /"unreadFrom"/, "channel:state", { channelId, unreadFrom: -1 });
    phone.socket.emit("receipt:read", { channelId, seq: 1 }); // Without an acknowledgement it is done all the same.
    await waitUntil(async () => (await lineOf(phone, channelId)).watermarks[bob.id]?.read === 1, { what: "the receipt being stored" });
    assert.deepEqual(c.pushed("receipt"), []);
    assert.deepEqual((await a.push("receipt")).userId, bob.id);
  });
});
