// REST as docs/protocol.md has it: sign-in, sign-out, user/me and search.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { io } from "socket.io-client";
import { startWarren } from "../../support/servers.mjs";
import { addUser, call, signIn } from "./support.mjs";

let node, ann, bob;
before(async () => {
  node = await startWarren();
  ann = addUser(node, "Ann@example.org", "Ann Arbor");
  bob = addUser(node, "bob@example.org", "Bob 50% (B.)");
});
after(() => node.stop());

const clearsBoth = (answer) => {
  assert.deepEqual(answer.cookies, { token: "", userId: "" });
  for (const line of answer.setCookies) assert.match(line, /Path=\/; Max-Age=0/);
};

describe("sign-in", () => {
  test("answers 201 and sets both cookies for the same time and path", async () => {
    const answer = await call(node, "POST", "/auth/sign-in", { body: { email: "ann@EXAMPLE.org", password: ann.password } });
    assert.equal(answer.status, 201);
    assert.equal(answer.body.success, true);
    assert.equal(typeof answer.body.msg, "string");
    assert.equal(answer.headers.get("cache-control"), "no-store");
    const [token, userId] = answer.setCookies;
    assert.match(token, /^token=[\w-]{43}; Path=\/; Max-Age=\d+; HttpOnly; SameSite=Strict$/);
    assert.match(userId, new RegExp(`^userId=${ann._id}; Path=/; Max-Age=\\d+; SameSite=Strict$`));
    assert.equal(token.match(/Max-Age=\d+/)[0], userId.match(/Max-Age=\d+/)[0]);
  });

  test("marks its cookies Secure where told so", async () => {
    const own = await startWarren({ config: { http: { secure_cookies: true } } });
    const person = addUser(own, "sec@example.org", "Secure");
    const answer = await call(own, "POST", "/auth/sign-in", { body: person });
    for (const line of answer.setCookies) assert.match(line, /; Secure$/);
    await own.stop();
  });

  test("answers 400 where something is missing or is no JSON", async () => {
    const bodies = [{}, { email: "a@b.c" }, { password: "x" }, { email: "", password: "" }, { email: 5, password: "x" }, "{", "[]",
      "[".repeat(1000), '{"email":"\\ud800","password":"x"}'];
    for (const body of bodies) {
      const answer = await call(node, "POST", "/auth/sign-in", { body });
      assert.equal(answer.status, 400, JSON.stringify(body));
      assert.equal(answer.body.success, false);
      assert.ok(answer.body.msg.length > 10);
    }
    const form = await call(node, "POST", "/auth/sign-in",
      { body: "email=a", headers: { "content-type": "application/x-www-form-urlencoded" } });
    assert.equal(form.status, 400);
    assert.match(form.body.msg, /application\/json/);
  });

  test("answers the same 401 to an unknown account and a wrong password", async () => {
    const wrong = await call(node, "POST", "/auth/sign-in", { body: { email: ann.email, password: "wrong password" } });
    const unknown = await call(node, "POST", "/auth/sign-in", { body: { email: "no@example.org", password: "wrong password" } });
    assert.equal(wrong.status, 401);
    assert.deepEqual(wrong.body, unknown.body);
    clearsBoth(wrong);
    clearsBoth(unknown);
  });

  test("is limited per account and per address, and good ones do not count", async () => {
    const own = await startWarren({ config: { limits: { sign_in_per_account: "3/1h", sign_in_per_address: "5/1h" } } });
    const person = addUser(own, "lim@example.org", "Limited");
    for (let i = 0; i < 8; ++i) await signIn(own, person);
    const attempt = (email) => call(own, "POST", "/auth/sign-in", { body: { email, password: "wrong password" } });
    for (let i = 0; i < 3; ++i) assert.equal((await attempt("LIM@example.org")).status, 401);
    const limited = await attempt("lim@example.org");
    assert.equal(limited.status, 429);
    assert.equal(limited.body.code, "rate_limited");
    const wait = Number(limited.headers.get("retry-after"));
    assert.ok(wait > 0 && wait <= 1200, String(wait));
    const held = await call(own, "POST", "/auth/sign-in", { body: person });
    assert.equal(held.status, 429, "the right password is not tried either");
    for (let i = 0; i < 2; ++i) assert.equal((await attempt(`other${i}@example.org`)).status, 401);
    assert.equal((await attempt("other9@example.org")).status, 429, "the address has had its five");
    assert.equal(await own.metric("warren_sign_ins_total"), 8 + 3 + 2 + 2 + 1);
    await own.stop();
  });
});

