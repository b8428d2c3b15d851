// Channels: group:chat, group:new, channels:get, channels:list, members:get.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { closeAll, connect, Connection, makePeople, startNode, transports, unknownId, waitUntil } from "./support.mjs";

let node, alice, bob, carol;
before(async () => {
  node = await startNode();
  [alice, bob, carol] = await makePeople(node, "Alice", "Bob", "Carol");
});
after(async () => {
  closeAll();
  assert.equal(await node.stop(), 0);
});

const isoTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const listed = ({ id, name, email, me }, role) =>
  ({ _id: id, role, userId: { _id: id, name, email, phoneNo: me.phoneNo, image: me.image } });
const byId = (a, b) => (a._id < b._id ? -1 : 1);

describe("one-to-one", () => {
  let channelId;
  test("both get the channel on every device, and the caller its id", async () => {
    const [a1, a2, b, c] = await Promise.all(
      [connect(node, alice), connect(node, alice, transports.polling), connect(node, bob), connect(node, carol)]);
    channelId = await a1.get("group:chat", { member: bob.id });
    assert.match(channelId, /^[0-9a-f]{24}$/);
    for (const device of [a1, a2, b]) {
      const channel = await device.push("group:chat");
      assert.deepEqual({ ...channel, members: channel.members.toSorted(byId) }, {
        _id: channelId, name: "New Channel", groupImage: "", isGroup: false,
        members: [listed(alice, "member"), listed(bob, "member")].sort(byId), memberCount: 2, head: 1, count: 0,
        createdAt: channel.createdAt, updatedAt: channel.updatedAt, messages: [],
      });
      assert.match(channel.createdAt, isoTime);
      assert.match(channel.updatedAt, isoTime);
    }
    assert.deepEqual(c.events, []);
    closeAll();
  });

  test("a second time, from either side, is the same channel and pushes nothing", async () => {
    const [a, b] = await Promise.all([connect(node, alice), connect(node, bob)]);
    assert.equal(await a.get("group:chat", { member: bob.id }), channelId);
    assert.equal(await b.get("group:chat", { member: alice.id }), channelId);
    await a.get("message:new", { channelId, message: "after it" });
    for (const device of [a, b]) {
      await device.push("message:new");
      assert.deepEqual(device.events.map(({ event }) => event), ["message:new"]);
    }
    closeAll();
  });

  test("both at the same time make one channel, pushed once", async () => {
    const [b, c] = await Promise.all([connect(node, bob), connect(node, carol)]);
    const ids = await Promise.all([b.get("group:chat", { member: carol.id }), c.get("group:chat", { member: bob.id }),
      b.get("group:chat", { member: carol.id })]);
    assert.equal(new Set(ids).size, 1);
    await b.get("message:new", { channelId: ids[0], message: "end" });
    for (const device of [b, c]) {
      await device.push("message:new");
      assert.deepEqual(device.events.map(({ event }) => event), ["group:chat", "message:new"]);
    }
    closeAll();
  });

  test("with oneself or with nobody is an error", async () => {
    const a = await connect(node, alice);
    await a.refused("invalid", /member/, "group:chat", { member: alice.id });
    await a.refused("not_found", /person/, "group:chat", { member: unknownId });
    await a.refused("invalid", /"member" is missing/, "group:chat", {});
    await a.refused("invalid", /24 hexadecimal digits/, "group:chat", { member: "alice" });
    closeAll();
  });
});

