// Random sequences of all verbs, by several people on several devices that come and go: what each device has folded from pushes and syncs,
// what the server folds, and what a naive model makes of the log must be the same. Somebody is suspended and restored meanwhile, and two
// block each other. A seed that fails is named; WARREN_SEED runs it again.
import assert from "node:assert/strict";
import { after, afterEach, before, describe, test } from "node:test";
import { warren } from "../../support/servers.mjs";
import { closeAll, Connection, houses, makePeople, signedIn, transports, waitUntil } from "./support.mjs";

const emoji = ["👍", "❤️", "🇩🇪"];

/** A generator of numbers from 0 to below 1, the same for the same seed. */
function randomFrom(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** What a log comes to, by the rules of docs/protocol.md as a client would write them down first. */
function fold(log) {
  const messages = new Map();
  const members = new Map();
  for (const entry of log) {
    const message = messages.get(entry.target);
    if (entry.kind === "message") messages.set(entry.seq, { seq: entry.seq, text: entry.message, reactions: {} });
    if (entry.kind === "edit") Object.assign(message, { text: entry.message, edited: entry.seq });
    if (entry.kind === "delete") Object.assign(message, { text: "", deleted: entry.seq, reactions: {} });
    if (entry.kind === "react") {
      const users = (message.reactions[entry.emoji] ?? []).filter((id) => id !== entry.senderId);
      message.reactions[entry.emoji] = entry.on ? [...users, entry.senderId] : users;
      if (users.length === 0 && !entry.on) delete message.reactions[entry.emoji];
    }
    if (entry.op === "created") entry.members.forEach(({ userId, role }) => members.set(userId, role));
    if (entry.op === "added") entry.members.forEach(({ userId, role }) => members.has(userId) || members.set(userId, role));
    if (entry.op === "role") entry.members.forEach(({ userId, role }) => members.has(userId) && members.set(userId, role));
    if (entry.op === "removed" || entry.op === "left") entry.members.forEach(({ userId }) => members.delete(userId));
    if (entry.successor) members.set(entry.successor, "admin");
  }
  for (const message of messages.values()) {
    // The text that was edited away or deleted may be blank in a log that was read later.
    if (message.deleted) delete message.edited;
  }
  return { messages: [...messages.values()], members: Object.fromEntries([...members].toSorted()) };
}

/** The same of the server's own fold. */
const asFolded = ({ seq, message, edited, deleted, reactions = {} }) => ({ seq, text: message,
  reactions: Object.fromEntries(Object.entries(reactions).map(([key, { users }]) => [key, users])),
  ...(edited && !deleted && { edited }), ...(deleted && { deleted }) });

/** A client as docs/protocol.md, Never missing anything, asks for it, of one channel. */
class Device {
  log = [];
  syncs = Promise.resolve();
  constructor(person, channelId) { Object.assign(this, { person, channelId }); }

  async come(node, options) {
    const connection = new Connection(node, { token: this.person.socketToken }, options);
    this.connection = connection;
    connection.socket.on("event", ({ event, data }) => {
      if (this.connection !== connection) return;
      if ((event === "message:new" || event === "entry") && data.channelId === this.channelId) this.take(data);
      // Let in (again): everything is read anew.
      if (event === "group:new" && data._id === this.channelId) {
        this.log = [];
        this.sync();
      }
      if (event === "resync") this.sync();
    });
    await connection.connected();
    await this.sync();
  }
  go() {
    this.connection.close();
    this.connection = undefined;
  }
  take(entry) {
    if (entry.seq === this.log.length + 1) this.log.push(entry);
    else if (entry.seq > this.log.length) this.sync();
  }
  /** One at a time; resolves once what was there is there. */
  sync() {
    this.syncs = this.syncs.then(async () => {
      for (let limited = true; limited && this.connection;) {
        const connection = this.connection;
        const answer = await connection.ask("sync", { channels: { [this.channelId]: this.log.length } }).catch(() => null);
        if (!answer || connection !== this.connection) return;
        assert.ok(answer.success || ["unavailable", "timed_out"].includes(answer.code), JSON.stringify(answer));
        const synced = answer.data?.channels[this.channelId];
        if (answer.success && !synced) this.log = []; // put out
        synced?.entries.forEach((entry) => this.take(entry));
        limited = !answer.success || synced?.limited;
      }
    });
    return this.syncs;
  }
}

/**
 * One random thing that somebody does, but to put out the keeper, by whose eyes all is judged in the end. That it is refused is as good
 * as that it is done.
 */
async function act(random, devices, [keeper, ...people], channelId) {
  const pick = (list) => list[Math.floor(random() * list.length)];
  const device = pick(devices);
  const other = pick(people);
  const seqs = device.log.filter(({ kind }) => kind === "message").map(({ seq }) => seq);
  const seq = pick(seqs) ?? 2;
  const say = (event, payload) => device.connection.ask(event, { channelId, ...payload }).catch(() => null);
  const nonce = `${random()}`;
  const acts = [
    [20, () => say("message:new", { message: `m ${nonce}`, nonce, ...(seqs.length > 0 && random() < 0.3 && { replyTo: seq }) })],
    [10, () => say("message:edit", { seq, message: `e ${nonce}`, nonce })],
    [4, () => say("message:delete", { seq, nonce })],
    [10, () => say("message:react", { seq, emoji: pick(emoji), on: random() < 0.7, nonce })],
    [8, () => say("group:add", { members: [other.id], nonce })],
    [2, () => say("group:remove", { members: [other.id], nonce })],
    [2, () => say("group:role", { member: other.id, role: pick(["admin", "member"]), nonce })],
    [device.person === keeper ? 0 : 1, () => say("group:leave", { nonce })],
    [2, () => say("group:update", { name: nonce, nonce })],
    [4, () => say("receipt:read", { seq: Math.max(1, device.log.length) })],
    [2, () => say("typing", { on: true })],
    [2, () => say("channel:state", { muted: random() < 0.5 })],
    [2, () => say("messages:search", { query: "m" })],
  ];
  let left = random() * acts.reduce((sum, [weight]) => sum + weight, 0);
  const [, what] = acts.find(([weight]) => (left -= weight) < 0);
  const answer = await what();
  if (answer && !answer.success) {
    assert.ok(["not_found", "forbidden", "invalid", "conflict", "unavailable", "timed_out"].includes(answer.code), JSON.stringify(answer));
  }
}

/**
 * An operator suspends somebody: each of their connections ends, and the others go on. Then they are restored, sign in anew and come back.
 */
async function suspend(house, random, devices, people, channelId) {
  const person = people[random() < 0.5 ? 2 : 3];
  const [theirs, others] = [devices.filter((each) => each.person === person), devices.filter((each) => each.person !== person)];
  const operate = (verb) => {
    const done = warren(["user", verb, person.email, "--config", house.nodes[0].configFile]);
    assert.equal(done.status, 0, done.stderr);
  };
  operate("suspend");
  for (const { connection } of theirs) {
    await waitUntil(() => connection.reasons.includes("io server disconnect"), { what: `the end of ${person.name}'s connections` });
  }
  theirs.forEach((each) => each.go());
  for (const node of house.nodes) await assert.rejects(new Connection(node, { token: person.socketToken }).connected(), /Invalid token/);
  await Promise.all(Array.from({ length: 5 }, () => act(random, others, people, channelId)));
  operate("restore");
  await assert.rejects(new Connection(house.nodes[1], { token: person.socketToken }).connected(), /Invalid token/);
  Object.assign(person, await signedIn(house.nodes[1], person.name));
  await Promise.all(theirs.map((each, i) => each.come(house.nodes[i], transports.websocket)));
}

/** The chat of two who block each other: what is begun while a block stands is refused, and what is while none does is stored. */
class Quarrel {
  blocking = new Set();
  changing = 0;
  changes = 0;
  stored = [];
  async begin(house, [alice, bob]) {
    this.connections = await Promise.all([alice, bob].map(({ socketToken }, i) =>
      new Connection(house.nodes[i], { token: socketToken }).connected()));
    this.ids = [bob.id, alice.id];
    // Bob may be put out of the group and let in again: who never called sync would have their transport closed.
    for (const connection of this.connections) await connection.get("sync", { channels: {} });
    for (const i of [0, 1]) await this.connections[i].get("user:unblock", { userId: this.ids[i] });
    this.channelId = await this.connections[0].get("group:chat", { member: bob.id });
  }
  async act(random) {
    const one = random() < 0.5 ? 0 : 1;
    const nonce = `${random()}`;
    return random() < 0.4 ? this.change(one, random() < 0.5) : this.write(one, nonce);
  }
  async change(one, blocks) {
    // One after the other for each, so that it is known what holds.
    if (this.changing > 0) return;
    this.changing += 1;
    this.changes += 1;
    await this.connections[one].get(blocks ? "user:block" : "user:unblock", { userId: this.ids[one] });
    if (blocks) this.blocking.add(one);
    else this.blocking.delete(one);
    this.changing -= 1;
  }
  async write(one, nonce) {
    const { changes, changing } = this;
    const blocked = this.blocking.size > 0;
    const { success, code } = await this.connections[one].ask("message:new", { channelId: this.channelId, message: nonce, nonce });
    if (success) this.stored.push(nonce);
    else assert.equal(code, "forbidden");
    const isKnown = changing === 0 && changes === this.changes;
    if (isKnown) assert.equal(success, !blocked, `${code ?? "stored"}, and ${blocked ? "a" : "no"} block`);
  }
  /** What was acknowledged is there, and nothing else, by the eyes of both. */
  async end() {
    for (const connection of this.connections) {
      const { channels: { [this.channelId]: synced } } = await connection.get("sync", { channels: { [this.channelId]: 0 } });
      const nonces = new Set(synced.entries.map(({ nonce }) => nonce));
      for (const nonce of this.stored) assert.ok(nonces.has(nonce), `${nonce} is lost`);
      const { messages } = await connection.get("messages:get", { channelId: this.channelId });
      const latest = messages.slice(-this.stored.length || messages.length);
      for (const { nonce } of latest) assert.ok(this.stored.includes(nonce), `${nonce} was refused`);
    }
  }
}

async function play(house, people, seed, steps) {
  const random = randomFrom(seed);
  const [keeper] = people;
  const first = await new Connection(house.nodes[0], { token: keeper.socketToken }).connected();
  const channelId = await first.get("group:new", { name: "all", members: people.slice(1, 3).map(({ id }) => id) });
  const ways = Object.values(transports);
  const devices = people.flatMap((person) => [new Device(person, channelId), new Device(person, channelId)]);
  await Promise.all(devices.map((device, i) => device.come(house.nodes[i % 2], ways[i % ways.length])));
  const quarrel = new Quarrel();
  await quarrel.begin(house, people);
  for (let step = 0; step < steps; ++step) {
    const some = Array.from({ length: 1 + Math.floor(random() * 4) }, () => act(random, devices, people, channelId));
    if (random() < 0.5) some.push(quarrel.act(random), quarrel.act(random));
    if (random() < 0.15) {
      const device = devices[Math.floor(random() * devices.length)];
      device.go();
      await Promise.all(some);
      await device.come(house.nodes[Math.floor(random() * 2)], ways[Math.floor(random() * ways.length)]);
    }
    await Promise.all(some);
    if (step === Math.floor(steps / 2)) await suspend(house, random, devices, people, channelId);
  }
  await quarrel.end();
  const { data } = await first.ask("sync", { channels: { [channelId]: 0 } });
  const log = data.channels[channelId].entries;
  assert.deepEqual(log.map(({ seq }) => seq), log.map((_, i) => i + 1));
  const model = fold(log);

  const folded = [];
  for (let from = 0, page; !page || page.limited; from = page.to) {
    page = await first.get("messages:get", { channelId, after: from, limit: 100 });
    folded.push(...page.messages.map(asFolded));
  }
  assert.deepEqual(folded, model.messages, "the server's fold");
  const { members } = await first.get("members:get", { channelId });
  assert.deepEqual(Object.fromEntries(members.map(({ _id, role }) => [_id, role])), model.members, "the members");
  for (const device of devices) {
    const is = () => (device.person.id in model.members ? device.log.length === log.length : true);
    await waitUntil(is, { what: `${device.person.name} having all ${log.length} entries, not ${device.log.length}` });
    if (device.person.id in model.members) assert.deepEqual(fold(device.log), model, `what ${device.person.name} has folded`);
    const { channels } = await device.connection.get("channels:list", {});
    const line = channels.find(({ _id }) => _id === channelId);
    assert.equal(line !== undefined, device.person.id in model.members);
    if (line) assert.equal(line.unread, line.count - line.state.readCount);
  }
  for (const kind of ["message", "edit", "delete", "react", "member"]) assert.ok(log.some((entry) => entry.kind === kind), `no ${kind}`);
}

for (const { name, skip, start } of houses) describe(`everything at random, on ${name}`, { skip }, () => {
  let house, people;
  before(async () => {
    house = await start();
    people = await makePeople(house.nodes[0], "Alice", "Bob", "Carol", "Dave");
  });
  afterEach(closeAll);
  after(() => house?.stop());
  const seeds = process.env.WARREN_SEED ? [Number(process.env.WARREN_SEED)] : [1, 2, 3, 4];
  for (const seed of seeds) test(`seed ${seed}`, () => play(house, people, seed, 80));
});
