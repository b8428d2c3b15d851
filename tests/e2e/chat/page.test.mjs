// The page at /: served, self-contained, and allowed to run by its own policy.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, before, test } from "node:test";
import { startNode } from "./support.mjs";

let node, html;
before(async () => {
  node = await startNode();
  html = await (await fetch(node.url)).text();
});
after(() => node.stop());

test("it is HTML that caches may keep but must ask about", async () => {
  const answer = await fetch(node.url);
  assert.equal(answer.status, 200);
  assert.match(answer.headers.get("content-type"), /^text\/html/);
  const again = await fetch(node.url, { headers: { "if-none-match": answer.headers.get("etag") } });
  assert.equal(again.status, 304);
});

test("its policy holds the hashes of its style and script", () => {
  const hash = (text) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
  const policy = /Content-Security-Policy" content="([^"]+)"/.exec(html)[1];
  const style = /<style>(.*?)<\/style>/s.exec(html)[1];
  const script = /<script>(.*?)<\/script>/s.exec(html)[1];
  assert.ok(policy.includes(`style-src ${hash(style)}`), `style-src must be ${hash(style)}`);
  assert.ok(policy.includes(`script-src 'self' ${hash(script)}`), `script-src must have ${hash(script)}`);
  assert.doesNotMatch(html, /\son\w+=|style="|innerHTML|insertAdjacentHTML|document\.write/);
});

test("all that it loads is served here", async () => {
  const sources = [...html.matchAll(/<script src="([^"]+)"/g)].map(([, source]) => source);
  assert.deepEqual(sources, ["/socket.io/socket.io.min.js"]);
  const bundle = await fetch(node.url + sources[0]);
  assert.equal(bundle.status, 200);
  assert.match(bundle.headers.get("content-type"), /javascript/);
  assert.match(await bundle.text(), /socket/i);
});
