// Two people of whom one has blocked the other: what each may still do, on one node and with each on a node of their own.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { closeAll, connect, makePeople, noPair, startNode, startPair, transports, unknownId, waitUntil } from "./support.mjs";

/** Alice on one node, Bob on another (or the same), each by that transport. */
function scenarios(place, transport) {
  let alice, bob, carol, a, b;
  before(async () => {
    const [here] = place();
    const n = Math.random().toString(36).slice(2, 8);
    [alice, bob, carol] = await makePeople(here, `Alice${n}`, `Bob${n}`, `Carol${n}`);
  });
  const connectBoth = async () => {
    const [here, there] = place();
    [a, b] = await Promise.all([connect(here, alice, transports[transport]), connect(there, bob, transports[transport])]);
  };

  test("the blocked cannot start a chat, and hear what they would of nobody", async () => {
    await connectBoth();
    assert.equal(await a.get("user:block", { userId: bob.id }), null);
    const refused = await b.refused("not_found", /no such person/, "group:chat", { member: alice.id });
    assert.deepEqual(refused, await b.refused("not_found", null, "group:chat", { member: unknownId }));
    await a.refused("forbidden", /unblock them/, "group:chat", { member: bob.id });
    assert.deepEqual([...a.pushed("group:chat"), ...b.pushed("group:chat")], []);
    assert.deepEqual(await b.get("channels:get", null), []);

    await a.get("user:unblock", { userId: bob.id });
    const channelId = await b.get("group:chat", { member: alice.id });
    assert.equal((await a.push("group:chat"))._id, channelId);
    closeAll();
  });

  test("in the chat of the two neither writes, until it is undone", async () => {
    await connectBoth();
    const channelId = await b.get("group:chat", { member: alice.id });
    const write = { channelId, message: "before", nonce: "n1" };
    const before = await b.get("message:new", write);
    await a.get("user:block", { userId: bob.id });
    // From the acknowledgement on, whatever the node.
    const refused = await b.refused("forbidden", /cannot write/, "message:new", { channelId, message: "after" });
    assert.doesNotMatch(refused.errors[0], /block/);
    await a.refused("forbidden", /unblock them/, "message:new", { channelId, message: "after" });
    assert.equal(await b.get("group:chat", { member: alice.id }), channelId, "what is there stays");
    assert.deepEqual(await b.get("message:new", write), before, "a retry of what was stored");
    assert.deepEqual((await b.get("messages:get", { channelId })).messages.map(({ message }) => message), ["before"]);

    await a.get("user:unblock", { userId: bob.id });
    await b.get("message:new", { channelId, message: "again" });
    await a.push("message:new", ({ message }) => message === "again");
    assert.ok(!a.pushed("message:new").some(({ message }) => message === "after"));
    closeAll();
  });

  test("of two who blocked each other, each undoes their own", async () => {
    await connectBoth();
    const channelId = await b.get("group:chat", { member: alice.id });
    await Promise.all([a.get("user:block", { userId: bob.id }), b.get("user:block", { userId: alice.id })]);
    await b.refused("forbidden", /unblock them/, "message:new", { channelId, message: "x" });
    await b.get("user:unblock", { userId: alice.id });
    await b.refused("forbidden", /cannot write/, "message:new", { channelId, message: "x" });
    await a.get("user:unblock", { userId: bob.id });
    await b.get("message:new", { channelId, message: "both" });
    closeAll();
  });

  test("a group of both is not concerned", async () => {
    await connectBoth();
    await a.get("user:block", { userId: bob.id });
    const channelId = await a.get("group:new", { name: "Tea", members: [bob.id, carol.id] });
    await b.push("group:new", ({ _id }) => _id === channelId);
    await b.get("message:new", { channelId, message: "in the group" });
    await a.push("message:new", ({ message }) => message === "in the group");
    await a.get("user:unblock", { userId: bob.id });
    closeAll();
  });

  test("the list is the blocker's own, the same on every node, and bounded", async () => {
    await connectBoth();
    assert.deepEqual(await a.get("user:blocked", null), []);
    for (const { id } of [bob, carol, bob]) await a.get("user:block", { userId: id });
    const [, there] = place();
    const elsewhere = await connect(there, alice);
    assert.deepEqual(await elsewhere.get("user:blocked", null), [bob.id, carol.id].sort());
    assert.deepEqual(await b.get("user:blocked", null), []);
    await b.get("user:block", { userId: carol.id });
    await b.get("user:block", { userId: alice.id });
    await b.refused("too_large", /at most 2/, "user:block", { userId: (await extra()).id });
    for (const { id } of [bob, carol, bob]) await a.get("user:unblock", { userId: id });
    assert.deepEqual(await elsewhere.get("user:blocked"), []);
    for (const { id } of [carol, alice]) await b.get("user:unblock", { userId: id });
    closeAll();
  });
  const extra = async () => (await makePeople(place()[0], `Dora${Math.random().toString(36).slice(2, 8)}`))[0];

  test("the blocked sees nothing of the other's presence, typing and receipts, until it is undone", async () => {
    await connectBoth();
    const channelId = await b.get("group:chat", { member: alice.id });
    await a.get("channels:get", null);
    const { seq } = await b.get("message:new", { channelId, message: "are you there?" });
    const watch = async () => (await b.get("presence:watch", { users: [alice.id] }))[alice.id];
    /** Alice reads, types and writes nothing; what Bob is shown of that. */
    const act = async (from) => {
      await a.get("typing", { channelId, on: true });
      await a.get("typing", { channelId, on: false });
      await a.get("receipt:delivered", { channelId, seq: from });
      // Behind these, in the same order: when it is there, so is whatever was to come before it.
      const group = await a.get("group:new", { name: "later", members: [bob.id] });
      await b.push("group:new", ({ _id }) => _id === group);
    };
    const shown = () => b.events.filter(({ event, data }) => ["typing", "receipt", "presence"].includes(event) && data.userId === alice.id);
    assert.equal((await watch()).online, true);
    await a.get("user:block", { userId: bob.id });
    await waitUntil(async () => !(await watch()).online, { what: "Alice's presence to be hidden" });
    assert.deepEqual(await watch(), { online: false }, "as of somebody who was never here");
    const before = shown().length;
    await act(seq);
    a.close();
    a = await connect(place()[0], alice, transports[transport]);
    await act(seq);
    assert.deepEqual(shown().slice(before), []);
    const marks = async () => (await b.get("sync", { channels: { [channelId]: 0 } })).channels[channelId].watermarks[alice.id];
    assert.equal(await marks(), undefined);

    await a.get("user:unblock", { userId: bob.id });
    await waitUntil(async () => (await watch()).online, { what: "Alice's presence to be shown" });
    await waitUntil(async () => {
      await a.get("typing", { channelId, on: true });
      await a.get("typing", { channelId, on: false });
      return shown().some(({ event }) => event === "typing");
    }, { what: "Alice's typing to be shown" });
    assert.equal((await marks()).delivered, seq);
    await a.get("receipt:read", { channelId, seq });
    await b.push("receipt", ({ userId, read }) => userId === alice.id && read === seq);
    closeAll();
  });

  test("bad input is named", async () => {
    await connectBoth();
    for (const event of ["user:block", "user:unblock"]) {
      for (const payload of [{}, { userId: null }, { userId: 7 }, { userId: "x" }]) await b.refused("invalid", /userId/, event, payload);
      await b.refused("invalid", /object/, event, null);
    }
    await b.refused("invalid", /somebody else/, "user:block", { userId: bob.id });
    await b.refused("not_found", /no such person/, "user:block", { userId: unknownId });
    assert.equal(await b.get("user:unblock", { userId: unknownId }), null);
    await b.refused("invalid", /null/, "user:blocked", 7);
    closeAll();
  });
}

