// Engine.IO v4 over HTTP long-polling, request by request. Each request may reach any of four shards.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { EchoServer, Polling, pause, RawConnection, request, separator, warrenOnly } from "./support.mjs";

const maxPayload = 100_000;
let server;
before(async () => {
  server = await EchoServer.start({ "ping-interval": 20000, "ping-timeout": 10000, "max-payload": maxPayload });
});
after(() => server.stop());

const errors = {
  unknownTransport: { code: 0, message: "Transport unknown" },
  unknownSid: { code: 1, message: "Session ID unknown" },
  badMethod: { code: 2, message: "Bad handshake method" },
  badRequest: { code: 3, message: "Bad request" },
  badVersion: { code: 5, message: "Unsupported protocol version" },
};

function assertError(answer, error) {
  assert.equal(answer.status, 400);
  assert.match(answer.headers["content-type"] ?? "", /^application\/json/);
  assert.deepEqual(answer.json(), error);
}

/** The session is gone for everybody. */
async function assertGone(session) {
  assertError(await session.get(), errors.unknownSid);
  assertError(await session.post("4x"), errors.unknownSid);
}

for (const path of ["/engine.io/", "/socket.io/"]) {
  describe(`handshake on ${path}`, { concurrency: true }, () => {
    test("is one open packet with the parameters", async () => {
      const answer = await request(server, `${path}?EIO=4&transport=polling`);
      assert.equal(answer.status, 200);
      assert.match(answer.headers["content-type"], /^text\/plain; *charset=utf-8$/i);
      assert.equal(answer.headers["cache-control"], "no-store");
      assert.equal(answer.text[0], "0");
      const { sid, ...rest } = JSON.parse(answer.text.slice(1));
      const wanted = { upgrades: ["websocket"], pingInterval: 20000, pingTimeout: 10000, maxPayload };
      assert.deepEqual(rest, wanted);
      assert.match(sid, /^[\w-]{20,}$/);
    });

    test("each handshake has another sid", async () => {
      const all = await Promise.all(Array.from({ length: 20 }, () => Polling.open(server, path)));
      assert.equal(new Set(all.map(({ sid }) => sid)).size, 20);
    });

    test("unknown parameters are ignored (t=, b64=, an app's own)", async () => {
      const answer = await request(server, `${path}?t=abc&EIO=4&b64=1&transport=polling&token=x%20y&empty=&flag`);
      assert.equal(answer.status, 200);
    });

    const refused = {
      "no transport": ["?EIO=4", errors.unknownTransport],
      "an unknown transport": ["?EIO=4&transport=abc", errors.unknownTransport],
      "an empty transport": ["?EIO=4&transport=", errors.unknownTransport],
      "a transport named like a property": ["?EIO=4&transport=__proto__", errors.unknownTransport],
      "WebTransport": ["?EIO=4&transport=webtransport", errors.unknownTransport],
      "no EIO": ["?transport=polling", errors.badVersion],
      "EIO=3": ["?EIO=3&transport=polling", errors.badVersion],
      "EIO=5": ["?EIO=5&transport=polling", errors.badVersion],
      "EIO=abc": ["?EIO=abc&transport=polling", errors.badVersion],
      "WebSocket without an upgrade": ["?EIO=4&transport=websocket", errors.badRequest],
      "an unknown sid": ["?EIO=4&transport=polling&sid=abc", errors.unknownSid],
      "a sid with odd bytes": ["?EIO=4&transport=polling&sid=%00%ff%2e%2e%2f", errors.unknownSid],
      "a very long sid": [`?EIO=4&transport=polling&sid=${"a".repeat(3000)}`, errors.unknownSid],
      "nothing at all": ["", errors.unknownTransport],
    };
    for (const [what, [query, error]] of Object.entries(refused)) {
      test(`is refused with ${what}`, async () => assertError(await request(server, path + query), error));
    }

    for (const method of ["POST", "PUT", "DELETE", "PATCH"]) {
      test(`is refused by ${method}`, async () => {
        const options = { method, headers: { "content-length": "0" } };
        assertError(await request(server, `${path}?EIO=4&transport=polling`, options), errors.badMethod);
      });
    }

    test("POST with an unknown sid", async () => {
      const options = { method: "POST", body: "4hello" };
      assertError(await request(server, `${path}?EIO=4&transport=polling&sid=unknown`, options), errors.unknownSid);
    });

    test("an altered sid is unknown, wherever the change is", async () => {
      const { sid } = await Polling.open(server, path);
      for (let at = 0; at < sid.length; at += 3) {
        const altered = sid.slice(0, at) + (sid[at] === "A" ? "B" : "A") + sid.slice(at + 1);
        assertError(await request(server, `${path}?EIO=4&transport=polling&sid=${altered}`), errors.unknownSid);
      }
    });
  });
}

