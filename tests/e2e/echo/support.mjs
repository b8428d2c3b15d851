// What the echo tests share: the server under test as a child process, HTTP requests, Engine.IO polling sessions and raw
// WebSockets that can break every rule. Each request takes a TCP connection of its own unless told otherwise, so that
// with four shards most of them arrive at a shard that does not own the session.
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { existsSync } from "node:fs";
import http from "node:http";
import net from "node:net";
import { fileURLToPath } from "node:url";

import { freePort, root } from "../../support/servers.mjs";

export const usesReference = process.env.WARREN_ECHO_REFERENCE === "1";

/** Options of a test of something that Warren does and npm's server does not (or differently). */
export const warrenOnly = usesReference ? { skip: "Warren's own behaviour; the reference server differs" } : {};

export const separator = "\x1e";
export const kWaitMs = 5000; // how long anything may take that should happen at once, on a busy machine

/** Rejects after `ms` with a text that says what was waited for. */
export async function within(promise, what, ms = kWaitMs) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${ms} ms for ${what}`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// ---------------------------------------------------------------------------------------------- the server under test

function command() {
  if (usesReference) return [process.execPath, fileURLToPath(new URL("reference/echo.mjs", import.meta.url))];
  const binary = process.env.WARREN_ECHO_BIN ?? `${root}/build/release/bin/warren-echo`;
  if (!existsSync(binary)) throw new Error(`${binary} is missing: run \`make build\` or set WARREN_ECHO_BIN`);
  return [binary];
}

const running = new Set();
process.on("exit", () => running.forEach((child) => child.kill("SIGKILL")));

/** One echo server as a child process. */
export class EchoServer {
  /** Starts it and waits until it answers. `flags` are by name without dashes: `{"ping-interval": 300}`. */
  static async start(flags = {}, port = undefined) {
    const server = new EchoServer(flags, port ?? (await freePort()));
    try {
      await server.#ready();
    } catch (error) {
      await server.kill();
      throw error;
    }
    return server;
  }

  constructor(flags, port) {
    this.flags = flags;
    this.port = port;
    this.url = `http://127.0.0.1:${port}`;
    const [binary, ...first] = command();
    const named = Object.entries({ port, shards: 4, ...flags }).flatMap(([name, value]) => [`--${name}`, `${value}`]);
    this.child = spawn(binary, [...first, ...named], { stdio: ["ignore", "pipe", "pipe"] });
    this.log = "";
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream.on("data", (text) => (this.log = (this.log + text).slice(-65536)));
    }
    running.add(this.child);
    this.exited = new Promise((resolve) => {
      this.child.on("error", (error) => resolve({ code: -1, signal: `${error}` }));
      this.child.on("exit", (code, signal) => {
        running.delete(this.child);
        resolve({ code, signal });
      });
    });
  }

  get pid() {
    return this.child.pid;
  }

  async #ready() {
    const died = this.exited.then(({ code, signal }) => {
      throw new Error(`the echo server ended at start (${signal ?? code}): ${this.log}`);
    });
    died.catch(() => {});
    const connects = async () => {
      for (;;) {
        const socket = net.connect(this.port, "127.0.0.1");
        const connected = await new Promise((resolve) => {
          socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
        });
        socket.destroy();
        if (connected) return;
        await pause(20);
      }
    };
    await within(Promise.race([connects(), died]), "the echo server to listen", 10000);
  }

  /** SIGTERM. Fails if the server had ended before by itself, or does not end well now. */
  async stop() {
    if (this.child.exitCode !== null || this.child.signalCode !== null) {
      throw new Error(`the echo server had died (${this.child.signalCode ?? this.child.exitCode}): ${this.log}`);
    }
    this.child.kill("SIGTERM");
    const { code, signal } = await within(this.exited, "the echo server to end after SIGTERM", 10000).catch((error) => {
      this.child.kill("SIGKILL");
      throw error;
    });
    if (code !== 0) throw new Error(`the echo server ended with ${signal ?? code} after SIGTERM: ${this.log}`);
  }

  async kill() {
    this.child.kill("SIGKILL");
    await this.exited;
  }

  /** After a kill or stop: the same flags on the same port. */
  restart() {
    return EchoServer.start(this.flags, this.port);
  }
}

