// Retention: the oldest buckets of a channel go, and everybody is shown the same that is left.
import assert from "node:assert/strict";
import { test } from "node:test";
import { warren } from "../../support/servers.mjs";
import { everywhere, range, waitUntil } from "./support.mjs";

const config = { retention: { min_age: "1s", sweep_every: "1s" } };
const thirdBucket = 2 * 128 + 1;

everywhere("retention", config, ({ closeAll, connect, people, nodes }) => {
  test("two people on two nodes keep what is left, and lose nothing else", async () => {
    const [alice, bob, carol] = await people("Alice", "Bob", "Carol");
    const a = await connect(0, alice);
    const b = await connect(1, bob);
    const channelId = await a.get("group:new", { name: "tea", members: [bob.id, carol.id], nonce: "made" });
    const kept = await a.get("group:new", { name: "kept", members: [bob.id] });
    const write = (seqs) => Promise.all(seqs.flatMap((seq) => [channelId, kept].map((id) =>
      a.get("message:new", { channelId: id, message: `number ${seq}`, nonce: `${seq}` }))));
    for (let from = 2; from < 400; from += 40) await write(range(from, Math.min(from + 39, 399)));
    await a.get("message:edit", { channelId, seq: 10, message: "number ten", nonce: "edit" });
    await b.push("entry", ({ seq }) => seq === 400);
    await b.get("receipt:read", { channelId, seq: 100 });
    assert.equal((await b.get("messages:search", { query: "\"number 150\"", channelId })).messages.length, 1);
    const set = (id, ...args) => {
      const { status, stdout, stderr } = warren(["channel", "retention", id, ...args, "--json", "--config", nodes()[0].configFile]);
      assert.equal(status, 0, stderr);
      return JSON.parse(stdout);
    };
    assert.deepEqual(set(channelId, "--max-messages", "100"),
      { _id: channelId, name: "tea", firstSeq: 1, maxAgeMs: 0, maxMessages: 100, own: true });

    // Whoever asks, on whichever node: it is one channel that begins later.
    for (const connection of [a, b]) {
      const first = async () => (await connection.get("messages:get", { channelId, limit: 1 })).firstSeq;
      await waitUntil(async () => await first() === thirdBucket, { timeout: 20000, what: "two buckets being gone" });
      const page = await connection.get("messages:get", { channelId, after: 0, limit: 100 });
      assert.deepEqual([page.from, page.messages[0].seq, page.messages[0].message], [thirdBucket, thirdBucket, `number ${thirdBucket}`]);
      const before = await connection.get("messages:get", { channelId, before: thirdBucket });
      assert.deepEqual([before.messages, before.limited, before.firstSeq], [[], false, thirdBucket]);
      const { channels } = await connection.get("sync", { channels: { [channelId]: 5, [kept]: 5 } });
      assert.equal(channels[channelId].firstSeq, thirdBucket);
      assert.deepEqual(channels[channelId].entries.map(({ seq }) => seq), range(thirdBucket, 400));
      assert.deepEqual([channels[kept].firstSeq, channels[kept].entries.length, channels[kept].limited], [1, 394, false]);
      for (const query of ["\"number 150\"", "ten"]) {
        assert.deepEqual((await connection.get("messages:search", { query, channelId })).messages, [], query);
      }
      assert.equal((await connection.get("messages:search", { query: "\"number 300\"", channelId })).messages.length, 1);
    }
    assert.equal(set(channelId).firstSeq, thirdBucket);

    // Unread is what is left of it.
    const unread = async (connection) => (await connection.get("channels:list", {})).channels.find(({ _id }) => _id === channelId).unread;
    assert.equal(await unread(b), 399 - thirdBucket + 1);
    assert.equal((await b.get("receipt:read", { channelId, seq: 398 })).readCount, 397);
    assert.equal(await unread(b), 1);
    await b.refused("invalid", /seq 101/, "receipt:read", { channelId, seq: 101 });

    // What names what is gone is refused like what was never there.
    await a.refused("not_found", /message/, "message:edit", { channelId, seq: 10, message: "x" });
    await a.refused("not_found", /message/, "message:delete", { channelId, seq: 10 });
    await b.refused("not_found", /message/, "message:react", { channelId, seq: 10, emoji: "👍", on: true });
    await b.refused("invalid", /replyTo/, "message:new", { channelId, message: "what?", replyTo: 10 });

    // It goes on: for who is connected, for who comes back, and for who comes for the first time.
    const said = await a.get("message:new", { channelId, message: "on it goes", nonce: "on" });
    assert.equal(said.seq, 401);
    assert.equal((await b.push("message:new", ({ seq }) => seq === 401)).message, "on it goes");
    const c = await connect(1, carol);
    const { channels: [own] } = await c.get("channels:list", {});
    assert.deepEqual([own.head, own.count, own.unread, own.newest.message], [401, 399, 401 - thirdBucket, "on it goes"]);
    assert.deepEqual((await c.get("members:get", { channelId })).members.length, 3);
    const [whole] = await c.get("channels:get", null);
    assert.equal(whole.messages.length, 100);
    assert.equal(await a.get("group:new", { name: "tea", members: [bob.id, carol.id], nonce: "made" }), channelId);

    // Back to the default, which is to keep everything.
    assert.deepEqual(set(channelId, "--default"),
      { _id: channelId, name: "tea", firstSeq: thirdBucket, maxAgeMs: 0, maxMessages: 0, own: false });
    closeAll();
  });
});
