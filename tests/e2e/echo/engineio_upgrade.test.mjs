// The upgrade from polling to WebSocket, step by step, with everything that can come between the steps.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { EchoServer, frame, opcodes, pause, Polling, RawWebSocket, separator, usesReference } from "./support.mjs";

let server;
before(async () => (server = await EchoServer.start()));
after(() => server.stop());

async function probed(session) {
  const ws = await RawWebSocket.open(server, session.upgradePath);
  assert.equal(ws.status, 101);
  ws.send("2probe");
  assert.equal(await ws.text(), "3probe");
  return ws;
}

async function upgraded(session) {
  const ws = await probed(session);
  ws.send("5");
  return ws;
}

/** The next text that is no noop: npm's server may push one while it changes over. */
async function message(ws) {
  for (;;) {
    const text = await ws.text();
    if (text !== "6") return text;
  }
}

async function assertEchoes(session, text) {
  assert.equal((await session.post(`4${text}`)).status, 200);
  for (;;) {
    const packet = await session.next();
    if (packet !== "6") return assert.equal(packet, `4${text}`);
  }
}

async function assertTurnedAway(session) {
  const ws = await RawWebSocket.open(server, session.upgradePath);
  if (ws.status === 101) {
    ws.send("2probe");
    assert.deepEqual((await ws.untilClosed()).texts, []);
  } else {
    assert.equal(ws.status, 400);
  }
}

