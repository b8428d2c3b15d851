// Chromium, with the words that the page's tests are written in.
import { existsSync } from "node:fs";
import { chromium } from "playwright-core";
import { required, waitUntil } from "../../support/servers.mjs";

const executablePath = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find((path) => existsSync(path));
/** For node:test's `skip`. */
export const noBrowser = executablePath || required("browser") ? false : "there is no Chromium here";

/** A tab: what is on the screen, and what a person does there. */
class Tab {
  /** What the page threw or complained of, as text. */
  problems = [];
  constructor(page) {
    this.page = page;
    page.on("pageerror", (error) => this.problems.push(error.stack));
    page.on("console", (message) => message.type() === "error" && this.problems.push(message.text()));
  }
  /** The value of a JavaScript expression in the page. */
  value(expression) { return this.page.evaluate(expression); }
  /** Waits until the expression is true. Not by waitForFunction: the page's own policy forbids what that does. */
  until(expression) {
    return waitUntil(() => this.value(expression).catch(() => false), { timeout: 15000, what: expression }).catch(async (error) => {
      throw new Error(`${error.message}; the page reads: ${await this.value("document.body.innerText")}`);
    });
  }
  #visible(selector, hasText) { return this.page.locator(selector).filter({ hasText, visible: true }).first(); }
  /** Waits until a visible element matching `selector` shows `text`. */
  sees(selector, text) { return this.#visible(selector, text).waitFor(); }
  click(selector, text = "") { return this.#visible(selector, text).click(); }
  async type(selector, text) {
    await this.page.locator(selector).focus();
    await this.page.keyboard.insertText(text);
  }
  enter() { return this.page.keyboard.press("Enter"); }
  reload() { return this.page.reload(); }
}

/** A browser with a profile of its own. */
export class Browser {
  static async start() {
    const self = new Browser();
    self.browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
    self.context = await self.browser.newContext();
    self.context.setDefaultTimeout(15000);
    return self;
  }
  async tab(url) {
    const page = await this.context.newPage();
    const tab = new Tab(page);
    await page.goto(url);
    return tab;
  }
  stop() { return this.browser.close(); }
}
