// docs/openapi.yaml is whole, and what it shows is what a server does.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { root, startWarren } from "../../support/servers.mjs";
import { calls, checkAnswer, checkExamples, openapi } from "./openapi.mjs";
import { addUser, call, signIn } from "./support.mjs";

const cpp = readFileSync(join(root, "src/api/rest.cpp"), "utf8");

test("it has every call that the server takes, and refers to nothing that is not there", () => {
  const taken = [...cpp.matchAll(/add\(server, "\/api\/v1([^"]+)", http::Method::(\w+),/g)].map(([, path, method]) => `${method} ${path}`);
  assert.ok(taken.length >= 4);
  assert.deepEqual(calls.map(({ path, method }) => `${method.toLowerCase()} ${path}`).toSorted(), taken.toSorted());
  const at = (pointer) => pointer.slice(2).split("/").reduce((node, key) => node?.[key.replaceAll("~1", "/")], openapi);
  JSON.stringify(openapi, (key, value) => {
    if (key === "$ref") assert.ok(at(value), `${value} leads nowhere`);
    return value;
  });
});

test("what it forbids is noticed", () => {
  const answer = (status, body, setCookies = []) => ({ status, body, setCookies, headers: new Headers() });
  const refusal = { success: false, msg: "It was refused.", code: "invalid" };
  assert.throws(() => checkAnswer("GET", "/user/me", answer(201, { success: true, msg: "You.", data: {} })), /required property '_id'/);
  assert.throws(() => checkAnswer("POST", "/auth/sign-out", answer(200, { success: true, msg: "Out.", more: 1 })), /unevaluated/);
  assert.throws(() => checkAnswer("GET", "/user/me", answer(418, refusal)), /lacks the answer 418/);
  assert.throws(() => checkAnswer("GET", "/user/me", answer(401, refusal)), /sets 0 cookies/);
  assert.throws(() => checkAnswer("GET", "/user/me", answer(429, refusal)), /must be >= 1/);
  assert.throws(() => checkAnswer("POST", "/user/me", answer(201, refusal)), /201/);
  assert.throws(() => checkAnswer("GET", "/no/such/call", answer(404, { ...refusal, data: 1 })), /additional properties/);
});

describe("every call", () => {
  let node, sessions;
  before(async () => {
    const limits = { sign_in_per_account: "10/600s" };
    node = await startWarren({ config: { limits, passwords: { memory: "8 MiB", passes: 1 } } });
    sessions = {};
    for (const name of ["Alice", "Bob", "Carol"]) {
      sessions[name.toLowerCase()] = await signIn(node, addUser(node, `${name.toLowerCase()}@example.org`, name));
    }
  });
  after(() => node.stop());

  for (const one of calls) test(`${one.method} ${one.path} has examples, and is answered as they say`, async () => {
    checkExamples(one);
    const { responses, "x-replays": replays } = one.operation;
    // That the server is not able to cannot be asked for.
    const shown = Object.keys(responses).filter((status) => status !== "503").map(Number);
    assert.deepEqual([...new Set(replays.map(({ status }) => status))].toSorted(), shown.toSorted());
    for (const { status, as, bearer, method = one.method, query, body, repeat } of replays) {
      const target = query ? `${one.path}?${new URLSearchParams(query)}` : one.path;
      const session = sessions[as];
      const options = bearer ? { headers: { authorization: `Bearer ${session.token}` }, body } : { session, body };
      let own = node;
      if (repeat && status === 429 && !body) {
        own = await startWarren({ config: { limits: { rest_per_address: "50/600s" } } });
        delete options.session;
      }
      let answer = await call(own, method, target, options);
      for (let n = 1; n < (repeat ?? 1) && answer.status !== status; ++n) answer = await call(own, method, target, options);
      assert.equal(answer.status, status, `${method} ${target}: ${JSON.stringify(answer.body)}`);
      if (own !== node) await own.stop();
    }
  });
});
