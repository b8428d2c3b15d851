// Whatever a client sends, it gets an error or loses its own connection; nobody else notices.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { closeAll, connect, flood, makePeople, RawClient, startNode, waitUntil } from "./support.mjs";

let node, alice, bob, channelId, witness;
before(async () => {
  node = await startNode();
  [alice, bob] = await makePeople(node, "Alice", "Bob");
  witness = await connect(node, bob);
  channelId = await witness.get("group:chat", { member: alice.id });
});
after(async () => {
  // What the worst of it left: the witness was never disturbed, and everybody can go on.
  assert.deepEqual(witness.reasons, []);
  assert.equal((await witness.get("message:new", { channelId, message: "still here" })).message, "still here");
  assert.equal(await node.metric("warren_answers_total{code=\"internal\"}"), 0);
  closeAll();
  assert.equal(await node.stop(), 0);
});

describe("an error answer", () => {
  let a;
  before(async () => { a = await connect(node, alice); });
  after(() => a.close());

  const deep = (levels) => (levels ? { a: deep(levels - 1) } : {});
  for (const [what, code, event, ...args] of [
    ["an unknown event", "unknown_event", "message:destroy", {}],
    ["an event of another case", "unknown_event", "Message:New", {}],
    ["an event with an empty name", "unknown_event", "", {}],
    ["an event with a name of Object's", "unknown_event", "__proto__", {}],
    ["no argument", "invalid", "message:new"],
    ["null", "invalid", "message:new", null],
    ["a string", "invalid", "message:new", "hi"],
    ["a number", "invalid", "message:new", 7],
    ["a list", "invalid", "message:new", []],
    ["two arguments", "invalid", "message:new", {}, {}],
    ["many arguments", "invalid", "sync", ...Array(1000).fill(0)],
    ["an empty object", "invalid", "message:new", {}],
    ["a channel id that is an object", "invalid", "message:new", { channelId: { $gt: "" }, message: "x" }],
    ["a channel id that is a list", "invalid", "message:new", { channelId: ["x"], message: "x" }],
    ["binary data", "invalid", "message:new", { channelId: Buffer.from("x"), message: "x" }],
    ["binary data in data", "invalid", "message:new", { channelId: "0".repeat(24), message: "x", data: { a: Buffer.from("x") } }],
    ["an argument where none is wanted", "invalid", "channels:get", 1],
  ]) {
    test(`is what ${what} gets`, () => a.refused(code, null, event, ...args));
  }
  for (const [what, message, code] of [
    ["an empty text", "", "invalid"], ["NUL", "a\u0000b", "invalid"], ["an escape sequence", "\u001b[31mred", "invalid"],
    ["a lone carriage return", "a\rb", "invalid"], ["DEL", "\u007f", "invalid"], ["a C1 control", "\u009b31m", "invalid"],
    ["a number", 1, "invalid"], ["an object", {}, "invalid"], ["true", true, "invalid"],
    ["more than 16 KiB", "x".repeat(16385), "too_large"], ["more than 16 KiB in few characters", "€".repeat(6000), "too_large"],
    ["almost 1 MB", "x".repeat(999_000), "too_large"],
  ]) {
    test(`is what a message of ${what} gets`, () => a.refused(code, /"message"/, "message:new", { channelId, message }));
  }
  test("is what data nested deeply gets, or it is taken whole", async () => {
    const data = deep(20);
    assert.deepEqual((await a.get("message:new", { channelId, message: "deep", data })).data, data);
  });
  test("does not end the connection", () => assert.deepEqual(a.reasons, []));
});

describe("the end of that one connection", () => {
  const closes = [
    ["no JSON", "42["], ["no list", "42{}"], ["no event name", "42[{}]"], ["an empty list", "42[]"],
    ["JSON a hundred levels deep", `421["message:new",${"[".repeat(100)}${"]".repeat(100)}]`],
    ["JSON a hundred thousand levels deep", `421["message:new",${"[".repeat(100_000)}`],
    ["an unknown packet", "49[]"], ["an unknown Engine.IO packet", "x"],
    ["more than a frame may hold", `421["message:new","${"x".repeat(1_100_000)}"]`],
    ["invalid UTF-8", Buffer.from([0x34, 0x32, 0x5b, 0x22, 0xff, 0xfe, 0x22, 0x5d])],
    ["overlong UTF-8", Buffer.concat([Buffer.from("42[\"a"), Buffer.from([0xc0, 0x80]), Buffer.from("\"]")])],
    ["a surrogate in UTF-8", Buffer.concat([Buffer.from("42[\"a"), Buffer.from([0xed, 0xa0, 0x80]), Buffer.from("\"]")])],
  ];
  for (const [what, text] of closes) {
    test(`is what ${what} gets`, async () => {
      const raw = await new RawClient(node, alice).connected();
      raw.send(text, { binary: false });
      await waitUntil(() => raw.closed, { what: "the end of the connection" });
    });
  }
});

test("half a surrogate pair, which JavaScript can send, becomes U+FFFD for everybody", async () => {
  const raw = await new RawClient(node, alice).connected();
  raw.send(`421["message:new",{"channelId":"${channelId}","message":"a\\ud800b","data":{"\\udc00":"\\ud83d\\ude00"}}]`);
  const [{ data }] = JSON.parse((await raw.text("431")).slice(3));
  assert.deepEqual([data.message, data.data], ["a\ufffdb", { "\ufffd": "😀" }]);
  assert.deepEqual(await witness.push("message:new", ({ seq }) => seq === data.seq), data);
  raw.close();
});

test("a flood of events that are not waited for is answered, and bounded", async () => {
  const answers = await flood(node, alice, 2000, "message:new", (n) => ({ channelId, message: `${n}` }));
  const codes = answers.map((answer) => answer.code ?? "ok");
  assert.ok(codes.filter((code) => code === "ok").length >= 100);
  assert.deepEqual([...new Set(codes)].sort(), ["ok", "overloaded"]);
  const stored = answers.filter(({ success }) => success).map(({ data }) => data.seq);
  assert.deepEqual(stored, stored.toSorted((x, y) => x - y));
});

test("a connection closed in the middle of everything leaves nothing behind", async () => {
  for (let n = 0; n < 20; n += 1) {
    const raw = await new RawClient(node, alice).connected();
    const payload = JSON.stringify({ channels: {}, channelId, message: "x" });
    for (let i = 0; i < 20; i += 1) raw.send(`42${i}["${["sync", "channels:get", "message:new"][i % 3]}",${payload}]`);
    if (n % 2) await raw.text("43");
    raw.close();
  }
  await waitUntil(async () => (await node.metric("warren_connections")) === 1, { what: "the end of all but the witness" });
});