describe("upgrade", { concurrency: true }, () => {
  test("probe, noop for the pending poll, upgrade, and messages flow", async () => {
    const session = await Polling.open(server);
    const poll = session.get();
    const ws = await probed(session);
    const polled = await poll;
    assert.equal(polled.status, 200);
    assert.equal(polled.text, "6");
    ws.send("5");
    ws.send("4hello");
    assert.equal(await message(ws), "4hello");
    ws.sendBinary(Buffer.from([1, 2, 3]));
    assert.deepEqual(await ws.binary(), Buffer.from([1, 2, 3]));
    ws.destroy();
  });

  test("a poll that comes after the probe is answered by a noop soon", async () => {
    const session = await Polling.open(server);
    const ws = await probed(session);
    assert.deepEqual(await session.poll(), ["6"]);
    ws.send("5");
    ws.send("4hello");
    assert.equal(await message(ws), "4hello");
    ws.destroy();
  });

  test("an upgrade without any poll", async () => {
    const session = await Polling.open(server);
    const ws = await upgraded(session);
    ws.send("4hello");
    assert.equal(await message(ws), "4hello");
    ws.destroy();
  });

  test("probe, upgrade and a message in one write", async () => {
    const session = await Polling.open(server);
    const ws = await RawWebSocket.open(server, session.upgradePath);
    ws.write(Buffer.concat(["2probe", "5", "4hello"].map((payload) => frame({ payload }))));
    assert.equal(await ws.text(), "3probe");
    assert.equal(await message(ws), "4hello");
    ws.destroy();
  });

  test("until it is complete, polling carries the messages", async () => {
    const session = await Polling.open(server);
    const ws = await probed(session);
    await assertEchoes(session, "over polling");
    ws.send("5");
    ws.send("4over websocket");
    assert.equal(await message(ws), "4over websocket");
    ws.destroy();
  });

  test("packets queued meanwhile arrive first, once and in order", async () => {
    for (let round = 0; round < 20; ++round) {
      const session = await Polling.open(server);
      for (let i = 0; i < 10; ++i) await session.post(`4${i}`);
      const ws = await upgraded(session);
      for (let i = 10; i < 20; ++i) ws.send(`4${i}`);
      for (let i = 0; i < 20; ++i) assert.equal(await message(ws), `4${i}`);
      ws.destroy();
    }
  });

  test("packets posted around the probe are divided between poll and WebSocket without loss", async () => {
    for (let round = 0; round < 20; ++round) {
      const session = await Polling.open(server);
      const got = [];
      const poll = session.poll().then((packets) => got.push(...packets));
      const opening = RawWebSocket.open(server, session.upgradePath);
      for (let i = 0; i < 5; ++i) await session.post([`4${2 * i}`, `4${2 * i + 1}`].join(separator));
      const ws = await opening;
      ws.send("2probe");
      assert.equal(await ws.text(), "3probe");
      await poll; // as a client does: no poll is pending when it says that it upgrades
      ws.send("5");
      ws.send("4last");
      const texts = got.filter((packet) => packet !== "6");
      for (let last; last !== "4last"; ) texts.push((last = await message(ws)));
      assert.deepEqual(texts, [...Array.from({ length: 10 }, (_, i) => `4${i}`), "4last"]);
      ws.destroy();
    }
  });

  test("a poll still pending at the upgrade is answered at once", async () => {
    const session = await Polling.open(server);
    const poll = session.get();
    await pause(30);
    const ws = await RawWebSocket.open(server, session.upgradePath);
    ws.write(Buffer.concat([frame({ payload: "2probe" }), frame({ payload: "5" })]));
    assert.equal(await ws.text(), "3probe");
    const polled = await poll;
    assert.equal(polled.status, 200);
    if (!usesReference) assert.equal(polled.text, "6");
    ws.send("4hello");
    assert.equal(await message(ws), "4hello");
    ws.destroy();
  });

  test("afterwards polling is refused and harms nothing", async () => {
    const session = await Polling.open(server);
    const ws = await upgraded(session);
    ws.send("4here");
    assert.equal(await message(ws), "4here");
    for (const answer of [await session.get(), await session.post("4x")]) {
      assert.equal(answer.status, 400);
      assert.deepEqual(answer.json(), { code: 3, message: "Bad request" });
    }
    ws.send("4hello");
    assert.equal(await message(ws), "4hello");
    ws.destroy();
  });

  test("afterwards another upgrade is turned away and harms nothing", async () => {
    const session = await Polling.open(server);
    const ws = await upgraded(session);
    ws.send("4here");
    assert.equal(await message(ws), "4here");
    await assertTurnedAway(session);
    ws.send("4hello");
    assert.equal(await message(ws), "4hello");
    ws.destroy();
  });

  test("a second upgrade during the first is turned away, the first goes on", async () => {
    const session = await Polling.open(server);
    const ws = await probed(session);
    await assertTurnedAway(session);
    ws.send("5");
    ws.send("4hello");
    assert.equal(await message(ws), "4hello");
    ws.destroy();
  });

  test("two upgrades that race: one wins, nothing is lost", async () => {
    for (let round = 0; round < 10; ++round) {
      const session = await Polling.open(server);
      const both = [1, 2].map(() => RawWebSocket.open(server, session.upgradePath));
      const opened = await Promise.all(both);
      for (const ws of opened) if (ws.status === 101) ws.send("2probe");
      const replies = await Promise.all(opened.map((ws) => (ws.status === 101 ? ws.next() : undefined)));
      const winners = opened.filter((_, i) => replies[i]?.opcode === opcodes.text);
      assert.equal(winners.length, 1);
      winners[0].send("5");
      winners[0].send("4hello");
      assert.equal(await message(winners[0]), "4hello");
      opened.forEach((ws) => ws.destroy());
    }
  });

  test("an upgrade with an unknown sid is refused", async () => {
    const session = await Polling.open(server);
    const path = session.upgradePath.replace(session.sid, "unknown");
    const ws = await RawWebSocket.open(server, path);
    assert.equal(ws.status, 400);
    if (!usesReference) {
      assert.deepEqual(JSON.parse(ws.refusal.body), { code: 1, message: "Session ID unknown" });
    }
  });

  test("an upgrade with another EIO is refused and harms nothing", async () => {
    const session = await Polling.open(server);
    const ws = await RawWebSocket.open(server, session.upgradePath.replace("EIO=4", "EIO=3"));
    assert.equal(ws.status, 400);
    await assertEchoes(session, "alive");
  });
});

