// Two Warren nodes over RabbitMQ and a MongoDB-protocol server, for bench/compare.py: starts broker and store, fills the store
// (`warren-load prepare ARGS...`), starts the nodes without limits on rates, prints one line of JSON (their ports, and the pids of
// everything) and stops it all on SIGTERM.
//   bench/two_nodes.mjs PREPARE_ARGS...
import { spawnSync } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { clusterConfig, startServer, startWarren, temporaryFolder, warrenBinary } from "../tests/support/servers.mjs";

/** The limits of bench/warren.toml that are off. */
const limits = Object.fromEntries(readFileSync(new URL("warren.toml", import.meta.url), "utf8").split("[limits]")[1].split("[")[0]
  .split("\n").filter((line) => line.includes("=")).map((line) => {
    const [key, value] = line.split("=").map((part) => part.trim());
    return [key, JSON.parse(value)];
  }));

/** The process of that name below `pid`: a recipe's server. */
function descendant(pid, name) {
  const stats = readdirSync("/proc").filter((entry) => /^\d+$/.test(entry)).flatMap((entry) => {
    try {
      const [, own, command, parent] = /^(\d+) \((.*)\) \S (\d+)/.exec(readFileSync(`/proc/${entry}/stat`, "utf8"));
      return [{ pid: Number(own), command, parent: Number(parent) }];
    } catch { return []; } // It ended meanwhile.
  });
  const below = [pid];
  for (const at of below) below.push(...stats.filter((process) => process.parent === at).map((process) => process.pid));
  return stats.find((process) => below.includes(process.pid) && process.command === name)?.pid;
}

const dir = temporaryFolder();
const started = [];
const start = async (promise) => { started.push(await promise); return started.at(-1); };

const [broker, store] = [await start(startServer("rabbitmq", { dir: join(dir, "rabbitmq") })),
  await start(startServer("mongodb", { dir: join(dir, "mongodb") }))];
const prepared = spawnSync(join(dirname(warrenBinary()), "warren-load"),
  ["prepare", ...process.argv.slice(2)],
  { stdio: ["ignore", "ignore", "inherit"], env: { ...process.env, WARREN_MONGODB_URL: store.url } });
if (prepared.status !== 0) process.exit(1);
const nodes = [];
for (const name of ["a", "b"]) {
  const config = { ...clusterConfig({ name, broker, store }), limits, log: { level: "warn" } };
  nodes.push(await start(startWarren({ name, dir: temporaryFolder(), config, args: ["--set", "http.shards=1"] })));
}
console.log(JSON.stringify({ ports: nodes.map((node) => node.port),
  pids: [...nodes.map((node) => node.pid), descendant(broker.pid, "beam.smp")] }));
process.removeAllListeners("SIGTERM").once("SIGTERM", async () => {
  for (const program of started.reverse()) await program.stop();
  process.exit(0);
});
