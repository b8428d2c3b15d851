// Two nodes over RabbitMQ and a MongoDB-protocol server: people on different nodes who notice neither that nor the death of
// a node, of the broker or of the store.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { checkHistory, readLog } from "../support/chat_client.mjs";
import { clusterConfig, missing, rabbitmqctl, startServer, startWarren, waitUntil } from "../support/servers.mjs";
import { deviceOf, makeGroup, makePeople } from "./people.mjs";

describe("two nodes", { skip: missing("rabbitmq", "mongodb") }, () => {
  let broker;
  let store;
  let nodes;
  let people;
  before(async () => {
    [broker, store] = await Promise.all([startServer("rabbitmq"), startServer("mongodb")]);
    const start = (name) => startWarren({ name, config: clusterConfig({ name, broker, store }) });
    nodes = [await start("a"), await start("b")];
    people = await makePeople(nodes[0], ["alice", "bob", "carol", "dave"]);
  });
  after(async () => {
    await Promise.all((nodes ?? []).map((node) => node.stop()));
    await Promise.all([broker?.stop(), store?.stop()]);
  });

  const on = (...order) => order.map((n) => nodes[n].url);
  const has = (device, channelId, text) => device.log(channelId).some((entry) => entry.message === text);
  const arrives = (device, channelId, text, timeout = 10000) =>
    waitUntil(() => has(device, channelId, text), { timeout, what: `"${text}" reaching ${device.name}` });

  /** Everybody writes while `disturb` runs; then all must have everything within 10 s, and the history must be right. */
  async function disturbed(group, disturb, { messages = 40 } = {}) {
    const devices = [
      deviceOf(people[0], on(0, 1)),
      deviceOf(people[1], on(1, 0), { transports: ["polling"] }),
      deviceOf(people[2], on(0, 1), { transports: ["polling", "websocket"] }),
      deviceOf(people[3], on(1, 0)),
    ];
    const channelId = await makeGroup(devices[0], people);
    await Promise.all(devices.map((device) => device.whenSynced()));
    const write = async (device) => {
      for (let n = 0; n < messages; n += 1) {
        await device.send(channelId, `${group} ${device.name} ${n}`, `${group}-${n}`);
        await sleep(40);
      }
    };
    const writing = Promise.all(devices.map(write));
    await sleep(300);
    await disturb();
    await writing;
    const log = await readLog(nodes[0].url, people[0].me.socketToken, channelId);
    const complete = () => devices.every((device) => device.log(channelId).length === log.length);
    await waitUntil(complete, { timeout: 10000, what: "everybody having everything" }).catch(() => {});
    devices.forEach((device) => device.close());
    const acknowledged = devices.flatMap((device) => device.acknowledged);
    assert.equal(acknowledged.length, messages * devices.length);
    assert.deepEqual(checkHistory({ log, channelId, acknowledged, devices }), []);
  }

  test("one person on two nodes, and two tabs on one node of which one closes", async () => {
    const here = deviceOf(people[0], on(0));
    const tab = deviceOf(people[1], on(1));
    const otherTab = deviceOf(people[1], on(1));
    const elsewhere = deviceOf(people[1], on(0));
    const channelId = await makeGroup(here, people.slice(0, 2));
    await Promise.all([here, tab, otherTab, elsewhere].map((device) => device.whenSynced()));
    await here.send(channelId, "to all", "m1");
    await Promise.all([here, tab, otherTab, elsewhere].map((device) => arrives(device, channelId, "to all", 2000)));
    otherTab.close();
    await sleep(200);
    await here.send(channelId, "still here", "m2");
    await Promise.all([here, tab, elsewhere].map((device) => arrives(device, channelId, "still here", 2000)));
    assert.deepEqual([here, tab, elsewhere].flatMap((device) => device.violations), []);
    [here, tab, elsewhere].forEach((device) => device.close());
  });

  test("everybody writes on both nodes at once", () => disturbed("calm", async () => {}));

  test("a node is killed while its clients send", { timeout: 120000 }, () => disturbed("kill", async () => {
    await nodes[1].kill();
    const queues = () => rabbitmqctl(broker, "list_queues", "name").length;
    await waitUntil(() => queues() === 1, { timeout: 20000, what: "the dead node's queue being gone" });
    const bound = rabbitmqctl(broker, "list_bindings", "source_name", "destination_name");
    const owners = new Set(bound.filter((binding) => binding.source_name !== "").map((binding) => binding.destination_name));
    assert.equal(owners.size, 1, "the dead node's bindings are gone");
    await nodes[1].start();
  }));

  test("a node dies between storing a channel's last message and announcing it", { timeout: 60000 }, async () => {
    const writer = deviceOf(people[0], on(0));
    const reader = deviceOf(people[1], on(1));
    const channelId = await makeGroup(writer, people.slice(0, 2));
    await reader.whenSynced();
    await writer.send(channelId, "before", "b1");
    await arrives(reader, channelId, "before", 2000);
    // A broker that stands still takes no announcement, but the message is stored and acknowledged.
    process.kill(-broker.pid, "SIGSTOP");
    await writer.send(channelId, "the last words", "b2");
    writer.close();
    await nodes[0].kill();
    process.kill(-broker.pid, "SIGCONT");
    await arrives(reader, channelId, "the last words", 10000);
    assert.deepEqual(reader.violations, []);
    reader.close();
    await nodes[0].start();
  });

  test("the broker is restarted", { timeout: 120000 }, () => disturbed("broker", async () => {
    await broker.restart();
    const ready = (node) => fetch(`${node.adminUrl}/readyz`).then((answer) => answer.ok, () => false);
    await waitUntil(async () => (await Promise.all(nodes.map(ready))).every(Boolean),
      { timeout: 40000, what: "both nodes being ready again" });
  }));

  test("the store is restarted", { timeout: 120000 }, () => disturbed("store", () => store.restart()));
});
