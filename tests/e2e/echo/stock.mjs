// Stock clients for the tests: made, awaited, and closed at the end.
import { io } from "socket.io-client";
import { kWaitMs, within } from "./support.mjs";

const open = new Set();

/** A new client with a session of its own. */
export function connect(server, options = {}, namespace = "/") {
  const socket = io(server.url + namespace, { forceNew: true, ...options });
  open.add(socket);
  return socket;
}

/** The same, once connected (and its `auth` event passed, so that later events are the test's own). */
export async function connected(server, options = {}, namespace = "/") {
  const socket = connect(server, options, namespace);
  await nextEvent(socket, "auth");
  return socket;
}

/** The arguments of the next event of that name, own or the client's. */
export function nextEvent(socket, name, ms = kWaitMs * 2) {
  return within(new Promise((resolve) => socket.once(name, (...args) => resolve(args))), `the event ${name}`, ms);
}

/** Resolves when the client has changed from polling to WebSocket. */
export function upgraded(socket) {
  if (socket.io.engine?.transport.name === "websocket") return Promise.resolve();
  const done = new Promise((resolve) => {
    const watch = () => socket.io.engine.once("upgrade", resolve);
    if (socket.io.engine) watch();
    else socket.io.once("open", watch);
  });
  return within(done, "the upgrade", kWaitMs * 2);
}

/** For what many things at once on a busy machine may take. */
export const eventually = (promise, what) => within(promise, what, kWaitMs * 3);

export function disconnectAll() {
  for (const socket of open) {
    socket.io.reconnection(false);
    socket.disconnect();
    socket.io.engine?.close();
  }
  open.clear();
}
