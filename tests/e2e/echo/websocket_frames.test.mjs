// RFC 6455 from the side of a client that breaks it, and of one that uses all of it.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { EchoServer, frame, opcodes, pause, RawWebSocket } from "./support.mjs";

const { binary, close, continuation, ping, pong, text } = opcodes;
const maxPayload = 100_000;
let server;
before(async () => (server = await EchoServer.start({ "max-payload": maxPayload })));
after(() => server.stop());

const closeWith = (code, reason = "") => {
  const payload = Buffer.concat([Buffer.from([code >> 8, code & 255]), Buffer.from(reason)]);
  return frame({ opcode: close, payload });
};

describe("what a server may send (RFC 6455, 5)", { concurrency: true }, () => {
  test("frames are final, unmasked and without reserved bits", async () => {
    const ws = await RawWebSocket.session(server);
    for (const size of [1, 200, 70000]) {
      ws.send(`4${"x".repeat(size)}`);
      const { fin, masked, rsv, opcode } = await ws.next();
      assert.deepEqual({ fin, masked, rsv, opcode }, { fin: true, masked: false, rsv: 0, opcode: text });
    }
    ws.destroy();
  });
});

describe("control frames (RFC 6455, 5.5)", { concurrency: true }, () => {
  test("a ping is answered by a pong with its payload", async () => {
    const ws = await RawWebSocket.session(server);
    for (const payload of ["", "hello", "x".repeat(125)]) {
      ws.write(frame({ opcode: ping, payload }));
      const got = await ws.next();
      assert.equal(got.opcode, pong);
      assert.equal(got.payload.toString(), payload);
    }
    ws.destroy();
  });

  test("an unasked pong is ignored", async () => {
    const ws = await RawWebSocket.session(server);
    ws.write(frame({ opcode: pong, payload: "unasked" }));
    ws.send("4alive");
    assert.equal(await ws.text(), "4alive");
    ws.destroy();
  });

  test("a ping between the fragments of a message", async () => {
    const ws = await RawWebSocket.session(server);
    ws.write(frame({ opcode: text, fin: false, payload: "4be" }));
    ws.write(frame({ opcode: ping, payload: "now" }));
    ws.write(frame({ opcode: continuation, payload: "gun" }));
    const got = [await ws.next(), await ws.next()];
    assert.deepEqual(got.map(({ opcode }) => opcode).sort(), [text, pong].sort());
    assert.equal(got.find(({ opcode }) => opcode === text).payload.toString(), "4begun");
    ws.destroy();
  });

  for (const code of [1000, 1001, 1003, 3000, 4999]) {
    test(`close ${code} is echoed and the connection ended`, async () => {
      const ws = await RawWebSocket.session(server);
      ws.write(closeWith(code, "bye"));
      assert.equal((await ws.untilClosed()).code, code);
    });
  }

  test("an empty close is answered", async () => {
    const ws = await RawWebSocket.session(server);
    ws.write(frame({ opcode: close }));
    const { code } = await ws.untilClosed();
    assert.ok(code === 1005 || code === 1000, `${code}`);
  });

  test("what follows a close frame is ignored", async () => {
    const ws = await RawWebSocket.session(server);
    ws.write(Buffer.concat([closeWith(1000), frame({ payload: "4late" })]));
    assert.deepEqual(await ws.untilClosed(), { code: 1000, texts: [] });
  });
});

describe("fragmentation (RFC 6455, 5.4)", { concurrency: true }, () => {
  test("a text in three fragments, cut inside a character", async () => {
    const ws = await RawWebSocket.session(server);
    const bytes = Buffer.from("4€😀");
    ws.write(frame({ opcode: text, fin: false, payload: bytes.subarray(0, 2) }));
    ws.write(frame({ opcode: continuation, fin: false, payload: bytes.subarray(2, 6) }));
    ws.write(frame({ opcode: continuation, payload: bytes.subarray(6) }));
    assert.equal(await ws.text(), "4€😀");
    ws.destroy();
  });

  test("a binary message in fragments, some empty", async () => {
    const ws = await RawWebSocket.session(server);
    ws.write(frame({ opcode: binary, fin: false }));
    ws.write(frame({ opcode: continuation, fin: false, payload: Buffer.from([1, 2]) }));
    ws.write(frame({ opcode: continuation, fin: false }));
    ws.write(frame({ opcode: continuation, payload: Buffer.from([3]) }));
    assert.deepEqual(await ws.binary(), Buffer.from([1, 2, 3]));
    ws.destroy();
  });

  test("fragments that together exceed the maximum close with 1009", async () => {
    const ws = await RawWebSocket.session(server);
    const half = "x".repeat(maxPayload / 2);
    ws.write(frame({ opcode: text, fin: false, payload: `4${half}` }));
    ws.write(frame({ opcode: continuation, payload: half }));
    assert.equal((await ws.untilClosed()).code, 1009);
  });
});

