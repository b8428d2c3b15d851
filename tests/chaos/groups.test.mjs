// Groups on two nodes: they grow beyond what makes them large and shrink again while everybody writes, and a node dies while it
// changes one. What members:get says is always what the log says.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { checkHistory, readLog } from "../support/chat_client.mjs";
import { clusterConfig, missing, startServer, startWarren, waitUntil } from "../support/servers.mjs";
import { deviceOf, makeGroup, makePeople } from "./people.mjs";

describe("groups on two nodes", { skip: missing("rabbitmq", "mongodb") }, () => {
  let broker, store, nodes, people, devices;
  before(async () => {
    [broker, store] = await Promise.all([startServer("rabbitmq"), startServer("mongodb")]);
    const limits = { create_per_connection: "0/1s", create_per_user: "0/1s" };
    const start = (name) => startWarren({ name, config: { ...clusterConfig({ name, broker, store }),
      delivery: { large_group_bind: 4, large_group_publish: 6 }, audit: { period: "10m" }, limits } });
    nodes = [await start("a"), await start("b")];
    people = await makePeople(nodes[0], ["alice", "bob", "carol", "dave", "erin", "frank", "grace", "heidi"]);
  });
  after(async () => {
    devices?.forEach((device) => device.close());
    await Promise.all((nodes ?? []).map((node) => node.stop()));
    await Promise.all([broker?.stop(), store?.stop()]);
  });

  const on = (...order) => order.map((n) => nodes[n].url);
  const idOf = (person) => person.me._id;

  /** Asks until the answer is certain, under one nonce; the entry. */
  async function change(device, event, payload, nonce) {
    for (const end = Date.now() + 60000; Date.now() < end; await sleep(50)) {
      const answer = await device.ask(event, { ...payload, nonce });
      if (answer?.success) return answer.data;
      if (answer && !["unavailable", "timed_out", "overloaded"].includes(answer.code)) throw new Error(JSON.stringify(answer));
    }
    throw new Error(`${event} was not answered`);
  }

  /** Who is in by the log, with roles. */
  function membersOf(log) {
    const members = new Map();
    for (const { kind, op, members: changed, successor } of log.filter((entry) => entry.members)) {
      for (const { userId, role } of changed) {
        if (kind === "channel" || op === "role" || (op === "added" && !members.has(userId))) members.set(userId, role);
        if (op === "removed" || op === "left") members.delete(userId);
      }
      if (successor) members.set(successor, "admin");
    }
    return Object.fromEntries([...members].sort());
  }

  async function checked(channelId, acknowledged, device) {
    const log = await readLog(nodes[0].url, people[1].me.socketToken, channelId);
    await waitUntil(() => devices.every((each) => each.log(channelId).length === log.length),
      { timeout: 10000, what: "everybody having everything" }).catch(() => {});
    assert.deepEqual(checkHistory({ log, channelId, acknowledged, devices }), []);
    const answer = await device.ask("members:get", { channelId, limit: 200 });
    const said = answer.data.members.map(({ _id, role }) => [_id, role]).sort();
    assert.deepEqual(Object.fromEntries(said), membersOf(log));
    return log;
  }

  test("a group becomes large and small again while everybody writes", { timeout: 120000 }, async () => {
    devices = [deviceOf(people[0], on(0)), deviceOf(people[1], on(1), { transports: ["polling"] }), deviceOf(people[2], on(1))];
    const [admin] = devices;
    const channelId = await makeGroup(admin, people.slice(0, 3));
    await Promise.all(devices.map((device) => device.whenSynced()));
    let changing = true;
    const write = async (device) => {
      for (let n = 0; changing; n += 1) await device.send(channelId, `${device.name} ${n}`, `w-${n}`);
    };
    const writing = Promise.all(devices.map(write));
    for (let round = 0; round < 3; round += 1) {
      for (const event of ["group:add", "group:remove"]) {
        for (const person of people.slice(3)) {
          await change(admin, event, { channelId, members: [idOf(person)] }, `${event} ${round} ${person.name}`);
        }
      }
    }
    changing = false;
    await writing;
    const log = await checked(channelId, devices.flatMap((device) => device.acknowledged), admin);
    assert.equal(log.filter(({ kind }) => kind === "member").length, 30);
    devices.forEach((device) => device.close());
  });

  test("a node is killed while it changes a group", { timeout: 120000 }, async () => {
    devices = [deviceOf(people[0], on(0, 1)), deviceOf(people[1], on(1)), deviceOf(people[2], on(1), { transports: ["polling"] })];
    const [admin] = devices;
    const channelId = await makeGroup(admin, people.slice(0, 3));
    await Promise.all(devices.map((device) => device.whenSynced()));
    const changes = (async () => {
      for (let n = 0; n < 40; n += 1) {
        const person = people[3 + (n % 5)];
        const event = Math.floor(n / 5) % 2 === 0 ? "group:add" : "group:remove";
        await change(admin, event, { channelId, members: [idOf(person)] }, `change ${n}`);
      }
    })();
    const { length } = devices[1].log(channelId);
    await waitUntil(() => devices[1].log(channelId).length > length + 5, { what: "some changes" });
    await nodes[0].kill();
    await changes;
    await nodes[0].start();
    await admin.whenSynced();
    const log = await checked(channelId, devices.flatMap((device) => device.acknowledged), devices[1]);
    assert.equal(log.filter(({ kind }) => kind === "member").length, 40, "each change once");
  });
});
