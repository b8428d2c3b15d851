// npm's socket.io-client over each way of connecting, against four shards.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { EchoServer, warrenOnly } from "./support.mjs";
import { connect, connected, disconnectAll, eventually, nextEvent } from "./stock.mjs";

const ways = { websocket: ["websocket"], polling: ["polling"], "polling then upgrade": ["polling", "websocket"] };

let server;
before(async () => (server = await EchoServer.start()));
after(() => server.stop());

for (const [way, transports] of Object.entries(ways)) {
  describe(`stock client, ${way}`, { concurrency: true }, () => {
    const open = (options = {}, namespace = "/") => connected(server, { transports, ...options }, namespace);
    after(() => disconnectAll());

    async function echoes(socket, ...args) {
      const back = nextEvent(socket, "message-back");
      socket.emit("message", ...args);
      assert.deepEqual(await back, args);
    }

    test("text, numbers, objects and no arguments come back", async () => {
      const socket = await open();
      await echoes(socket, "hello");
      await echoes(socket, 1, -2.5, true, false, null, { a: { b: [1, "2", {}] } }, []);
      await echoes(socket);
    });

    test("Unicode, control characters and line separators come back", async () => {
      const socket = await open();
      const texts = ["ñandú €", "日本語", "😀👩‍👩‍👧‍👦", "\u0000\u0001\u001e\u001f", "\u2028\u2029", '"\\/\b\f\n\r\t', "\ufeffbom", ""];
      await echoes(socket, ...texts, Object.fromEntries(texts.map((text) => [text, text])));
    });

    test("a Buffer and an ArrayBuffer come back as bytes", async () => {
      const socket = await open();
      await echoes(socket, Buffer.from([0, 1, 127, 128, 255]));
      const back = nextEvent(socket, "message-back");
      socket.emit("message", Uint8Array.from([1, 2, 3]).buffer);
      assert.deepEqual(await back, [Buffer.from([1, 2, 3])]);
    });

    test("several attachments, nested and empty, keep their places", async () => {
      const socket = await open();
      const one = Buffer.from("one");
      const two = Buffer.alloc(70000, 7);
      await echoes(socket, one, { deep: [{ two }, "text", one] }, Buffer.alloc(0), "last");
      await echoes(socket, ...Array.from({ length: 10 }, (_, i) => Buffer.from([i])));
    });

    test("an acknowledgement carries its arguments, text or binary", async () => {
      const socket = await open();
      assert.equal(await socket.timeout(5000).emitWithAck("message-with-ack", "hello"), "hello");
      const all = await new Promise((resolve) => {
        socket.emit("message-with-ack", 1, { b: Buffer.from("bytes") }, "x", (...args) => resolve(args));
      });
      assert.deepEqual(all, [1, { b: Buffer.from("bytes") }, "x"]);
      const none = await new Promise((resolve) => socket.emit("message-with-ack", (...args) => resolve(args)));
      assert.deepEqual(none, []);
    });

    test("many acknowledgements in flight are not mixed up", async () => {
      const socket = await open();
      const numbers = Array.from({ length: 300 }, (_, i) => i);
      const answers = numbers.map((i) => socket.timeout(5000).emitWithAck("message-with-ack", i));
      assert.deepEqual(await Promise.all(answers), numbers);
    });

    test("an event that is dropped with its acknowledgement disturbs nothing", async () => {
      const socket = await open();
      socket.emit("message", "with a callback that the server does not call", () => assert.fail("called"));
      await nextEvent(socket, "message-back");
      await assert.rejects(socket.timeout(100).emitWithAck("nobody listens to this"));
      await echoes(socket, "still here");
    });

    test("the server asks and the client acknowledges", async () => {
      const socket = await open();
      socket.on("question", (...args) => args.pop()("yes", args));
      const answer = nextEvent(socket, "answer");
      socket.emit("ask-me", "sure?", { really: [1] });
      assert.deepEqual(await answer, ["yes", ["sure?", { really: [1] }]]);
    });

    test("an emit with acknowledgement times out at the server when nobody answers", async () => {
      const socket = await open();
      const timedOut = nextEvent(socket, "answer-timeout");
      socket.emit("ask-me", "hm?");
      assert.deepEqual(await timedOut, []);
      await echoes(socket, "still here");
    });

    test("auth data reaches the server", async () => {
      const auth = { token: "123", nested: { list: [1, "two", null], text: "ü" } };
      const socket = connect(server, { transports, auth });
      assert.deepEqual(await nextEvent(socket, "auth"), [auth]);
    });

    test("without auth data the server has an empty object", async () => {
      const socket = connect(server, { transports });
      assert.deepEqual(await nextEvent(socket, "auth"), [{}]);
    });

    test("/custom works like the main namespace, with auth of its own", async () => {
      const socket = connect(server, { transports, auth: { for: "custom" } }, "/custom");
      assert.deepEqual(await nextEvent(socket, "auth"), [{ for: "custom" }]);
      await echoes(socket, "hello", Buffer.from("bytes"));
      assert.equal(await socket.timeout(5000).emitWithAck("message-with-ack", 1), 1);
    });

    test("an unknown namespace is refused and the client does not come back", async () => {
      const socket = connect(server, { transports, reconnectionDelay: 20 }, "/nobody-knows");
      const [error] = await nextEvent(socket, "connect_error");
      assert.equal(error.message, "Invalid namespace");
      assert.equal(socket.active, false);
      assert.equal(socket.connected, false);
    });

    test("several namespaces share one session, and leaving one leaves the other", async () => {
      const main = await open({ forceNew: true, multiplex: true });
      const custom = main.io.socket("/custom");
      const refused = main.io.socket("/unknown");
      await Promise.all([nextEvent(custom, "connect"), nextEvent(refused, "connect_error")]);
      assert.notEqual(main.id, custom.id);
      await Promise.all([echoes(main, "to main"), echoes(custom, "to custom")]);
      main.disconnect();
      await echoes(custom, "after main has gone");
      const again = nextEvent(main, "connect");
      main.connect();
      await again;
      await Promise.all([echoes(main, "back"), echoes(custom, "too")]);
    });

    test("the ids of connection and session differ", async () => {
      const socket = await open();
      assert.match(socket.id, /^[\w-]{16,}$/);
      assert.notEqual(socket.id, socket.io.engine.id);
    });

    test("events of one client arrive in order", async () => {
      const socket = await open();
      const count = 500;
      const got = [];
      const all = new Promise((resolve) => {
        socket.on("message-back", (i) => got.push(i) === count && resolve());
      });
      for (let i = 0; i < count; ++i) socket.emit("message", i);
      await eventually(all, `${count} events`);
      assert.deepEqual(got, [...got.keys()]);
    });

    test("messages near the maximum payload come back", async () => {
      const socket = await open();
      for (const size of [65535, 65536, 200000, 990000]) {
        const back = nextEvent(socket, "message-back");
        socket.emit("message", "x".repeat(size));
        assert.equal((await back)[0].length, size);
      }
      // Base64 in polling makes a third more of it.
      const back = nextEvent(socket, "message-back");
      const bytes = Buffer.alloc(700000, 5);
      socket.emit("message", bytes);
      assert.ok((await back)[0].equals(bytes));
    });

    test("a message over the maximum payload ends that session and no other, and the client comes back", async () => {
      const other = await open();
      const socket = await open({ reconnectionDelay: 20 });
      const gone = nextEvent(socket, "disconnect");
      const back = nextEvent(socket, "connect");
      socket.emit("message", "x".repeat(1_100_000));
      const [reason] = await gone;
      assert.ok(["transport close", "transport error"].includes(reason), reason);
      await back;
      await echoes(socket, "again");
      await echoes(other, "undisturbed");
    });

    test("many clients at once each get their own", async () => {
      const clients = await Promise.all(Array.from({ length: 40 }, () => open()));
      assert.equal(new Set(clients.map(({ id }) => id)).size, clients.length);
      const rounds = clients.map(async (socket, who) => {
        for (let round = 0; round < 5; ++round) {
          const back = nextEvent(socket, "message-back");
          socket.emit("message", who, round, Buffer.from(`${who}/${round}`));
          assert.deepEqual(await back, [who, round, Buffer.from(`${who}/${round}`)]);
        }
      });
      await Promise.all(rounds);
    });

    test("the client disconnects and may connect again", async () => {
      const socket = await open();
      const first = socket.id;
      const gone = nextEvent(socket, "disconnect");
      socket.disconnect();
      assert.equal((await gone)[0], "io client disconnect");
      const back = nextEvent(socket, "connect");
      socket.connect();
      await back;
      assert.notEqual(socket.id, first);
      await echoes(socket, "again");
    });

    test("no recovery is offered: no pid in CONNECT", async () => {
      const socket = await open();
      assert.equal(socket._pid, undefined);
      assert.ok(!socket.recovered);
    });
  });
}

