// The program as scripts see it: commands, configuration, exit codes, and one line that says what to mend.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { freePort, startWarren, temporaryFolder, waitUntil, warren } from "../../support/servers.mjs";
import { addUser, askAdminSocket, inFolder } from "./support.mjs";

const oneLine = /^warren: [^\n]+\n$/;

describe("the command line", () => {
  test("says its version, and nothing else", () => {
    for (const args of [["version"], ["--version"]]) {
      const { status, stdout, stderr } = warren(args);
      assert.equal(status, 0);
      assert.match(stdout, /^warren \d+\.\d+\.\d+\n$/);
      assert.equal(stderr, "");
    }
  });

  test("teaches in its help", () => {
    const { status, stdout } = warren(["--help"]);
    assert.equal(status, 0);
    for (const word of ["serve", "check-config", "user", "version", "--demo", "Exit codes"]) assert.ok(stdout.includes(word), word);
    assert.ok(!stdout.includes("config-docs"));
    for (const command of [["serve"], ["check-config"], ["user"], ["user", "add"], ["user", "list"], ["user", "suspend"],
      ["user", "restore"], ["user", "passwd"], ["user", "sessions"], ["channel"], ["channel", "retention"]]) {
      assert.equal(warren([...command, "--help"]).status, 0, command.join(" "));
    }
    assert.match(warren(["serve", "--help"]).stdout, /--listen.*127\.0\.0\.1:8080/s);
  });

  test("refuses a wrong command line with 2", () => {
    assert.equal(warren([]).status, 2);
    for (const args of [["sreve"], ["serve", "--nonsense"], ["user"], ["user", "add"], ["user", "add", "a@b.c"], ["channel"],
      ["channel", "retention"], ["channel", "retention", "x", "--max-age", "1d", "--default"],
      ["serve", "--set", "http.listen"]]) {
      const { status, stdout, stderr } = warren(args);
      assert.equal(status, 2, args.join(" "));
      assert.equal(stdout, "");
      assert.match(stderr, oneLine, args.join(" "));
      assert.match(stderr, /see warren.* --help/);
    }
  });
});

describe("a channel's retention", () => {
  const folder = temporaryFolder();
  const refused = (status, pattern, ...args) => {
    const result = warren(["channel", "retention", ...args, ...inFolder(folder)]);
    assert.equal(result.status, status, result.stderr);
    assert.equal(result.stdout, "");
    assert.match(result.stderr, oneLine);
    assert.match(result.stderr, pattern);
  };

  test("is refused where it makes no sense", () => {
    const id = "0123456789abcdef01234567";
    refused(2, /--max-age "soon" is not a duration; it takes a duration/, id, "--max-age", "soon");
    refused(2, /--max-messages "-1" is not a whole number/, id, "--max-messages=-1");
    refused(2, /--max-age "40000d" is out of range/, id, "--max-age", "40000d");
    refused(5, /24 hexadecimal digits/, "tea");
    refused(5, /no channel 0123456789abcdef01234567/, id, "--max-age", "30d");
  });
});

