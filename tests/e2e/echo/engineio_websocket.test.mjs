// Engine.IO v4 over WebSocket without polling before.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { WebSocket } from "ws";
import { EchoServer, frame, opcodes, RawConnection, RawWebSocket, request, warrenOnly, within } from "./support.mjs";

const maxPayload = 100_000;
let server;
before(async () => {
  server = await EchoServer.start({ "ping-interval": 20000, "ping-timeout": 10000, "max-payload": maxPayload });
});
after(() => server.stop());

/** Opened or not, it never becomes a session: refused, or ended without an open packet. */
async function assertNoSession(path) {
  const ws = await RawWebSocket.open(server, path);
  if (ws.status === 101) assert.deepEqual((await ws.untilClosed()).texts, []);
  else assert.equal(ws.status, 400);
  return ws;
}

for (const path of ["/engine.io/", "/socket.io/"]) {
  describe(`WebSocket handshake on ${path}`, { concurrency: true }, () => {
    test("its first message is the open packet, offering no upgrade", async () => {
      const ws = await RawWebSocket.open(server, `${path}?EIO=4&transport=websocket`);
      assert.equal(ws.status, 101);
      const text = await ws.text();
      assert.equal(text[0], "0");
      const { sid, ...rest } = JSON.parse(text.slice(1));
      assert.match(sid, /^[\w-]{20,}$/);
      assert.deepEqual(rest, { upgrades: [], pingInterval: 20000, pingTimeout: 10000, maxPayload });
      ws.destroy();
    });

    const refused = {
      "no EIO": ["?transport=websocket", 5],
      "EIO=abc": ["?EIO=abc&transport=websocket", 5],
      "EIO=3": ["?EIO=3&transport=websocket", 5],
      "no transport": ["?EIO=4", 0],
      "an unknown transport": ["?EIO=4&transport=abc", 0],
      "transport=polling": ["?EIO=4&transport=polling", 3],
      "an unknown sid": ["?EIO=4&transport=websocket&sid=abc", 1],
    };
    for (const [what, [query, code]] of Object.entries(refused)) {
      test(`is no session with ${what}`, () => assertNoSession(path + query));
      test(`says why with ${what}`, warrenOnly, async () => {
        const ws = await assertNoSession(path + query);
        assert.equal(ws.status, 400);
        assert.equal(JSON.parse(ws.refusal.body).code, code);
      });
    }
  });
}

describe("the WebSocket handshake itself (RFC 6455, 4)", { concurrency: true }, () => {
  const path = "/engine.io/?EIO=4&transport=websocket";

  test("the accept key is right", async () => {
    const ws = await RawWebSocket.open(server, path, { "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==" });
    assert.match(ws.refusal.head, /sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=/i);
    ws.destroy();
  });

  const wrong = {
    "no key": { "Sec-WebSocket-Key": null },
    "a short key": { "Sec-WebSocket-Key": "abc" },
    "another version": { "Sec-WebSocket-Version": "12" },
    "no version": { "Sec-WebSocket-Version": null },
  };
  for (const [what, headers] of Object.entries(wrong)) {
    test(`${what} is refused`, async () => {
      const ws = await RawWebSocket.open(server, path, headers);
      assert.ok(ws.status === 400 || ws.status === 426, `${ws.status}`);
      ws.destroy();
    });
  }

  test("header names and values in any case", async () => {
    const ws = await RawWebSocket.open(server, path, { Connection: "keep-alive, UPGRADE", Upgrade: "WebSocket" });
    assert.equal(ws.status, 101);
    assert.equal((await ws.text())[0], "0");
    ws.destroy();
  });

  test("an upgrade to another protocol is no WebSocket", async () => {
    const ws = await RawWebSocket.open(server, path, { Upgrade: "h2c" });
    assert.notEqual(ws.status, 101);
    ws.destroy();
  });

  test("frames sent together with the request are not lost", warrenOnly, async () => {
    const connection = await RawConnection.open(server);
    const eager = Object.setPrototypeOf(connection, RawWebSocket.prototype);
    const head = [
      `GET ${path} HTTP/1.1`,
      "Host: x",
      "Connection: Upgrade",
      "Upgrade: websocket",
      "Sec-WebSocket-Version: 13",
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    ];
    eager.write(Buffer.concat([Buffer.from(`${head.join("\r\n")}\r\n\r\n`), frame({ payload: "4eager" })]));
    assert.equal((await eager.response()).status, 101);
    assert.equal((await eager.text())[0], "0");
    assert.equal(await eager.text(), "4eager");
    eager.destroy();
  });

  test("a client that offers compression works, compressed or not", async () => {
    const ws = new WebSocket(`ws://127.0.0.1:${server.port}${path}`, { perMessageDeflate: true });
    const got = [];
    const all = new Promise((resolve) => ws.on("message", (data) => got.push(`${data}`) === 2 && resolve()));
    ws.on("open", () => ws.send(`4${"compress me ".repeat(500)}`));
    await within(all, "the echo");
    assert.equal(got[1], `4${"compress me ".repeat(500)}`);
    ws.terminate();
  });
});