describe("stock client, requests of many sessions on shared TCP connections", { concurrency: true }, () => {
  after(() => disconnectAll());

  test("kept-alive connections carry requests of sessions of every shard", async () => {
    const { Agent } = await import("node:http");
    const agent = new Agent({ keepAlive: true, maxSockets: 8 });
    // Pending polls occupy a connection each, so fewer sockets than clients would starve them: POSTs share, polls queue.
    const clients = await Promise.all(
      Array.from({ length: 4 }, () => connected(server, { transports: ["polling"], agent })),
    );
    const rounds = clients.map(async (socket, who) => {
      for (let round = 0; round < 30; ++round) {
        assert.equal(await socket.timeout(5000).emitWithAck("message-with-ack", `${who}/${round}`), `${who}/${round}`);
      }
    });
    await Promise.all(rounds);
    disconnectAll();
    agent.destroy();
  });

  test("an emit with acknowledgement and a timeout too long does not outlive its connection", warrenOnly, async () => {
    const socket = await connected(server, { transports: ["websocket"] });
    socket.emit("ask-me", "?");
    await nextEvent(socket, "question");
    socket.disconnect();
    const other = await connected(server, { transports: ["websocket"] });
    assert.equal(await other.timeout(5000).emitWithAck("message-with-ack", "alive"), "alive");
  });
});
