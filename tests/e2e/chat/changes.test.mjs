// Edit, delete, react, reply, mention: two people, over each transport, on the embedded node and on two nodes. One and the
// same code for both: `here` and `there` are the two nodes, or twice the only one.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { closeAll, connect, makePeople, range, noPair, startNode, startPair, transports, unknownId, waitUntil } from "./support.mjs";

const emoji = { thumb: "👍", heart: "❤️", family: "👨‍👩‍👧‍👦", flag: "🇩🇪" };

/** The changes of a message, and what each needs beside `channelId` and `seq`. */
const changes = { "message:edit": { message: "x" }, "message:delete": {}, "message:react": { emoji: emoji.thumb, on: true } };

function scenarios(nodes) {
  let here, there, alice, bob, carol;
  before(async () => {
    [here, there] = await nodes();
    [alice, bob, carol] = await makePeople(here, "Alice", "Bob", "Carol");
  });
  after(closeAll);

  /** Alice, admin of a new group with Bob, and Bob on the other node. */
  async function pair(options = {}) {
    const a = await connect(here, alice, options);
    const channelId = await a.get("group:new", { name: "tea", members: [bob.id] });
    const b = await connect(there, bob, options);
    const say = async (by, message, more = {}) => (await by.get("message:new", { channelId, message, ...more })).seq;
    const shown = async (by, seq) => (await by.get("messages:get", { channelId, around: seq, limit: 1 })).messages[0];
    return { a, b, channelId, say, shown };
  }
  const entryAt = (connection, seq) => connection.push("entry", (entry) => entry.seq === seq);
  const plain = ({ senderId, _id, channelId, createdAt, updatedAt, nonce, ...entry }) => entry;

  for (const [name, options] of Object.entries(transports)) {
    test(`everything that is done to a message reaches everybody, and is in every answer (${name})`, async () => {
      const { a, b, channelId, say } = await pair(options);
      const seq = await say(a, "Is there tea?");
      const reply = await b.get("message:new", { channelId, message: "Yes", replyTo: seq, mentions: [alice.id, alice.id, carol.id] });
      assert.deepEqual([reply.replyTo, reply.mentions], [seq, [alice.id, carol.id]]);
      assert.deepEqual(await a.push("message:new", (message) => message.seq === reply.seq), reply);

      const edit = await a.get("message:edit", { channelId, seq, message: "Is there any tea?", nonce: "e" });
      assert.deepEqual(plain(edit), { bucket: 0, seq: 4, count: 2, kind: "edit", target: seq, message: "Is there any tea?" });
      const on = await b.get("message:react", { channelId, seq, emoji: emoji.family, on: true });
      assert.deepEqual(plain(on), { bucket: 0, seq: 5, count: 2, kind: "react", target: seq, emoji: emoji.family, on: true });
      const own = await a.get("message:react", { channelId, seq, emoji: emoji.heart, on: true });
      const off = await a.get("message:react", { channelId, seq, emoji: emoji.heart, on: false });
      const remove = await b.get("message:delete", { channelId, seq: reply.seq });
      assert.deepEqual(plain(remove), { bucket: 0, seq: 8, count: 2, kind: "delete", target: reply.seq });
      for (const connection of [a, b]) {
        for (const entry of [edit, on, own, off, remove]) assert.deepEqual(await entryAt(connection, entry.seq), entry);
        assert.deepEqual(connection.events.filter(({ data }) => data.seq > 1).map(({ data }) => data.seq), range(2, 8));
      }

      const first = { message: "Is there any tea?", edited: edit.seq, reactions: { [emoji.family]: { count: 1, users: [bob.id] } } };
      const looksRight = ([one, two]) => {
        assert.deepEqual({ message: one.message, edited: one.edited, reactions: one.reactions }, first);
        assert.deepEqual([two.message, two.deleted, two.replyTo, two.mentions], ["", remove.seq, undefined, undefined]);
      };
      for (const by of [a, b]) {
        looksRight((await by.get("messages:get", { channelId })).messages);
        looksRight((await by.get("channels:get", null)).find(({ _id }) => _id === channelId).messages);
        const { newest } = (await by.get("channels:list", {})).channels.find(({ _id }) => _id === channelId);
        assert.deepEqual([newest.seq, newest.message, newest.deleted], [reply.seq, "", remove.seq]);
        const { entries, head, count } = (await by.get("sync", { channels: { [channelId]: 1 } })).channels[channelId];
        assert.deepEqual([entries.map(({ seq: at }) => at), head, count], [range(2, 8), 8, 2]);
        assert.deepEqual([entries[1].message, entries[1].blanked, entries[1].mentions], ["", true, undefined]);
        assert.deepEqual(entries.slice(2), [edit, on, own, off, remove]);
      }
      closeAll();
    });
  }

  test("a reaction that changes nothing appends nothing", async () => {
    const { a, b, channelId, say } = await pair();
    const seq = await say(a, "hi");
    const react = (by, on) => by.get("message:react", { channelId, seq, emoji: emoji.thumb, on });
    assert.equal(await react(b, false), null);
    assert.equal((await react(b, true)).seq, seq + 1);
    assert.equal(await react(b, true), null);
    // Many at once, from several devices: each that is stored changes something.
    const devices = await Promise.all([connect(here, bob), connect(there, bob, transports.polling)]);
    await Promise.all(range(1, 40).map((n) => react(devices[n % 2], n % 3 === 0)));
    const { entries } = (await a.get("sync", { channels: { [channelId]: seq } })).channels[channelId];
    assert.deepEqual(entries.map(({ on }) => on), entries.map((_, i) => i % 2 === 0));
    closeAll();
  });

  test("a nonce counts once for each change, as for a message", async () => {
    const { a, b, channelId, say } = await pair();
    const seq = await say(b, "first", { nonce: "m" });
    const edit = { channelId, seq, message: "second", nonce: "e" };
    const stored = await b.get("message:edit", edit);
    assert.deepEqual(await b.get("message:edit", edit), stored);
    await b.refused("nonce_conflict", null, "message:edit", { ...edit, message: "third" });
    await b.refused("nonce_conflict", null, "message:delete", { channelId, seq, nonce: "e" });
    const react = { channelId, seq, emoji: emoji.flag, on: true, nonce: "r" };
    const reacted = await a.get("message:react", react);
    assert.deepEqual(await a.get("message:react", react), reacted);
    const removed = await b.get("message:delete", { channelId, seq, nonce: "d" });
    assert.deepEqual(await b.get("message:delete", { channelId, seq, nonce: "d" }), removed);
    // What was deleted is answered without its text, and not taken for something else.
    const again = await b.get("message:new", { channelId, message: "first", nonce: "m" });
    assert.deepEqual([again.seq, again.message, again.blanked], [seq, "", true]);
    const editAgain = await b.get("message:edit", edit);
    assert.deepEqual([editAgain.seq, editAgain.message, editAgain.blanked], [stored.seq, "", true]);
    assert.deepEqual(await a.get("message:react", react), reacted);
    closeAll();
  });

  test("one's own messages only, but admins delete any; strangers learn nothing", async () => {
    const { a, b, channelId, say, shown } = await pair();
    const [mine, theirs] = [await say(a, "Alice's"), await say(b, "Bob's")];
    await a.refused("forbidden", /sender/, "message:edit", { channelId, seq: theirs, message: "x" });
    await b.refused("forbidden", /sender/, "message:edit", { channelId, seq: mine, message: "x" });
    await b.refused("forbidden", /admins/, "message:delete", { channelId, seq: mine });
    await a.get("message:delete", { channelId, seq: theirs });
    assert.equal((await shown(b, theirs)).message, "");
    const c = await connect(there, carol);
    for (const [verb, more] of Object.entries(changes)) {
      const foreign = await c.refused("not_found", null, verb, { channelId, seq: mine, ...more });
      assert.deepEqual(foreign, await c.refused("not_found", null, verb, { channelId: unknownId, seq: mine, ...more }));
      assert.deepEqual(foreign, await c.refused("not_found", null, verb, { channelId, seq: 999, ...more }));
    }
    const chat = await a.get("group:chat", { member: bob.id });
    const { seq } = await b.get("message:new", { channelId: chat, message: "between us" });
    await a.refused("forbidden", /admins/, "message:delete", { channelId: chat, seq });
    closeAll();
  });

  test("what is not there or was deleted cannot be changed", async () => {
    const { a, channelId, say } = await pair();
    const seq = await say(a, "hi");
    const { seq: edit } = await a.get("message:edit", { channelId, seq, message: "ho" });
    for (const [verb, more] of Object.entries(changes)) {
      for (const wrong of [1, edit, edit + 1, Number.MAX_SAFE_INTEGER]) {
        await a.refused("not_found", /seq/, verb, { channelId, seq: wrong, ...more });
      }
    }
    for (const replyTo of [1, edit, edit + 1]) await a.refused("invalid", /replyTo/, "message:new", { channelId, message: "x", replyTo });
    await a.get("message:delete", { channelId, seq });
    for (const [verb, more] of Object.entries(changes)) await a.refused("conflict", /deleted/, verb, { channelId, seq, ...more });
    assert.equal((await a.get("message:new", { channelId, message: "to what was there", replyTo: seq })).replyTo, seq);
    await a.refused("too_large", /mentions/, "message:new", { channelId, message: "x", mentions: Array(10_000).fill(bob.id) });
    closeAll();
  });

  test("a message has at most 20 different emoji", async () => {
    const { a, b, channelId, say, shown } = await pair();
    const seq = await say(a, "hi");
    const nth = (n) => String.fromCodePoint(0x1f600 + n);
    const react = (by, n, on = true) => by.get("message:react", { channelId, seq, emoji: nth(n), on });
    await Promise.all(range(1, 20).map((n) => react(a, n)));
    await b.refused("too_large", /20/, "message:react", { channelId, seq, emoji: nth(21), on: true });
    await react(b, 20);
    await react(a, 1, false);
    await react(b, 21);
    const { reactions } = await shown(b, seq);
    assert.deepEqual([Object.keys(reactions).length, reactions[nth(20)].users], [20, [alice.id, bob.id]]);
    closeAll();
  });

  test("of an edit and a delete at the same moment none comes after the other", async () => {
    const { a, b, channelId, say } = await pair();
    for (const round of range(1, 10)) {
      const seq = await say(b, `round ${round}`);
      const at = (by, verb, more = {}) => by.ask(verb, { channelId, seq, ...more });
      const others = await connect(here, bob);
      const answers = await Promise.all([at(b, "message:edit", { message: "1" }), at(a, "message:delete"),
        at(others, "message:edit", { message: "2" }), at(b, "message:delete"), at(a, "message:react", { emoji: emoji.thumb, on: true })]);
      const ok = answers.filter(({ success }) => success);
      assert.ok(answers.every(({ success, code }) => success || code === "conflict"), JSON.stringify(answers));
      const deletes = ok.filter(({ data }) => data.kind === "delete");
      assert.equal(deletes.length, 1);
      for (const { data } of ok) assert.ok(data.seq <= deletes[0].data.seq);
      const { entries } = (await a.get("sync", { channels: { [channelId]: seq - 1 } })).channels[channelId];
      const written = entries.filter(({ kind }) => kind === "message" || kind === "edit");
      for (const { message, blanked } of written) assert.deepEqual([message, blanked], ["", true]);
      others.close();
    }
    closeAll();
  });

  test("in no answer is the text of what was deleted, far back in the history as well", async () => {
    const { a, b, channelId, say } = await pair();
    const seq = await say(b, "SECRET-text", { type: "SECRET-type", data: { a: "SECRET-data" } });
    await b.get("message:edit", { channelId, seq, message: "SECRET-edit" });
    for (const seventy of [1, 2]) await Promise.all(range(1, 70).map((n) => say(a, `${seventy}/${n}`)));
    await b.get("message:edit", { channelId, seq, message: "SECRET-again" });
    const answers = async () => JSON.stringify(await Promise.all([a, b].flatMap((by) => [
      by.get("messages:get", { channelId, before: 128, limit: 100 }), by.get("messages:get", { channelId, after: 0 }),
      by.get("channels:get", null), by.get("channels:list", {}), by.get("sync", { channels: { [channelId]: 0 } })])));
    assert.match(await answers(), /SECRET-again/); // And the page is in the cache now.
    await a.get("message:delete", { channelId, seq });
    assert.doesNotMatch(await answers(), /SECRET/);
    closeAll();
  });
}

