// What the tests of the program as operators and REST clients see it share.
import { connect } from "node:net";
import { warren } from "../../support/servers.mjs";
import { checkAnswer } from "./openapi.mjs";

/** A folder's flags, for commands that are given no file. */
export const inFolder = (folder) => ["--data-dir", folder];

/** Lets somebody in through the command line; the password is known to the test. */
export function addUser(node, email, name, password = "correct horse") {
  const args = ["user", "add", email, "--name", name, "--password-stdin", "--json", "--config", node.configFile];
  const result = warren(args, { input: `${password}\n` });
  if (result.status !== 0) throw new Error(`user add: ${result.stderr}`);
  return { ...JSON.parse(result.stdout), password };
}

/** One REST call: `{ status, headers, body, cookies }`; `session` is what `cookies` of a sign-in was. As docs/openapi.yaml has it. */
export async function call(node, method, path, { body, session, headers = {} } = {}) {
  const sent = { ...headers };
  if (body !== undefined) sent["content-type"] ??= "application/json";
  if (session) sent.cookie = Object.entries(session).map(([name, value]) => `${name}=${value}`).join("; ");
  const answer = await fetch(`${node.url}/api/v1${path}`,
    { method, headers: sent, body: body === undefined || typeof body === "string" ? body : JSON.stringify(body) });
  const setCookies = answer.headers.getSetCookie();
  const cookies = Object.fromEntries(setCookies.map((line) => line.split(";")[0].split("=")));
  const text = await answer.text();
  const done = { status: answer.status, headers: answer.headers, body: text ? JSON.parse(text) : null, setCookies, cookies };
  checkAnswer(method, path, done);
  return done;
}

export async function signIn(node, { email, password }) {
  const answer = await call(node, "POST", "/auth/sign-in", { body: { email, password } });
  if (answer.status !== 201) throw new Error(`sign-in: ${answer.status} ${JSON.stringify(answer.body)}`);
  return answer.cookies;
}

/** One exchange over the admin socket. */
export function askAdminSocket(path, line) {
  return new Promise((done, failed) => {
    let text = "";
    const socket = connect(path).setEncoding("utf8").on("error", failed);
    socket.on("data", (chunk) => {
      text += chunk;
      if (text.includes("\n")) {
        socket.destroy();
        done(JSON.parse(text));
      }
    });
    socket.write(`${line}\n`);
  });
}
