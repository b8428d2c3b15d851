// Where the same scenarios are run: one node by itself, and two over RabbitMQ and a MongoDB-protocol server.
import { clusterConfig, missing, startServer } from "../../support/servers.mjs";
import { startNode } from "./support.mjs";

async function startAlone(config) {
  const node = await startNode(config);
  return { nodes: [node, node], stop: () => node.stop() };
}

async function startPair(config) {
  const [broker, store] = await Promise.all([startServer("rabbitmq"), startServer("mongodb")]);
  const nodes = [];
  for (const name of ["a", "b"]) nodes.push(await startNode({ ...clusterConfig({ name, broker, store }), ...config }));
  const stop = async () => {
    await Promise.all(nodes.map((node) => node.stop()));
    await Promise.all([broker.stop(), store.stop()]);
  };
  return { nodes, stop };
}

/** For `describe(name, { skip }, ...)`; `start(config)` gives `{ nodes: [one, other], stop }`, where both may be one. */
export const houses = [
  { name: "one node", skip: false, start: startAlone },
  { name: "two nodes", skip: missing("rabbitmq", "mongodb"), start: startPair },
];
