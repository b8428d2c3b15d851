// What an operator does to an account: suspend, restore, a new password, sessions; and how soon connections hear of it.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { join } from "node:path";
import { writeFileSync } from "node:fs";
import { clusterConfig, missing, startServer, temporaryFolder, toToml, warren } from "../../support/servers.mjs";
import { closeAll, connect, Connection, makePeople, password, signedIn, startNode, transports, waitUntil } from "./support.mjs";

const oneLine = /^warren: [^\n]+\n$/;
const asks = (configFile) => (args, input = "") => warren(["user", ...args, "--config", configFile], { input });
const succeeds = (result) => {
  assert.equal(result.status, 0, result.stderr);
  return result.stdout;
};
const call = (node, method, path, { body, token } = {}) => fetch(`${node.url}/api/v1${path}`, { method,
  headers: { "content-type": "application/json", ...(token && { authorization: `Bearer ${token}` }) },
  body: body && JSON.stringify(body) });
const tryToSignIn = (node, email, secret) => call(node, "POST", "/auth/sign-in", { body: { email, password: secret } });
/** Resolves once the server has ended it for good: a stock client does not come back from that by itself. */
const ended = (connection) => waitUntil(() => connection.reasons.at(-1) === "io server disconnect",
  { timeout: 15000, what: "the end of a connection" });

describe("an account", () => {
  let node, user, alice, bob;
  before(async () => {
    node = await startNode();
    user = asks(node.configFile);
    [alice, bob] = await makePeople(node, "Alice", "Bob");
  });
  after(async () => {
    closeAll();
    assert.equal(await node.stop(), 0);
  });

  test("that is suspended ends on every connection, and is refused everywhere", async () => {
    const open = await Promise.all([connect(node, bob, transports.websocket), connect(node, bob, transports.polling)]);
    const other = await connect(node, alice);
    assert.match(succeeds(user(["suspend", "BOB@example.org"])), /^Suspended bob@example\.org \(Bob\); .*\n$/);
    await Promise.all(open.map(ended));

    const wrong = await (await tryToSignIn(node, alice.email, "wrong password")).json();
    const refused = await tryToSignIn(node, bob.email, password);
    assert.equal(refused.status, 401);
    assert.deepEqual(await refused.json(), wrong, "the same words as for a wrong password");
    const me = await call(node, "GET", "/user/me", { token: bob.token });
    assert.equal(me.status, 401);
    assert.equal(me.headers.getSetCookie().length, 2, "both cookies cleared");
    await assert.rejects(new Connection(node, { token: bob.socketToken }).connected(), /Invalid token/);
    assert.equal(await other.get("server:info", null), await other.get("server:info", null), "others notice nothing");
    assert.deepEqual(other.reasons, []);
    assert.match(succeeds(user(["list"])), /bob@example\.org\tBob\t\d+\tsuspended\n/);
    assert.equal(succeeds(user(["sessions", bob.email])), "");
  });

  test("that is restored signs in anew: the old session stays ended", async () => {
    assert.equal(JSON.parse(succeeds(user(["restore", bob.id, "--json"]))).status, "active");
    await assert.rejects(new Connection(node, { token: bob.socketToken }).connected(), /Invalid token/);
    bob = await signedIn(node, "Bob");
    await connect(node, bob);
    succeeds(user(["restore", bob.email]));
  });

  test("gets a new password, which ends what began with the old one", async () => {
    const open = await connect(node, bob);
    assert.match(succeeds(user(["passwd", bob.email, "--password-stdin"], "something new\n")), /^Set the password of bob@/);
    await ended(open);
    assert.equal((await tryToSignIn(node, bob.email, password)).status, 401);
    assert.equal((await tryToSignIn(node, bob.email, "something new")).status, 201);
    const [, made] = /^Password, shown only now: (\S{20})$/m.exec(succeeds(user(["passwd", bob.id])));
    assert.equal((await tryToSignIn(node, bob.email, made)).status, 201);
    succeeds(user(["suspend", bob.email]));
    succeeds(user(["passwd", bob.email, "--password-stdin"], `${password}\n`));
    assert.equal((await tryToSignIn(node, bob.email, password)).status, 401, "suspended all the same");
    succeeds(user(["restore", bob.email]));
  });

  test("has sessions, which can be seen and ended but not taken over", async () => {
    bob = await signedIn(node, "Bob");
    const second = await signedIn(node, "Bob");
    const text = succeeds(user(["sessions", bob.email]));
    const rows = text.trimEnd().split("\n").map((line) => line.split("\t").map(Date.parse));
    assert.equal(rows.length, 2);
    for (const [created, expires] of rows) assert.ok(created <= Date.now() && expires > Date.now());
    const objects = succeeds(user(["sessions", bob.email, "--json"])).trimEnd().split("\n").map((line) => JSON.parse(line));
    assert.deepEqual(objects.map((each) => Object.keys(each)), [["createdAt", "expiresAt"], ["createdAt", "expiresAt"]]);

    const open = await Promise.all([connect(node, bob), connect(node, second)]);
    const { status, stdout, stderr } = user(["sessions", bob.email, "--end"]);
    assert.equal(status, 0);
    assert.equal(stdout, text);
    assert.match(stderr, /^Ended the sessions of bob@example\.org \(Bob\)\.\n$/);
    await Promise.all(open.map(ended));
    assert.equal((await call(node, "GET", "/user/me", { token: second.token })).status, 401);
    assert.equal(succeeds(user(["sessions", bob.email])), "");
  });

  test("of nobody is 5 and one line; a bad command line is 2", () => {
    for (const args of [["suspend"], ["restore"], ["passwd", "--password-stdin"], ["sessions"]]) {
      for (const who of ["nobody@example.org", "0123456789abcdef01234567"]) {
        const { status, stdout, stderr } = user([...args, who], "long enough\n");
        assert.equal(status, 5, args.join(" "));
        assert.equal(stdout, "");
        assert.match(stderr, oneLine);
        assert.match(stderr, /nobody with this e-mail address or id/);
      }
      assert.equal(warren(["user", args[0]]).status, 2);
      assert.equal(warren(["user", args[0], "--help"]).status, 0);
    }
    const short = user(["passwd", alice.email, "--password-stdin"], "short\n");
    assert.equal(short.status, 5);
    assert.match(short.stderr, /8 to/);
    assert.equal(user(["passwd", alice.email, "--password-stdin"]).status, 2);
  });

  test("can be suspended where no node runs", async () => {
    const own = await startNode();
    const [eve] = await makePeople(own, "Eve");
    assert.equal(await own.stop(), 0);
    succeeds(asks(own.configFile)(["suspend", eve.email]));
    await own.start();
    assert.equal((await tryToSignIn(own, eve.email, password)).status, 401);
    await assert.rejects(new Connection(own, { token: eve.socketToken }).connected(), /Invalid token/);
    assert.equal(await own.stop(), 0);
  });
});

