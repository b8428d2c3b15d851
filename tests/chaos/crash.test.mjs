// One node with the embedded store is killed at random moments while people write: nothing acknowledged is lost, doubled
// or moved, and whoever was listening has everything.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { checkHistory, readLog } from "../support/chat_client.mjs";
import { startWarren, waitUntil } from "../support/servers.mjs";
import { deviceOf, makeGroup, makePeople } from "./people.mjs";

const rounds = Number(process.env.WARREN_CRASH_ROUNDS ?? 50);
let node;
let people;

before(async () => {
  node = await startWarren({ config: { rates: {} } });
  people = await makePeople(node, ["alice", "bob", "carol"]);
});
after(() => node.stop());

test(`kill -9 in the middle of sending, ${rounds} times`, { timeout: 240000 }, async () => {
  const urls = [node.url];
  const devices = [
    deviceOf(people[0], urls),
    deviceOf(people[1], urls, { transports: ["polling"] }),
    deviceOf(people[2], urls, { transports: ["polling", "websocket"] }),
  ];
  const channelId = await makeGroup(devices[0], people);
  let stopped = false;
  const write = async (device) => {
    for (let n = 0; !stopped; n += 1) {
      await device.send(channelId, `${device.name} ${n}`, `${device.name}-${n}`);
      await sleep(2);
    }
  };
  await Promise.all(devices.map((device) => device.whenSynced()));
  const writing = Promise.all(devices.map(write));
  for (let round = 0; round < rounds; round += 1) {
    const count = devices.reduce((sum, device) => sum + device.acknowledged.length, 0);
    const more = () => devices.reduce((sum, device) => sum + device.acknowledged.length, 0) >= count + 5;
    await waitUntil(more, { timeout: 20000, what: `messages acknowledged in round ${round}` });
    await sleep(Math.random() * 60);
    await node.kill();
    await node.start();
  }
  stopped = true;
  await writing;
  const log = await readLog(node.url, people[0].me.socketToken, channelId);
  const complete = () => devices.every((device) => device.log(channelId).length === log.length);
  await waitUntil(complete, { timeout: 10000, what: "every device having everything" }).catch(() => {});
  const acknowledged = devices.flatMap((device) => device.acknowledged);
  devices.forEach((device) => device.close());
  assert.ok(acknowledged.length >= rounds * 5);
  assert.deepEqual(checkHistory({ log, channelId, acknowledged, devices }), []);
});