describe("user/me", () => {
  test("answers 201 with one's own profile, by cookie or bearer token", async () => {
    const session = await signIn(node, ann);
    const answer = await call(node, "GET", "/user/me", { session });
    assert.equal(answer.status, 201);
    const { socketToken, createdAt, phoneNo, ...rest } = answer.body.data;
    assert.deepEqual(rest, { _id: ann._id, name: "Ann Arbor", email: "Ann@example.org", image: "" });
    assert.match(phoneNo, /^\d{10}$/);
    assert.match(createdAt, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    assert.ok(socketToken.length >= 32 && socketToken !== session.token);
    const bearer = await call(node, "GET", "/user/me", { headers: { authorization: `Bearer ${session.token}` } });
    assert.deepEqual(bearer.body, answer.body, "the socket token is the same for the life of the session");
    const other = await call(node, "GET", "/user/me", { session: await signIn(node, ann) });
    assert.notEqual(other.body.data.socketToken, socketToken);
  });

  test("answers 401 and clears both cookies without a session", async () => {
    for (const session of [undefined, { token: "" }, { token: "x".repeat(43) }, { token: "x".repeat(4000) }, { userId: ann._id }]) {
      const answer = await call(node, "GET", "/user/me", { session });
      assert.equal(answer.status, 401);
      assert.equal(answer.body.success, false);
      clearsBoth(answer);
    }
  });

  test("does not take a socket token for a session", async () => {
    const session = await signIn(node, ann);
    const { socketToken } = (await call(node, "GET", "/user/me", { session })).body.data;
    assert.equal((await call(node, "GET", "/user/me", { session: { token: socketToken } })).status, 401);
  });
});

describe("sign-out", () => {
  test("ends every session of the person, and every socket for good", async () => {
    const here = await signIn(node, bob), there = await signIn(node, bob), others = await signIn(node, ann);
    const { socketToken } = (await call(node, "GET", "/user/me", { session: there })).body.data;
    const socket = io(node.url, { auth: { token: socketToken }, forceNew: true });
    await new Promise((done, failed) => socket.once("connect", done).once("connect_error", failed));
    const disconnected = new Promise((done) => socket.once("disconnect", done));
    const late = setTimeout(() => socket.disconnect(), 10000);
    const answer = await call(node, "POST", "/auth/sign-out", { session: here });
    assert.equal(answer.status, 200);
    clearsBoth(answer);
    assert.equal(await disconnected, "io server disconnect");
    clearTimeout(late);
    for (const session of [here, there]) assert.equal((await call(node, "GET", "/user/me", { session })).status, 401);
    assert.equal((await call(node, "GET", "/user/me", { session: others })).status, 201);
    assert.equal((await call(node, "POST", "/auth/sign-out", { session: here })).status, 401);
    socket.close();
  });
});

describe("search", () => {
  const search = async (query, session) => call(node, "GET", `/public/search?${query}`, { session: session ?? await signIn(node, ann) });

  test("finds people by a part of their name or by phone number", async () => {
    const answer = await search("type=user&query=arb");
    assert.equal(answer.status, 200);
    assert.equal(answer.body.success, true);
    assert.deepEqual(answer.body.data,
      { users: [{ _id: ann._id, name: "Ann Arbor", phoneNo: ann.phoneNo, image: "" }], page: 1, limit: 50 });
    const byPhone = await search(`type=user&query=${bob.phoneNo}`);
    assert.deepEqual(byPhone.body.data.users.map((user) => user._id), [bob._id]);
    assert.deepEqual((await search(`type=user&query=${bob.phoneNo.slice(1)}`)).body.data.users, []);
  });

  test("takes the query for a literal, never a pattern", async () => {
    const names = async (text) => (await search(`type=user&query=${encodeURIComponent(text)}`)).body.data.users.map((u) => u.name);
    assert.deepEqual(await names("50% (B"), ["Bob 50% (B.)"]);
    for (const pattern of [".*", "%", "_", "^", "(", "[a-z]", "B.b", "B_b", "\\"]) {
      const expected = ["Bob 50% (B.)"].filter((name) => name.includes(pattern));
      assert.deepEqual(await names(pattern), expected, pattern);
    }
  });

  test("pages", async () => {
    const session = await signIn(node, ann);
    const page = async (n) => (await search(`type=user&query=b&limit=1&page=${n}`, session)).body.data;
    const first = await page(1), second = await page(2), third = await page(3);
    assert.deepEqual([first.page, first.limit, second.page], [1, 1, 2]);
    assert.deepEqual([...first.users, ...second.users].map((user) => user.name).sort(), ["Ann Arbor", "Bob 50% (B.)"]);
    assert.deepEqual(third.users, []);
    assert.equal((await search("type=user&query=b&limit=5000", session)).body.data.limit, 100);
    for (const odd of ["limit=0", "limit=-1", "limit=x", "page=0", "page=99999999999999999999"]) {
      assert.equal((await search(`type=user&query=b&${odd}`, session)).status, 200, odd);
    }
  });

  test("answers 400 without a query or of another type, and 401 without a session", async () => {
    for (const query of ["", "type=user", "type=user&query=", "query=x", "type=group&query=x"]) {
      assert.equal((await search(query)).status, 400, query);
    }
    assert.equal((await search("type=user&query=x", {})).status, 401);
  });
});

test("other paths below /api answer 404 and other methods 405, as JSON", async () => {
  for (const [method, path] of [["POST", "/auth/sign-up"], ["PATCH", "/user/update-profile"], ["GET", "/nonsense"]]) {
    const answer = await call(node, method, path);
    assert.equal(answer.status, 404);
    assert.equal(answer.body.success, false);
    assert.equal(typeof answer.body.msg, "string");
  }
  const wrong = await call(node, "GET", "/auth/sign-in");
  assert.equal(wrong.status, 405);
  assert.equal(wrong.headers.get("allow"), "POST");
});

test("pages from elsewhere may call only where they are allowed to", async () => {
  const preflight = (own, origin) => fetch(`${own.url}/api/v1/user/me`, { method: "OPTIONS", headers: { origin } });
  const none = await preflight(node, "https://app.example.org");
  assert.equal(none.headers.get("access-control-allow-origin"), null);
  const own = await startWarren({ config: { http: { cors_origin: "https://app.example.org" } } });
  const allowed = await preflight(own, "https://app.example.org");
  assert.equal(allowed.status, 204);
  assert.equal(allowed.headers.get("access-control-allow-origin"), "https://app.example.org");
  assert.equal(allowed.headers.get("access-control-allow-credentials"), "true");
  await own.stop();
});