describe("requests of a polling session", { concurrency: true }, () => {
  test("a message is echoed, the POST answered with ok", async () => {
    const session = await Polling.open(server);
    const posted = await session.post("4hello");
    assert.equal(posted.status, 200);
    assert.equal(posted.text, "ok");
    assert.equal(posted.headers["cache-control"], "no-store");
    const polled = await session.get();
    assert.equal(polled.status, 200);
    assert.equal(polled.text, "4hello");
    assert.equal(polled.headers["cache-control"], "no-store");
    assert.match(polled.headers["content-type"], /^text\/plain; *charset=utf-8$/i);
  });

  test("a poll waits until there is something", async () => {
    const session = await Polling.open(server);
    const poll = session.poll();
    let answered = false;
    poll.then(() => (answered = true));
    await pause(100);
    assert.equal(answered, false);
    await session.post("4late");
    assert.deepEqual(await poll, ["4late"]);
  });

  test("several packets in one payload, both ways, in order", async () => {
    const session = await Polling.open(server);
    await session.post(["4one", "4two", "4three"].join(separator));
    const got = [];
    while (got.length < 3) got.push(...(await session.poll()));
    assert.deepEqual(got, ["4one", "4two", "4three"]);
  });

  test("what waits leaves in one payload", async () => {
    const session = await Polling.open(server);
    for (const text of ["4a", "4b", "4c"]) await session.post(text);
    assert.deepEqual(await session.poll(), ["4a", "4b", "4c"]);
  });

  test("binary goes as base64, and between texts", async () => {
    const session = await Polling.open(server);
    const payload = ["4hello", "bAQIDBA==", "bAAE=", "b", "4bye", `b${Buffer.alloc(300, 255).toString("base64")}`];
    await session.post(payload.join(separator));
    const got = [];
    while (got.length < payload.length) got.push(await session.next());
    assert.deepEqual(got, payload);
  });

  test("an empty text and Unicode", async () => {
    const session = await Polling.open(server);
    const payload = ["4", "4ñ €😀", "4\n\r\t"];
    await session.post(payload.join(separator));
    const got = [];
    while (got.length < payload.length) got.push(await session.next());
    assert.deepEqual(got, payload);
  });

  test("a chunked POST is a POST", async () => {
    const session = await Polling.open(server);
    const posted = await session.post("4chunked", { headers: { "transfer-encoding": "chunked" } });
    assert.equal(posted.status, 200);
    assert.equal(await session.next(), "4chunked");
  });

  test("a hundred sessions at once do not mix", async () => {
    const one = async (_, who) => {
      const session = await Polling.open(server);
      for (let round = 0; round < 3; ++round) {
        const poll = session.poll();
        await session.post(`4${who}/${round}`);
        assert.deepEqual(await poll, [`4${who}/${round}`]);
      }
    };
    await Promise.all(Array.from({ length: 100 }, one));
  });

  test("order holds over hundreds of POSTs on as many TCP connections", async () => {
    const session = await Polling.open(server);
    const wanted = Array.from({ length: 200 }, (_, i) => `4${i}`);
    const posting = (async () => {
      for (const packet of wanted) assert.equal((await session.post(packet)).status, 200);
    })();
    const got = [];
    while (got.length < wanted.length) got.push(await session.next());
    await posting;
    assert.deepEqual(got, wanted);
  });

  test("a payload of exactly the maximum passes", async () => {
    const session = await Polling.open(server);
    const payload = `4${"x".repeat(maxPayload - 1)}`;
    assert.equal((await session.post(payload)).status, 200);
    assert.equal(await session.next(), payload);
  });

  test("a payload over the maximum is 413, and others are undisturbed", async () => {
    const other = await Polling.open(server);
    const session = await Polling.open(server);
    const answer = await session.post(`4${"x".repeat(maxPayload)}`);
    assert.equal(answer.status, 413);
    await other.post("4fine");
    assert.equal(await other.next(), "4fine");
  });

  test("a chunked payload over the maximum too", async () => {
    const session = await Polling.open(server);
    const headers = { "transfer-encoding": "chunked" };
    const answer = await session.post(`4${"x".repeat(maxPayload)}`, { headers });
    assert.equal(answer.status, 413);
  });

  test("a claim of gigabytes is refused before they come", warrenOnly, async () => {
    const session = await Polling.open(server);
    const connection = await RawConnection.open(server);
    connection.write(`POST ${session.query} HTTP/1.1\r\nHost: x\r\nContent-Length: 9000000000\r\n\r\n4`);
    assert.equal((await connection.response()).status, 413);
    connection.destroy();
  });

  test("a second poll beside a pending one closes the session", async () => {
    const session = await Polling.open(server);
    const first = session.get();
    await pause(50); // so that it is the first to arrive
    const second = await session.get();
    assert.equal(second.status, 400);
    const ended = await first;
    assert.equal(ended.status, 200);
    assert.equal(ended.text, "1");
    await assertGone(session);
  });

  test("a second POST beside an unfinished one closes the session", async () => {
    const session = await Polling.open(server);
    const slow = await RawConnection.open(server);
    slow.write(`POST ${session.query} HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n4begins`);
    await pause(50);
    const second = await session.post("4second").catch((error) => error);
    assert.ok(second instanceof Error || second.status === 400 || second.status === 200, second.status);
    if (second.status !== 200) await assertGone(session);
    slow.destroy();
  });

  test("transport=websocket without upgrade on a polling session", async () => {
    const session = await Polling.open(server);
    const answer = await request(server, session.query.replace("transport=polling", "transport=websocket"));
    assertError(answer, errors.badRequest);
    await session.post("4alive");
    assert.equal(await session.next(), "4alive");
  });

  test("another EIO on an existing session", async () => {
    const session = await Polling.open(server);
    assertError(await request(server, session.query.replace("EIO=4", "EIO=3")), errors.badRequest);
    assertError(await request(server, session.query.replace("EIO=4&", "")), errors.badRequest);
    await session.post("4alive");
    assert.equal(await session.next(), "4alive");
  });

  test("another method on an existing session is an error and harms nothing", async () => {
    const session = await Polling.open(server);
    const answer = await request(server, session.query, { method: "PUT", headers: { "content-length": "0" } });
    assert.ok(answer.status >= 400, `${answer.status}`);
    await session.post("4alive");
    assert.equal(await session.next(), "4alive");
  });

  test("a session of /engine.io/ is unknown on /socket.io/", async () => {
    const session = await Polling.open(server);
    assertError(await request(server, session.query.replace("/engine.io/", "/socket.io/")), errors.unknownSid);
    await session.post("4alive");
    assert.equal(await session.next(), "4alive");
  });
});