describe("the configuration", () => {
  const folder = temporaryFolder();
  const file = (name, text) => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };

  test("is printed with where each value came from, secrets masked", () => {
    const config = file("good.toml", '[http]\nlisten = "127.0.0.1:1"\n[mongodb]\nurl = "mongodb://me:hunter2@db/"\n');
    const { status, stdout, stderr } = warren(["check-config", "--config", config, "--set", "log.level=warn"],
      { env: { WARREN_HTTP_SHARDS: "3" } });
    assert.equal(status, 0, stderr);
    assert.match(stdout, /listen = "127\.0\.0\.1:1" {2}# .*good\.toml:2/);
    assert.match(stdout, /shards = 3 {2}# \$WARREN_HTTP_SHARDS/);
    assert.match(stdout, /level = "warn" {2}# --set/);
    assert.match(stdout, /url = "\*+"/);
    assert.ok(!(stdout + stderr).includes("hunter2"));
  });

  test("is refused with file, line and the nearest name, with 3", () => {
    const config = file("bad.toml", '[http]\nlisen = "x"\nshards = "many"\n');
    for (const command of [["check-config"], ["serve"], ["user", "list"]]) {
      const { status, stdout, stderr } = warren([...command, "--config", config]);
      assert.equal(status, 3);
      assert.equal(stdout, "");
      assert.match(stderr, /bad\.toml:2: there is no key http\.lisen; did you mean http\.listen\?\n/);
      assert.match(stderr, /bad\.toml:3: http\.shards "many" is not a whole number/);
    }
    assert.match(warren(["check-config", "--config", join(folder, "none.toml")]).stderr, /none\.toml: No such file/);
    const variable = warren(["check-config"], { env: { WARREN_HTTP_LISEN: "x" } });
    assert.equal(variable.status, 3);
    assert.match(variable.stderr, /\$WARREN_HTTP_LISEN: .* did you mean WARREN_HTTP_LISTEN\?/);
  });

  test("may be tried against the servers that it names", async () => {
    const port = await freePort();
    const args = ["check-config", "--connect", "--set", "mongodb.database=x"];
    const { status, stderr } = warren(args, { env: { WARREN_MONGODB_URL: `mongodb://me:hunter2@127.0.0.1:${port}/` } });
    assert.equal(status, 4);
    assert.match(stderr, /^warren: MongoDB: [^\n]+\n$/);
    assert.ok(!stderr.includes("hunter2"));
    assert.equal(warren(["check-config", "--connect"]).status, 0);
  });
});

describe("a start that cannot be", () => {
  const refused = (config, status, pattern, args = []) => {
    const result = warren(["serve", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", "--log-level", "off", ...config,
      ...args]);
    assert.equal(result.status, status, result.stderr);
    assert.match(result.stderr, oneLine);
    assert.match(result.stderr, pattern);
  };

  test("says which port is in use and what to do", async () => {
    const taken = createServer();
    await new Promise((done) => taken.listen(0, "127.0.0.1", done));
    const { port } = taken.address();
    const folder = temporaryFolder();
    refused(inFolder(folder), 4, new RegExp(`127\\.0\\.0\\.1.*${port}.*in use; .*--listen`), ["--listen", `127.0.0.1:${port}`]);
    refused(inFolder(folder), 4, new RegExp(`${port}.*in use; .*--admin-listen`), ["--admin-listen", `127.0.0.1:${port}`]);
    taken.close();
  });

  test("says which folder cannot be used", () => {
    const file = join(temporaryFolder(), "file");
    writeFileSync(file, "");
    refused(inFolder(join(file, "data")), 4, /data folder .*file\/data cannot be used/);
    if (process.getuid() !== 0) {
      const locked = temporaryFolder();
      chmodSync(locked, 0o500);
      refused(inFolder(locked), 4, /cannot be used: .*ermission/);
    }
  });

  test("leaves a newer database as it is", () => {
    const folder = temporaryFolder();
    assert.equal(warren(["user", "list", ...inFolder(folder)]).status, 0);
    const file = join(folder, "warren.db");
    const bytes = readFileSync(file);
    bytes.writeUInt32BE(999999, 60); // SQLite's user_version, where the version of the schema is kept
    writeFileSync(file, bytes);
    const hash = () => createHash("sha256").update(readFileSync(file)).digest("hex");
    const before = hash();
    refused(inFolder(folder), 4, /newer/);
    assert.equal(hash(), before);
  });

  test("says that another node holds the folder", async () => {
    const node = await startWarren();
    refused(inFolder(join(node.dir, "data")), 4, /holds the data folder/);
    assert.equal(await node.stop(), 0);
  });

  test("takes a socket path that is too long for one that cannot be made", () => {
    const deep = join(temporaryFolder(), "d".repeat(120));
    mkdirSync(deep);
    refused(inFolder(deep), 4, /longer than the system's limit .*admin\.socket/);
  });
});

describe("people", () => {
  let node;
  before(async () => { node = await startWarren(); });
  after(() => node.stop());
  const config = () => ["--config", node.configFile];

  test("are added through the running node", () => {
    const made = warren(["user", "add", "ann@example.org", "--name", "Ann", ...config()]);
    assert.equal(made.status, 0, made.stderr);
    assert.match(made.stdout, /^Added ann@example\.org \(Ann, phone number \d{10}\)\.\nPassword, shown only now: \S{20}\n$/);
    const given = addUser(node, "bob@example.org", "Bob");
    assert.match(given._id, /^[0-9a-f]{24}$/);
    const { status, stdout } = warren(["user", "list", ...config()]);
    assert.equal(status, 0);
    const rows = stdout.trimEnd().split("\n").map((line) => line.split("\t"));
    assert.deepEqual(rows.map(([, email, name, , state]) => [email, name, state]).sort(),
      [["ann@example.org", "Ann", "active"], ["bob@example.org", "Bob", "active"]]);
    const objects = warren(["user", "list", "--json", ...config()]).stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
    assert.deepEqual(objects.map((person) => person._id), rows.map(([id]) => id));
  });

  test("are refused with 5 and a sentence where they cannot be", () => {
    const refused = (args, pattern, input = "long enough\n") => {
      const result = warren(["user", "add", ...args, "--password-stdin", ...config()], { input });
      assert.equal(result.status, 5, args.join(" "));
      assert.match(result.stderr, oneLine);
      assert.match(result.stderr, pattern);
      assert.equal(result.stdout, "");
    };
    addUser(node, "carol@example.org", "Carol");
    refused(["Carol@example.org", "--name", "Carola"], /already somebody/);
    refused(["nobody", "--name", "Nobody"], /address like/);
    refused(["x@example.org", "--name", "X"], /3 to 50/);
    refused(["x@example.org", "--name", "Xaver"], /8 to/, "short\n");
    assert.equal(warren(["user", "add", "x@example.org", "--name", "Xaver", "--password-stdin", ...config()]).status, 2);
  });

  test("go through a socket that only this user may open", async () => {
    const path = join(node.dir, "data/admin.sock");
    assert.equal(statSync(path).mode & 0o777, 0o600);
    assert.deepEqual(await askAdminSocket(path, "{"),
      { success: false, errors: ["Send one JSON object a line."], code: "invalid" });
    assert.equal((await askAdminSocket(path, '{"call":"nonsense"}')).code, "unknown_event");
    assert.equal((await askAdminSocket(path, '{"call":"user.list","after":7}')).success, true);
  });

  test("can be added and listed where no node runs, and are there for the next one", async () => {
    const own = await startWarren();
    addUser(own, "eve@example.org", "Eve");
    await own.kill(); // leaves its socket behind
    assert.ok(existsSync(join(own.dir, "data/admin.sock")));
    addUser(own, "dora@example.org", "Dora");
    await own.start();
    const { stdout } = warren(["user", "list", "--config", own.configFile]);
    for (const email of ["eve@example.org", "dora@example.org"]) assert.ok(stdout.includes(email), email);
    assert.equal(await own.stop(), 0);
    assert.ok(!existsSync(join(own.dir, "data/admin.sock")));
  });
});

test("a demo can be started twice, and says how to get in", async () => {
  const node = await startWarren({ args: ["--demo"] });
  await node.restart();
  const text = await waitUntil(() => /Demo people[^]*Demo people/.test(node.logEnd(5000)) && node.logEnd(5000));
  assert.match(text, new RegExp(`Warren \\S+ is at ${node.url}\n`));
  assert.match(text, /alice@example\.com {2}password alice-demo/);
  const { stdout } = warren(["user", "list", "--config", node.configFile]);
  assert.equal(stdout.trimEnd().split("\n").length, 4);
  assert.equal(await node.stop(), 0);
});