describe("messages over WebSocket", { concurrency: true }, () => {
  test("text as text, binary as binary", async () => {
    const ws = await RawWebSocket.session(server);
    ws.send("4hello €😀");
    assert.equal(await ws.text(), "4hello €😀");
    ws.sendBinary(Buffer.from([1, 2, 3, 4]));
    assert.deepEqual(await ws.binary(), Buffer.from([1, 2, 3, 4]));
    ws.send("4");
    assert.equal(await ws.text(), "4");
    ws.sendBinary(Buffer.alloc(0));
    assert.equal((await ws.binary()).length, 0);
    ws.destroy();
  });

  test("every length encoding, both ways, in order", async () => {
    const ws = await RawWebSocket.session(server);
    const sizes = [0, 1, 123, 124, 125, 126, 127, 65533, 65534, 65535, 65536, maxPayload - 1];
    for (const size of sizes) ws.send(`4${"x".repeat(size)}`);
    for (const size of sizes) assert.equal((await ws.text()).length, size + 1);
    ws.destroy();
  });

  test("a message of exactly the maximum passes, one byte more closes with 1009", async () => {
    const ws = await RawWebSocket.session(server);
    ws.send(`4${"x".repeat(maxPayload - 1)}`);
    assert.equal((await ws.text()).length, maxPayload);
    ws.send(`4${"x".repeat(maxPayload)}`);
    assert.equal((await ws.untilClosed()).code, 1009);
  });

  test("hundreds of messages in one write come back in order", async () => {
    const ws = await RawWebSocket.session(server);
    const wanted = Array.from({ length: 500 }, (_, i) => `4${i}`);
    ws.write(Buffer.concat(wanted.map((payload) => frame({ payload }))));
    for (const text of wanted) assert.equal(await ws.text(), text);
    ws.destroy();
  });

  test("a message byte by byte", async () => {
    const ws = await RawWebSocket.session(server);
    for (const byte of frame({ payload: "4slowly" })) {
      ws.write(Buffer.from([byte]));
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.equal(await ws.text(), "4slowly");
    ws.destroy();
  });

  test("polling requests for a WebSocket session are refused and harm nothing", async () => {
    const ws = await RawWebSocket.session(server);
    const query = `/engine.io/?EIO=4&transport=polling&sid=${ws.handshake.sid}`;
    for (const options of [{}, { method: "POST", body: "4x" }]) {
      const answer = await request(server, query, options);
      assert.equal(answer.status, 400);
      assert.deepEqual(answer.json(), { code: 3, message: "Bad request" });
    }
    ws.send("4alive");
    assert.equal(await ws.text(), "4alive");
    ws.destroy();
  });

  test("a second WebSocket with the same sid is turned away and harms nothing", warrenOnly, async () => {
    const ws = await RawWebSocket.session(server);
    await assertNoSession(`/engine.io/?EIO=4&transport=websocket&sid=${ws.handshake.sid}`);
    ws.send("4alive");
    assert.equal(await ws.text(), "4alive");
    ws.destroy();
  });
});

describe("the end of a WebSocket session", { concurrency: true }, () => {
  test("a close packet ends it", warrenOnly, async () => {
    const ws = await RawWebSocket.session(server);
    ws.send("1");
    await ws.untilClosed();
  });

  for (const text of ["", "abc", "7", "\u00e9", "2"]) {
    test(`the packet ${JSON.stringify(text)} ends it, and no other`, async () => {
      const other = await RawWebSocket.session(server);
      const ws = await RawWebSocket.session(server);
      ws.send(text);
      const { code, texts } = await ws.untilClosed();
      assert.notEqual(code, undefined, "closed without a close frame");
      assert.deepEqual(texts, []);
      other.send("4fine");
      assert.equal(await other.text(), "4fine");
      other.destroy();
    });
  }

  test("after a broken connection the sid is unknown", async () => {
    const ws = await RawWebSocket.session(server);
    ws.destroy();
    const query = `/engine.io/?EIO=4&transport=polling&sid=${ws.handshake.sid}`;
    for (let tries = 0; ; ++tries) {
      const answer = await request(server, query);
      if (answer.json().code === 1) break;
      assert.ok(tries < 200, answer.text);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  });

  test("a binary message is one packet, whatever its bytes", async () => {
    const ws = await RawWebSocket.session(server);
    for (const bytes of [Buffer.from("1"), Buffer.from("2"), Buffer.from("bAAAA")]) {
      ws.write(frame({ opcode: opcodes.binary, payload: bytes }));
      assert.deepEqual(await ws.binary(), bytes);
    }
    ws.destroy();
  });
});