describe("the end of a polling session", { concurrency: true }, () => {
  test("a close packet ends it; the pending poll is answered", async () => {
    const session = await Polling.open(server);
    const poll = session.get();
    await pause(50);
    assert.equal((await session.post("1")).status, 200);
    const ended = await poll;
    assert.equal(ended.status, 200);
    assert.match(ended.text, /^[16]$/);
    await assertGone(session);
  });

  test("a close packet without a pending poll ends it", async () => {
    const session = await Polling.open(server);
    assert.equal((await session.post("1")).status, 200);
    await assertGone(session);
  });

  test("a pending poll whose TCP connection breaks ends it", async () => {
    const session = await Polling.open(server);
    const connection = await RawConnection.open(server);
    connection.write(`GET ${session.query} HTTP/1.1\r\nHost: x\r\n\r\n`);
    await pause(50);
    connection.destroy();
    for (let tries = 0; tries < 100; ++tries) {
      const answer = await session.post("4x");
      if (answer.status === 400) break;
      await pause(20);
    }
    await assertGone(session);
  });

  const invalid = {
    "an unknown type": "abc",
    "a type beyond the last": "7x",
    "a type that is no digit": "\u00e9",
    "an empty packet at the end": `4x${separator}`,
    "an empty packet at the start": `${separator}4x`,
    "an empty payload": "",
    "a client's ping": "2",
  };
  for (const [what, payload] of Object.entries(invalid)) {
    test(`${what} closes it, and no other`, async () => {
      const other = await Polling.open(server);
      const session = await Polling.open(server);
      const answer = await session.post(payload).catch((error) => error); // npm's server breaks the connection
      assert.ok(answer instanceof Error || answer.status === 400 || answer.status === 200, answer.status);
      await assertGone(session);
      await other.post("4fine");
      assert.equal(await other.next(), "4fine");
    });
  }

  for (const [what, payload] of Object.entries({ "invalid base64": "b****", "base64 of an impossible length": "bAAAAA" })) {
    test(`${what} closes it`, warrenOnly, async () => {
      const session = await Polling.open(server);
      const answer = await session.post(payload);
      assert.ok(answer.status === 400 || answer.status === 200, answer.status);
      await assertGone(session);
    });
  }

  test("invalid UTF-8 is never echoed as it came", warrenOnly, async () => {
    const session = await Polling.open(server);
    const answer = await session.post(Buffer.from([0x34, 0xc3, 0x28, 0xff]));
    assert.ok(answer.status === 400 || answer.status === 200, answer.status);
    await assertGone(session);
  });

  test("unasked pongs and noops are harmless", async () => {
    const session = await Polling.open(server);
    await session.post(["3", "6", "4alive"].join(separator));
    assert.equal(await session.next(), "4alive");
  });
});
