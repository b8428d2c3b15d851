// Who may do what: every event and every read, tried by everybody who might try it. What came out is the table in docs/access.md, which
// this test compares; WARREN_WRITE_ACCESS=1 writes it anew. Whoever is refused must be answered as if the thing did not exist.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { root, warren } from "../../support/servers.mjs";
import { serverEvents } from "./asyncapi.mjs";
import { closeAll, connect, Connection, makePeople, password, startNode, unknownId, waitUntil } from "./support.mjs";

const page = join(root, "docs/access.md");
let node, brief, admin, member, removed, stranger, other, blocker, blocked, suspended, signedOut;
before(async () => {
  node = await startNode();
  [admin, member, removed, stranger, other, blocker, blocked, suspended, signedOut] =
    await makePeople(node, "Admin", "Member", "Removed", "Stranger", "Other", "Blocker", "Blocked", "Suspended", "Signedout");
});
after(async () => {
  closeAll();
  await brief?.stop();
  assert.equal(await node.stop(), 0);
});

// ------------------------------------------------------------------------------------------------------ who tries it, and on what

/** A group with a message of everybody who was ever in it; the actor tries things on it. */
async function group(actor) {
  const a = await connect(node, admin);
  const channelId = await a.get("group:new", { name: "tea", members: [member.id, removed.id, other.id] });
  const write = async (person) => {
    const connection = await connect(node, person);
    const { seq } = await connection.get("message:new", { channelId, message: `by ${person.name}` });
    connection.close();
    return seq;
  };
  const others = await write(other);
  const own = [admin, member, removed].includes(actor) ? await write(actor) : others;
  await a.get("group:remove", { channelId, members: [removed.id] });
  a.close();
  return { channelId, own, others, in: other.id, out: stranger.id };
}

/** The one-to-one chat of two of whom one has blocked the other, with a message of each. */
async function pair(actor) {
  const [a, b] = [await connect(node, blocker), await connect(node, blocked)];
  await a.get("user:unblock", { userId: blocked.id });
  await b.get("user:unblock", { userId: blocker.id });
  const channelId = await a.get("group:chat", { member: blocked.id });
  const seqs = [];
  for (const c of [a, b]) seqs.push((await c.get("message:new", { channelId, message: "hello" })).seq);
  await a.get("user:block", { userId: blocked.id });
  for (const c of [a, b]) c.close();
  const [own, others] = actor === blocker ? seqs : seqs.toReversed();
  return { channelId, own, others, in: actor === blocker ? blocked.id : blocker.id, out: stranger.id };
}

const actors = {
  admin: { make: group, who: () => admin },
  member: { make: group, who: () => member },
  "removed member": { make: group, who: () => removed, outside: true },
  "never a member": { make: group, who: () => stranger, outside: true },
  "in a chat with somebody they blocked": { make: pair, who: () => blocker },
  "in a chat with somebody who blocked them": { make: pair, who: () => blocked },
};

const emoji = "👍";
/** Every event: what is tried, its payload, and whether it is about the channel. */
const events = [
  ["server:info", "", () => null],
  ["channels:get", "", () => null],
  ["channels:list", "", () => ({})],
  ["sync", "", ({ channelId }) => ({ channels: { [channelId]: 1 } })],
  ["members:get", "", ({ channelId }) => ({ channelId }), true],
  ["messages:get", "", ({ channelId }) => ({ channelId }), true],
  ["messages:search", "in that channel", ({ channelId }) => ({ query: "hello", channelId }), true],
  ["message:new", "", ({ channelId }) => ({ channelId, message: "hi" }), true],
  ["message:edit", "their own", ({ channelId, own }) => ({ channelId, seq: own, message: "new" }), true],
  ["message:edit", "another's", ({ channelId, others }) => ({ channelId, seq: others, message: "new" }), true],
  ["message:delete", "their own", ({ channelId, own }) => ({ channelId, seq: own }), true],
  ["message:delete", "another's", ({ channelId, others }) => ({ channelId, seq: others }), true],
  ["message:react", "", ({ channelId, others }) => ({ channelId, seq: others, emoji, on: true }), true],
  ["receipt:delivered", "", ({ channelId, others }) => ({ channelId, seq: others }), true],
  ["receipt:read", "", ({ channelId, others }) => ({ channelId, seq: others }), true],
  ["channel:state", "", ({ channelId }) => ({ channelId, muted: true }), true],
  ["typing", "", ({ channelId }) => ({ channelId, on: true }), true],
  ["group:add", "", ({ channelId, out }) => ({ channelId, members: [out] }), true],
  ["group:remove", "", ({ channelId, in: user }) => ({ channelId, members: [user] }), true],
  ["group:role", "", ({ channelId, in: user }) => ({ channelId, member: user, role: "admin" }), true],
  ["group:update", "", ({ channelId }) => ({ channelId, name: "coffee" }), true],
  ["group:leave", "", ({ channelId }) => ({ channelId }), true],
  ["group:new", "", () => ({ name: "other", members: [stranger.id] })],
  ["group:chat", "with the other one", ({ in: user }) => ({ member: user })],
  ["presence:watch", "the other one", ({ in: user }) => ({ users: [user] })],
  ["user:block", "", ({ in: user }) => ({ userId: user })],
  ["user:unblock", "", ({ in: user }) => ({ userId: user })],
  ["user:blocked", "", () => null],
];

