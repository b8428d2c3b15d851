// Messages: message:new, its pushes and order, nonces, messages:get.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { closeAll, connect, makePeople, range, RawClient, startNode, transports, unknownId, waitUntil } from "./support.mjs";

let node, alice, bob, carol, channelId;
before(async () => {
  node = await startNode();
  [alice, bob, carol] = await makePeople(node, "Alice", "Bob", "Carol");
});
after(async () => {
  closeAll();
  assert.equal(await node.stop(), 0);
});

/** A new group of Alice and Bob. */
async function group() {
  const a = await connect(node, alice);
  channelId = await a.get("group:new", { name: "tea", members: [bob.id] });
  a.close();
  return channelId;
}

for (const [name, options] of Object.entries(transports)) {
  test(`a message reaches every device of every member, the sender's own included (${name})`, async () => {
    await group();
    const devices = await Promise.all(
      [connect(node, alice, options), connect(node, alice), connect(node, bob, options), connect(node, bob)]);
    const c = await connect(node, carol, options);
    const message = await devices[0].get("message:new", { channelId, message: "hi\n\tthere \"you\" 😀", nonce: "n1" });
    assert.deepEqual(message, { _id: message._id, channelId, bucket: 0, seq: 2, count: 1, kind: "message", senderId: alice.id,
      nonce: "n1", createdAt: message.createdAt, updatedAt: message.createdAt, message: "hi\n\tthere \"you\" 😀", readReceipt: [] });
    assert.match(message._id, /^[0-9a-f]{24}$/);
    assert.ok(Math.abs(Date.now() - new Date(message.createdAt)) < 60_000);
    for (const device of devices) {
      assert.deepEqual(await device.push("message:new"), message);
      assert.equal(device.events.length, 1);
    }
    assert.deepEqual(c.events, []);
    closeAll();
  });
}

test("what one connection sends without waiting is stored in its order, and its answers come in that order", async () => {
  await group();
  const [a, b] = await Promise.all([connect(node, alice), connect(node, bob, transports.polling)]);
  const answers = [];
  const sent = range(0, 90).map((n) => a.get("message:new", { channelId, message: `${n}` }).then((message) => { answers.push(message); }));
  await Promise.all(sent);
  assert.deepEqual(answers.map(({ message }) => message), range(0, 90).map(String));
  assert.deepEqual(answers.map(({ seq }) => seq), range(2, 92));
  await waitUntil(() => b.events.length === 91, { what: "91 pushes" });
  for (const device of [a, b]) assert.deepEqual(device.pushed("message:new"), answers);
  closeAll();
});

test("everybody sees the same dense order, however many write at once", async () => {
  await group();
  const writers = await Promise.all(
    Object.values(transports).flatMap((options) => [connect(node, alice, options), connect(node, bob, options)]));
  const write = (writer, w) => range(1, 30).map((n) => writer.get("message:new", { channelId, message: `${w}/${n}` }));
  await Promise.all(writers.flatMap(write));
  for (const device of writers) {
    await waitUntil(() => device.events.length === 180, { what: "180 pushes" });
    const seen = device.pushed("message:new");
    assert.deepEqual(seen.map(({ seq }) => seq), range(2, 181));
    assert.deepEqual(seen.map(({ count }) => count), range(1, 180));
    assert.deepEqual(seen, writers[0].pushed("message:new"));
  }
  closeAll();
});

test("a push is encoded once, however many connections get it", async () => {
  await group();
  const devices = await Promise.all(range(1, 6).map((n) => connect(node, n % 2 ? alice : bob)));
  const [encoded, pushed] = await Promise.all(["warren_pushes_encoded_total", "warren_pushes_total"].map((name) => node.metric(name)));
  for (const n of range(1, 10)) await devices[0].get("message:new", { channelId, message: `${n}` });
  await waitUntil(() => devices.every(({ events }) => events.length === 10), { what: "ten pushes each" });
  assert.equal(await node.metric("warren_pushes_encoded_total") - encoded, 10);
  assert.equal(await node.metric("warren_pushes_total") - pushed, 60);
  closeAll();
});

