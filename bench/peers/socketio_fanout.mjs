// The same rooms as servers/warren_fanout.cpp on npm's socket.io, with the fastest settings that its documentation
// names: WebSocket only, `ws` with its native addons, no compression, the first request not kept.
// https://socket.io/docs/v4/performance-tuning/
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { Server } from "socket.io";

const require = createRequire(import.meta.url);
require("bufferutil");  // ws takes them where they are; without them this must fail, not be slower.
require("utf-8-validate");

const http = createServer();
const io = new Server(http, { transports: ["websocket"], perMessageDeflate: false, httpCompression: false, serveClient: false });
io.engine.on("connection", (raw) => {
  raw.request = null;
});
io.on("connection", (socket) => {
  const room = socket.handshake.auth.room;
  socket.join(room);
  socket.on("say", (payload) => io.to(room).emit("say", payload));
});
http.listen(Number(process.argv[2] ?? 0), "127.0.0.1", 4096, () => {
  console.log(`Listening on http://127.0.0.1:${http.address().port}`);
});
process.on("SIGTERM", () => process.exit(0));