/**
 * A TCP proxy before `server` that holds back what it carries, either way, by `delay(first bytes)` milliseconds. Has a
 * server's `port` and `url`, so that clients can be given it instead.
 */
export async function slowProxy(server, delay) {
  const open = new Set();
  const carry = (from, to, ms) => {
    from.on("data", (chunk) => setTimeout(() => to.destroyed || to.write(chunk), ms()));
    from.on("close", () => setTimeout(() => to.destroy(), ms()));
    from.on("error", () => {});
  };
  const proxy = net.createServer({ noDelay: true }, (client) => {
    const target = net.connect({ port: server.port, host: "127.0.0.1", noDelay: true });
    let ms = 0;
    client.once("data", (head) => (ms = delay(head)));
    carry(client, target, () => ms);
    carry(target, client, () => ms);
    for (const socket of [client, target]) open.add(socket.on("close", () => open.delete(socket)));
  });
  proxy.listen(0, "127.0.0.1");
  await once(proxy, "listening");
  const { port } = proxy.address();
  const close = () => {
    open.forEach((socket) => socket.destroy());
    proxy.close();
  };
  return { port, url: `http://127.0.0.1:${port}`, close };
}

// --------------------------------------------------------------------------------------------------------------- HTTP

/** One request; resolves to {status, headers, body, text, json()}. `agent` to share connections, else a fresh one. */
export function request(server, path, { method = "GET", headers = {}, body, agent = false, ms = kWaitMs } = {}) {
  const answer = new Promise((resolve, reject) => {
    const sent = http.request({ host: "127.0.0.1", port: server.port, path, method, headers, agent }, (response) => {
      const chunks = [];
      response.on("data", (chunk) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => {
        const whole = Buffer.concat(chunks);
        const text = whole.toString();
        resolve({
          status: response.statusCode,
          headers: response.headers,
          body: whole,
          text,
          json: () => JSON.parse(text),
        });
      });
    });
    sent.on("error", reject);
    sent.end(body);
  });
  return within(answer, `the answer to ${method} ${path}`, ms);
}

/** An Engine.IO session over polling, packet by packet. */
export class Polling {
  /** The path is /engine.io/ for bare Engine.IO, /socket.io/ for Socket.IO. */
  static async open(server, path = "/engine.io/") {
    const answer = await request(server, `${path}?EIO=4&transport=polling`);
    if (answer.status !== 200) throw new Error(`handshake: ${answer.status} ${answer.text}`);
    return new Polling(server, path, JSON.parse(answer.text.slice(1)));
  }

  constructor(server, path, handshake) {
    this.server = server;
    this.path = path;
    this.handshake = handshake;
    this.sid = handshake.sid;
    this.query = `${path}?EIO=4&transport=polling&sid=${handshake.sid}`;
    this.waiting = [];
  }

  get upgradePath() {
    return `${this.path}?EIO=4&transport=websocket&sid=${this.sid}`;
  }

  get(options) {
    return request(this.server, this.query, options);
  }

  post(payload, options = {}) {
    const headers = { "content-type": "text/plain;charset=UTF-8", ...options.headers };
    return request(this.server, this.query, { ...options, method: "POST", body: payload, headers });
  }

  /** Polls once; the packets of the payload. */
  async poll(options) {
    const answer = await this.get(options);
    if (answer.status !== 200) throw new Error(`poll: ${answer.status} ${answer.text}`);
    return answer.text.split(separator);
  }

  /** The next packet, polling as needed. */
  async next() {
    while (this.waiting.length === 0) this.waiting = await this.poll();
    return this.waiting.shift();
  }
}

// ---------------------------------------------------------------------------------------------------------- raw bytes

async function connectTo(server) {
  const socket = net.connect({ port: server.port, host: "127.0.0.1", noDelay: true });
  await within(once(socket, "connect"), "a TCP connection");
  return socket;
}

