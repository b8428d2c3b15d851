// Real servers and Warren itself as child processes of black-box tests: free ports, readiness by a real exchange, logs
// kept on failure in build/test-logs/FILE/ (or under $WARREN_TEST_LOGS), everything ended by pid and with this process.
import { spawn, spawnSync } from "node:child_process";
import { createSocket } from "node:dgram";
import { appendFileSync, chmodSync, closeSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, rmdirSync,
  symlinkSync, writeFileSync } from "node:fs";
import { createServer, connect } from "node:net";
import { tmpdir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

export const root = resolve(dirname(fileURLToPath(import.meta.url)), "../..");

const mongoHello = Buffer.concat([
  Buffer.from([52, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0xdd, 7, 0, 0, 0, 0, 0, 0, 0, 31, 0, 0, 0]),
  Buffer.from("\x10hello\0\x01\0\0\0\x02$db\0\x06\0\0\0admin\0\0", "latin1"),
]);
const kinds = {
  rabbitmq: { require: "rabbitmq", url: (port) => `amqp://guest:guest@127.0.0.1:${port}`, hello: "AMQP\0\0\x09\x01" },
  mongodb: { require: "mongo", url: (port) => `mongodb://127.0.0.1:${port}/`, hello: mongoHello },
  redis: { require: "redis", url: (port) => `redis://127.0.0.1:${port}`, hello: "PING\r\n" },
};

const running = new Set(); // ChildProcess objects
const cleanups = []; // run at exit: temporary folders, logs of a run that passed
process.on("exit", (code) => {
  for (const child of running) child.kill("SIGKILL");
  for (const cleanup of cleanups) cleanup(code === 0);
});
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(1));

/**
 * A port of 127.0.0.1 that nothing listens on and no other test gets: the UDP port of the same number is this process's own
 * until it ends. It is outside the range that outgoing connections take theirs from; a server that needs further ports
 * takes this one + 7000 and + 14000.
 */
export async function freePort() {
  for (;;) {
    const port = 11000 + Math.floor(Math.random() * 7000); // Below lies 10080, which fetch refuses.
    const claimed = await new Promise((done) => {
      const claim = createSocket("udp4").once("error", () => claim.close(() => done(false)));
      claim.bind({ port, address: "127.0.0.1", exclusive: true }, () => { claim.unref(); done(true); });
    });
    const free = claimed && await new Promise((done) => {
      const server = createServer().once("error", () => done(false));
      server.listen(port, "127.0.0.1", () => server.close(() => done(true)));
    });
    if (free) return port;
  }
}

/** Asks `condition` (which may be async) every few milliseconds until it is truthy, and returns what it said. */
export async function waitUntil(condition, { timeout = 10000, what = "the condition" } = {}) {
  const end = Date.now() + timeout;
  for (let pause = 2; ; pause = Math.min(pause * 2, 100)) {
    const answer = await condition();
    if (answer) return answer;
    if (Date.now() > end) throw new Error(`${what} did not hold within ${timeout} ms`);
    await sleep(pause);
  }
}

/** Whether WARREN_REQUIRE names `what`. */
export const required = (what) => (process.env.WARREN_REQUIRE ?? "").split(",").includes(what);

/**
 * For node:test's `skip` option: false where `kind` can be had or is required, else the reason.
 * `describe("...", { skip: missing("rabbitmq", "mongodb") }, ...)`
 */
export function missing(...names) {
  for (const kind of names) {
    if (required(kinds[kind].require) || (kind === "mongodb" && process.env.WARREN_TEST_MONGODB_URL)) continue;
    const files = {
      rabbitmq: ["/usr/lib/rabbitmq/bin/rabbitmq-server"],
      redis: ["/usr/bin/redis-server"],
      mongodb: ["/usr/lib/postgresql"],
    }[kind];
    const absent = files.find((file) => !existsSync(file));
    if (absent) return `${kind} is not installed (no ${absent}); run make setup`;
  }
  return false;
}

let logCount = 0;
function newLog(name) {
  const base = process.env.WARREN_TEST_LOGS ? resolve(process.env.WARREN_TEST_LOGS) : join(root, "build/test-logs");
  const folder = join(base, basename(process.argv[1] ?? "node").replace(/\.m?js$/, ""));
  mkdirSync(folder, { recursive: true });
  const log = join(folder, `${name}-${++logCount}.log`);
  writeFileSync(log, "");
  cleanups.push((passed) => {
    if (!passed) return;
    rmSync(log, { force: true });
    try { rmdirSync(folder); } catch { /* not empty */ }
  });
  return log;
}

