// The browser builds of socket.io-client that the server offers, as npm's server does.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { gunzipSync } from "node:zlib";
import { EchoServer, request, usesReference, warrenOnly } from "./support.mjs";

const folder = new URL("../node_modules/socket.io-client/dist/", import.meta.url);
const { version } = JSON.parse(readFileSync(new URL("../package.json", folder)));

let server;
before(async () => (server = await EchoServer.start()));
after(() => server.stop());

describe("client bundles", () => {
  for (const name of ["socket.io.js", "socket.io.min.js", "socket.io.esm.min.js"]) {
    const path = `/socket.io/${name}`;
    const wanted = readFileSync(new URL(name, folder));

    test(`GET ${name} is the file of the locked version`, async () => {
      const answer = await request(server, path);
      assert.equal(answer.status, 200);
      assert.match(answer.headers["content-type"], /^(application|text)\/javascript; *charset=utf-8$/i);
      assert.ok(answer.body.equals(wanted), `${answer.body.length} bytes differ from those of ${version}`);
      assert.match(answer.headers.etag, /^(W\/)?".+"$/);
    });

    test(`HEAD ${name} has GET's headers and no body`, async () => {
      const head = await request(server, path, { method: "HEAD" });
      const get = await request(server, path);
      assert.equal(head.status, 200);
      assert.equal(head.body.length, 0);
      for (const header of ["etag", "content-type"]) assert.equal(head.headers[header], get.headers[header]);
      if (!usesReference) assert.equal(head.headers["content-length"], `${wanted.length}`);
    });

    test(`${name} is not sent again to who has it`, async () => {
      const { etag } = (await request(server, path)).headers;
      const same = await request(server, path, { headers: { "if-none-match": etag } });
      assert.equal(same.status, 304);
      assert.equal(same.body.length, 0);
      const weak = await request(server, path, { headers: { "if-none-match": `W/${etag.replace(/^W\//, "")}` } });
      assert.equal(weak.status, 304);
      const other = await request(server, path, { headers: { "if-none-match": '"another"' } });
      assert.equal(other.status, 200);
      assert.ok(other.body.equals(wanted));
    });

    test(`${name} is compressed for who accepts it`, async () => {
      const answer = await request(server, path, { headers: { "accept-encoding": "gzip" } });
      assert.equal(answer.status, 200);
      assert.equal(answer.headers["content-encoding"], "gzip");
      assert.ok(gunzipSync(answer.body).equals(wanted));
      if (!usesReference) assert.match(answer.headers.vary ?? "", /accept-encoding/i);
    });
  }

  test("a list of tags and * match too", warrenOnly, async () => {
    const { etag } = (await request(server, "/socket.io/socket.io.js")).headers;
    for (const list of [`"x", ${etag}`, "*"]) {
      const answer = await request(server, "/socket.io/socket.io.js", { headers: { "if-none-match": list } });
      assert.equal(answer.status, 304, list);
    }
  });

  test("a range of a bundle", warrenOnly, async () => {
    const wanted = readFileSync(new URL("socket.io.js", folder));
    const part = await request(server, "/socket.io/socket.io.js", { headers: { range: "bytes=10-19" } });
    assert.equal(part.status, 206);
    assert.equal(part.headers["content-range"], `bytes 10-19/${wanted.length}`);
    assert.ok(part.body.equals(wanted.subarray(10, 20)));
    const beyond = await request(server, "/socket.io/socket.io.js", { headers: { range: `bytes=${wanted.length}-` } });
    assert.equal(beyond.status, 416);
  });

  test("a handshake is still a handshake beside them", async () => {
    const answer = await request(server, "/socket.io/?EIO=4&transport=polling");
    assert.equal(answer.status, 200);
    assert.match(answer.text, /^0\{/);
  });

  test("other files are not served", async () => {
    for (const name of ["package.json", "../../package.json", "%2e%2e/package.json", "socket.io.js/", "nothing.js"]) {
      const answer = await request(server, `/socket.io/${name}`);
      assert.ok(answer.status >= 400 && answer.status < 500, `${name}: ${answer.status}`);
    }
  });
});
