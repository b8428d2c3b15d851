// What the chat tests share: a node, people who may sign in, and their connections by the stock client or as raw text.
import assert from "node:assert/strict";
import { after, before, describe } from "node:test";
import { io } from "socket.io-client";
import { WebSocket } from "ws";
import { signIn } from "../../support/chat_client.mjs";
import { clusterConfig, missing, startServer, startWarren, waitUntil, warren } from "../../support/servers.mjs";
import { checkAnswer, checkPush } from "./asyncapi.mjs";

export { waitUntil };
export const password = "correct horse";
const unlimited = Object.fromEntries(["send", "create", "read", "sync", "search", "receipt"].flatMap((what) =>
  [`${what}_per_connection`, `${what}_per_user`].map((name) => [name, "0/1s"])));

/** A node without rate limits and with quick password checks; `limits` are laid over. */
export const startNode = ({ limits = {}, ...config } = {}) => startWarren({ config: {
  http: { shards: 3 }, admin: { drain: "500ms" }, passwords: { memory: "8 MiB", passes: 1 }, limits: { ...unlimited, ...limits }, ...config,
} });

/** For `skip`: whether two nodes can be had here. */
export const noPair = missing("rabbitmq", "mongodb");

/** Two such nodes over a broker and a store of their own: `{ nodes, stop }`. */
export async function startPair(config = {}) {
  const servers = await Promise.all([startServer("rabbitmq"), startServer("mongodb")]);
  const nodes = [];
  const stop = async () => {
    await Promise.all(nodes.map((node) => node.stop()));
    await Promise.all(servers.map((server) => server.stop()));
  };
  try {
    const [broker, store] = servers;
    for (const name of ["a", "b"]) nodes.push(await startNode({ ...clusterConfig({ name, broker, store }), ...config }));
  } catch (error) {
    await stop();
    throw error;
  }
  return { nodes, stop };
}

/** Where the same scenarios are run; `start(config)` gives `{ nodes: [one, other], stop }`, where both may be one. */
export const houses = [
  { name: "one node", skip: false, start: async (config) => {
    const node = await startNode(config);
    return { nodes: [node, node], stop: async () => assert.equal(await node.stop(), 0) };
  } },
  { name: "two nodes", skip: noPair, start: startPair },
];

/**
 * Declares `tests(at)` in each of the houses: `at.connect(n, person)` connects to node n and reads everything,
 * `at.open(n, person)` connects only, `at.people(...names)` makes people, `at.nodes()` are the nodes.
 */
export function everywhere(what, config, tests) {
  for (const { name, skip, start } of houses) describe(`${what} on ${name}`, { skip }, () => {
    let house;
    before(async () => { house = await start(config); }, { timeout: 120000 });
    after(async () => {
      closeAll();
      await house?.stop();
    });
    tests({ closeAll, open: (n, person) => new Connection(house.nodes[n], { token: person.socketToken }).connected(),
      connect: (n, person, options) => connect(house.nodes[n], person, options),
      people: (...names) => makePeople(house.nodes[0], ...names), nodes: () => house.nodes });
  });
}

/** Lets people in and signs each in: `{ name, email, id, token, socketToken }`. */
export async function makePeople(node, ...names) {
  const people = [];
  for (const name of names) {
    const email = `${name.toLowerCase()}@example.org`;
    const made = warren(["user", "add", email, "--name", name, "--password-stdin", "--config", node.configFile],
      { input: `${password}\n` });
    assert.equal(made.status, 0, made.stderr);
    people.push(await signedIn(node, name));
  }
  return people;
}

/** Another session of somebody. */
export async function signedIn(node, name) {
  const email = `${name.toLowerCase()}@example.org`;
  const { token, me } = await signIn(node.url, email, password);
  return { name, email, id: me._id, token, socketToken: me.socketToken, me };
}

const open = new Set();
/** Closes every connection that tests made. */
export function closeAll() {
  for (const each of open) each.close();
  open.clear();
}

