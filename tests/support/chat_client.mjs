// A person's device as the guarantees are meant for: stock socket.io-client, a nonce for every message, retries until an
// answer is certain, and a copy of every channel's log that is only ever extended in order. What breaks a guarantee is
// noted in `violations`.
import { createRequire } from "node:module";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { root, waitUntil } from "./servers.mjs";

const { io } = createRequire(join(root, "tests/e2e/package.json"))("socket.io-client");

/** Signs in over REST: `{ token, me }`, where `me` is what GET /user/me answers. */
export async function signIn(url, email, password) {
  const answer = await fetch(`${url}/api/v1/auth/sign-in`, {
    method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ email, password }),
  });
  if (answer.status !== 201) throw new Error(`sign-in of ${email}: ${answer.status} ${await answer.text()}`);
  const token = /(?:^|,\s*)token=([^;]+)/.exec(answer.headers.getSetCookie().join(", "))[1];
  const me = await (await fetch(`${url}/api/v1/user/me`, { headers: { authorization: `Bearer ${token}` } })).json();
  return { token, me: me.data };
}

export class Device {
  /** `urls`: the nodes, tried in turn whenever a connection ends. `transports` as socket.io-client takes them. */
  constructor({ name, urls, socketToken, transports = ["websocket"] }) {
    Object.assign(this, { name, urls, socketToken, transports, turn: 0, socket: null, synced: false, closed: false });
    this.logs = new Map(); // channel id -> its entries, in order from seq 1 on
    this.acknowledged = []; // { channelId, seq, nonce, text }
    this.violations = [];
    this.resyncs = 0;
  }

