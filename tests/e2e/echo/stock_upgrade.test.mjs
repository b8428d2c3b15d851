// npm's clients while they change from polling to WebSocket: the moments at which packets are lost or overtake each other.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Socket as EngineClient } from "engine.io-client";
import { EchoServer, pause, slowProxy, within } from "./support.mjs";
import { connect, connected, disconnectAll, eventually, nextEvent, upgraded } from "./stock.mjs";

let server;
before(async () => (server = await EchoServer.start()));
after(() => server.stop());

const transports = ["polling", "websocket"];
const inOrder = (count) => Array.from({ length: count }, (_, i) => i);

/** Collects `count` events of that name; resolves to their first arguments. */
function collect(socket, name, count) {
  const got = [];
  const all = new Promise((resolve) => {
    socket.on(name, (first) => got.push(first) === count && resolve(got));
  });
  return eventually(all, `${count} times ${name}`).catch((error) => {
    throw new Error(`${error.message}: got ${got.length}`);
  });
}

describe("upgrade of stock clients", { concurrency: true }, () => {
  after(() => disconnectAll());

  test("a client ends on WebSocket and works there", async () => {
    const socket = connect(server, { transports });
    await nextEvent(socket, "connect");
    await upgraded(socket);
    assert.equal(socket.io.engine.transport.name, "websocket");
    assert.equal(await socket.timeout(5000).emitWithAck("message-with-ack", "after"), "after");
  });

  test("events sent without pause until and over the upgrade keep their order, and none is lost", async (t) => {
    // Otherwise the upgrade would be over before the first event.
    const proxy = await slowProxy(server, (head) => (head.includes("transport=websocket") ? 15 : 0));
    t.after(() => proxy.close());
    for (let round = 0; round < 8; ++round) {
      const socket = connect(proxy, { transports });
      const got = [];
      let sent = 0;
      let isUpgraded = false;
      const upgrade = upgraded(socket).then(() => (isUpgraded = true));
      socket.on("message-back", (i) => got.push(i));
      for (; sent < 50; ++sent) socket.emit("message", sent);
      await nextEvent(socket, "connect");
      // A POST is in flight whenever the probe is answered, so that its echoes wait at the server for the WebSocket.
      while (!isUpgraded) {
        // Bounded: a client that sends for ever without reading is closed, and rightly so.
        for (let i = 0; i < 5 && sent < 3000; ++i) socket.emit("message", sent++);
        await pause(1);
      }
      await upgrade;
      for (let i = 0; i < 50; ++i) socket.emit("message", sent++);
      await eventually(socket.emitWithAck("message-with-ack", "all have been sent"), "the last answer");
      assert.deepEqual(got, inOrder(sent));
      assert.ok(sent > 150, `only ${sent} events: the upgrade was over too soon`);
      socket.disconnect();
    }
  });

  test("binary events sent while the upgrade goes on keep their attachments", async () => {
    const socket = connect(server, { transports });
    const all = collect(socket, "message-back", 300);
    for (let i = 0; i < 300; ++i) {
      socket.emit("message", Buffer.from(`${i}`), { nested: Buffer.alloc(i, 1) });
      if (i % 20 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    assert.deepEqual((await all).map(String), inOrder(300).map(String));
  });

  test("many clients upgrade at once while each sends", async () => {
    const one = async () => {
      const socket = connect(server, { transports });
      const all = collect(socket, "message-back", 60);
      for (let i = 0; i < 30; ++i) socket.emit("message", i);
      await upgraded(socket);
      for (let i = 30; i < 60; ++i) socket.emit("message", i);
      assert.deepEqual(await all, inOrder(60));
    };
    await Promise.all(Array.from({ length: 30 }, one));
  });

  test("a client that connects two namespaces while it upgrades has both", async () => {
    const main = connect(server, { transports });
    const custom = main.io.socket("/custom");
    const both = [nextEvent(main, "auth"), nextEvent(custom, "auth")];
    await Promise.all(both);
    await upgraded(main);
    const answers = [main, custom].map((socket) => socket.timeout(5000).emitWithAck("message-with-ack", socket.nsp));
    assert.deepEqual(await Promise.all(answers), ["/", "/custom"]);
  });

  test("a client whose upgrade is refused stays on polling", async () => {
    const socket = await connected(server, { transports: ["polling"], upgrade: false });
    assert.equal(socket.io.engine.transport.name, "polling");
    assert.equal(await socket.timeout(5000).emitWithAck("message-with-ack", 1), 1);
  });
});

describe("bare Engine.IO with the stock client", { concurrency: true }, () => {
  const clients = [];
  after(() => clients.forEach((client) => client.close()));

  for (const way of [["websocket"], ["polling"], ["polling", "websocket"]]) {
    test(`text comes back as text and bytes as bytes, in order: ${way.join(", ")}`, async () => {
      const client = new EngineClient(server.url, { path: "/engine.io/", transports: way });
      clients.push(client);
      const sent = inOrder(200).map((i) => (i % 3 === 0 ? Buffer.from([i, 0, 255]) : `text ${i} €😀`));
      const got = [];
      const all = new Promise((resolve) => client.on("message", (data) => got.push(data) === sent.length && resolve()));
      await within(new Promise((resolve) => client.once("open", resolve)), "open");
      for (const [i, data] of sent.entries()) {
        client.send(data);
        if (i % 20 === 0) await new Promise((resolve) => setImmediate(resolve));
      }
      await eventually(all, "all messages");
      assert.deepEqual(got, sent);
    });
  }

  test("an empty text comes back", async () => {
    const client = new EngineClient(server.url, { path: "/engine.io/", transports: ["websocket"] });
    clients.push(client);
    const back = new Promise((resolve) => client.once("message", resolve));
    client.send("");
    assert.equal((await within(back, "the empty text")) ?? "", ""); // the client makes undefined of it
  });
});