describe("on two nodes", { skip: missing("rabbitmq", "mongodb") }, () => {
  let broker, store;
  const running = [];
  before(async () => {
    [broker, store] = await Promise.all([startServer("rabbitmq"), startServer("mongodb")]);
  });
  after(async () => {
    closeAll();
    await Promise.all(running.map((node) => node.stop()));
    await Promise.all([broker?.stop(), store?.stop()]);
  });
  const startBoth = async (recheck) => {
    const nodes = await Promise.all(["a", "b"].map((name) =>
      startNode({ ...clusterConfig({ name, broker, store }), delivery: { recheck_period: recheck } })));
    running.push(...nodes);
    return nodes;
  };
  const connectTo = (nodes, person) => Promise.all(nodes.flatMap((node) =>
    [connect(node, person, transports.websocket), connect(node, person, transports.polling)]));

  test("connections end on both at once, whoever is told", async () => {
    const nodes = await startBoth("1h");
    const [carol] = await makePeople(nodes[0], "Carol");
    for (const node of nodes) {
      const open = await connectTo(nodes, await signedIn(nodes[0], "Carol"));
      succeeds(asks(node.configFile)(["suspend", carol.email]));
      await Promise.all(open.map(ended));
      succeeds(asks(node.configFile)(["restore", carol.email]));
    }
    // From a machine where no node runs: the command tells the nodes itself.
    const folder = temporaryFolder();
    const elsewhere = join(folder, "elsewhere.toml");
    writeFileSync(elsewhere, toToml({ ...clusterConfig({ name: "c", broker, store }), store: { data_dir: join(folder, "data") } }));
    const open = await connectTo(nodes, await signedIn(nodes[0], "Carol"));
    const { status, stderr } = asks(elsewhere)(["suspend", carol.email]);
    assert.equal(status, 0, stderr);
    assert.equal(stderr, "");
    await Promise.all(open.map(ended));
  });

  test("connections end also on a node that the broker cannot tell", async () => {
    const nodes = await startBoth("1s");
    const [dave, emil] = await makePeople(nodes[0], "Dave", "Emil");
    const open = await connectTo(nodes, dave);
    const [other] = await connectTo([nodes[1]], emil);
    await broker.stop();
    succeeds(asks(nodes[0].configFile)(["suspend", dave.email]));
    await Promise.all(open.map(ended));
    await assert.rejects(new Connection(nodes[1], { token: dave.socketToken }).connected(), /Invalid token/);
    assert.deepEqual(other.reasons, []);
  });
});
