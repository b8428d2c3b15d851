// As much of a browser as the page's test needs: Chromium, driven over its own protocol.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { WebSocket } from "ws";
import { required, temporaryFolder, waitUntil } from "../../support/servers.mjs";

const binary = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find((path) => existsSync(path));
/** For node:test's `skip`. */
export const noBrowser = binary || required("browser") ? false : "there is no Chromium here";

/** Speaks the DevTools protocol with one target. */
class Target {
  #next = 1;
  #waiting = new Map();
  constructor(ws) {
    this.ws = ws;
    this.problems = [];
    ws.on("message", (data) => {
      const message = JSON.parse(data);
      if (message.method === "Runtime.exceptionThrown") this.problems.push(message.params.exceptionDetails);
      if (message.method === "Log.entryAdded" && message.params.entry.level === "error") this.problems.push(message.params.entry);
      if (!message.id) return;
      const { done, failed } = this.#waiting.get(message.id);
      this.#waiting.delete(message.id);
      if (message.error) failed(new Error(message.error.message));
      else done(message.result);
    });
  }
  static async open(url) {
    const ws = new WebSocket(url);
    await new Promise((done, failed) => ws.once("open", done).once("error", failed));
    return new this(ws);
  }
  call(method, params = {}) {
    const id = this.#next++;
    this.ws.send(JSON.stringify({ id, method, params }));
    return new Promise((done, failed) => this.#waiting.set(id, { done, failed }));
  }
}

/** A tab: what is on the screen, and what a person does there. */
class Tab extends Target {
  static async at(url, page) {
    const tab = await Tab.open(url);
    for (const domain of ["Page", "Runtime", "Log"]) await tab.call(`${domain}.enable`);
    await tab.call("Page.navigate", { url: page });
    return tab;
  }
  /** The value of a JavaScript expression in the page. */
  async value(expression) {
    const { result, exceptionDetails } = await this.call("Runtime.evaluate", { expression, returnByValue: true, awaitPromise: true });
    if (exceptionDetails) throw new Error(`${expression}: ${exceptionDetails.exception?.description ?? exceptionDetails.text}`);
    return result.value;
  }
  until(expression) {
    return waitUntil(() => this.value(expression).catch(() => false), { timeout: 15000, what: expression }).catch(async (error) => {
      throw new Error(`${error.message}; the page reads: ${await this.value("document.body.innerText")}`);
    });
  }
  /** Waits until a visible element matching `selector` shows `text`. */
  sees(selector, text) {
    const visible = `[...document.querySelectorAll(${JSON.stringify(selector)})].filter((e) => e.checkVisibility())`;
    return this.until(`${visible}.some((e) => e.textContent.includes(${JSON.stringify(text)}))`);
  }
  async click(selector, text = "") {
    await this.sees(selector, text);
    await this.value(`[...document.querySelectorAll(${JSON.stringify(selector)})]
      .find((e) => e.checkVisibility() && e.textContent.includes(${JSON.stringify(text)})).click()`);
  }
  async type(selector, text) {
    await this.value(`document.querySelector(${JSON.stringify(selector)}).focus()`);
    await this.call("Input.insertText", { text });
  }
  async enter() {
    const key = { key: "Enter", code: "Enter", windowsVirtualKeyCode: 13, text: "\r" };
    await this.call("Input.dispatchKeyEvent", { type: "keyDown", ...key });
    await this.call("Input.dispatchKeyEvent", { type: "keyUp", ...key });
  }
  reload() { return this.call("Page.reload"); }
}

/** A browser with a profile of its own; ends with this process. */
export class Browser {
  static async start() {
    const child = spawn("setpriv", ["--pdeathsig", "KILL", binary, "--headless=new", "--no-sandbox", "--disable-gpu",
      "--remote-debugging-port=0", "--no-first-run", `--user-data-dir=${join(temporaryFolder(), "profile")}`, "about:blank"],
    { stdio: ["ignore", "ignore", "pipe"] });
    let said = "";
    child.stderr.on("data", (data) => { said += data; });
    const url = await waitUntil(() => /ws:\/\/\S+/.exec(said)?.[0], { timeout: 30000, what: "Chromium's address" });
    const browser = new Browser();
    return Object.assign(browser, { child, url, target: await Target.open(url) });
  }
  async tab(page) {
    const { targetId } = await this.target.call("Target.createTarget", { url: "about:blank" });
    return Tab.at(`ws://${new URL(this.url).host}/devtools/page/${targetId}`, page);
  }
  async stop() {
    const ended = new Promise((done) => this.child.once("exit", done));
    this.child.kill("SIGTERM");
    await ended;
  }
}