const limits = { blocked: 2 };
for (const transport of ["websocket", "polling"]) {
  describe(`on one node, by ${transport}`, () => {
    let node;
    before(async () => { node = await startNode({ limits }); });
    after(async () => {
      closeAll();
      assert.equal(await node.stop(), 0);
    });
    scenarios(() => [node, node], transport);
  });
}

describe("on two nodes", { skip: noPair }, () => {
  let pair;
  before(async () => { pair = await startPair({ limits }); });
  after(async () => {
    closeAll();
    await pair?.stop();
  });
  scenarios(() => pair.nodes, "websocket");

  test("what is written while the block is made is stored before it or not at all", async () => {
    const [alice, bob] = await makePeople(pair.nodes[0], "Anton", "Berta");
    const [a, b] = await Promise.all([connect(pair.nodes[0], alice), connect(pair.nodes[1], bob)]);
    const channelId = await b.get("group:chat", { member: alice.id });
    for (let round = 0; round < 5; round += 1) {
      let blocked = false;
      let begunAfter = 0;
      const write = async (n) => {
        const late = blocked;
        const answer = await b.ask("message:new", { channelId, message: `${round} ${n}` });
        if (late) {
          begunAfter += 1;
          assert.equal(answer.code, "forbidden", "begun after the block was acknowledged");
        } else if (!answer.success) {
          assert.equal(answer.code, "forbidden", JSON.stringify(answer));
        }
      };
      const writing = (async () => {
        for (let n = 0; begunAfter < 3; n += 1) await write(n);
      })();
      await waitUntil(() => b.pushed("message:new").some(({ message }) => message.startsWith(`${round} `)));
      await a.get("user:block", { userId: bob.id });
      blocked = true;
      await writing;
      await a.get("user:unblock", { userId: bob.id });
    }
  });
});
