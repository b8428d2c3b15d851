// Presence when a node dies with kill -9, and when the broker is restarted: two nodes over RabbitMQ and a shared store.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { closeAll, connect, makePeople, startNode } from "../e2e/chat/support.mjs";
import { clusterConfig, missing, startServer, waitUntil } from "../support/servers.mjs";

const ttl = 6000;

describe("presence on two nodes", { skip: missing("rabbitmq", "mongodb") }, () => {
  let broker, store, nodes, alice, bob, carol;
  before(async () => {
    [broker, store] = await Promise.all([startServer("rabbitmq"), startServer("mongodb")]);
    const presence = { ttl: `${ttl}ms`, linger: "300ms", answer_wait: "1s" };
    const config = (name) => ({ ...clusterConfig({ name, broker, store }), presence });
    nodes = [await startNode(config("a")), await startNode(config("b"))];
    [alice, bob, carol] = await makePeople(nodes[0], "Alice", "Bob", "Carol");
  }, { timeout: 120000 });
  after(async () => {
    closeAll();
    await Promise.all((nodes ?? []).map((node) => node.stop()));
    await Promise.all([broker?.stop(), store?.stop()]);
  });
  const stays = { reconnection: false };
  const told = (connection, person) => connection.pushed("presence").filter(({ userId }) => userId === person.id)
    .map(({ online }) => online);
  const watching = async (connection, ...people) => Object.values(
    await connection.get("presence:watch", { users: people.map(({ id }) => id) })).map(({ online }) => online);

  test("who was on a killed node only goes offline within the time to live", { timeout: 60000 }, async () => {
    const a = await connect(nodes[0], alice);
    const elsewhere = await connect(nodes[0], carol);
    await Promise.all([connect(nodes[1], bob, stays), connect(nodes[1], carol, stays)]);
    assert.deepEqual(await watching(a, bob, carol), [true, true]);
    // What holds is refreshed: longer than the time to live nothing changes.
    await waitUntil(async () => await nodes[1].metric("warren_bus_consumed_total") > 0, { what: "the nodes to talk" });
    const quietUntil = Date.now() + 1.5 * ttl;
    await waitUntil(() => Date.now() > quietUntil, { timeout: 3 * ttl, what: "some time to pass" });
    assert.deepEqual([told(a, bob), told(a, carol)], [[], []]);

    await nodes[1].kill();
    const killed = Date.now();
    await waitUntil(() => told(a, bob).length > 0, { timeout: ttl + 10000, what: "Bob to be offline" });
    assert.ok(Date.now() - killed <= ttl + 3000, `after ${Date.now() - killed} ms`);
    assert.deepEqual([told(a, bob), told(a, carol)], [[false], []]);
    const last = a.pushed("presence").at(-1).lastSeen;
    assert.ok(Math.abs(new Date(last) - killed) < ttl + 3000, last);

    await nodes[1].start();
    const back = await connect(nodes[1], bob);
    await waitUntil(() => told(a, bob).at(-1), { what: "Bob to be back" });
    elsewhere.close();
    await waitUntil(() => told(a, carol).at(-1) === false, { what: "Carol to be offline" });
    back.close();
    closeAll();
  });

  test("while the broker is away nobody goes offline, who left meanwhile afterwards", { timeout: 120000 }, async () => {
    const [a, , c] = await Promise.all([alice, bob, carol].map((person, n) => connect(nodes[n && 1], person, stays)));
    assert.deepEqual(await watching(a, bob, carol), [true, true]);
    await broker.stop();
    c.close();
    const until = Date.now() + 1.5 * ttl;
    await waitUntil(() => Date.now() > until, { timeout: 3 * ttl, what: "some time to pass" });
    assert.deepEqual([told(a, bob), told(a, carol)], [[], []]);
    await broker.start();
    await waitUntil(() => told(a, carol).length > 0, { timeout: 60000, what: "Carol to be offline" });
    assert.deepEqual([told(a, bob), told(a, carol)], [[], [false]]);
    closeAll();
  });
});
