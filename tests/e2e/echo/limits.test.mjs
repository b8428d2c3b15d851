// G7: no client, however slow or hostile, makes the server's memory grow without limit or delays others.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { EchoServer, frame, joined, opcodes, pause, Polling, RawConnection, RawWebSocket, warrenOnly, within } from "./support.mjs";

let server;
before(async () => (server = await EchoServer.start()));
after(() => server.stop());

/** The server's resident memory now, in MB. */
function residentMegabytes() {
  const [, kilobytes] = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${server.pid}/status`, "utf8"));
  return Number(kilobytes) / 1024;
}

/** Writes `bytes` until `total` have gone, or the server reads no more, or it has closed; resolves to how it ended. */
async function flood(connection, bytes, total) {
  const { socket } = connection;
  socket.pause(); // nothing of what comes back is read
  for (let sent = 0; sent < total; sent += bytes.length) {
    if (socket.destroyed || connection.ended) return "closed";
    if (socket.write(bytes)) continue;
    const drained = new Promise((resolve) => {
      socket.once("drain", () => resolve("drained")).once("close", () => resolve("closed"));
    });
    const how = await Promise.race([drained, pause(1500).then(() => "held")]);
    if (how !== "drained") return how;
  }
  return "swallowed";
}

describe("clients that do not read", warrenOnly, () => {
  const kTotal = 150_000_000;
  const kMayGrow = 60; // MB, for one such client

  for (const path of ["/engine.io/", "/socket.io/"]) {
    test(`a WebSocket on ${path} that sends and never reads is held back or closed`, async () => {
      const ws = path === "/engine.io/" ? await RawWebSocket.session(server) : await joined(server);
      const payload = path === "/engine.io/" ? `4${"x".repeat(100_000)}` : `42["message","${"x".repeat(100_000)}"]`;
      const before = residentMegabytes();
      const how = await flood(ws, frame({ payload }), kTotal);
      assert.notEqual(how, "swallowed");
      assert.ok(residentMegabytes() - before < kMayGrow, `grew from ${before} to ${residentMegabytes()} MB`);
      const other = await RawWebSocket.session(server);
      other.send("4fine");
      assert.equal(await other.text(), "4fine");
      other.destroy();
      ws.destroy();
    });
  }

  test("a WebSocket that sends pings and never reads is held back or closed", async () => {
    const ws = await RawWebSocket.session(server);
    const before = residentMegabytes();
    const pings = Buffer.concat(Array.from({ length: 500 }, () => frame({ opcode: opcodes.ping, payload: "x".repeat(125) })));
    const how = await flood(ws, pings, kTotal);
    assert.notEqual(how, "swallowed");
    assert.ok(residentMegabytes() - before < kMayGrow, `grew from ${before} to ${residentMegabytes()} MB`);
    ws.destroy();
  });

  test("a session that posts and never polls is closed", async () => {
    const session = await Polling.open(server);
    const before = residentMegabytes();
    const payload = `4${"x".repeat(900_000)}`;
    let answer;
    for (let i = 0; i < 150 && answer?.status !== 400; ++i) {
      answer = await session.post(payload).catch(() => ({ status: 400 }));
    }
    assert.equal(answer.status, 400);
    assert.ok(residentMegabytes() - before < kMayGrow, `grew from ${before} to ${residentMegabytes()} MB`);
  });
});

describe("memory that one client can hold", warrenOnly, () => {
  test("fragments without end are cut at the maximum", async () => {
    const ws = await RawWebSocket.session(server);
    ws.write(frame({ fin: false, payload: "4" }));
    const bytes = frame({ opcode: opcodes.continuation, fin: false, payload: "x".repeat(50_000) });
    for (let i = 0; i < 100 && !ws.ended; ++i) ws.write(bytes);
    assert.equal((await ws.untilClosed()).code, 1009);
  });

  test("attachments are bounded together, not each", async () => {
    const ws = await joined(server);
    const places = Array.from({ length: 10 }, (_, num) => JSON.stringify({ _placeholder: true, num }));
    ws.send(`4510-["message",${places.join()}]`);
    const bytes = Buffer.alloc(900_000);
    for (let i = 0; i < 10; ++i) ws.sendBinary(bytes);
    // Ten of nearly 1 MB each: taken or refused, but the server's next client is served at once.
    const got = await ws.next();
    assert.ok(got === undefined || [opcodes.text, opcodes.close].includes(got.opcode));
    ws.destroy();
  });

  test("hundreds of idle connections cost little", async () => {
    const warm = await RawWebSocket.session(server);
    warm.destroy();
    const before = residentMegabytes();
    const many = await Promise.all(Array.from({ length: 500 }, () => joined(server)));
    const each = ((residentMegabytes() - before) * 1024) / many.length;
    assert.ok(each < 16, `${each.toFixed(1)} KB each`);
    many.forEach((ws) => ws.destroy());
  });

  test("hundreds of open handshakes do not keep others out", async () => {
    const silent = await Promise.all(Array.from({ length: 300 }, () => RawConnection.open(server)));
    const session = await within(Polling.open(server), "a handshake", 2000);
    await session.post("4fine");
    assert.equal(await session.next(), "4fine");
    silent.forEach((connection) => connection.destroy());
  });
});