describe("an upgrade that fails leaves polling as it was", { concurrency: true }, () => {
  test("the WebSocket breaks before the probe", async () => {
    const session = await Polling.open(server);
    (await RawWebSocket.open(server, session.upgradePath)).destroy();
    await assertEchoes(session, "alive");
  });

  test("the WebSocket breaks after the probe; a later upgrade succeeds", async () => {
    const session = await Polling.open(server);
    (await probed(session)).destroy();
    await assertEchoes(session, "alive");
    let ws;
    for (let tries = 0; tries < 50 && ws?.status !== 101; ++tries) {
      // The server may not have noticed yet that the first one is gone.
      ws = await RawWebSocket.open(server, session.upgradePath);
      if (ws.status === 101) ws.send("2probe");
      if (ws.status === 101 && (await ws.next())?.opcode === opcodes.text) break;
      ws = undefined;
      await pause(20);
    }
    ws.send("5");
    ws.send("4hello");
    assert.equal(await message(ws), "4hello");
    ws.destroy();
  });

  test("the WebSocket is closed in order after the probe", async () => {
    const session = await Polling.open(server);
    const ws = await probed(session);
    ws.write(frame({ opcode: opcodes.close, payload: Buffer.from([3, 232]) }));
    await ws.untilClosed();
    await assertEchoes(session, "alive");
  });

  for (const text of ["4hello", "2", "3probe", "abc", "2other"]) {
    test(`${text} instead of the probe closes the WebSocket`, async () => {
      const session = await Polling.open(server);
      const ws = await RawWebSocket.open(server, session.upgradePath);
      ws.send(text);
      assert.deepEqual((await ws.untilClosed()).texts, []);
      await assertEchoes(session, "alive");
    });
  }

  test("a message instead of the upgrade after the probe closes the WebSocket", async () => {
    const session = await Polling.open(server);
    const ws = await probed(session);
    ws.send("4too early");
    assert.deepEqual((await ws.untilClosed()).texts, []);
    await assertEchoes(session, "alive");
  });

  test("a binary frame instead of the probe closes the WebSocket", async () => {
    const session = await Polling.open(server);
    const ws = await RawWebSocket.open(server, session.upgradePath);
    ws.sendBinary(Buffer.from("2probe"));
    await ws.untilClosed();
    await assertEchoes(session, "alive");
  });

  test("a protocol error on the probing WebSocket closes only that", async () => {
    const session = await Polling.open(server);
    const ws = await probed(session);
    ws.write(frame({ payload: "5", masked: false }));
    await ws.untilClosed();
    await assertEchoes(session, "alive");
  });
});

describe("the session ends in the middle of its upgrade", { concurrency: true }, () => {
  test("closed by a polling packet, the WebSocket is closed too", async () => {
    const session = await Polling.open(server);
    const ws = await probed(session);
    await session.post("1");
    await ws.untilClosed();
    assert.equal((await session.get()).status, 400);
  });

  test("closed by a bad payload, the WebSocket is closed too", async () => {
    const session = await Polling.open(server);
    const ws = await probed(session);
    await session.post("abc").catch(() => {});
    await ws.untilClosed();
    assert.equal((await session.get()).status, 400);
  });

  test("closed right after the upgrade packet", async () => {
    const session = await Polling.open(server);
    const ws = await RawWebSocket.open(server, session.upgradePath);
    ws.write(Buffer.concat(["2probe", "5"].map((payload) => frame({ payload }))));
    ws.write(frame({ opcode: opcodes.close, payload: Buffer.from([3, 232]) }));
    await ws.untilClosed();
    for (let tries = 0; ; ++tries) {
      const answer = await session.get();
      assert.equal(answer.status, 400);
      if (answer.json().code === 1) break;
      assert.ok(tries < 100);
      await pause(10);
    }
  });

  test("many sessions whose clients vanish at random steps leave a server that works", async () => {
    const vanish = async (_, who) => {
      const session = await Polling.open(server);
      const poll = session.get().catch(() => {});
      const ws = await RawWebSocket.open(server, session.upgradePath);
      if (who % 5 >= 1) ws.send("2probe");
      if (who % 5 >= 2) await ws.next();
      if (who % 5 >= 3) ws.send("5");
      if (who % 5 >= 4) ws.send("4hello");
      ws.destroy();
      if (who % 2) await session.post("1").catch(() => {});
      else await session.post("4x").catch(() => {});
      // The rest is left as it is; the poll ends with the session or with this test.
      void poll;
    };
    await Promise.all(Array.from({ length: 40 }, vanish));
    await assertEchoes(await Polling.open(server), "alive");
  });
});
