// The page at /, in a real browser: two people in two tabs of one window chat, the server dies, and they go on.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { chromium } from "playwright-core";
import { required, startWarren, temporaryFolder } from "../../support/servers.mjs";

const executablePath = "/usr/bin/chromium";
const skip = existsSync(executablePath) || required("chromium") ? false : `no ${executablePath}; run make setup`;
// Without the background flags the browser talks to its maker's servers.
const args = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync"];

describe("the page", { skip, timeout: 90000 }, () => {
  let node;
  let browser;
  let errors;
  let tabs;
  before(async () => {
    node = await startWarren({ args: ["--demo"] });
    browser = await chromium.launchPersistentContext(temporaryFolder(), { executablePath, args });
    browser.setDefaultTimeout(15000);
    errors = [];
    tabs = [await open("alice"), await open("bob", "bob-demo-1")];
  });
  after(async () => {
    await browser?.close();
    await node?.stop();
  });

  async function open(name, password = `${name}-demo`) {
    const tab = await browser.newPage();
    tab.on("pageerror", (error) => errors.push(error.message));
    await tab.goto(node.url);
    await tab.getByLabel("E-mail").fill(`${name}@example.com`);
    await tab.getByLabel("Password").fill(password);
    await tab.getByRole("button", { name: "Sign in" }).click();
    await tab.getByRole("status").filter({ hasText: "online" }).waitFor();
    return tab;
  }
  const openChat = (tab, name) => tab.getByRole("navigation").getByRole("button", { name }).click();
  async function say(tab, text) {
    await tab.getByLabel("Message").fill(text);
    await tab.getByRole("button", { name: "Send" }).click();
  }
  const shows = (tab, text) => tab.getByRole("log").getByText(text, { exact: true }).waitFor();

  test("two tabs are two people", async () => {
    assert.equal(await tabs[0].locator("#me").textContent(), "Alice");
    assert.equal(await tabs[1].locator("#me").textContent(), "Bob");
  });

  test("what one writes the other sees, as text", async () => {
    await openChat(tabs[0], /Bob/);
    await openChat(tabs[1], /Alice/);
    await say(tabs[0], "<b>tea?</b>");
    await shows(tabs[1], "<b>tea?</b>");
    await say(tabs[1], "with pleasure");
    await shows(tabs[0], "with pleasure");
  });

  test("the server dies and comes back, and nothing is lost", async () => {
    await node.kill();
    await tabs[0].getByRole("status").filter({ hasNotText: /^online$/ }).waitFor();
    await say(tabs[0], "written while away");
    await node.start();
    await shows(tabs[1], "written while away");
    for (const tab of tabs) {
      await shows(tab, "with pleasure");
      assert.equal(await tab.getByRole("log").getByText("written while away", { exact: true }).count(), 1);
    }
  });

  test("a wrong password is said so", async () => {
    const tab = await browser.newPage();
    await tab.goto(node.url);
    await tab.getByLabel("E-mail").fill("alice@example.com");
    await tab.getByLabel("Password").fill("not this one");
    await tab.getByRole("button", { name: "Sign in" }).click();
    await tab.getByRole("alert").filter({ hasText: /password/ }).waitFor();
    await tab.close();
  });

  test("no script failed", () => assert.deepEqual(errors, []));
});