describe("changes on one node", () => {
  let node;
  after(async () => assert.equal(await node.stop(), 0));
  scenarios(async () => { node = await startNode(); return [node, node]; });

  /** The files of the database that hold `text`. */
  const filesWith = (text) => {
    const folder = join(node.dir, "data");
    const names = readdirSync(folder).filter((name) => name.startsWith("warren.db"));
    return names.filter((name) => readFileSync(join(folder, name)).includes(text));
  };

  test("no file of the database holds deleted text once that was acknowledged", async () => {
    const a = await connect(node, (await makePeople(node, "Dora"))[0]);
    const channelId = await a.get("group:new", { name: "files", members: [] });
    const secrets = range(1, 40).map((n) => `FILED-${n}-${"s".repeat(n % 4 === 0 ? 9000 : 10)}`);
    const sent = await Promise.all(secrets.map((message) => a.get("message:new", { channelId, message })));
    await Promise.all(sent.map(({ seq }) => a.get("message:edit", { channelId, seq, message: `FILED-edit-${seq}` })));
    assert.notDeepEqual(filesWith("FILED"), []);
    await Promise.all(sent.map(({ seq }) => a.get("message:delete", { channelId, seq })));
    assert.deepEqual(filesWith("FILED"), []);
    closeAll();
  });

  test("killed at any moment of many deletes, it ends them, and nothing of the text is left", { timeout: 120000 }, async () => {
    const [eve] = await makePeople(node, "Eve");
    let a = await connect(node, eve);
    const channelId = await a.get("group:new", { name: "crash", members: [] });
    for (const round of range(1, 8)) {
      const sent = await Promise.all(range(1, 20).map((n) => a.get("message:new", { channelId, message: `CRASHED-${round}-${n}` })));
      const remove = ({ seq }) => ({ channelId, seq, nonce: `delete ${seq}` });
      for (const message of sent) a.socket.emit("message:delete", remove(message));
      await sleep(Math.random() * 25);
      await node.kill();
      closeAll();
      await node.start();
      a = await connect(node, eve);
      const { entries } = (await a.get("sync", { channels: { [channelId]: sent[0].seq - 1 } })).channels[channelId];
      const deleted = new Set(entries.filter(({ kind }) => kind === "delete").map(({ target }) => target));
      // Text of what a delete reached is in no answer at once, and soon in no file, though nobody asks again.
      for (const entry of entries) if (deleted.has(entry.seq)) assert.equal(entry.message, "");
      await waitUntil(() => sent.every(({ seq, message }) => !deleted.has(seq) || filesWith(`${message}"`).length === 0),
        { what: `the end of ${deleted.size} deletes`, timeout: 20000 });
      await Promise.all(sent.map((message) => a.get("message:delete", remove(message))));
      assert.deepEqual(filesWith("CRASHED"), [], `round ${round}`);
    }
    closeAll();
  });
});

describe("changes on two nodes", { skip: noPair }, () => {
  let pair;
  after(async () => pair?.stop());
  scenarios(async () => {
    pair = await startPair();
    return pair.nodes;
  });
});
