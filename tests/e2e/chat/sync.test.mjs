// sync: its answer and the live pushes together have no gap and no repeat.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { checkHistory, Device, readLog } from "../../support/chat_client.mjs";
import { closeAll, connect, Connection, makePeople, range, startNode, transports, unknownId, waitUntil } from "./support.mjs";

let node, alice, bob, carol;
before(async () => {
  node = await startNode();
  [alice, bob, carol] = await makePeople(node, "Alice", "Bob", "Carol");
});
after(async () => {
  closeAll();
  assert.equal(await node.stop(), 0);
});

test("it gives what was missed, what was joined, and what is not one's own", async () => {
  const a = await connect(node, alice);
  const known = await a.get("group:new", { name: "known", members: [bob.id] });
  const fresh = await a.get("group:new", { name: "fresh", members: [bob.id] });
  const foreign = await a.get("group:new", { name: "foreign", members: [] });
  for (const n of range(1, 5)) await a.get("message:new", { channelId: known, message: `${n}`, nonce: `${n}` });
  const b = await new Connection(node, { token: bob.socketToken }).connected();
  const answer = await b.get("sync", { channels: { [known]: 3, [foreign]: 1, [unknownId]: 7 } });
  assert.deepEqual(Object.keys(answer), ["channels", "joined", "left"]);
  assert.deepEqual(Object.keys(answer.channels), [known]);
  const { entries, state, ...rest } = answer.channels[known];
  assert.deepEqual(rest, { head: 6, count: 5, firstSeq: 1, limited: false, unread: 5, watermarks: {} });
  assert.equal(state.readCount, 0);
  assert.deepEqual(entries.map(({ seq, message }) => [seq, message]), [[4, "3"], [5, "4"], [6, "5"]]);
  await a.push("message:new", ({ message }) => message === "5");
  assert.deepEqual(entries, a.pushed("message:new").slice(2));
  assert.deepEqual(answer.left.sort(), [foreign, unknownId].sort());
  const [joined] = answer.joined;
  assert.equal(answer.joined.length, 1);
  assert.deepEqual([joined._id, joined.head, joined.count, joined.name], [fresh, 1, 0, "fresh"]);
  assert.deepEqual(Object.keys(joined.members[0].userId), ["_id", "name", "image"]);
  const { entries: whole } = (await b.get("sync", { channels: { [fresh]: 0 } })).channels[fresh];
  const { _id, createdAt, nonce, members, ...created } = whole[0];
  assert.deepEqual(created, { channelId: fresh, bucket: 0, seq: 1, count: 0, kind: "channel", senderId: alice.id, updatedAt: createdAt,
    op: "created", isGroup: true, name: "fresh", groupImage: "", history: "all" });
  assert.deepEqual(members, [{ userId: alice.id, role: "admin" }, { userId: bob.id, role: "member" }]);
  assert.ok(_id && nonce);
  closeAll();
});

test("its arguments are checked", async () => {
  const a = await connect(node, alice);
  await a.refused("invalid", /"channels" is missing/, "sync", {});
  await a.refused("invalid", /object/, "sync", null);
  await a.refused("invalid", /"channels" must be an object/, "sync", { channels: [] });
  await a.refused("invalid", /24 hexadecimal digits/, "sync", { channels: { tea: 1 } });
  await a.refused("invalid", /seq/, "sync", { channels: { [unknownId]: "1" } });
  await a.refused("invalid", /seq/, "sync", { channels: { [unknownId]: -1 } });
  const many = Object.fromEntries(range(1, 1001).map((n) => [n.toString(16).padStart(24, "0"), 0]));
  await a.refused("too_large", /1000/, "sync", { channels: many });
  closeAll();
});

test("a seq beyond the log is not answered from the past", async () => {
  const a = await connect(node, alice);
  const channelId = await a.get("group:new", { name: "stale", members: [] });
  await a.refused("unavailable", null, "sync", { channels: { [channelId]: 99 } });
  closeAll();
});

test("while everybody writes and connections break, every device gets everything once and in order", async () => {
  const a = await connect(node, alice);
  const channelId = await a.get("group:new", { name: "busy", members: [bob.id, carol.id] });
  const device = ({ name, socketToken }, options) =>
    new Device({ name: `${name} ${options.transports}`, urls: [node.url], socketToken, ...options }).connect();
  const devices = [alice, bob, carol].flatMap((person) => Object.values(transports).map((options) => device(person, options)));
  await Promise.all(devices.map((each) => each.whenSynced()));
  let writing = true;
  const breaking = (async () => {
    for (let n = 0; n < 40; n += 1) {
      devices[(n * 4) % devices.length].socket.io.engine?.close(); // The network, not the person: the client comes back.
      await new Promise((done) => setTimeout(done, 40));
    }
    writing = false;
  })();
  const write = async (each, w) => {
    for (let n = 0; writing; n += 1) await each.send(channelId, `${each.name} ${n}`, `${w}-${n}`);
  };
  await Promise.all(devices.map(write));
  await breaking;
  const log = await readLog(node.url, alice.socketToken, channelId);
  const complete = () => devices.every((each) => each.log(channelId).length === log.length);
  await waitUntil(complete, { what: "everybody having everything" }).catch(() => {});
  const acknowledged = devices.flatMap((each) => each.acknowledged);
  assert.ok(acknowledged.length > 200, `${acknowledged.length}`);
  assert.deepEqual(checkHistory({ log, channelId, acknowledged, devices }), []);
  devices.forEach((each) => each.close());
  closeAll();
});