const violations = {
  "an unmasked frame": [frame({ payload: "4x", masked: false }), 1002],
  "reserved bit 1": [frame({ payload: "4x", rsv: 4 }), 1002],
  "reserved bit 2": [frame({ payload: "4x", rsv: 2 }), 1002],
  "reserved bit 3": [frame({ payload: "4x", rsv: 1 }), 1002],
  "reserved data opcode 3": [frame({ opcode: 3, payload: "x" }), 1002],
  "reserved data opcode 7": [frame({ opcode: 7, payload: "x" }), 1002],
  "reserved control opcode 11": [frame({ opcode: 11 }), 1002],
  "reserved control opcode 15": [frame({ opcode: 15 }), 1002],
  "a fragmented ping": [frame({ opcode: ping, fin: false, payload: "x" }), 1002],
  "a fragmented close": [frame({ opcode: close, fin: false }), 1002],
  "a ping of 126 bytes": [frame({ opcode: ping, payload: "x".repeat(126) }), 1002],
  "a close of one byte": [frame({ opcode: close, payload: "x" }), 1002],
  "a continuation of nothing": [frame({ opcode: continuation, payload: "x" }), 1002],
  "a message within a message": [
    Buffer.concat([frame({ fin: false, payload: "4x" }), frame({ payload: "4y" })]),
    1002,
  ],
  "close code 999": [closeWith(999), 1002],
  "close code 1004": [closeWith(1004), 1002],
  "close code 1005": [closeWith(1005), 1002],
  "close code 1006": [closeWith(1006), 1002],
  "close code 2000": [closeWith(2000), 1002],
  "close code 5000": [closeWith(5000), 1002],
  "a close reason that is not UTF-8": [
    frame({ opcode: close, payload: Buffer.from([3, 232, 0xff, 0xfe]) }),
    1007,
  ],
  "a text that is not UTF-8": [frame({ payload: Buffer.from([0x34, 0xc3, 0x28]) }), 1007],
  "a text with an overlong character": [frame({ payload: Buffer.from([0x34, 0xc0, 0xaf]) }), 1007],
  "a text with a surrogate": [frame({ payload: Buffer.from([0x34, 0xed, 0xa0, 0x80]) }), 1007],
  "a text beyond Unicode": [frame({ payload: Buffer.from([0x34, 0xf5, 0x80, 0x80, 0x80]) }), 1007],
  "a text that ends inside a character": [frame({ payload: Buffer.from([0x34, 0xe2, 0x82]) }), 1007],
  "a fragmented text that is not UTF-8": [
    Buffer.concat([
      frame({ fin: false, payload: Buffer.from([0x34, 0xc3]) }),
      frame({ opcode: continuation, payload: "(" }),
    ]),
    1007,
  ],
  "a length over the maximum": [frame({ payload: "4", claim: maxPayload + 1 }), 1009],
  "a length of gigabytes": [frame({ payload: "4", claim: 2 ** 31 }), 1009],
};

describe("violations close the connection with their code, and no other (RFC 6455, 7.4)", { concurrency: true }, () => {
  for (const [what, [bytes, code]] of Object.entries(violations)) {
    test(`${what}: ${code}`, async () => {
      const other = await RawWebSocket.session(server);
      const ws = await RawWebSocket.session(server);
      ws.write(bytes);
      const ended = await ws.untilClosed();
      assert.deepEqual(ended, { code, texts: [] });
      other.send("4fine");
      assert.equal(await other.text(), "4fine");
      other.destroy();
    });
  }

  test("a 64-bit length with its top bit set", async () => {
    const ws = await RawWebSocket.session(server);
    ws.write(Buffer.from([0x81, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 1, 1, 2, 3, 4]));
    const { code } = await ws.untilClosed();
    assert.ok(code === 1002 || code === 1009, `${code}`);
  });

  test("a length that is not the shortest", async () => {
    const ws = await RawWebSocket.session(server);
    // RFC 6455, 5.2 asks senders for the shortest; a receiver may be strict or not, but must not lose its place.
    ws.write(Buffer.from([0x81, 0xfe, 0, 2, 0, 0, 0, 0, 0x34, 0x78]));
    ws.send("4next");
    const first = await ws.next();
    if (first.opcode === close) return assert.equal(first.payload.readUInt16BE(0), 1002);
    assert.equal(first.payload.toString(), "4x");
    assert.equal(await ws.text(), "4next");
    ws.destroy();
  });
});

describe("ends without a word", { concurrency: true }, () => {
  test("broken inside a frame's head, its mask and its payload", async () => {
    const whole = frame({ payload: "4hello" });
    for (let cut = 1; cut < whole.length; ++cut) {
      const ws = await RawWebSocket.session(server);
      ws.write(whole.subarray(0, cut));
      await pause(1);
      ws.destroy();
    }
    const ws = await RawWebSocket.session(server);
    ws.send("4alive");
    assert.equal(await ws.text(), "4alive");
    ws.destroy();
  });

  test("a half-closed connection is ended", async () => {
    const ws = await RawWebSocket.session(server);
    ws.socket.end();
    await ws.closed();
  });

  test("random bytes after the handshake end that connection only", async () => {
    const other = await RawWebSocket.session(server);
    let seed = 7;
    const next = () => (seed = (seed * 1103515245 + 12345) % 2147483648) >> 8;
    for (let round = 0; round < 50; ++round) {
      const ws = await RawWebSocket.session(server);
      ws.write(Buffer.from(Array.from({ length: 64 }, () => next() & 255)));
      ws.socket.end();
      await ws.closed();
    }
    other.send("4fine");
    assert.equal(await other.text(), "4fine");
    other.destroy();
  });
});