/** A stock client: what it was pushed in `events`, and its questions. */
export class Connection {
  constructor(node, auth, options = {}) {
    this.events = [];
    this.reasons = [];
    this.socket = io(node.url, { auth, forceNew: true, transports: ["websocket"], reconnectionDelay: 20,
      reconnectionDelayMax: 100, ...options });
    this.socket.on("event", (event) => {
      checkPush(event);
      this.events.push(event);
    });
    this.socket.on("disconnect", (reason) => this.reasons.push(reason));
    open.add(this);
  }
  close() { this.socket.close(); }

  /** Resolves with itself once connected, rejects with the CONNECT_ERROR. */
  async connected() {
    if (this.socket.connected) return this;
    await new Promise((done, failed) => this.socket.once("connect", done).once("connect_error", failed));
    return this;
  }
  /** The acknowledgement, whatever it says; it and every push must be as docs/asyncapi.yaml has them. */
  async ask(event, ...args) {
    const answer = await this.socket.timeout(10000).emitWithAck(event, ...args);
    checkAnswer(event, args[0] ?? null, answer);
    return answer;
  }
  /** The data of a successful acknowledgement. */
  async get(event, ...args) {
    const answer = await this.ask(event, ...args);
    assert.deepEqual(Object.keys(answer), ["success", "data"], `${event}: ${JSON.stringify(answer)}`);
    return answer.data;
  }
  /** Asserts an error of that code whose sentence mentions `what`; gives the answer. */
  async refused(code, what, event, ...args) {
    const answer = await this.ask(event, ...args);
    assert.equal(answer.success, false, `${event}: ${JSON.stringify(answer).slice(0, 300)}`);
    assert.equal(answer.code, code, JSON.stringify(answer));
    assert.equal(answer.errors.length, 1);
    assert.equal(typeof answer.errors[0], "string");
    if (what) assert.match(answer.errors[0], what);
    return answer;
  }
  /** Everything pushed under that name. */
  pushed(name) { return this.events.filter(({ event }) => event === name).map(({ data }) => data); }
  /** Resolves with the first push of that name for which `test` holds, past or to come. */
  push(name, test = () => true) {
    return waitUntil(() => this.pushed(name).find(test), { what: `a push of ${name}` });
  }
}

/** Connects somebody, and reads everything once as every client does. */
export async function connect(node, person, options = {}) {
  const connection = await new Connection(node, { token: person.socketToken }, options).connected();
  connection.channels = await connection.get("channels:get", null);
  return connection;
}

/** The answers to `count` questions of somebody's at once: all but the first come in one request, before any answer. */
export async function flood(node, person, count, event, payload) {
  const connection = await new Connection(node, { token: person.socketToken }, { transports: ["polling"] }).connected();
  const answers = await Promise.all(Array.from({ length: count }, (_, n) => connection.ask(event, payload(n))));
  assert.deepEqual(connection.reasons, []);
  connection.close();
  return answers;
}

/** A WebSocket that speaks Socket.IO by hand: for text that no client would send, and text as it came. */
export class RawClient {
  constructor(node, person) {
    this.texts = [];
    this.closed = false;
    this.ws = new WebSocket(`${node.url.replace("http", "ws")}/socket.io/?EIO=4&transport=websocket`);
    this.ws.on("message", (data) => {
      const text = data.toString();
      if (text === "2") this.ws.send("3");
      else if (text[0] === "0") this.ws.send(`40${JSON.stringify({ token: person.socketToken })}`);
      else this.texts.push(text);
    });
    this.ws.on("close", () => { this.closed = true; });
    this.ws.on("error", () => {});
    open.add(this);
  }
  close() { this.ws.terminate(); }
  send(data, options) { this.ws.send(data, options); }
  /** Resolves with the first text that starts so, or null if the connection ends before. */
  text(start) {
    return waitUntil(() => this.texts.find((text) => text.startsWith(start)) ?? (this.closed && "closed"), { what: `a text ${start}` })
      .then((text) => (text === "closed" ? null : text));
  }
  async connected() {
    assert.match((await this.text("40")) ?? "closed", /^40\{"sid"/);
    return this;
  }
}

export const transports = {
  websocket: { transports: ["websocket"] },
  polling: { transports: ["polling"] },
  upgrade: { transports: ["polling", "websocket"] },
};
export const unknownId = "0123456789abcdef01234567";
export const range = (from, to) => Array.from({ length: to - from + 1 }, (_, i) => from + i);