describe("nonces", () => {
  test("a retry, on any connection, is answered with the message first stored and pushes nothing", async () => {
    await group();
    const [a1, a2, b] = await Promise.all([connect(node, alice), connect(node, alice, transports.polling), connect(node, bob)]);
    const wanted = { channelId, message: "once", nonce: "x".repeat(64) };
    const [first, same] = await Promise.all([a1.get("message:new", wanted), a1.get("message:new", wanted)]);
    assert.deepEqual(same, first);
    assert.deepEqual(await a2.get("message:new", wanted), first);
    await a1.refused("nonce_conflict", /nonce/, "message:new", { ...wanted, message: "other" });
    await a1.refused("nonce_conflict", /nonce/, "message:new", { ...wanted, data: { a: 1 } });
    // Another sender's nonce is another one.
    const theirs = await b.get("message:new", wanted);
    assert.equal(theirs.seq, first.seq + 1);
    await a1.push("message:new", ({ seq }) => seq === theirs.seq);
    assert.equal(a1.events.length, 2);
    closeAll();
  });

  test("who has left is still answered what they had sent, and cannot send more", async () => {
    await group();
    const b = await connect(node, bob);
    const wanted = { channelId, message: "bye", nonce: "bye" };
    const first = await b.get("message:new", wanted);
    await b.get("group:leave", { channelId });
    assert.deepEqual(await b.get("message:new", wanted), first);
    await b.refused("nonce_conflict", /nonce/, "message:new", { ...wanted, message: "other" });
    await b.refused("not_found", null, "message:new", { ...wanted, nonce: "more" });
    closeAll();
  });

  test("a retry after the node was killed is the same message", async () => {
    await group();
    const a = await connect(node, alice);
    const first = await a.get("message:new", { channelId, message: "kept", nonce: "kept" });
    closeAll();
    await node.kill();
    await node.start();
    const again = await connect(node, alice);
    assert.deepEqual(await again.get("message:new", { channelId, message: "kept", nonce: "kept" }), first);
    closeAll();
  });
});

describe("an app's own data", () => {
  const data = "{\"z\": 1.0, \"a\":[1e2,12345678901234567890], \"\\u00e4\":\"\\ud83d\\ude00\",\"nested\":{\"data\":{}}}";
  test("is stored and given back byte for byte", async () => {
    await group();
    const [a, b] = await Promise.all([new RawClient(node, alice).connected(), new RawClient(node, bob).connected()]);
    b.send("421[\"channels:get\",null]");
    await b.text("431");
    a.send(`427["message:new", {"data":{"dropped":1}, "channelId":"${channelId}" ,"message":"","type":"poll","data":${data} }]`);
    const answer = await a.text("437");
    assert.ok(answer?.includes(`"data":${data}`), answer);
    assert.ok(answer.includes("\"type\":\"poll\""));
    assert.ok((await b.text("42[\"event\"")).includes(`"data":${data}`));
    b.send(`428["messages:get",{"channelId":"${channelId}"}]`);
    assert.ok((await b.text("438")).includes(`"data":${data}`));
    b.send(`429["sync",{"channels":{"${channelId}":0}}]`);
    assert.ok((await b.text("439")).includes(`"data":${data}`));
    closeAll();
    await node.restart();
    const again = await new RawClient(node, bob).connected();
    again.send("425[\"channels:get\",null]");
    assert.ok((await again.text("435")).includes(`"data":${data}`));
    closeAll();
  });

  test("is an object of at most 4 KiB", async () => {
    const a = await connect(node, alice);
    await a.get("message:new", { channelId, message: "", data: { a: "x".repeat(4000) } });
    await a.refused("too_large", /"data"/, "message:new", { channelId, message: "", data: { a: "x".repeat(4096) } });
    for (const wrong of [[], "{}", 1, true]) await a.refused("invalid", /"data"/, "message:new", { channelId, message: "x", data: wrong });
    closeAll();
  });
});

