// The same echo as warren-echo on npm's own servers. It is here to validate these tests (WARREN_ECHO_REFERENCE=1), not to be tested.
import { createServer } from "node:http";
import { parseArgs } from "node:util";
import { Server as EngineServer } from "engine.io";
import { Server } from "socket.io";

const { values } = parseArgs({
  options: {
    port: { type: "string" },
    "ping-interval": { type: "string", default: "25000" },
    "ping-timeout": { type: "string", default: "20000" },
    "max-payload": { type: "string", default: "1000000" },
    "connect-timeout": { type: "string", default: "45000" },
    shards: { type: "string" }, // one process, one thread: accepted and without effect
    cors: { type: "string" },
  },
});
const options = {
  pingInterval: Number(values["ping-interval"]),
  pingTimeout: Number(values["ping-timeout"]),
  maxHttpBufferSize: Number(values["max-payload"]),
  cors: values.cors ? { origin: values.cors } : undefined,
};

const http = createServer((request, response) => response.writeHead(404).end());

const engine = new EngineServer(options);
engine.attach(http, { path: "/engine.io/", destroyUpgrade: false });
engine.on("connection", (session) => session.on("message", (data) => session.send(data)));

const io = new Server(http, { ...options, connectTimeout: Number(values["connect-timeout"]), destroyUpgrade: false });
io.on("connection", echo);
io.of("/custom").on("connection", echo);

function echo(socket) {
  socket.emit("auth", socket.handshake.auth);
  socket.on("message", (...args) => socket.emit("message-back", ...args));
  socket.on("message-with-ack", (...args) => args.pop()(...args));
  socket.on("disconnect-me", () => socket.disconnect());
  socket.on("close-transport-me", () => socket.conn.close());
  socket.on("ask-me", (...args) => {
    socket.timeout(500).emit("question", ...args, (error, ...answer) => {
      if (error) socket.emit("answer-timeout");
      else socket.emit("answer", ...answer);
    });
  });
}

http.listen(Number(values.port), "127.0.0.1");
process.on("SIGTERM", () => process.exit(0));
