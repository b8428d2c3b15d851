// A node from its start to its end: health, readiness, waiting for a server, and the drain on SIGTERM.
import assert from "node:assert/strict";
import { connect } from "node:net";
import { test } from "node:test";
import { io } from "socket.io-client";
import { freePort, missing, startServer, startWarren, waitUntil } from "../../support/servers.mjs";
import { addUser, call, signIn } from "./support.mjs";

const get = async (node, path) => {
  const answer = await fetch(node.adminUrl + path);
  return { status: answer.status, text: await answer.text() };
};

async function connected(node, person, options = {}) {
  const session = await signIn(node, person);
  const { socketToken } = (await call(node, "GET", "/user/me", { session })).body.data;
  const socket = io(node.url, { auth: { token: socketToken }, forceNew: true, reconnectionDelay: 50, ...options });
  await new Promise((done, failed) => socket.once("connect", done).once("connect_error", failed));
  return socket;
}

test("a node says how it is", async () => {
  const node = await startWarren();
  assert.deepEqual(await get(node, "/healthz"), { status: 200, text: "ok\n" });
  const { status, text } = await get(node, "/readyz");
  assert.equal(status, 200);
  assert.deepEqual(JSON.parse(text),
    { ready: true, parts: { bus: { state: "ok" }, start: { state: "ok" }, store: { state: "ok" } } });
  const metrics = await get(node, "/metrics");
  assert.match(metrics.text, /^# TYPE warren_http_connections gauge$/m);
  assert.equal((await fetch(`${node.url}/metrics`)).status, 404, "not on the public address");
  const page = await fetch(node.url);
  assert.equal(page.status, 200);
  assert.match(page.headers.get("content-type"), /^text\/html/);
  assert.equal(await node.stop(), 0);
});

test("where files run out nobody more comes in, and those who are in are served", async () => {
  const node = await startWarren({ under: ["prlimit", "--nofile=700"] });
  assert.match(node.logEnd(), /connections_bounded connections=444 /);
  const person = addUser(node, "inside@example.org", "Inside");
  const socket = await connected(node, person, { transports: ["websocket"] });
  const more = Array.from({ length: 600 }, () => connect(node.port, "127.0.0.1").on("error", () => {}));
  await waitUntil(async () => (await node.metric("warren_http_refused_total")) >= 600 - 444, { what: "some being refused" });
  assert.equal(await node.metric("warren_http_connections"), 444);
  const { data: channelId } = await socket.timeout(5000).emitWithAck("group:new", { name: "full", members: [] });
  const asked = Array.from({ length: 32 }, (_, n) => socket.timeout(5000).emitWithAck("message:new", { channelId, message: `${n}` })
    .then(() => socket.timeout(5000).emitWithAck("messages:get", { channelId, limit: 10 })));
  assert.deepEqual((await Promise.all(asked)).map(({ success }) => success), asked.map(() => true));
  for (const one of more) one.destroy();
  const late = await connected(node, person);
  for (const one of [socket, late]) one.close();
  assert.doesNotMatch(node.logEnd(100_000), /_failed/);
  assert.equal(await node.stop(), 0);
});

test("logs can be JSON, and hold neither texts nor secrets", async () => {
  const node = await startWarren({ config: { log: { format: "json", level: "debug" } } });
  const person = addUser(node, "log@example.org", "Logged", "a-secret-password");
  const socket = await connected(node, person);
  await socket.timeout(5000).emitWithAck("group:new", { name: "a-secret-group", members: [] });
  await call(node, "POST", "/auth/sign-in", { body: { email: person.email, password: "a-secret-mistake" } });
  socket.close();
  assert.equal(await node.stop(), 0);
  const lines = node.logEnd(100000).split("\n").filter((line) => line.startsWith("{"));
  assert.ok(lines.length >= 3);
  for (const line of lines) assert.equal(typeof JSON.parse(line).event, "string");
  assert.ok(!node.logEnd(100000).includes("a-secret"));
});

async function allMessages(socket, channelId) {
  const messages = [];
  for (let before; ;) {
    const page = await socket.timeout(5000).emitWithAck("messages:get", { channelId, before, limit: 100 });
    assert.equal(page.success, true, JSON.stringify(page));
    messages.push(...page.data.messages);
    if (!page.data.limited) return messages;
    before = page.data.from;
  }
}

/** Sends one message after the other on `socket`, ten at a time, until it is disconnected; the acknowledged texts. */
async function sendUntilGone(socket, channelId, name) {
  const acknowledged = new Set();
  let gone = false, number = 0;
  socket.once("disconnect", () => { gone = true; });
  await Promise.all(Array.from({ length: 10 }, async () => {
    while (!gone) {
      const message = `${name}-${number++}`;
      const answer = await Promise.race([
        socket.emitWithAck("message:new", { channelId, message, nonce: message }),
        new Promise((done) => socket.once("disconnect", () => done(null))),
      ]);
      if (answer?.success) acknowledged.add(message);
      else if (answer?.code === "unavailable") return; // It came too late to be accepted.
      else assert.ok(gone, JSON.stringify(answer));
    }
  }));
  return acknowledged;
}

for (const transports of [["websocket"], ["polling"]]) {
  test(`on SIGTERM what was accepted is acknowledged and clients are sent away (${transports})`, async () => {
    const node = await startWarren({ config: { admin: { drain: "1s" },
      limits: { send_per_connection: "0/1s", send_per_user: "0/1s" } } });
    const person = addUser(node, "drain@example.org", "Drained");
    const sockets = await Promise.all(Array.from({ length: 5 }, () => connected(node, person, { transports })));
    for (const socket of sockets) socket.setMaxListeners?.(0);
    const { data: channelId } = await sockets[0].timeout(5000).emitWithAck("group:new", { name: "leaving", members: [] });
    const reasons = sockets.map((socket) => new Promise((done) => socket.once("disconnect", done)));
    const sending = sockets.map((socket, i) => sendUntilGone(socket, channelId, `s${i}`));
    await sockets[0].timeout(5000).emitWithAck("message:new", { channelId, message: "begun" });
    const stopping = node.stop();
    const unready = await waitUntil(async () => {
      const { status, text } = await get(node, "/readyz").catch(() => ({ status: 0 }));
      return status === 200 ? null : { status, text };
    }, { what: "not being ready" });
    if (unready.status) assert.match(unready.text, /stopping/);
    for (const reason of await Promise.all(reasons)) assert.match(reason, /^transport (close|error)$/);
    assert.equal(await stopping, 0);
    const acknowledged = new Set((await Promise.all(sending)).flatMap((texts) => [...texts]));
    assert.ok(acknowledged.size > 10);

    await node.start(); // The same port: the clients come back by themselves.
    await Promise.all(sockets.map((socket) => waitUntil(() => socket.connected, { what: "coming back" })));
    const stored = (await allMessages(sockets[0], channelId)).map((message) => message.message).filter((text) => text !== "begun");
    assert.equal(new Set(stored).size, stored.length);
    assert.deepEqual(stored.filter((text) => !acknowledged.has(text)), [], "stored, but not acknowledged");
    assert.equal(stored.length, acknowledged.size, "acknowledged, but not stored");
    for (const socket of sockets) socket.close();
    assert.equal(await node.stop(), 0);
  });
}

test("a second SIGTERM ends it at once", { timeout: 30000 }, async () => {
  const node = await startWarren({ config: { admin: { drain: "1h" } } });
  const person = addUser(node, "slow@example.org", "Slow");
  const socket = await connected(node, person, { transports: ["websocket"], reconnection: false });
  node.signal("SIGTERM");
  await waitUntil(async () => (await get(node, "/readyz")).status === 503);
  node.signal("SIGTERM");
  assert.equal(await node.ended, "SIGTERM");
  socket.close();
});

test("SIGTERM also ends a start that waits", async () => {
  const node = await startWarren({ wait: false, config: { mongodb: { url: `mongodb://127.0.0.1:${await freePort()}/` } } });
  await waitUntil(async () => {
    const answer = await get(node, "/readyz").catch(() => null);
    return answer?.status === 503 && /"store":\{"state":"down","reason":"[^"]+/.test(answer.text);
  }, { what: "readyz saying that the store is away" });
  assert.equal((await get(node, "/healthz")).status, 200);
  assert.equal(await new Promise((done) => connect(node.port, "127.0.0.1").once("error", () => done("closed"))
    .once("connect", () => done("open"))), "closed", "nobody is let in yet");
  assert.equal(await node.stop(), 0);
});

test("a MongoDB that is not up yet is waited for", { skip: missing("mongodb") }, async () => {
  const port = await freePort();
  const node = await startWarren({ wait: false, config: { mongodb: { url: `mongodb://127.0.0.1:${port}/` } } });
  await waitUntil(async () => (await get(node, "/readyz").catch(() => null))?.status === 503);
  const mongo = await startServer("mongodb", { port });
  await waitUntil(async () => (await get(node, "/readyz")).status === 200, { timeout: 60000, what: "being ready" });
  const person = addUser(node, "mongo@example.org", "Mongo");
  assert.equal((await call(node, "GET", "/user/me", { session: await signIn(node, person) })).body.data._id, person._id);
  assert.equal(await node.stop(), 0);
  await mongo.stop();
});
