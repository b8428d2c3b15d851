// Engine.IO v4, Heartbeat, with times short enough to wait for; and what is sent while nobody answers.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { EchoServer, pause, Polling, RawWebSocket } from "./support.mjs";

const interval = 300;
const timeout = 200;
const busy = 400; // how late a timer may be on a busy machine
let server;
before(async () => (server = await EchoServer.start({ "ping-interval": interval, "ping-timeout": timeout })));
after(() => server.stop());

function assertTook(since, wanted) {
  const took = performance.now() - since;
  assert.ok(took >= wanted - 30 && took <= wanted + busy, `took ${Math.round(took)} ms instead of ${wanted}`);
}

describe("heartbeat over WebSocket", { concurrency: true }, () => {
  test("a ping each interval while the client answers", async () => {
    const ws = await RawWebSocket.session(server);
    for (let i = 0; i < 4; ++i) {
      const since = performance.now();
      assert.equal(await ws.text(), "2");
      assertTook(since, interval);
      ws.send("3");
    }
    ws.destroy();
  });

  test("without an answer the session ends after the time-out", async () => {
    const since = performance.now();
    const ws = await RawWebSocket.session(server);
    assert.equal(await ws.text(), "2");
    const { texts } = await ws.untilClosed();
    assert.deepEqual(texts, []);
    assertTook(since, interval + timeout);
  });

  test("messages go on while a ping is open", async () => {
    const ws = await RawWebSocket.session(server);
    assert.equal(await ws.text(), "2");
    ws.send("4hello");
    assert.equal(await ws.text(), "4hello");
    ws.send("3");
    assert.equal(await ws.text(), "2");
    ws.destroy();
  });

  test("messages alone do not replace the answer for ever", async () => {
    const ws = await RawWebSocket.session(server);
    const talking = setInterval(() => ws.send("4talk"), 50);
    const { texts } = await ws.untilClosed();
    clearInterval(talking);
    assert.ok(texts.includes("2"));
  });

  test("a client whose machine is gone (nothing read, nothing sent) is dropped", async () => {
    const ws = await RawWebSocket.session(server);
    ws.socket.pause();
    await pause(interval + timeout + busy);
    ws.socket.resume();
    await ws.untilClosed();
  });
});

describe("heartbeat over polling", { concurrency: true }, () => {
  test("a ping each interval while the client answers", async () => {
    const session = await Polling.open(server);
    for (let i = 0; i < 4; ++i) {
      const since = performance.now();
      assert.deepEqual(await session.poll(), ["2"]);
      assertTook(since, interval);
      assert.equal((await session.post("3")).status, 200);
    }
  });

  test("without an answer the pending poll is ended and the sid forgotten", async () => {
    const session = await Polling.open(server);
    assert.deepEqual(await session.poll(), ["2"]);
    const since = performance.now();
    const ended = await session.get();
    assertTook(since, timeout);
    assert.ok(ended.status === 200 || ended.status === 400, `${ended.status}`);
    const later = await session.get();
    assert.equal(later.status, 400);
    assert.deepEqual(later.json(), { code: 1, message: "Session ID unknown" });
  });

  test("a client that never polls is forgotten", async () => {
    const session = await Polling.open(server);
    await pause(interval + timeout + busy);
    assert.deepEqual((await session.get()).json(), { code: 1, message: "Session ID unknown" });
  });
});

describe("heartbeat and upgrade", { concurrency: true }, () => {
  test("goes on after the upgrade", async () => {
    const session = await Polling.open(server);
    const ws = await RawWebSocket.open(server, session.upgradePath);
    ws.send("2probe");
    assert.equal(await ws.text(), "3probe");
    ws.send("5");
    for (let i = 0; i < 3; ++i) {
      let text;
      do text = await ws.text();
      while (text === "6");
      assert.equal(text, "2");
      ws.send("3");
    }
    ws.destroy();
  });

  test("a probe that is never completed does not keep the session alive", async () => {
    const session = await Polling.open(server);
    const ws = await RawWebSocket.open(server, session.upgradePath);
    ws.send("2probe");
    assert.equal(await ws.text(), "3probe");
    await ws.untilClosed();
    assert.equal((await session.get()).status, 400);
  });
});
