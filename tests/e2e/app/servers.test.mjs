// A node and the servers that it is told of: refused, missing, waited for; both commands that look say the same.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { clusterConfig, freePort, missing, startServer, startWarren, temporaryFolder, waitUntil, warren } from "../../support/servers.mjs";
import { addUser, call, signIn } from "./support.mjs";

const readyz = (node) => fetch(`${node.adminUrl}/readyz`).then((answer) => answer.json(), () => null);

describe("RabbitMQ and MongoDB", { skip: missing("rabbitmq", "mongodb") }, () => {
  let broker, store;
  before(async () => { [broker, store] = await Promise.all([startServer("rabbitmq"), startServer("mongodb")]); });
  after(() => Promise.all([broker.stop(), store.stop()]));

  const bothSay = (environment, status, pattern) => {
    const quiet = ["--set", "log.level=off"];
    const folder = join(temporaryFolder(), "data");
    for (const command of [["check-config", "--connect"],
      ["serve", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", "--data-dir", folder]]) {
      const result = warren([...command, ...quiet], { env: environment });
      assert.equal(result.status, status, result.stderr);
      assert.match(result.stderr, pattern, command[0]);
      assert.ok(!result.stderr.includes("hunter2"), "the password is not shown");
    }
  };

  test("are tried by check-config --connect", () => {
    const { status, stderr } = warren(["check-config", "--connect"],
      { env: { WARREN_MONGODB_URL: store.url, WARREN_RABBITMQ_URLS: broker.url } });
    assert.equal(status, 0, stderr);
    assert.equal(stderr, "MongoDB: ok\nRabbitMQ: ok\n");
  });

  test("say which one refuses and how to mend it, with 3", () => {
    const wrongPassword = broker.url.replace("guest:guest", "guest:hunter2");
    bothSay({ WARREN_MONGODB_URL: store.url, WARREN_RABBITMQ_URLS: wrongPassword }, 3, /RabbitMQ.*(password|refus)/i);
    bothSay({ WARREN_MONGODB_URL: store.url, WARREN_RABBITMQ_URLS: `${broker.url}/no-such-vhost` }, 3, /vhost/i);
    bothSay({ WARREN_MONGODB_URL: "mongodb://127.0.0.1:1/?nonsense=%", WARREN_RABBITMQ_URLS: broker.url }, 3, /MongoDB|mongodb/);
  });

  test("make two nodes one: a session of either is good on both, until signed out", async () => {
    const nodes = await Promise.all(["a", "b"].map((name) =>
      startWarren({ name, args: ["--demo"], config: clusterConfig({ name, broker, store, database: "two" }) })));
    const person = addUser(nodes[0], "two@example.org", "Two Nodes");
    const session = await signIn(nodes[0], person);
    assert.equal((await call(nodes[1], "GET", "/user/me", { session })).body.data._id, person._id);
    const { stdout } = warren(["user", "list", "--config", nodes[1].configFile]);
    assert.equal(stdout.trimEnd().split("\n").length, 5, "both demos made the same four people");
    assert.equal((await call(nodes[1], "POST", "/auth/sign-out", { session })).status, 200);
    assert.equal((await call(nodes[0], "GET", "/user/me", { session })).status, 401);
    assert.deepEqual(await Promise.all(nodes.map((node) => node.stop())), [0, 0]);
  });

  test("a broker that goes away degrades a node and does not stop it", async () => {
    const own = await startServer("rabbitmq");
    const node = await startWarren({ config: clusterConfig({ name: "c", broker: own, store, database: "lonely" }) });
    await own.stop();
    const away = await waitUntil(async () => {
      const answer = await readyz(node);
      return answer?.parts.bus.state === "degraded" && answer;
    }, { timeout: 30000, what: "bus degraded" });
    assert.equal(away.ready, true);
    assert.ok(away.parts.bus.reason.length > 20);
    const person = addUser(node, "still@example.org", "Still Here");
    await signIn(node, person);
    await own.start();
    await waitUntil(async () => (await readyz(node))?.parts.bus.state === "ok", { timeout: 60000, what: "bus ok again" });
    assert.equal(await node.stop(), 0);
    await own.stop();
  });

  test("a broker that is not up yet is waited for", async () => {
    const port = await freePort();
    const later = { url: `amqp://guest:guest@127.0.0.1:${port}` };
    const node = await startWarren({ wait: false, config: clusterConfig({ name: "d", broker: later, store, database: "later" }) });
    await waitUntil(async () => (await readyz(node))?.parts.bus?.state === "down", { timeout: 30000, what: "bus down" });
    const own = await startServer("rabbitmq", { port });
    await waitUntil(async () => (await readyz(node))?.ready, { timeout: 60000, what: "being ready" });
    assert.equal(await node.stop(), 0);
    await own.stop();
  });

  test("of two nodes with different partitions the later one is not ready until the other has gone", async () => {
    const config = (name, urls) => ({ ...clusterConfig({ name, broker, store, database: "parts" }), rabbitmq: { urls } });
    const first = await startWarren({ name: "first", config: config("first", [broker.url]) });
    await new Promise((done) => setTimeout(done, 1100)); // Node ids, which say who is older, count seconds.
    const second = await startWarren({ name: "second", wait: false, config: config("second", [broker.url, broker.url]) });
    const down = await waitUntil(async () => {
      const answer = await readyz(second);
      return answer?.parts.bus?.state === "down" && answer.parts.start.state === "ok" && answer;
    }, { timeout: 30000, what: "the second node not being ready" });
    assert.match(down.parts.bus.reason, /started earlier, has other rabbitmq\.urls/);
    const here = await waitUntil(async () => {
      const answer = await readyz(first);
      return answer.parts.bus.state === "degraded" && answer;
    });
    assert.equal(here.ready, true);
    assert.equal(await first.stop(), 0);
    await waitUntil(async () => (await readyz(second))?.ready, { timeout: 30000, what: "the second node being ready" });
    assert.equal(await second.stop(), 0);
  });

  test("secrets may come from files", async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "store"), `${store.url}\n`);
    writeFileSync(join(folder, "broker"), `${broker.url}\n`);
    const { status, stdout, stderr } = warren(["check-config", "--connect"],
      { env: { WARREN_MONGODB_URL_FILE: join(folder, "store"), WARREN_RABBITMQ_URLS_FILE: join(folder, "broker") } });
    assert.equal(status, 0, stderr);
    assert.ok(!stdout.includes("guest"));
  });
});