/** A folder that is deleted when this process ends. */
export function temporaryFolder() {
  const folder = mkdtempSync(join(tmpdir(), "warren-test."));
  chmodSync(folder, 0o755); // PostgreSQL runs as another user, who must reach what lies in it.
  cleanups.push(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/**
 * One program that a test starts, stops, kills and starts again. `ready` is asked until it is truthy.
 * @property {number} pid  of the running process
 */
export class Program {
  constructor({ name, command, env = {}, log = newLog(name), ready }) {
    Object.assign(this, { name, command, env, log, ready, child: null });
  }
  get pid() { return this.child?.pid; }
  get running() { return this.child !== null && running.has(this.child); }

  async start({ timeout = 60000 } = {}) {
    this.spawn();
    await waitUntil(async () => !this.running || (await this.ready()), { timeout, what: `${this.name} being ready` })
      .catch(async (error) => { await this.kill(); throw new Error(`${error.message}: ${this.logEnd()}`); });
    if (!this.running) throw new Error(`${this.name} ended while starting: ${this.logEnd()}`);
    return this;
  }
  /** Starts without waiting until it is ready. */
  spawn() {
    // The child writes to the file itself: a test that blocks its event loop does not stop it. It is a group of its own, so
    // that Ctrl-C reaches only this process, which stops its children in order.
    const log = openSync(this.log, "a");
    const child = spawn(this.command[0], this.command.slice(1),
      { env: { ...process.env, ...this.env }, stdio: ["ignore", log, log], detached: true });
    closeSync(log);
    child.on("error", (error) => appendFileSync(this.log, `${error}\n`));
    running.add(child);
    this.ended = new Promise((done) => {
      const end = (code, signal) => { running.delete(child); done(code ?? signal); };
      child.once("exit", end).once("error", () => end(127, null));
    });
    this.child = child;
  }
  /** SIGTERM, then SIGKILL after `timeout`; resolves with the exit code or the name of the signal that ended it. */
  async stop({ timeout = 30000 } = {}) {
    if (!this.running) return this.ended;
    this.child.kill("SIGTERM");
    const late = setTimeout(() => this.child.kill("SIGKILL"), timeout);
    return this.ended.finally(() => clearTimeout(late));
  }
  /** SIGKILL, as a crash: nothing is flushed, nobody is told. */
  async kill() {
    if (this.running) this.child.kill("SIGKILL");
    return this.ended;
  }
  async restart(options) {
    await this.stop();
    return this.start(options);
  }
  signal(name) { this.child.kill(name); }
  logEnd(bytes = 2000) { return readFileSync(this.log, "utf8").slice(-bytes); }
}

/** Whether something on `port` answers `hello` with at least a byte. */
export function answers(port, hello) {
  return new Promise((done) => {
    const socket = connect({ port, host: "127.0.0.1" });
    const finish = (result) => { socket.destroy(); done(result); };
    socket.setTimeout(1000, () => finish(false));
    socket.once("error", () => finish(false)).once("close", () => finish(false)).once("data", () => finish(true));
    socket.write(typeof hello === "string" ? Buffer.from(hello, "latin1") : hello);
  });
}

/** A real server by its recipe: `url`, `port`, `pid`, `dir`, `start`, `stop`, `kill`, `restart` (same port and data). */
export async function startServer(kind, { dir, port } = {}) {
  const { url, hello } = kinds[kind];
  port ??= await freePort();
  dir ??= temporaryFolder();
  const log = newLog(kind);
  mkdirSync(dir, { recursive: true });
  rmSync(join(dir, "log"), { force: true });
  symlinkSync(log, join(dir, "log"));
  const server = new Program({
    name: kind, log, command: [join(root, "tests/support", kind), dir, String(port)], ready: () => answers(port, hello),
  });
  Object.assign(server, { kind, port, dir, url: url(port) });
  const kill = server.kill.bind(server);
  server.kill = async () => {
    await kill();
    // What the recipe started dies with it, but a moment later.
    await waitUntil(async () => !(await answers(port, hello)), { what: `the end of ${kind}` });
  };
  return server.start();
}

/** What a broker says of itself: rabbitmqctl's JSON, e.g. `rabbitmqctl(server, "list_queues", "name")`. */
export function rabbitmqctl(server, ...args) {
  const answer = spawnSync(join(root, "tests/support/rabbitmqctl"), [server.dir, "--quiet", ...args, "--formatter", "json"],
    { encoding: "utf8" });
  if (answer.status !== 0) throw new Error(`rabbitmqctl ${args[0]}: ${answer.stderr}`);
  return JSON.parse(answer.stdout);
}

const toml = (value) => (Array.isArray(value) ? `[${value.map(toml).join(", ")}]` : JSON.stringify(value));

/** `{ node: { id: "a" }, listen: "..." }` as TOML. */
export function toToml(config) {
  const isTable = (value) => value !== null && typeof value === "object" && !Array.isArray(value);
  const lines = Object.entries(config).filter(([, value]) => !isTable(value)).map(([key, value]) => `${key} = ${toml(value)}`);
  for (const [name, table] of Object.entries(config)) {
    if (isTable(table)) lines.push(`[${name}]`, ...Object.entries(table).map(([key, value]) => `${key} = ${toml(value)}`));
  }
  return lines.join("\n") + "\n";
}

/** The settings that every node of a test needs; the one place where tests name Warren's own keys. */
const nodeConfig = ({ port, adminPort, dir }) => ({
  http: { listen: `127.0.0.1:${port}` },
  admin: { listen: `127.0.0.1:${adminPort}` },
  store: { data_dir: dir },
});

/** The further settings of one node of several, over a broker and a store that `startServer` gave. */
export const clusterConfig = ({ name, broker, store, database = "warren" }) => ({
  node: { name },
  mongodb: { url: store.url, database },
  rabbitmq: { urls: [broker.url] },
});

const merged = (base, more) => {
  const result = { ...base };
  for (const [key, value] of Object.entries(more)) {
    const tables = value !== null && typeof value === "object" && !Array.isArray(value) && key in result;
    result[key] = tables ? merged(result[key], value) : value;
  }
  return result;
};

export const warrenBinary = () => resolve(process.env.WARREN_BIN ?? join(root, "build/release/bin/warren"));

/** Runs `warren ARGS...` to its end: `{ status, stdout, stderr }`. */
export function warren(args, { input = "", env = {}, binary = warrenBinary() } = {}) {
  const result = spawnSync(binary, args, { input, encoding: "utf8", env: { ...process.env, ...env }, timeout: 60000 });
  // libmongoc says so, before `main`, where a process with the same id was killed and left its counters in /dev/shm.
  return { ...result, stderr: (result.stderr ?? "").replace(/^.*mongoc: Falling back to malloc for counters\.\n/m, "") };
}

/**
 * A Warren node that is ready: `url`, `adminUrl`, `port`, `dir`, `configFile`, and what every Program has.
 * `config` is laid over the settings that every node needs; `args` follow `serve --config FILE`.
 * With `wait: false` it is started without waiting for /readyz. `under`: a command that runs it, e.g. `["prlimit", "--nofile=700"]`.
 */
export async function startWarren({ args = [], env = {}, config = {}, dir = temporaryFolder(), port, adminPort, wait = true,
  under = [], name = "warren", binary = warrenBinary() } = {}) {
  port ??= await freePort();
  adminPort ??= await freePort();
  const configFile = join(dir, `${name}.toml`);
  writeFileSync(configFile, toToml(merged(nodeConfig({ port, adminPort, dir: join(dir, "data") }), config)));
  const adminUrl = `http://127.0.0.1:${adminPort}`;
  const ready = () => fetch(`${adminUrl}/readyz`).then((answer) => answer.body?.cancel().then(() => answer.ok), () => false);
  // Ends with this process even where that is killed.
  const command = ["setpriv", "--pdeathsig", "KILL", ...under, binary, "serve", "--config", configFile, ...args];
  const node = new Program({ name, command, env, ready });
  Object.assign(node, { url: `http://127.0.0.1:${port}`, adminUrl, port, adminPort, dir, configFile,
    /** The value of a metric (the sum over its labels), 0 where there is none. */
    async metric(metricName) {
      const text = await (await fetch(`${adminUrl}/metrics`)).text();
      return text.split("\n").filter((line) => line.startsWith(`${metricName} `) || line.startsWith(`${metricName}{`))
        .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" ") + 1)), 0);
    } });
  if (wait) await node.start();
  else node.spawn();
  return node;
}