describe("groups", () => {
  test("members may hold the creator and repeats; the creator is the admin", async () => {
    const [a, b, c] = await Promise.all([connect(node, alice), connect(node, bob), connect(node, carol, transports.polling)]);
    const id = await a.get("group:new", { name: "Käse ☕", members: [bob.id, alice.id, bob.id, carol.id], data: { color: "red" } });
    for (const device of [a, b, c]) {
      const channel = await device.push("group:new", ({ _id }) => _id === id);
      assert.equal(channel.name, "Käse ☕");
      assert.equal(channel.isGroup, true);
      assert.deepEqual(channel.data, { color: "red" });
      assert.deepEqual(channel.members.toSorted(byId), [listed(alice, "admin"), listed(bob, "member"), listed(carol, "member")].sort(byId));
      assert.deepEqual(channel.messages, []);
    }
    closeAll();
  });

  test("the same nonce gives the same group; other content under it is a conflict", async () => {
    const a = await connect(node, alice);
    const wanted = { name: "once", members: [bob.id], nonce: "only-once" };
    const id = await a.get("group:new", wanted);
    assert.equal(await a.get("group:new", wanted), id);
    await a.refused("nonce_conflict", /nonce/, "group:new", { ...wanted, name: "twice" });
    await a.push("group:new");
    assert.equal(a.pushed("group:new").length, 1);
    closeAll();
  });

  test("what is wrong with a group is named", async () => {
    const a = await connect(node, alice);
    const members = [bob.id];
    await a.refused("invalid", /"name" is missing/, "group:new", { members });
    await a.refused("invalid", /"name" must not be empty/, "group:new", { name: "", members });
    await a.refused("too_large", /name/, "group:new", { name: "x".repeat(51), members });
    await a.refused("too_large", /name/, "group:new", { name: "x".repeat(5000), members });
    await a.get("group:new", { name: "ä".repeat(50), members });
    await a.refused("invalid", /control/, "group:new", { name: "a\u0007b", members });
    await a.refused("invalid", /"members" is missing/, "group:new", { name: "tea" });
    await a.refused("invalid", /"members" must be a list/, "group:new", { name: "tea", members: bob.id });
    await a.refused("invalid", /members\[1\]/, "group:new", { name: "tea", members: [bob.id, 7] });
    await a.refused("invalid", /exist/, "group:new", { name: "tea", members: [unknownId] });
    await a.refused("too_large", /members/, "group:new", { name: "tea", members: Array(10001).fill(bob.id) });
    await a.refused("invalid", /history/, "group:new", { name: "tea", members, history: "none" });
    closeAll();
  });
});