  connect() {
    const url = this.urls[this.turn % this.urls.length];
    const socket = io(url, { auth: { token: this.socketToken }, transports: this.transports, forceNew: true,
      reconnection: this.urls.length === 1, reconnectionDelay: 20, reconnectionDelayMax: 300, timeout: 5000 });
    this.socket = socket;
    socket.on("connect", () => { this.synced = false; this.early = []; this.#sync(socket); });
    socket.on("event", (event) => this.#onEvent(socket, event));
    const away = () => {
      this.synced = false;
      if (this.closed || this.urls.length === 1 || socket !== this.socket) return;
      socket.close();
      this.turn += 1;
      setTimeout(() => { if (!this.closed && socket === this.socket) this.connect(); }, 50);
    };
    socket.on("disconnect", away);
    socket.on("connect_error", away);
    return this;
  }

  close() {
    this.closed = true;
    this.socket?.close();
  }

  log(channelId) {
    if (!this.logs.has(channelId)) this.logs.set(channelId, []);
    return this.logs.get(channelId);
  }

  whenSynced(timeout = 20000) {
    return waitUntil(() => this.synced, { timeout, what: `${this.name} having synced` });
  }

  /** Emits with an acknowledgement; undefined where none came in time or the connection was lost. */
  async ask(event, payload, timeout = 4000) {
    const socket = this.socket;
    if (!socket?.connected) return undefined;
    try {
      return await Promise.race([
        socket.timeout(timeout).emitWithAck(event, payload),
        new Promise((done) => socket.once("disconnect", () => done(undefined))),
      ]);
    } catch { return undefined; }
  }

  /** Sends `text` until it is acknowledged: the same nonce each time. */
  async send(channelId, text, nonce, { timeout = 60000 } = {}) {
    const end = Date.now() + timeout;
    while (!this.closed && Date.now() < end) {
      const answer = await this.ask("message:new", { channelId, message: text, nonce });
      if (answer?.success) {
        this.acknowledged.push({ channelId, seq: answer.data.seq, nonce, text });
        return answer.data;
      }
      if (answer && !["unavailable", "timed_out", "overloaded", "rate_limited"].includes(answer.code)) {
        throw new Error(`${this.name}: ${JSON.stringify(answer)}`);
      }
      await sleep(30);
    }
    throw new Error(`${this.name}: "${text}" was not acknowledged within ${timeout} ms`);
  }

  async #sync(socket) {
    for (;;) {
      const channels = Object.fromEntries([...this.logs].map(([id, log]) => [id, log.length]));
      const answer = await this.ask("sync", { channels });
      if (socket !== this.socket || !socket.connected) return;
      if (!answer?.success) { await sleep(50); continue; }
      for (const [id, channel] of Object.entries(answer.data.channels)) {
        for (const entry of channel.entries) this.#extend(id, entry, "sync");
      }
      for (const channel of answer.data.joined) this.log(channel._id);
      const more = answer.data.joined.length > 0 || Object.values(answer.data.channels).some((channel) => channel.limited);
      if (!more) break;
    }
    this.synced = true;
    const early = this.early;
    this.early = [];
    for (const entry of early) this.#push(entry);
  }

  #onEvent(socket, { event, data }) {
    if (socket !== this.socket) return;
    if (event === "resync") {
      this.resyncs += 1;
      this.synced = false;
      this.early = [];
      this.#sync(socket);
    } else if (event === "message:new" || event === "entry") {
      if (this.synced) this.#push(data);
      else this.early.push(data);
    } else if (event === "group:new" || event === "group:chat") {
      // A channel that is new to us: its creation is entry 1, which is not shown as an entry.
      if (this.log(data._id).length === 0) this.log(data._id).push({ seq: 1, created: true });
    }
  }

  #push(entry) {
    const log = this.log(entry.channelId);
    // Pushes that came before or between the answers of a paged sync may be in an answer already.
    if (entry.seq <= log.length && this.#same(log[entry.seq - 1], entry)) return;
    this.#extend(entry.channelId, entry, "push");
  }

  #same(known, entry) { return known.created || known._id === entry._id; }

  #extend(channelId, entry, how) {
    const log = this.log(channelId);
    if (entry.seq === log.length + 1) log.push(entry);
    else if (entry.seq <= log.length && this.#same(log[entry.seq - 1], entry)) return;
    else this.violations.push(`${this.name}: ${how} of ${channelId}/${entry.seq} after ${log.length}`);
  }
}

/** The whole log of a channel as a fresh device reads it. */
export async function readLog(url, socketToken, channelId) {
  const device = new Device({ name: "reader", urls: [url], socketToken }).connect();
  device.log(channelId);
  await device.whenSynced();
  device.close();
  if (device.violations.length) throw new Error(device.violations.join("\n"));
  return device.log(channelId);
}

/**
 * Checks a final log against what was acknowledged (G1, G2, G3), and every device's copy against it (G4). Returns what is
 * wrong, as sentences.
 */
export function checkHistory({ log, channelId, acknowledged, devices = [] }) {
  const wrong = [];
  log.forEach((entry, at) => { if (entry.seq !== at + 1) wrong.push(`the log has ${entry.seq} at place ${at + 1}`); });
  const byNonce = new Map();
  for (const entry of log.filter((each) => each.nonce && each.kind === "message")) {
    const key = `${entry.senderId}/${entry.nonce}`;
    if (byNonce.has(key)) wrong.push(`nonce ${entry.nonce} is stored at ${byNonce.get(key)} and ${entry.seq}`);
    byNonce.set(key, entry.seq);
  }
  for (const ack of acknowledged.filter((each) => each.channelId === channelId)) {
    const entry = log[ack.seq - 1];
    if (!entry) wrong.push(`acknowledged ${ack.seq} "${ack.text}" is lost`);
    else if (entry.nonce !== ack.nonce || entry.message !== ack.text) {
      wrong.push(`acknowledged ${ack.seq} "${ack.text}" reads "${entry.message}"`);
    }
  }
  for (const device of devices) {
    wrong.push(...device.violations);
    const copy = device.log(channelId);
    if (copy.length !== log.length) wrong.push(`${device.name} has ${copy.length} of ${log.length} entries`);
    copy.forEach((entry, at) => {
      if (!entry.created && log[at] && entry._id !== log[at]._id) wrong.push(`${device.name} has another entry at ${at + 1}`);
    });
  }
  return wrong;
}