const outcome = (answer) => (answer.success ? "yes" : answer.code);

async function attempt(actor, [event, , payload, ofChannel]) {
  const person = actor.who();
  const scene = await actor.make(person);
  const connection = await connect(node, person);
  const answer = await connection.ask(event, payload(scene));
  if (actor.outside && ofChannel) {
    const nowhere = await connection.ask(event, payload({ ...scene, channelId: unknownId }));
    assert.deepEqual(answer, nowhere, `${event}: to ${person.name} the channel must be as if it did not exist`);
    assert.equal(answer.code, "not_found");
  }
  if (actor.outside) {
    assert.doesNotMatch(JSON.stringify(answer).replaceAll(`"left":["${scene.channelId}"]`, ""), new RegExp(scene.channelId),
      `${event} tells ${person.name} of the channel`);
  }
  connection.close();
  return outcome(answer);
}

test("every event that the server takes is tried", () => {
  assert.deepEqual([...new Set(events.map(([event]) => event))].toSorted(), serverEvents());
});

test("every event by everybody is as docs/access.md has it", async () => {
  const rows = [];
  for (const event of events) {
    const cells = [];
    for (const actor of Object.values(actors)) cells.push(await attempt(actor, event));
    rows.push(`| \`${event[0]}\`${event[1] && ` ${event[1]}`} | ${cells.join(" | ")} |`);
  }
  const table = [`| event | ${Object.keys(actors).join(" | ")} |`, `|---|${"---|".repeat(Object.keys(actors).length)}`, ...rows].join("\n");
  const text = readFileSync(page, "utf8");
  const [head, , tail] = text.split(/<!-- table -->\n|<!-- end of the table -->\n/);
  const fresh = `${head}<!-- table -->\n${table}\n<!-- end of the table -->\n${tail}`;
  if (process.env.WARREN_WRITE_ACCESS === "1") writeFileSync(page, fresh);
  else assert.equal(text, fresh, "docs/access.md differs; if that is meant, run this test with WARREN_WRITE_ACCESS=1");
});

// ------------------------------------------------------------------------------------------------------ those who are not signed in

/** Neither a connection nor any REST call is open to the bearer of these tokens; all are told the same. */
async function isNobody(server, person) {
  await assert.rejects(new Connection(server, { token: person.socketToken }).connected(), /Invalid token/);
  for (const [method, path] of [["GET", "/user/me"], ["GET", "/public/search?type=user&query=A"], ["POST", "/auth/sign-out"]]) {
    const answer = await fetch(`${server.url}/api/v1${path}`, { method, headers: { authorization: `Bearer ${person.token}` } });
    assert.equal(answer.status, 401, path);
    assert.equal((await answer.json()).data, undefined);
  }
}

test("somebody who signed out is nobody, and their connection has ended", async () => {
  const connection = await connect(node, signedOut);
  await fetch(`${node.url}/api/v1/auth/sign-out`, { method: "POST", headers: { authorization: `Bearer ${signedOut.token}` } });
  await waitUntil(() => connection.reasons[0] === "io server disconnect", { what: "the end of the connection" });
  await isNobody(node, signedOut);
});

test("somebody suspended is nobody, cannot sign in, and their connection has ended", async () => {
  const connection = await connect(node, suspended);
  const done = warren(["user", "suspend", suspended.email, "--config", node.configFile]);
  assert.equal(done.status, 0, done.stderr);
  await waitUntil(() => connection.reasons[0] === "io server disconnect", { what: "the end of the connection" });
  await isNobody(node, suspended);
  const tried = async (body) => {
    const answer = await fetch(`${node.url}/api/v1/auth/sign-in`,
      { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
    return [answer.status, await answer.text()];
  };
  const unknown = await tried({ email: "nobody@example.org", password });
  assert.deepEqual(await tried({ email: suspended.email, password }), unknown);
});

test("somebody whose session has expired is nobody", async () => {
  brief = await startNode({ sessions: { lifetime: "2s" } });
  const [person] = await makePeople(brief, "Late");
  const headers = { authorization: `Bearer ${person.token}` };
  const isOver = async () => (await fetch(`${brief.url}/api/v1/user/me`, { headers })).status === 401;
  await waitUntil(isOver, { what: "the end of the session", timeout: 20000 });
  await isNobody(brief, person);
});
