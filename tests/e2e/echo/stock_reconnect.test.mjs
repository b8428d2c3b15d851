// docs/protocol.md, Closing, with stock clients: from what they come back by themselves and from what they do not.
import assert from "node:assert/strict";
import { after, afterEach, before, describe, test } from "node:test";
import { EchoServer, pause, warrenOnly } from "./support.mjs";
import { connect, connected, disconnectAll, nextEvent, upgraded } from "./stock.mjs";

const ways = { websocket: ["websocket"], polling: ["polling"], "polling then upgrade": ["polling", "websocket"] };
const soon = { reconnectionDelay: 20, reconnectionDelayMax: 100 };

describe("closing", { concurrency: true }, () => {
  let server;
  before(async () => (server = await EchoServer.start()));
  after(async () => {
    disconnectAll();
    await server.stop();
  });

  for (const [way, transports] of Object.entries(ways)) {
    test(`the client comes back by itself when the server closes its transport: ${way}`, async () => {
      const socket = await connected(server, { transports, ...soon });
      const first = socket.id;
      const gone = nextEvent(socket, "disconnect");
      const back = nextEvent(socket, "connect");
      socket.emit("close-transport-me");
      assert.match((await gone)[0], /^transport (close|error)$/);
      assert.equal(socket.active, true);
      await back;
      assert.notEqual(socket.id, first);
      assert.equal(await socket.timeout(5000).emitWithAck("message-with-ack", "again"), "again");
    });

    test(`the client stays away when the server disconnects it: ${way}`, async () => {
      const socket = await connected(server, { transports, ...soon });
      const gone = nextEvent(socket, "disconnect");
      socket.emit("disconnect-me");
      assert.equal((await gone)[0], "io server disconnect");
      assert.equal(socket.active, false);
      await pause(150); // several times its reconnection delay
      assert.equal(socket.connected, false);
      const back = nextEvent(socket, "connect");
      socket.connect();
      await back;
    });

    test(`a disconnect of one namespace leaves the other: ${way}`, async () => {
      const main = await connected(server, { transports, ...soon });
      const custom = main.io.socket("/custom");
      await nextEvent(custom, "auth");
      const gone = nextEvent(custom, "disconnect");
      custom.emit("disconnect-me");
      assert.equal((await gone)[0], "io server disconnect");
      assert.equal(await main.timeout(5000).emitWithAck("message-with-ack", 1), 1);
    });

    test(`what was sent before the closing arrives before it: ${way}`, async () => {
      const socket = await connected(server, { transports, ...soon });
      const got = [];
      socket.on("message-back", (i) => got.push(i));
      const gone = nextEvent(socket, "disconnect");
      for (let i = 0; i < 50; ++i) socket.emit("message", i);
      socket.emit("close-transport-me");
      await gone;
      assert.deepEqual(got, [...Array(50).keys()]);
    });

    test(`a refused client stays away: ${way}`, async () => {
      const socket = connect(server, { transports, ...soon }, "/unknown");
      await nextEvent(socket, "connect_error");
      let tries = 0;
      socket.io.on("reconnect_attempt", () => ++tries);
      await pause(150);
      assert.equal(tries, 0);
    });
  }

  // One that loses the probing WebSocket between the probe's answer and its upgrade would wait for its heartbeat.
  test("a client whose transport is closed at any moment of its upgrade comes back at once", warrenOnly, async () => {
    const round = async (i) => {
      const socket = await connected(server, { transports: ways["polling then upgrade"], ...soon });
      const back = nextEvent(socket, "connect");
      await pause(i % 8);
      socket.emit("close-transport-me");
      await back;
      socket.disconnect();
    };
    for (let i = 0; i < 10; ++i) await Promise.all(Array.from({ length: 16 }, (_, j) => round(j)));
  });

  test("a client whose TCP connection breaks comes back", async () => {
    const socket = await connected(server, { transports: ["websocket"], ...soon });
    const back = nextEvent(socket, "connect");
    socket.io.engine.transport.ws._socket.destroy();
    await back;
    assert.equal(await socket.timeout(5000).emitWithAck("message-with-ack", 1), 1);
  });
});

describe("the server goes and comes", () => {
  let server;
  afterEach(() => disconnectAll());

  for (const [way, transports] of Object.entries(ways)) {
    test(`killed and started again on the same port: ${way}`, async () => {
      server = await EchoServer.start();
      const sockets = await Promise.all(Array.from({ length: 5 }, () => connected(server, { transports, ...soon })));
      // In the middle of an upgrade the client notices a lost server only by its heartbeat, whatever the server does.
      if (transports.length > 1) await Promise.all(sockets.map(upgraded));
      const gone = sockets.map((socket) => nextEvent(socket, "disconnect"));
      const back = sockets.map((socket) => nextEvent(socket, "auth"));
      await server.kill();
      for (const [reason] of await Promise.all(gone)) assert.match(reason, /^transport (close|error)$/);
      server = await server.restart();
      await Promise.all(back);
      for (const socket of sockets) assert.equal(await socket.timeout(5000).emitWithAck("message-with-ack", 1), 1);
      disconnectAll();
      await server.stop();
    });

    test(`SIGTERM closes transports, never connections: ${way}`, warrenOnly, async () => {
      server = await EchoServer.start();
      const sockets = await Promise.all(Array.from({ length: 5 }, () => connected(server, { transports, ...soon })));
      // In the middle of an upgrade the client notices a lost server only by its heartbeat, whatever the server does.
      if (transports.length > 1) await Promise.all(sockets.map(upgraded));
      const gone = sockets.map((socket) => nextEvent(socket, "disconnect"));
      const back = sockets.map((socket) => nextEvent(socket, "auth", 20000));
      await server.stop();
      for (const [reason] of await Promise.all(gone)) assert.match(reason, /^transport (close|error)$/);
      server = await server.restart();
      await Promise.all(back);
      disconnectAll();
      await server.stop();
    });
  }
});

describe("heartbeats of stock clients", { concurrency: true }, () => {
  let server;
  before(async () => (server = await EchoServer.start({ "ping-interval": 200, "ping-timeout": 300 })));
  after(async () => {
    disconnectAll();
    await server.stop();
  });

  for (const [way, transports] of Object.entries(ways)) {
    test(`an idle client stays connected over many heartbeats: ${way}`, async () => {
      const socket = await connected(server, { transports, reconnection: false });
      const reasons = [];
      socket.on("disconnect", (reason) => reasons.push(reason));
      let pings = 0;
      socket.io.on("ping", () => ++pings);
      await pause(2000);
      assert.deepEqual(reasons, []);
      assert.ok(pings >= 4 && pings <= 11, `${pings} pings in 2 s at 200 ms`);
      assert.equal(await socket.timeout(5000).emitWithAck("message-with-ack", 1), 1);
    });
  }

  test("a client that stops answering is closed by the server", async () => {
    const socket = await connected(server, { transports: ["websocket"], reconnection: false });
    // The client's own watchdog must not be what closes it.
    socket.io.engine._pingTimeoutTime = Infinity;
    const { transport } = socket.io.engine;
    const send = transport.send.bind(transport);
    transport.send = (packets) => send(packets.filter(({ type }) => type !== "pong"));
    const [reason] = await nextEvent(socket, "disconnect");
    assert.equal(reason, "transport close");
  });
});