function parseResponse(bytes, hasBody) {
  const end = bytes.indexOf("\r\n\r\n");
  if (end < 0) return undefined;
  const head = bytes.subarray(0, end).toString("latin1");
  const status = Number(head.split(" ")[1]);
  const start = end + 4;
  if (/transfer-encoding: *chunked/i.test(head) && hasBody) {
    let body = "";
    for (let at = start; ; ) {
      const line = bytes.indexOf("\r\n", at);
      if (line < 0) return undefined;
      const length = parseInt(bytes.subarray(at, line).toString(), 16);
      const next = line + 2 + length + 2;
      if (bytes.length < next) return undefined;
      if (length === 0) return { status, head, body, size: next };
      body += bytes.subarray(line + 2, line + 2 + length).toString();
      at = next;
    }
  }
  const length = hasBody ? Number(/content-length: *(\d+)/i.exec(head)?.[1] ?? 0) : 0;
  if (bytes.length < start + length) return undefined;
  return { status, head, body: bytes.subarray(start, start + length).toString(), size: start + length };
}

/** A TCP connection that collects what arrives. */
export class RawConnection {
  static async open(server) {
    return new RawConnection(await connectTo(server));
  }

  constructor(socket) {
    this.socket = socket;
    this.received = Buffer.alloc(0);
    this.ended = false;
    this.wakes = [];
    const wake = () => this.wakes.splice(0).forEach((resume) => resume());
    const end = () => {
      this.ended = true;
      wake();
    };
    socket.on("data", (chunk) => {
      this.received = Buffer.concat([this.received, chunk]);
      wake();
    });
    socket.on("end", end).on("close", end).on("error", end);
  }

  write(bytes) {
    if (!this.socket.destroyed) this.socket.write(bytes);
  }

  destroy() {
    this.socket.destroy();
  }

  /** Waits until `found(received)` is truthy and returns that; undefined if the connection ends before. */
  async until(found, what, ms = kWaitMs) {
    const looking = (async () => {
      for (;;) {
        const value = found(this.received);
        if (value) return value;
        if (this.ended) return undefined;
        await new Promise((resolve) => this.wakes.push(resolve));
      }
    })();
    return within(looking, what, ms);
  }

  /** Takes one HTTP response off the stream: {status, head, body}; undefined if the connection ended before. */
  async response({ hasBody = true, ms = kWaitMs } = {}) {
    const answer = await this.until((bytes) => parseResponse(bytes, hasBody), "an HTTP response", ms);
    if (answer) this.received = this.received.subarray(answer.size);
    return answer;
  }

  /** Resolves when the server has ended the connection. */
  async closed(ms = kWaitMs) {
    await this.until(() => this.ended, "the connection to end", ms);
  }
}

export const opcodes = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 };

/** One frame's bytes, right or wrong. */
export function frame({ opcode = opcodes.text, payload = "", fin = true, rsv = 0, masked = true, claim } = {}) {
  const body = Buffer.from(payload);
  const length = claim ?? body.length;
  const head = [(fin ? 0x80 : 0) | (rsv << 4) | opcode];
  if (length < 126) head.push(length);
  else if (length < 65536) head.push(126, length >> 8, length & 255);
  else head.push(127, 0, 0, 0, 0, (length >>> 24) & 255, (length >>> 16) & 255, (length >>> 8) & 255, length & 255);
  if (!masked) return Buffer.concat([Buffer.from(head), body]);
  head[1] |= 0x80;
  const mask = randomBytes(4);
  return Buffer.concat([Buffer.from(head), mask, body.map((byte, i) => byte ^ mask[i & 3])]);
}

/** A WebSocket of which the test sees and makes every frame. */
export class RawWebSocket extends RawConnection {
  /** Upgrades; on refusal the result has `status` other than 101 and `refusal`, the response. */
  static async open(server, path, headers = {}) {
    const ws = new RawWebSocket(await connectTo(server));
    const all = {
      Host: `127.0.0.1:${server.port}`,
      Connection: "Upgrade",
      Upgrade: "websocket",
      "Sec-WebSocket-Version": "13",
      "Sec-WebSocket-Key": randomBytes(16).toString("base64"),
      ...headers,
    };
    const lines = Object.entries(all).flatMap(([name, value]) => (value === null ? [] : [`${name}: ${value}\r\n`]));
    ws.write(`GET ${path} HTTP/1.1\r\n${lines.join("")}\r\n`);
    ws.refusal = await ws.response();
    ws.status = ws.refusal?.status;
    return ws;
  }

