// Changes of a group: group:add, group:remove, group:role, group:update, group:leave; on one node, and with Alice on one and
// everybody else on another.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { closeAll, connect, Connection, makePeople, noPair, startNode, startPair, transports, unknownId, waitUntil } from "./support.mjs";

// Small, so that the groups here are now small and now large ones.
const config = { limits: { group_members: 6, members_per_change: 4 }, delivery: { large_group_bind: 2, large_group_publish: 3 } };
const makeGroup = (connection, members, more = {}) =>
  connection.get("group:new", { name: "tea", members: members.map(({ id }) => id), ...more });
const entryAt = (connection, channelId, seq) => connection.push("entry", (entry) => entry.channelId === channelId && entry.seq === seq);
const rolesIn = async (connection, channelId) => {
  const { members } = await connection.get("members:get", { channelId });
  return Object.fromEntries(members.map(({ userId, role }) => [userId.name, role]));
};
const brief = (entry) => ({ seq: entry.seq, kind: entry.kind, op: entry.op, members: entry.members });

/** `place` gives the nodes: Alice's, and that of the others. `options` are how they connect unless a test says otherwise. */
function scenarios(place, options) {
  let alice, bob, carol, dave;
  before(async () => {
    [alice, bob, carol, dave] = await makePeople(place()[0], "Alice", "Bob", "Carol", "Dave");
  });

  /** Somebody who syncs, and therefore can be told of everything. */
  async function follow(person, by = options) {
    const [here, there] = place();
    const node = person === alice ? here : there;
    const connection = await new Connection(node, { token: person.socketToken }, by).connected();
    await connection.get("sync", { channels: {} });
    return connection;
  }

  describe("adding and removing", () => {
    for (const [name, each] of [["websocket", transports.websocket], ["polling", transports.polling]]) {
      test(`who is added is shown the channel, the others the entry; who is removed gets that last (${name})`, async () => {
        const [a, b, c] = await Promise.all([follow(alice, each), follow(bob, each), follow(carol, each)]);
        const channelId = await makeGroup(a, [bob], { data: { color: "green" } });
        await a.get("message:new", { channelId, message: "before carol" });
        const added = await a.get("group:add", { channelId, members: [carol.id, carol.id, bob.id], nonce: "add" });
        assert.deepEqual(brief(added), { seq: 3, kind: "member", op: "added",
          members: [{ userId: carol.id, role: "member" }, { userId: bob.id, role: "member" }] });
        assert.deepEqual([await entryAt(a, channelId, 3), await entryAt(b, channelId, 3)], [added, added]);
        const channel = await c.push("group:new", ({ _id }) => _id === channelId);
        assert.deepEqual([channel.head, channel.count, channel.memberCount, channel.messages], [3, 1, 3, []]);
        assert.deepEqual([channel.name, channel.data], ["tea", { color: "green" }]);
        assert.deepEqual(channel.members.map(({ userId }) => userId.name).sort(), ["Alice", "Bob", "Carol"]);
        assert.deepEqual(c.pushed("entry"), [], "an entry of a channel that she does not know");

        await a.get("message:new", { channelId, message: "to all three" });
        await c.push("message:new", ({ message }) => message === "to all three");
        await c.get("message:new", { channelId, message: "from carol" });
        const before = await c.get("messages:get", { channelId });
        assert.deepEqual(before.messages.map(({ message }) => message), ["before carol", "to all three", "from carol"]);

        const removed = await a.get("group:remove", { channelId, members: [carol.id, dave.id] });
        assert.deepEqual([removed.op, removed.seq], ["removed", 6]);
        assert.deepEqual(await entryAt(c, channelId, 6), removed);
        await a.get("message:new", { channelId, message: "without carol" });
        await b.push("message:new", ({ message }) => message === "without carol");
        for (const [event, payload] of [["message:new", { message: "me too" }], ["messages:get", {}], ["members:get", {}],
          ["group:add", { members: [dave.id] }], ["group:add", { members: [unknownId] }], ["group:leave", {}],
          ["group:update", { name: "mine" }], ["group:role", { member: carol.id, role: "admin" }]]) {
          await c.refused("not_found", /no such channel/, event, { channelId, ...payload });
        }
        assert.deepEqual((await c.get("sync", { channels: { [channelId]: 6 } })).left, [channelId]);
        assert.equal(c.events.filter(({ data }) => data.seq > 6).length, 0, "nothing after her removal");

        // And again: a new stay, which begins with what she is shown.
        const again = await a.get("group:add", { channelId, members: [carol.id] });
        const shown = await c.push("group:new", ({ _id, head }) => _id === channelId && head === again.seq);
        assert.equal(shown.count, 4);
        await a.get("message:new", { channelId, message: "welcome back" });
        assert.equal((await c.push("message:new", ({ message }) => message === "welcome back")).seq, again.seq + 1);
        const { channels } = await c.get("sync", { channels: { [channelId]: 6 } });
        assert.deepEqual(channels[channelId].entries.map(({ seq }) => seq), [7, 8, 9], "history: all");
        closeAll();
      });
    }

    test("a client that never syncs reads everything anew when it is added again", async () => {
      const [a, c] = await Promise.all([follow(alice), connect(place()[1], carol, options)]);
      const channelId = await makeGroup(a, []);
      await a.get("group:add", { channelId, members: [carol.id] });
      await c.push("group:new", ({ _id }) => _id === channelId);
      await a.get("group:remove", { channelId, members: [carol.id] });
      await entryAt(c, channelId, 3);
      await a.get("group:add", { channelId, members: [carol.id] });
      await waitUntil(() => c.reasons.length === 1 && c.socket.connected, { what: "the client coming back" });
      assert.equal(c.pushed("group:new").filter(({ _id }) => _id === channelId).length, 1);
      assert.ok((await c.get("channels:get", null)).some(({ _id }) => _id === channelId));
      closeAll();
    });

    test("the same nonce gives the same entry; other content under it is a conflict", async () => {
      const [a, b] = await Promise.all([follow(alice), follow(bob)]);
      const channelId = await makeGroup(a, [bob]);
      for (const [event, payload, other] of [["group:add", { members: [carol.id] }, { members: [dave.id] }],
        ["group:role", { member: bob.id, role: "admin" }, { member: bob.id, role: "member" }],
        ["group:update", { name: "coffee" }, { name: "cocoa" }], ["group:remove", { members: [carol.id] }, { members: [dave.id] }]]) {
        const asked = { channelId, ...payload, nonce: event };
        const first = await a.get(event, asked);
        assert.equal(first.nonce, event);
        assert.deepEqual(await a.get(event, asked), first);
        await a.refused("nonce_conflict", /nonce/, event, { channelId, ...other, nonce: event });
      }
      const left = await b.get("group:leave", { channelId, nonce: "bye" });
      assert.deepEqual(await b.get("group:leave", { channelId, nonce: "bye" }), left, "although he is not in it any more");
      assert.equal((await a.get("messages:get", { channelId })).head, left.seq);
      closeAll();
    });

    test("what is wrong is named, and nothing is appended", async () => {
      const [a, b] = await Promise.all([follow(alice), follow(bob)]);
      const people = await makePeople(place()[0], "Erin", "Frank", "Grace");
      const channelId = await makeGroup(a, [bob, carol]);
      const pair = await a.get("group:chat", { member: bob.id });
      const others = people.map(({ id }) => id);
      await a.refused("invalid", /exist/, "group:add", { channelId, members: [dave.id, unknownId] });
      await a.refused("conflict", /already/, "group:add", { channelId, members: [bob.id, carol.id] });
      await a.refused("too_large", /members/, "group:add", { channelId, members: [...others, dave.id, bob.id] });
      await a.refused("too_large", /at most 6 members/, "group:add", { channelId, members: [...others, dave.id] });
      await a.refused("conflict", /not members/, "group:remove", { channelId, members: [dave.id, unknownId] });
      await a.refused("invalid", /leave/, "group:remove", { channelId, members: [alice.id] });
      await a.refused("not_found", /member/, "group:role", { channelId, member: dave.id, role: "admin" });
      await a.refused("not_found", /member/, "group:role", { channelId, member: unknownId, role: "admin" });
      await a.refused("conflict", /already/, "group:role", { channelId, member: alice.id, role: "admin" });
      await a.refused("conflict", /needs an admin/, "group:role", { channelId, member: alice.id, role: "member" });
      await a.refused("too_large", /50 characters/, "group:update", { channelId, name: "x".repeat(51) });
      await a.refused("invalid", /image/, "group:update", { channelId, image: "javascript:alert(1)" });
      for (const [event, payload] of [["group:add", { members: [dave.id] }], ["group:add", { members: [unknownId] }],
        ["group:remove", { members: [carol.id] }], ["group:role", { member: bob.id, role: "admin" }], ["group:update", { name: "mine" }]]) {
        await b.refused("forbidden", /admin/, event, { channelId, ...payload });
        for (const foreign of [await makeGroup(a, []), unknownId]) {
          await b.refused("not_found", /no such channel/, event, { channelId: foreign, ...payload });
        }
        await b.refused("invalid", /two people/, event, { channelId: pair, ...payload });
      }
      await b.refused("invalid", /two people/, "group:leave", { channelId: pair });
      assert.equal((await a.get("messages:get", { channelId })).head, 1);
      assert.equal((await a.get("messages:get", { channelId: pair })).head, 1);
      closeAll();
    });
  });

  describe("roles and leaving", () => {
    test("an admin makes others admins, who may do what admins do, and unmakes them", async () => {
      const [a, b] = await Promise.all([follow(alice), follow(bob)]);
      const channelId = await makeGroup(a, [bob]);
      const made = await a.get("group:role", { channelId, member: bob.id, role: "admin" });
      assert.deepEqual(brief(made), { seq: 2, kind: "member", op: "role", members: [{ userId: bob.id, role: "admin" }] });
      assert.deepEqual(await entryAt(b, channelId, 2), made);
      assert.deepEqual(await rolesIn(b, channelId), { Alice: "admin", Bob: "admin" });
      await b.get("group:add", { channelId, members: [carol.id] });
      await b.get("group:role", { channelId, member: alice.id, role: "member" });
      await a.refused("forbidden", /admin/, "group:remove", { channelId, members: [carol.id] });
      assert.equal((await a.get("channels:list", {})).channels.find(({ _id }) => _id === channelId).role, "member");
      assert.deepEqual(await rolesIn(a, channelId), { Alice: "member", Bob: "admin", Carol: "member" });
      closeAll();
    });

    test("the last admin who leaves makes the longest-standing member one, and says so in the log", async () => {
      const [a, b, c] = await Promise.all([follow(alice), follow(bob), follow(carol)]);
      const channelId = await makeGroup(a, [bob]);
      await a.get("group:add", { channelId, members: [carol.id] });
      await a.get("group:add", { channelId, members: [dave.id] });
      await a.get("group:remove", { channelId, members: [bob.id] });
      await a.get("group:add", { channelId, members: [bob.id] }); // Now the newest.
      const left = await a.get("group:leave", { channelId });
      assert.deepEqual({ ...brief(left), successor: left.successor }, { seq: 6, kind: "member", op: "left",
        members: [{ userId: alice.id, role: "member" }], successor: carol.id });
      for (const each of [a, b, c]) assert.deepEqual(await entryAt(each, channelId, 6), left);
      assert.deepEqual(await rolesIn(c, channelId), { Bob: "member", Carol: "admin", Dave: "member" });
      await c.get("group:update", { channelId, name: "carol's" });
      const plain = await b.get("group:leave", { channelId });
      assert.equal(plain.successor, undefined);
      closeAll();
    });

    test("a group that everybody has left is nobody's", async () => {
      const [a, b] = await Promise.all([follow(alice), follow(bob)]);
      const channelId = await makeGroup(a, [bob]);
      await a.get("group:leave", { channelId });
      await b.get("message:new", { channelId, message: "alone" });
      const last = await b.get("group:leave", { channelId });
      assert.deepEqual([last.seq, last.successor], [4, undefined]);
      assert.deepEqual(await entryAt(b, channelId, 4), last);
      for (const each of [a, b]) {
        await each.refused("not_found", /no such channel/, "group:add", { channelId, members: [alice.id] });
        await each.refused("not_found", /no such channel/, "messages:get", { channelId });
        assert.deepEqual((await each.get("sync", { channels: { [channelId]: 1 } })).left, [channelId]);
        assert.ok((await each.get("channels:list", {})).channels.every(({ _id }) => _id !== channelId));
      }
      closeAll();
    });
  });

  describe("large groups", () => {
    test("sync does not list their members; members:get pages them", async () => {
      const [a, b] = await Promise.all([follow(alice), follow(bob)]);
      const small = await makeGroup(a, [bob, carol]);
      const large = await makeGroup(a, [bob, carol, dave]);
      const { joined } = await b.get("sync", { channels: {} });
      const find = (channelId) => joined.find(({ _id }) => _id === channelId);
      assert.deepEqual([find(small).members.length, find(small).memberCount], [3, 3]);
      assert.deepEqual([find(large).members, find(large).memberCount, find(large).head], [undefined, 4, 1]);
      const paged = await b.get("members:get", { channelId: large, limit: 3 });
      assert.deepEqual([paged.members.length, paged.total], [3, 4]);
      closeAll();
    });
  });

  describe("name, picture and data", () => {
    test("each alone and all at once; what is not named stays", async () => {
      const [a, b] = await Promise.all([follow(alice), follow(bob)]);
      const channelId = await makeGroup(a, [bob], { data: { v: 1 } });
      const changes = [
        [{ name: "Käse ☕" }, { op: "renamed", name: "Käse ☕" }],
        [{ image: "https://example.org/tea.png" }, { op: "picture", groupImage: "https://example.org/tea.png" }],
        [{ data: { z: 1, a: [2.50, "ü"] } }, { op: "settings", data: { z: 1, a: [2.5, "ü"] } }],
        [{ name: "last", image: "", data: {} }, { op: "settings", name: "last", groupImage: "", data: {} }],
      ];
      for (const [asked, expected] of changes) {
        const entry = await a.get("group:update", { channelId, ...asked });
        const { op, name, groupImage, data } = entry;
        assert.deepEqual(JSON.parse(JSON.stringify({ op, name, groupImage, data })), expected);
        assert.deepEqual(await entryAt(b, channelId, entry.seq), entry);
        const channel = (await b.get("channels:list", {})).channels.find(({ _id }) => _id === channelId);
        for (const [field, value] of Object.entries(expected)) if (field !== "op") assert.deepEqual(channel[field], value);
        assert.equal(channel.updatedAt, entry.createdAt);
      }
      const [shown] = (await connect(place()[1], bob, options)).channels.filter(({ _id }) => _id === channelId);
      assert.deepEqual([shown.name, shown.groupImage, shown.data, shown.members.length], ["last", "", {}, 2]);
      closeAll();
    });
  });

  describe("history: since_join", () => {
    test("an edit of what was said before one came has no text, and one of what came later has", async () => {
      const [a, b, c] = await Promise.all([follow(alice), follow(bob), follow(carol)]);
      const channelId = await makeGroup(a, [bob], { history: "since_join" });
      const write = async (message) => (await a.get("message:new", { channelId, message })).seq;
      const edit = async (seq, message) => (await a.get("message:edit", { channelId, seq, message })).seq;
      const old = await write("secret 1");
      const joined = (await a.get("group:add", { channelId, members: [carol.id] })).seq;
      await c.push("group:new", ({ _id }) => _id === channelId);
      const edited = await edit(old, "secret 2");
      const forBob = await entryAt(b, channelId, edited);
      assert.deepEqual([forBob.message, forBob.blanked], ["secret 2", undefined]);
      assert.deepEqual(await entryAt(c, channelId, edited), { ...forBob, message: "", blanked: true });
      const open = await write("open 1");
      assert.equal((await entryAt(c, channelId, await edit(open, "open 2"))).message, "open 2");

      // Out and in again: what she could read is now from before.
      await a.get("group:remove", { channelId, members: [carol.id] });
      await a.get("group:add", { channelId, members: [carol.id] });
      const late = await edit(open, "secret 3");
      assert.equal((await entryAt(c, channelId, late)).blanked, true);
      const fresh = await follow(carol);
      for (const known of [0, joined, late - 1]) {
        const { channels: { [channelId]: synced } } = await fresh.get("sync", { channels: { [channelId]: known } });
        assert.ok(synced.entries.some(({ seq, blanked }) => seq === late && blanked));
        assert.doesNotMatch(JSON.stringify(synced), /secret/);
      }
      assert.doesNotMatch(JSON.stringify([c.events, await fresh.get("messages:search", { query: "secret", channelId })]), /secret/);
      const { channels: { [channelId]: whole } } = await b.get("sync", { channels: { [channelId]: 0 } });
      assert.equal(whole.entries.find(({ seq }) => seq === late).message, "secret 3");
      closeAll();
    });

    test("who joins sees nothing of what was before, wherever they look", async () => {
      const [a, c] = await Promise.all([follow(alice), follow(carol)]);
      const channelId = await makeGroup(a, [bob], { history: "since_join" });
      for (const message of ["secret 1", "secret 2"]) await a.get("message:new", { channelId, message });
      const { seq } = await a.get("group:add", { channelId, members: [carol.id] });
      await c.push("group:new", ({ _id }) => _id === channelId);
      const look = async () => {
        const seen = [await c.get("sync", { channels: { [channelId]: 0 } })];
        seen.push(await c.get("channels:get", null), await c.get("channels:list", {}));
        for (const from of [{}, { before: 99 }, { after: 0 }, { around: 2 }]) {
          const page = await c.get("messages:get", { channelId, ...from });
          assert.equal(page.firstSeq, seq);
          assert.ok(page.from === 0 || page.from >= seq);
          seen.push(page);
        }
        assert.doesNotMatch(JSON.stringify(seen), /secret/);
        return seen;
      };
      const [synced, , lines] = await look();
      assert.deepEqual(synced.channels[channelId].entries.map((entry) => entry.seq), [seq]);
      assert.equal(synced.channels[channelId].firstSeq, seq);
      assert.equal(lines.channels.find(({ _id }) => _id === channelId).newest, null);
      await a.get("message:new", { channelId, message: "public" });
      await c.push("message:new", ({ message }) => message === "public");
      const later = await look();
      assert.match(JSON.stringify(later[1]), /public/);
      assert.equal(later[2].channels.find(({ _id }) => _id === channelId).newest.message, "public");

      // Out and in again: what was said meanwhile, and before, is not hers either.
      await a.get("group:remove", { channelId, members: [carol.id] });
      await a.get("message:new", { channelId, message: "secret 3" });
      const again = await a.get("group:add", { channelId, members: [carol.id] });
      await c.push("group:new", ({ _id, head }) => _id === channelId && head === again.seq);
      const back = await c.get("sync", { channels: { [channelId]: 5 } });
      assert.deepEqual(back.channels[channelId].entries.map((entry) => entry.seq), [again.seq]);
      const read = [back, await c.get("messages:get", { channelId }), await c.get("channels:list", {})];
      assert.doesNotMatch(JSON.stringify(read), /secret|public/);
      closeAll();
    });
  });
}

describe("on one node", () => {
  let node;
  before(async () => { node = await startNode(config); });
  after(async () => {
    closeAll();
    assert.equal(await node.stop(), 0);
  });
  scenarios(() => [node, node], transports.websocket);
});

describe("on two nodes", { skip: noPair }, () => {
  let pair;
  before(async () => { pair = await startPair(config); });
  after(async () => {
    closeAll();
    await pair?.stop();
  });
  scenarios(() => pair.nodes, transports.polling);
});
