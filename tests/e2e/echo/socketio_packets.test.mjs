// Socket.IO v5 packets on a raw WebSocket and over raw polling: what a client may send, and what it may not.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import {
  EchoServer, frame, join, joined, opcodes, pause, Polling, RawWebSocket, separator, usesReference, warrenOnly,
} from "./support.mjs";

const connectTimeout = 500;
let server;
before(async () => (server = await EchoServer.start({ "connect-timeout": connectTimeout })));
after(() => server.stop());

const session = () => RawWebSocket.session(server, "/socket.io/");

async function assertEchoes(ws) {
  ws.send('42["message","alive"]');
  assert.equal(await ws.text(), '42["message-back","alive"]');
}

describe("CONNECT", { concurrency: true }, () => {
  test("to the main namespace", async () => {
    const ws = await session();
    ws.send("40");
    const answer = await ws.text();
    assert.match(answer, /^40\{/);
    const { sid, ...rest } = JSON.parse(answer.slice(2));
    assert.match(sid, /^[\w-]{16,}$/);
    assert.notEqual(sid, ws.handshake.sid); // who sees a connection's id must not be able to take over its session
    assert.deepEqual(rest, {});
    assert.equal(await ws.text(), '42["auth",{}]');
    ws.destroy();
  });

  test("with auth data", async () => {
    const ws = await session();
    ws.send('40{"token":"123"}');
    assert.match(await ws.text(), /^40\{"sid":"/);
    assert.equal(await ws.text(), '42["auth",{"token":"123"}]');
    ws.destroy();
  });

  test("to another namespace, with and without auth data", async () => {
    const ws = await session();
    ws.send("40/custom,");
    assert.match(await ws.text(), /^40\/custom,\{"sid":"/);
    assert.equal(await ws.text(), '42/custom,["auth",{}]');
    ws.send("41/custom,");
    await join(ws); // npm's server needs a moment before it lets the same one in again
    ws.send('40/custom,{"token":"abc"}');
    assert.match(await ws.text(), /^40\/custom,\{"sid":"/);
    assert.equal(await ws.text(), '42/custom,["auth",{"token":"abc"}]');
    ws.destroy();
  });

  test("to another namespace, without the comma", async () => {
    const ws = await session();
    ws.send("40/custom");
    assert.match(await ws.text(), /^40\/custom,\{"sid":"/);
    ws.destroy();
  });

  test("to an unknown namespace is refused, and the session goes on", async () => {
    const ws = await session();
    ws.send("40/random");
    assert.equal(await ws.text(), '44/random,{"message":"Invalid namespace"}');
    ws.send('40/random2,{"token":1}');
    assert.equal(await ws.text(), '44/random2,{"message":"Invalid namespace"}');
    await join(ws);
    await assertEchoes(ws);
    ws.destroy();
  });

  test("each namespace has an id of its own", async () => {
    const ws = await session();
    const ids = [await join(ws), await join(ws, "/custom")];
    assert.equal(new Set([...ids, ws.handshake.sid]).size, 3);
    ws.destroy();
  });

  test("not sent in time: the session is closed", async () => {
    const since = performance.now();
    const ws = await session();
    assert.deepEqual((await ws.untilClosed()).texts, []);
    const took = performance.now() - since;
    assert.ok(took >= connectTimeout - 30 && took < connectTimeout + 600, `after ${took} ms`);
  });

  test("only refused ones in time: the session is closed", async () => {
    const ws = await session();
    ws.send("40/random");
    await ws.text();
    await ws.untilClosed();
  });

  test("in time: the session stays", async () => {
    const ws = await joined(server);
    await pause(connectTimeout * 1.5);
    await assertEchoes(ws);
    ws.destroy();
  });

  test("not sent in time over polling", async () => {
    const polling = await Polling.open(server, "/socket.io/");
    const poll = await polling.get();
    assert.ok(poll.status === 200 || poll.status === 400);
    assert.equal((await polling.get()).status, 400);
  });
});

describe("DISCONNECT", { concurrency: true }, () => {
  test("of the main namespace; it may be joined again", async () => {
    const ws = await joined(server);
    ws.send("41");
    await join(ws, "/custom"); // npm's server needs a moment before it lets the first one in again
    await join(ws);
    await assertEchoes(ws);
    ws.destroy();
  });

  test("of one namespace leaves the other", async () => {
    const ws = await joined(server);
    await join(ws, "/custom");
    ws.send("41/custom,");
    await assertEchoes(ws);
    ws.destroy();
  });

  test("an event after it closes the session", async () => {
    const ws = await joined(server);
    ws.send("41");
    await join(ws, "/custom");
    ws.send('42["message","late"]');
    assert.deepEqual((await ws.untilClosed()).texts, []);
  });
});

describe("EVENT and ACK", { concurrency: true }, () => {
  test("arguments of every JSON type come back", async () => {
    const ws = await joined(server);
    ws.send('42["message",1,"2",{"3":[true]}]');
    assert.equal(await ws.text(), '42["message-back",1,"2",{"3":[true]}]');
    ws.send('42["message"]');
    assert.equal(await ws.text(), '42["message-back"]');
    ws.send('42["message",null,false,{},[],"",{"":{"a":[[]]}}]');
    assert.equal(await ws.text(), '42["message-back",null,false,{},[],"",{"":{"a":[[]]}}]');
    ws.destroy();
  });

  test("keys keep their order and strings their characters", async () => {
    const ws = await joined(server);
    const text = '["message",{"z":1,"a":2,"m":{"y":[],"b":0}},"€ 😀 \\" \\\\ / \\n \\u0000 \\u001f"]';
    ws.send(`42${text}`);
    const back = await ws.text();
    const [, ...args] = JSON.parse(text);
    assert.equal(JSON.stringify(JSON.parse(back.slice(2)).slice(1)), JSON.stringify(args));
    ws.destroy();
  });

  test("numbers keep their value", async () => {
    const ws = await joined(server);
    const numbers = [0, -1, 1.5, -0.25, 1e21, 1e-9, 2147483648, 9007199254740991, -9007199254740991, 0.1, 1e308, 5e-324];
    ws.send(`42["message",${numbers.map(String).join()}]`);
    assert.deepEqual(JSON.parse((await ws.text()).slice(2)).slice(1), numbers);
    ws.destroy();
  });

  test("white space in the JSON is allowed", async () => {
    const ws = await joined(server);
    ws.send('42 [ "message" ,\n{ "a" : 1 } ] ');
    // npm's parser takes the space for an id of 0 (Number(" ") == 0): an answer with or without one.
    assert.deepEqual(JSON.parse(/\[.*$/.exec(await ws.text())[0]), ["message-back", { a: 1 }]);
    ws.destroy();
  });

  test("in another namespace", async () => {
    const ws = await session();
    await join(ws, "/custom");
    ws.send('42/custom,["message","x"]');
    assert.equal(await ws.text(), '42/custom,["message-back","x"]');
    ws.send('42/custom,7["message-with-ack","x"]');
    assert.equal(await ws.text(), '43/custom,7["x"]');
    ws.destroy();
  });

  test("an acknowledgement has the event's id and arguments", async () => {
    const ws = await joined(server);
    ws.send('42456["message-with-ack",1,"2",{"3":[false]}]');
    assert.equal(await ws.text(), '43456[1,"2",{"3":[false]}]');
    ws.send('420["message-with-ack"]');
    assert.equal(await ws.text(), "430[]");
    ws.send('429007199254740991["message-with-ack",1]');
    assert.equal(await ws.text(), "439007199254740991[1]");
    ws.destroy();
  });

  test("an id beyond every integer disturbs nothing", async () => {
    const ws = await joined(server);
    ws.send(`42${"9".repeat(40)}["message-with-ack",1]`);
    const got = await ws.next();
    if (got.opcode === opcodes.close) return;
    await assertEchoes(ws);
    ws.destroy();
  });

  test("unknown events are ignored, with and without an id", async () => {
    const ws = await joined(server);
    ws.send('42["nobody listens",1]');
    ws.send('4212["nobody listens",1]');
    await assertEchoes(ws);
    ws.destroy();
  });

  test("an acknowledgement of nothing is ignored", async () => {
    const ws = await joined(server);
    ws.send("43999[1]");
    await assertEchoes(ws);
    ws.destroy();
  });

  test("an acknowledgement that comes twice or late counts once", async () => {
    const ws = await joined(server);
    ws.send('42["ask-me","?"]');
    const [, id] = /^42(\d+)\["question","\?"\]$/.exec(await ws.text());
    ws.send(`43${id}["first"]`);
    ws.send(`43${id}["second"]`);
    assert.equal(await ws.text(), '42["answer","first"]');
    await assertEchoes(ws);
    ws.send('42["ask-me","again"]');
    const [, later] = /^42(\d+)\["question"/.exec(await ws.text());
    assert.equal(await ws.text(), '42["answer-timeout"]');
    ws.send(`43${later}["too late"]`);
    await assertEchoes(ws);
    ws.destroy();
  });

  test("an acknowledgement in another namespace is not this one's", async () => {
    const ws = await joined(server);
    await join(ws, "/custom");
    ws.send('42["ask-me","?"]');
    const [, id] = /^42(\d+)\[/.exec(await ws.text());
    ws.send(`43/custom,${id}["wrong"]`);
    ws.send(`43${id}["right"]`);
    assert.equal(await ws.text(), '42["answer","right"]');
    ws.destroy();
  });

  test("what looks like a placeholder in a plain event is data", async () => {
    const ws = await joined(server);
    const args = '{"_placeholder":true,"num":0},{"_placeholder":true,"num":-1},{"_placeholder":true}';
    ws.send(`42["message",${args}]`);
    assert.equal(await ws.text(), `42["message-back",${args}]`);
    ws.send(`421["message-with-ack",${args}]`);
    assert.equal(await ws.text(), `431[${args}]`);
    ws.destroy();
  });
});

describe("BINARY_EVENT and BINARY_ACK", { concurrency: true }, () => {
  const two = '{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}';

  test("attachments come back in their order", async () => {
    const ws = await joined(server);
    ws.send(`452-["message",${two}]`);
    ws.sendBinary(Buffer.from([1, 2, 3]));
    ws.sendBinary(Buffer.from([4, 5, 6]));
    assert.equal(await ws.text(), `452-["message-back",${two}]`);
    assert.deepEqual(await ws.binary(), Buffer.from([1, 2, 3]));
    assert.deepEqual(await ws.binary(), Buffer.from([4, 5, 6]));
    ws.destroy();
  });

  test("an acknowledgement with attachments", async () => {
    const ws = await joined(server);
    ws.send(`452-789["message-with-ack",${two}]`);
    ws.sendBinary(Buffer.from([1, 2, 3]));
    ws.sendBinary(Buffer.from([4, 5, 6]));
    assert.equal(await ws.text(), `462-789[${two}]`);
    assert.deepEqual(await ws.binary(), Buffer.from([1, 2, 3]));
    assert.deepEqual(await ws.binary(), Buffer.from([4, 5, 6]));
    ws.destroy();
  });

  test("in another namespace", async () => {
    const ws = await session();
    await join(ws, "/custom");
    ws.send('451-/custom,3["message-with-ack",{"_placeholder":true,"num":0}]');
    ws.sendBinary(Buffer.from("bytes"));
    assert.equal(await ws.text(), '461-/custom,3[{"_placeholder":true,"num":0}]');
    assert.deepEqual(await ws.binary(), Buffer.from("bytes"));
    ws.destroy();
  });

  test("placeholders out of order and nested keep their bytes", async () => {
    const ws = await joined(server);
    ws.send('452-["message",{"a":[{"_placeholder":true,"num":1}]},{"_placeholder":true,"num":0}]');
    ws.sendBinary(Buffer.from("zero"));
    ws.sendBinary(Buffer.from("one"));
    const text = await ws.text();
    const parts = [await ws.binary(), await ws.binary()];
    const [, first, second] = JSON.parse(text.slice(4));
    assert.equal(parts[first.a[0].num].toString(), "one");
    assert.equal(parts[second.num].toString(), "zero");
    ws.destroy();
  });

  test("the server's question is answered with bytes", async () => {
    const ws = await joined(server);
    ws.send('42["ask-me"]');
    const [, id] = /^42(\d+)\["question"\]$/.exec(await ws.text());
    ws.send(`461-${id}[{"_placeholder":true,"num":0}]`);
    ws.sendBinary(Buffer.from("yes"));
    assert.equal(await ws.text(), '451-["answer",{"_placeholder":true,"num":0}]');
    assert.deepEqual(await ws.binary(), Buffer.from("yes"));
    ws.destroy();
  });

  test("over polling, in one payload and in several", async () => {
    const polling = await Polling.open(server, "/socket.io/");
    await polling.post("40");
    assert.match(await polling.next(), /^40\{/);
    assert.equal(await polling.next(), '42["auth",{}]');
    const event = `452-["message",${two}]`;
    const wanted = [event.replace("message", "message-back"), "bAQID", "bBAUG"];
    await polling.post([event, "bAQID", "bBAUG"].join(separator));
    for (const packet of wanted) assert.equal(await polling.next(), packet);
    for (const packet of [event, "bAQID", "bBAUG"]) await polling.post(packet);
    for (const packet of wanted) assert.equal(await polling.next(), packet);
  });

  test("an attachment that no placeholder names", async () => {
    const ws = await joined(server);
    ws.send('451-["message","text"]');
    ws.sendBinary(Buffer.from("lost"));
    const got = await ws.next();
    if (got?.opcode === opcodes.text) assert.match(got.payload.toString(), /^4(2|51-)\["message-back","text"\]$/);
    ws.destroy();
  });
});

// npm's server closes a session whose client does not wait for the answer to CONNECT.
describe("several packets at once", { concurrency: true }, () => {
  test("two CONNECTs and an event in one polling payload", warrenOnly, async () => {
    const polling = await Polling.open(server, "/socket.io/");
    await polling.post(["40", "40/custom,", '42["message",1]', '42/custom,["message",2]'].join(separator));
    const got = [];
    while (got.length < 6) got.push(await polling.next());
    const of = (prefix) => got.filter((packet) => packet.startsWith(prefix)).map((packet) => packet.slice(0, 40));
    assert.equal(of("40").length, 2);
    assert.deepEqual(of("42["), ['42["auth",{}]', '42["message-back",1]']);
    assert.deepEqual(of("42/"), ['42/custom,["auth",{}]', '42/custom,["message-back",2]']);
  });

  test("an event sent right behind CONNECT waits for its answer", warrenOnly, async () => {
    const ws = await session();
    ws.write(Buffer.concat(["40", '42["message",1]'].map((payload) => frame({ payload }))));
    assert.match(await ws.text(), /^40\{/);
    assert.equal(await ws.text(), '42["auth",{}]');
    assert.equal(await ws.text(), '42["message-back",1]');
    ws.destroy();
  });
});

// Each on a session with the main namespace joined; Socket.IO packets without Engine.IO's 4 in front.
const malformed = {
  "no type": "abc",
  "type 7": "7",
  "type 9 with data": '9["message"]',
  "CONNECT_ERROR from a client": '4{"message":"no"}',
  "a second CONNECT": "0",
  "a CONNECT with an array": "0/custom,[]",
  "a CONNECT with a string": '0/custom,"token"',
  "a CONNECT with broken JSON": '0/custom,{"a":',
  "a DISCONNECT with data": "1{}",
  "an event of a namespace not joined": '2/custom,["message"]',
  "an event of an unknown namespace": '2/unknown,["message"]',
  "an acknowledgement of a namespace not joined": "3/custom,1[]",
  "an object for an event": '2{"message":1}',
  "a string for an event": '2"message"',
  "an empty event": "2[]",
  "an event without a name": "2[{}]",
  "an event named null": "2[null]",
  "broken JSON": '2["message"',
  "JSON and more": '2["message"]x',
  "the reserved event connect": '2["connect"]',
  "the reserved event connect_error": '2["connect_error"]',
  "the reserved event disconnect": '2["disconnect"]',
  "the reserved event disconnecting": '2["disconnecting"]',
  "an object for an acknowledgement": "31{}",
  "attachments without a number": '5-["message"]',
  "attachments without a hyphen": '51["message"]',
  "no attachments": '50-["message"]',
  "negative attachments": '5-1-["message"]',
  "attachments by a word": '5x-["message"]',
  "attachments by a fraction": '51.5-["message"]',
  "eleven attachments": '511-["message"]',
  "millions of attachments": '5999999999-["message"]',
};

const malformedForWarren = {
  "an event without data": "2",
  "an acknowledgement without an id": "3[]",
  "a binary event without data": "51-",
  "a fraction for an id": '21.5["message"]',
  "a lone minus": "2-",
};

describe("malformed packets close the session, and no other", { concurrency: true }, () => {
  let witness;
  before(async () => (witness = await joined(server)));
  after(() => witness.destroy());

  const closes = async (...send) => {
    const ws = await joined(server);
    for (const part of send) typeof part === "string" ? ws.send(`4${part}`) : ws.sendBinary(part);
    const { code, texts } = await ws.untilClosed();
    assert.notEqual(code, undefined, "closed without a close frame");
    assert.deepEqual(texts.filter((text) => text !== "41"), []); // npm's server may say a DISCONNECT first
  };

  for (const [what, packet] of Object.entries(malformed)) test(what, () => closes(packet));
  for (const [what, packet] of Object.entries(malformedForWarren)) test(what, warrenOnly, () => closes(packet));

  const one = '51-["message",{"_placeholder":true,"num":0}]';
  test("bytes that no event announced", () => closes(Buffer.from("bytes")));
  test("a text instead of an attachment", () => closes(one, '2["message"]'));
  test("one attachment too many", async () => {
    const ws = await joined(server);
    ws.send(`4${one}`);
    ws.sendBinary(Buffer.from("one"));
    ws.sendBinary(Buffer.from("two"));
    await ws.untilClosed();
  });
  test("a placeholder beyond the attachments", () =>
    closes('51-["message",{"_placeholder":true,"num":1}]', Buffer.from("x")));
  test("a negative placeholder", () => closes('51-["message",{"_placeholder":true,"num":-1}]', Buffer.from("x")));
  test("a placeholder that is no number", () =>
    closes('51-["message",{"_placeholder":true,"num":"0"}]', Buffer.from("x")));

  test("before any CONNECT: an event, an acknowledgement, a DISCONNECT, bytes", async () => {
    for (const packet of ['42["message"]', "431[]", "41", '451-["message",{"_placeholder":true,"num":0}]']) {
      const ws = await session();
      ws.send(packet);
      if (packet.startsWith("45")) ws.sendBinary(Buffer.from("x"));
      assert.deepEqual((await ws.untilClosed()).texts, []);
    }
    const ws = await session();
    ws.sendBinary(Buffer.from("x"));
    assert.deepEqual((await ws.untilClosed()).texts, []);
  });

  test("over polling too", async () => {
    const polling = await Polling.open(server, "/socket.io/");
    await polling.post("40");
    await polling.next();
    await polling.next();
    await polling.post("42{}").catch(() => {});
    for (let tries = 0; (await polling.get()).status !== 400; ++tries) assert.ok(tries < 5);
  });

  // It ends npm's server (a stack overflow in its parser).
  test("deep JSON is refused or echoed, and harms nobody", warrenOnly, async () => {
    for (const depth of [100, 10_000, 200_000]) {
      const ws = await joined(server);
      ws.send(`42["message",${"[".repeat(depth)}${"]".repeat(depth)}]`);
      const got = await ws.next();
      if (got?.opcode === opcodes.text) assert.ok(depth < 10_000, `${depth} levels were accepted`);
      ws.destroy();
      // A depth that an app's own data may have must pass.
      const shallow = await joined(server);
      shallow.send(`42["message",${"[".repeat(20)}${"]".repeat(20)}]`);
      assert.match(await shallow.text(), /^42\["message-back",\[/);
      shallow.destroy();
    }
  });

  test("a namespace of a megabyte", async () => {
    const ws = await session();
    ws.send(`40/${"n".repeat(900_000)},`);
    const got = await ws.next();
    if (got?.opcode === opcodes.text && !usesReference) assert.ok(got.payload.length < 2000, "was echoed whole");
    ws.destroy();
  });

  test("escaped halves of surrogate pairs never become invalid UTF-8", async () => {
    for (const text of ['"\\ud800"', '"\\udc00x"', '{"\\ud800":1}']) {
      const ws = await joined(server);
      ws.send(`42["message",${text}]`);
      const got = await ws.next();
      if (got?.opcode === opcodes.text) new TextDecoder("utf-8", { fatal: true }).decode(got.payload);
      ws.destroy();
    }
  });

  test("the witness saw nothing of all that", async () => {
    await assertEchoes(witness);
  });
});