  /** A bare Engine.IO session over WebSocket; its open packet is in `handshake`. */
  static async session(server, path = "/engine.io/") {
    const ws = await RawWebSocket.open(server, `${path}?EIO=4&transport=websocket`);
    if (ws.status !== 101) throw new Error(`upgrade: ${ws.refusal?.head} ${ws.refusal?.body}`);
    ws.handshake = JSON.parse((await ws.text()).slice(1));
    return ws;
  }

  send(text) {
    this.write(frame({ payload: text }));
  }

  sendBinary(bytes) {
    this.write(frame({ opcode: opcodes.binary, payload: bytes }));
  }

  /** The next frame; undefined if the connection ended. */
  async next(ms = kWaitMs) {
    const parse = (bytes) => {
      if (bytes.length < 2) return undefined;
      let length = bytes[1] & 127;
      let at = 2;
      if (length === 126) {
        if (bytes.length < 4) return undefined;
        length = bytes.readUInt16BE(2);
        at = 4;
      } else if (length === 127) {
        if (bytes.length < 10) return undefined;
        length = Number(bytes.readBigUInt64BE(2));
        at = 10;
      }
      if (bytes.length < at + length) return undefined;
      const payload = bytes.subarray(at, at + length);
      const [first, second] = bytes;
      const bits = { fin: (first & 0x80) !== 0, rsv: (first >> 4) & 7, masked: (second & 0x80) !== 0 };
      return { ...bits, opcode: first & 15, payload, size: at + length };
    };
    const got = await this.until(parse, "a WebSocket frame", ms);
    if (got) this.received = this.received.subarray(got.size);
    return got;
  }

  /** The next frame's text; fails if it is another kind of frame. */
  async text(ms) {
    const got = await this.next(ms);
    if (!got) throw new Error("the WebSocket ended");
    if (got.opcode !== opcodes.text || !got.fin) throw new Error(`a frame of opcode ${got.opcode}: ${got.payload}`);
    return got.payload.toString();
  }

  async binary(ms) {
    const got = await this.next(ms);
    if (!got) throw new Error("the WebSocket ended");
    if (got.opcode !== opcodes.binary) throw new Error(`a frame of opcode ${got.opcode}: ${got.payload}`);
    return got.payload;
  }

  /** Reads to the end; the code of the server's close frame (undefined: closed without), and the texts before it. */
  async untilClosed(ms = kWaitMs) {
    const texts = [];
    let code;
    const reading = (async () => {
      for (let got; (got = await this.next(ms)); ) {
        if (got.opcode === opcodes.close) code = got.payload.length >= 2 ? got.payload.readUInt16BE(0) : 1005;
        else texts.push(got.payload.toString());
        // A client that has seen the close frame answers it; then the server ends the connection.
        if (got.opcode === opcodes.close) this.write(frame({ opcode: opcodes.close, payload: got.payload }));
      }
    })();
    await within(reading, "the server to close the WebSocket", ms);
    return { code, texts };
  }
}

// ------------------------------------------------------------------------------------------------- Socket.IO, unwrapped

/** A raw WebSocket session with the main namespace joined, as far as its `auth` event. */
export async function joined(server, namespace = "/") {
  const ws = await RawWebSocket.session(server, "/socket.io/");
  await join(ws, namespace);
  return ws;
}

/** Joins `namespace` on a raw session and takes the CONNECT answer and the `auth` event; the connection's id. */
export async function join(ws, namespace = "/", auth = "") {
  const prefix = namespace === "/" ? "" : `${namespace},`;
  ws.send(`40${prefix}${auth}`);
  const answer = await ws.text();
  if (!answer.startsWith(`40${prefix}{`)) throw new Error(`CONNECT was answered by ${answer}`);
  const event = await ws.text();
  if (!event.startsWith(`42${prefix}["auth"`)) throw new Error(`after CONNECT came ${event}`);
  return JSON.parse(answer.slice(2 + prefix.length)).sid;
}