describe("history", () => {
  let a, all;
  const seqs = (page) => page.messages.map(({ seq }) => seq);
  before(async () => {
    await group();
    a = await connect(node, alice);
    for (const tens of range(0, 29)) {
      await Promise.all(range(1, 10).map((n) => a.get("message:new", { channelId, message: `m${tens * 10 + n}` })));
    }
    all = (await a.get("sync", { channels: { [channelId]: 0 } })).channels[channelId];
  });

  test("the newest page comes without saying where", async () => {
    const page = await a.get("messages:get", { channelId, limit: 20 });
    assert.deepEqual(seqs(page), range(all.head - 19, all.head));
    assert.deepEqual([page.from, page.to, page.head, page.firstSeq, page.limited], [all.head - 19, all.head, all.head, 1, true]);
  });

  test("walking back and walking on give everything once", async () => {
    const back = [];
    for (let before = all.head + 1, limited = true; limited;) {
      const page = await a.get("messages:get", { channelId, before, limit: 70 });
      back.unshift(...page.messages);
      ({ from: before, limited } = page);
    }
    assert.deepEqual(back.map(({ seq }) => seq), range(2, all.head));
    const on = [];
    for (let after = 0, limited = true; limited;) {
      const page = await a.get("messages:get", { channelId, after, limit: 70 });
      on.push(...page.messages);
      ({ to: after, limited } = page);
    }
    assert.deepEqual(on, back);
  });

  test("around is about the seq asked for", async () => {
    const page = await a.get("messages:get", { channelId, around: 60, limit: 11 });
    assert.equal(page.messages.length, 11);
    assert.ok(seqs(page).includes(60), `${seqs(page)}`);
    assert.deepEqual(seqs(page), range(page.messages[0].seq, page.messages[0].seq + 10));
  });

  test("its arguments are checked, and it is for members only", async () => {
    await a.refused("invalid", /only one/, "messages:get", { channelId, before: 1, after: 1 });
    await a.refused("invalid", /"limit".*at most 100/, "messages:get", { channelId, limit: 101 });
    await a.refused("invalid", /"limit"/, "messages:get", { channelId, limit: 0 });
    await a.refused("invalid", /"before"/, "messages:get", { channelId, before: -1 });
    await a.refused("invalid", /"around"/, "messages:get", { channelId, around: 1.5 });
    await a.refused("not_found", null, "messages:get", { channelId: unknownId });
    const c = await connect(node, carol);
    const foreign = await c.refused("not_found", null, "messages:get", { channelId });
    const unknown = await c.refused("not_found", null, "messages:get", { channelId: unknownId });
    assert.deepEqual(foreign, unknown);
  });

  test("an answer stays within its budget and says that there is more", async () => {
    const big = await a.get("group:new", { name: "big", members: [] });
    for (const n of range(1, 80)) await a.get("message:new", { channelId: big, message: `${n}`.padEnd(16384, "x") });
    const newest = await a.get("messages:get", { channelId: big, limit: 80 });
    assert.ok(JSON.stringify(newest).length <= 1_000_000);
    assert.equal(newest.limited, true);
    assert.deepEqual([seqs(newest).at(-1), newest.from], [81, seqs(newest)[0]]);
    const oldest = await a.get("messages:get", { channelId: big, after: 0, limit: 80 });
    assert.ok(JSON.stringify(oldest).length <= 1_000_000);
    assert.deepEqual([seqs(oldest)[0], oldest.to, oldest.limited], [2, seqs(oldest).at(-1), true]);
    const everything = await a.get("channels:get", null);
    assert.ok(JSON.stringify(everything).length <= 1_000_000);
    assert.equal(everything.find(({ _id }) => _id === big).messages.at(-1).seq, 81);
    const synced = (await a.get("sync", { channels: { [big]: 0 } })).channels[big];
    assert.ok(JSON.stringify(synced).length <= 1_000_000);
    assert.deepEqual([synced.entries.map(({ seq }) => seq), synced.limited], [range(1, synced.entries.length), true]);
  });
});

test("only members may write", async () => {
  await group();
  const c = await connect(node, carol);
  const foreign = await c.refused("not_found", null, "message:new", { channelId, message: "let me in" });
  assert.deepEqual(foreign, await c.refused("not_found", null, "message:new", { channelId: unknownId, message: "hello?" }));
  const a = await connect(node, alice);
  assert.equal((await a.get("messages:get", { channelId })).messages.length, 0);
  closeAll();
});

test("an event without an acknowledgement is handled all the same", async () => {
  await group();
  const [a, b] = await Promise.all([connect(node, alice), connect(node, bob)]);
  a.socket.emit("message:new", { channelId, message: "no ack" });
  assert.equal((await b.push("message:new")).message, "no ack");
  a.socket.emit("message:new", { channelId });
  a.socket.emit("no such thing");
  assert.equal((await a.get("messages:get", { channelId })).messages.length, 1);
  closeAll();
});
