// The page at / in a real browser: two people in two tabs of it.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Browser, noBrowser } from "./browser.mjs";
import { closeAll, connect, makePeople, password, range, startNode } from "./support.mjs";

describe("two tabs of one browser", { skip: noBrowser }, () => {
  let node, browser, alice, bob, carol, a, b;
  before(async () => {
    node = await startNode();
    [alice, bob, carol] = await makePeople(node, "Alice", "Bob", "Carol");
    browser = await Browser.start();
    [a, b] = [await browser.tab(node.url), await browser.tab(node.url)];
  });
  after(async () => {
    closeAll();
    await browser.stop();
    await node.stop();
  });

  const signIn = async (tab, { email }) => {
    await tab.sees("#sign-in button", "Sign in");
    await tab.type("#email", email);
    await tab.type("#password", password);
    await tab.enter();
    await tab.sees("#state", "online");
  };
  const say = async (tab, text) => {
    await tab.type("#text", text);
    await tab.enter();
  };

  test("a wrong password is said so", async () => {
    await a.sees("#sign-in button", "Sign in");
    await a.type("#email", alice.email);
    await a.type("#password", "wrong password");
    await a.enter();
    await a.until("document.querySelector('#sign-in-error').textContent.length > 5");
    await a.value("document.querySelector('#email').value = document.querySelector('#password').value = ''");
    assert.deepEqual(a.problems.filter((problem) => !problem.includes("status of 401")), []);
    a.problems.length = 0;
  });

  test("each signs in and one starts a chat", async () => {
    await signIn(a, alice);
    await signIn(b, bob);
    await a.click("#new-chat");
    await a.type("#query", "bo");
    await a.click("#found label", "Bob");
    await a.click("#people-go");
    await a.sees("#title", "Bob");
    await b.click("#channels button", "Alice");
    await b.sees("#title", "Alice");
  });

  test("they write to each other; text is text", async () => {
    await say(a, "hello <b>Bob</b> & co 😀");
    await b.sees("#messages li", "hello <b>Bob</b> & co 😀");
    await a.sees("#messages li.mine", "hello <b>Bob</b>");
    assert.equal(await b.value("document.querySelectorAll('#messages b').length"), 0);
    await say(b, "hi Alice");
    await a.sees("#messages li", "hi Alice");
    assert.equal(await a.value("document.querySelectorAll('#messages li.waiting').length"), 0);
  });

  test("a reload keeps each tab's person and the conversation", async () => {
    await a.reload();
    await a.sees("#me", "Alice");
    await a.click("#channels button", "Bob");
    await a.sees("#messages li", "hi Alice");
    await b.sees("#me", "Bob");
  });

  test("a group of three", async () => {
    await a.click("#new-chat");
    await a.type("#query", "o");
    await a.click("#found label", "Bob");
    await a.click("#found label", "Carol");
    await a.type("#name", "Tea");
    await a.click("#people-go");
    await a.sees("#title", "Tea");
    await b.click("#channels button", "Tea");
    await say(a, "anybody?");
    await b.sees("#messages li", "anybody?");
  });

  test("while the node is away it says so; afterwards everything is there once", async () => {
    await node.kill();
    await a.sees("#state", "reconnecting");
    await say(a, "written while away");
    await a.sees("#messages li.waiting", "written while away");
    await node.start();
    await a.sees("#state", "online");
    await b.sees("#messages li", "written while away");
    await a.until("document.querySelectorAll('#messages li.waiting').length === 0");
    const texts = await a.value("[...document.querySelectorAll('#messages p')].map((p) => p.textContent)");
    assert.equal(texts.filter((text) => text === "written while away").length, 1);
  });

  test("older messages come when asked for, unread chats are marked", async () => {
    const c = await connect(node, carol);
    const [{ _id: channelId }] = c.channels;
    for (const n of range(1, 130)) await c.get("message:new", { channelId, message: `line ${n}.` });
    await a.click("#channels button", "Tea");
    await a.sees("#messages li", "line 130.");
    await a.reload();
    await a.click("#channels button", "Tea");
    await a.sees("#messages li", "line 130.");
    while (await a.value("!document.querySelector('#earlier').hidden")) {
      const shown = await a.value("document.querySelectorAll('#messages li').length");
      await a.click("#earlier");
      await a.until(`document.querySelectorAll('#messages li').length > ${shown} || document.querySelector('#earlier').hidden`);
    }
    await a.sees("#messages li", "line 1.");
    await a.sees("#messages li", "anybody?");
    const lines = await a.value("[...document.querySelectorAll('#messages p')].map((p) => p.textContent)");
    assert.deepEqual(lines.filter((line) => line.startsWith("line")), range(1, 130).map((n) => `line ${n}.`));
    await a.click("#channels button", "Bob");
    await c.get("message:new", { channelId, message: "psst" });
    await a.sees("#channels li.unread", "psst");
  });

  test("nothing went wrong that nobody saw", () => {
    const expected = (problem) => /WebSocket connection|ERR_/.test(problem);
    assert.deepEqual([...a.problems, ...b.problems].filter((problem) => !expected(problem)), []);
  });

  test("signing out ends that person's tabs only", async () => {
    await b.click("#sign-out"); // The cookie is Bob's: he signed in last.
    await b.sees("#sign-in button", "Sign in");
    await a.sees("#state", "online");
  });
});
