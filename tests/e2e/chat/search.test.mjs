// Searching messages: words, phrases and beginnings in every script, in one's own channels only, page by page; on one node, and with
// each person on a node other than that of the next.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { closeAll, connect, makePeople, range, noPair, startNode, startPair, transports, unknownId } from "./support.mjs";

/** A group of Alice and `others` with these messages; resolves with its id. */
async function groupWith(a, others, texts) {
  const channelId = await a.get("group:new", { name: "tea", members: others.map(({ id }) => id) });
  await Promise.all(texts.map((message) => a.get("message:new", { channelId, message })));
  return channelId;
}
const search = async (connection, query, more = {}) =>
  (await connection.get("messages:search", { query, ...more })).messages.map(({ message }) => message);

function scenarios(place, transport) {
  let alice, bob, carol;
  before(async () => {
    const n = Math.random().toString(36).slice(2, 8);
    [alice, bob, carol] = await makePeople(place()[0], `Alice${n}`, `Bob${n}`, `Carol${n}`);
  });
  const connectAll = (...people) =>
    Promise.all(people.map((person, i) => connect(place()[i % 2], person, transports[transport])));

  test("words, phrases and beginnings are found, newest first", async () => {
    const [a, b] = await connectAll(alice, bob);
    const texts = ["The quick, brown Fox", "a fox", "Quickly now", "brown quick fox"];
    const channelId = await groupWith(a, [bob], texts);
    const found = async (query) => (await search(b, query, { channelId })).map((text) => texts.indexOf(text));
    assert.deepEqual(await found("FOX"), [3, 1, 0]);
    assert.deepEqual(await found("fox quick"), [3, 0]);
    assert.deepEqual(await found("\"quick brown\""), [0]);
    assert.deepEqual(await found("“brown quick” fox"), [3]);
    assert.deepEqual(await found("quick*"), [3, 2, 0]);
    assert.deepEqual(await found("\"the qui*\""), [0]);
    assert.deepEqual(await found("qui"), []);
    const [message] = (await b.get("messages:search", { query: "quickly", channelId })).messages;
    const { messages } = await b.get("messages:get", { channelId });
    assert.deepEqual(message, messages[2]);
    closeAll();
  });

  test("whatever the script", async () => {
    const [a] = await connectAll(alice);
    const texts = ["Grüße aus der Straße", "東京都庁に行きました", "ฉันกินข้าวแล้ว", "مُحَمَّد قال", "शुभ प्रभात, दुनिया", "Привет, Ёлка", "서울에서 만나요",
      "ខ្ញុំស្រឡាញ់ភាសាខ្មែរ", "שָׁלוֹם עולם", "well done 👍🏽", "Đường phố Hà Nội", "ｆｕｌｌ ｗｉｄｔｈ"];
    const channelId = await groupWith(a, [], texts);
    const queries = ["strasse GRUSSE", "京都", "ข้าว", "محمد", "दुनिया", "елка привет", "서울*", "ភាសា", "שלום",
      "👍", "\"duong pho\"", "full width"];
    for (const [i, query] of queries.entries()) assert.deepEqual(await search(a, query, { channelId }), [texts[i]], query);
    for (const query of ["東庁", "ข้าวกิน", "स", "ель"]) assert.deepEqual(await search(a, query, { channelId }), [], query);
    closeAll();
  });

  test("what others write among themselves is never found, nor told of", async () => {
    const [a, b, c] = await connectAll(alice, bob, carol);
    const secret = await groupWith(a, [bob], ["xylophone one"]);
    const shared = await groupWith(a, [bob, carol], ["xylophone two"]);
    assert.deepEqual(await search(a, "xylophone"), ["xylophone two", "xylophone one"]);
    assert.deepEqual(await search(b, "xylo*"), ["xylophone two", "xylophone one"]);
    assert.deepEqual(await search(c, "xylophone"), ["xylophone two"]);
    assert.deepEqual(await search(c, "xylophone", { channelId: shared }), ["xylophone two"]);
    const refused = await c.refused("not_found", /no such channel/, "messages:search", { query: "xylophone", channelId: secret });
    assert.deepEqual(await c.ask("messages:search", { query: "xylophone", channelId: unknownId }), refused);
    // A cursor into a channel of others gives nothing of it.
    const { next } = await b.get("messages:search", { query: "xylophone", limit: 1 });
    assert.deepEqual(await search(c, "xylophone", { before: next }), []);
    assert.deepEqual(await search(b, "xylophone", { before: next }), ["xylophone one"]);
    closeAll();
  });

  test("what was deleted or edited away is not found any more, what it says now is", async () => {
    const [a, b] = await connectAll(alice, bob);
    const channelId = await groupWith(a, [bob], ["a marmalade secret", "the marmalade recipe", "marmalade for all"]);
    const { messages } = await a.get("messages:get", { channelId });
    assert.equal((await search(b, "marmalade", { channelId })).length, 3);
    await a.get("message:delete", { channelId, seq: messages[0].seq });
    await a.get("message:edit", { channelId, seq: messages[1].seq, message: "the jam recipe" });
    for (const device of [a, b]) {
      assert.deepEqual(await search(device, "marmalade", { channelId }), ["marmalade for all"]);
      assert.deepEqual(await search(device, "secret*"), []);
      assert.deepEqual(await search(device, "\"marmalade recipe\""), []);
      assert.deepEqual(await search(device, "jam recipe"), ["the jam recipe"]);
    }
    // An edited message keeps its place; once deleted, none of its texts is found.
    await a.get("message:edit", { channelId, seq: messages[1].seq, message: "marmalade again" });
    assert.deepEqual(await search(b, "marmalade", { channelId }), ["marmalade for all", "marmalade again"]);
    await a.get("message:delete", { channelId, seq: messages[1].seq });
    for (const query of ["jam", "recipe", "again"]) assert.deepEqual(await search(b, query, { channelId }), [], query);
    closeAll();
  });

  test("who was removed finds nothing, who joins later only what is theirs to read", async () => {
    const [a, b, c] = await connectAll(alice, bob, carol);
    const channelId = await a.get("group:new", { name: "tea", members: [bob.id], history: "since_join" });
    await a.get("message:new", { channelId, message: "zeppelin early" });
    await a.get("group:add", { channelId, members: [carol.id] });
    await a.get("message:new", { channelId, message: "zeppelin late" });
    assert.deepEqual(await search(b, "zeppelin"), ["zeppelin late", "zeppelin early"]);
    for (const more of [{}, { channelId }]) assert.deepEqual(await search(c, "zeppelin", more), ["zeppelin late"]);
    await a.get("group:remove", { channelId, members: [carol.id] });
    assert.deepEqual(await search(c, "zeppelin"), []);
    await c.refused("not_found", /no such channel/, "messages:search", { query: "zeppelin", channelId });
    closeAll();
  });

  test("pages follow each other without a gap and without a repeat", async () => {
    const [a] = await connectAll(alice);
    const texts = range(1, 60).map((n) => `${n % 3 === 0 ? "blue" : "red"} balloon ${n}`);
    const channels = [await groupWith(a, [], texts.slice(0, 30)), await groupWith(a, [bob], texts.slice(30))];
    for (const [query, more] of [["balloon"], ["blue"], ["\"red ball*\""], ["balloon", { channelId: channels[1] }]]) {
      const all = (await a.get("messages:search", { query, limit: 100, ...more })).messages;
      assert.ok(all.length >= 20);
      assert.deepEqual(all.map(({ createdAt }) => createdAt), all.map(({ createdAt }) => createdAt).toSorted().toReversed());
      const paged = [];
      let before;
      do {
        const page = await a.get("messages:search", { query, limit: 7, before, ...more });
        assert.ok(page.messages.length <= 7);
        paged.push(...page.messages);
        before = page.next;
      } while (before);
      assert.deepEqual(paged, all);
    }
    closeAll();
  });

  test("a query that means nothing is refused with what to mend", async () => {
    const [a] = await connectAll(alice);
    for (const [query, code, what] of [["", "invalid", /must not be empty/],
      ["?!", "invalid", /at least one word/], ["* tea", "invalid", /behind/],
      ["t*", "invalid", /two letters/], ["te*a", "invalid", /at the end/], ["x".repeat(1025), "too_large", /1024/],
      ["ab ".repeat(65), "too_large", /64 words/], [7, "invalid", /must be a string/], [null, "invalid", /is missing/]]) {
      await a.refused(code, what, "messages:search", { query });
    }
    await a.refused("invalid", /before/, "messages:search", { query: "tea", before: "yesterday" });
    await a.refused("invalid", /limit/, "messages:search", { query: "tea", limit: 0 });
    closeAll();
  });
}

for (const transport of Object.keys(transports)) {
  describe(`on one node, by ${transport}`, () => {
    let node;
    before(async () => { node = await startNode(); });
    after(async () => {
      closeAll();
      assert.equal(await node.stop(), 0);
    });
    scenarios(() => [node, node], transport);
  });
}

describe("on two nodes", { skip: noPair }, () => {
  let pair;
  before(async () => { pair = await startPair(); });
  after(async () => {
    closeAll();
    await pair?.stop();
  });
  scenarios(() => pair.nodes, "websocket");
});

test("searches have a rate of their own", async () => {
  const limited = await startNode({ limits: { search_per_connection: "2/60s" } });
  const [dave] = await makePeople(limited, "Dave");
  const d = await connect(limited, dave);
  for (const query of ["one", "two"]) assert.deepEqual(await search(d, query), []);
  const refused = await d.refused("rate_limited", null, "messages:search", { query: "three" });
  assert.ok(refused.retryAfter >= 1);
  d.close();
  assert.equal(await limited.stop(), 0);
});