describe("reading channels", () => {
  let dave, erin, d;
  const ids = [];
  before(async () => {
    [dave, erin] = await makePeople(node, "Dave", "Erin");
    d = await connect(node, dave);
    for (const n of [1, 2, 3, 4, 5]) {
      await new Promise((done) => setTimeout(done, 5));
      ids.push(await d.get("group:new", { name: `group ${n}`, members: [erin.id] }));
      await d.get("message:new", { channelId: ids.at(-1), message: `in ${n}` });
    }
    await new Promise((done) => setTimeout(done, 5)); // Activity is ordered by time, to the millisecond.
    await d.get("message:new", { channelId: ids[1], message: "the latest" });
  });

  test("channels:get has every channel with its newest messages, oldest first, and members", async () => {
    const e = await connect(node, erin);
    assert.deepEqual(e.channels.map(({ _id }) => _id).sort(), ids.toSorted());
    const second = e.channels.find(({ _id }) => _id === ids[1]);
    assert.deepEqual(second.messages.map(({ message, seq }) => [message, seq]), [["in 2", 2], ["the latest", 3]]);
    assert.deepEqual([second.head, second.count, second.memberCount], [3, 2, 2]);
    assert.deepEqual(second.members.toSorted(byId), [listed(dave, "admin"), listed(erin, "member")].sort(byId));
    const c = await connect(node, carol);
    assert.deepEqual(c.channels.filter(({ _id }) => ids.includes(_id)), []);
  });

  test("of a one-to-one chat both lists say whom it is with", async () => {
    const [frank, gina] = await makePeople(node, "Frank", "Gina");
    const [f, g] = await Promise.all([connect(node, frank), connect(node, gina)]);
    const pair = await f.get("group:chat", { member: gina.id });
    const group = await f.get("group:new", { name: "of two", members: [gina.id] });
    const peerOf = ({ me }) => ({ _id: me._id, name: me.name, image: me.image });
    for (const [device, other] of [[f, gina], [g, frank]]) {
      for (const channels of [(await device.get("channels:list", {})).channels, (await device.get("sync", { channels: {} })).joined]) {
        const peers = Object.fromEntries(channels.map(({ _id, peer }) => [_id, peer]));
        assert.deepEqual(peers, { [pair]: peerOf(other), [group]: undefined });
      }
    }
    f.close();
    g.close();
  });

  test("channels:list is by latest activity, in pages, without members", async () => {
    const e = await connect(node, erin);
    const first = await e.get("channels:list", { limit: 2 });
    assert.deepEqual(first.channels.map(({ _id }) => _id), [ids[1], ids[4]]);
    const { newest, state, ...line } = first.channels[0];
    assert.equal(state.readCount, 0);
    assert.equal(newest.message, "the latest");
    assert.deepEqual(line, { _id: ids[1], name: "group 2", groupImage: "", isGroup: true, memberCount: 2, head: 3, count: 2,
      role: "member", unread: 2, watermarks: {}, createdAt: line.createdAt, updatedAt: line.updatedAt });
    const second = await e.get("channels:list", { limit: 2, after: first.next });
    const third = await e.get("channels:list", { limit: 2, after: second.next });
    assert.deepEqual([...second.channels, ...third.channels].map(({ _id }) => _id), [ids[3], ids[2], ids[0]]);
    assert.equal(third.next, undefined);
    assert.equal((await d.get("channels:list", {})).channels[0].role, "admin");
    await e.refused("invalid", /after/, "channels:list", { after: "nonsense" });
    await e.refused("invalid", /limit/, "channels:list", { limit: 201 });
    await e.refused("invalid", /limit/, "channels:list", { limit: "2" });
  });

  test("members:get pages members without contact details", async () => {
    const e = await connect(node, erin);
    const all = await e.get("members:get", { channelId: ids[0] });
    assert.equal(all.total, 2);
    assert.deepEqual(Object.keys(all.members[0].userId), ["_id", "name", "image"]);
    assert.deepEqual(all.members.map(({ _id, role }) => [_id, role]), [[dave.id, "admin"], [erin.id, "member"]].sort());
    const first = await e.get("members:get", { channelId: ids[0], limit: 1 });
    const second = await e.get("members:get", { channelId: ids[0], limit: 1, after: first.next });
    assert.deepEqual([...first.members, ...second.members], all.members);
    assert.equal(second.next, undefined);
    await (await connect(node, carol)).refused("not_found", null, "members:get", { channelId: ids[0] });
    await e.refused("not_found", null, "members:get", { channelId: unknownId });
    await e.refused("invalid", /channelId/, "members:get", {});
  });

  describe("while somebody writes all the time", () => {
    let writing = true;
    let written;
    const lines = (connection) => connection.pushed("message:new").filter((message) => message.channelId === ids[2]);
    before(() => {
      const write = async () => { for (let n = 0; writing; n += 1) await d.get("message:new", { channelId: ids[2], message: `${n}` }); };
      written = write();
    });
    after(async () => {
      writing = false;
      await written;
    });

    /** Asks channels:get; the head it shows, and how many pushes had come when it came. */
    const ask = (connection) => new Promise((done) => connection.socket.emit("channels:get", null, (answer) => {
      done({ head: answer.data.find(({ _id }) => _id === ids[2]).head, before: lines(connection).length });
    }));

    for (const [name, options] of Object.entries(transports)) {
      test(`what was pushed before an answer is in it, what comes after it goes on from there (${name})`, async () => {
        for (let round = 0; round < 5; round += 1) {
          const e = await new Connection(node, { token: erin.socketToken }, options).connected();
          const first = await ask(e);
          assert.equal(first.before, 0);
          const answers = [first];
          for (let n = 0; n < 20; n += 1) {
            answers.push(await ask(e));
            await waitUntil(() => lines(e).length > answers.at(-1).before, { what: "a push after the answer" });
          }
          const seqs = lines(e).map(({ seq }) => seq);
          answers.forEach(({ head, before }, at) => {
            const [earlier, later] = [seqs.slice(0, before), seqs.slice(before, answers[at + 1]?.before)];
            assert.ok(earlier.every((seq) => seq <= head), `head ${head}, pushed before ${earlier}`);
            assert.deepEqual(later, later.map((_, i) => head + 1 + i), `head ${head}, pushed after ${later}`);
          });
          e.close();
        }
      });
    }
  });
});
