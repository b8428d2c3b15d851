// docs/asyncapi.yaml as a judge of everything that goes over the wire.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import Ajv from "ajv/dist/2020.js";
import { parse } from "yaml";
import { root } from "../../support/servers.mjs";

export const asyncapi = parse(readFileSync(join(root, "docs/asyncapi.yaml"), "utf8"));
const ajv = new Ajv({ strict: false, allErrors: false });
ajv.addSchema(asyncapi, "asyncapi");
const messages = Object.entries(asyncapi.components.messages).map(([key, message]) => [message.name, key]);
/** The events that clients emit: `{ name: key }`. */
export const events = Object.fromEntries(messages.filter(([, key]) => "x-data" in asyncapi.components.messages[key]));

const compiled = new Map();
function check(pointer, value, what) {
  if (!compiled.has(pointer)) compiled.set(pointer, ajv.getSchema(`asyncapi#/components/messages/${pointer}`));
  const validate = compiled.get(pointer);
  if (validate(value)) return;
  const shown = JSON.stringify(value, null, 1).slice(0, 2000);
  throw new Error(`${what} is not what docs/asyncapi.yaml says: ${ajv.errorsText(validate.errors)}\n${shown}`);
}

/** Throws unless `answer` may be said to `event`, and `payload` is one that may be answered so. */
export function checkAnswer(event, payload, answer) {
  check("answer/payload", answer, `the answer to ${event}`);
  if (!answer.success) return;
  if (!(event in events)) throw new Error(`docs/asyncapi.yaml lacks ${event}`);
  check(`${events[event]}/payload`, payload, `the payload of ${event}`);
  check(`${events[event]}/x-data`, answer.data, `the data of ${event}`);
}

/** Throws unless `value` is as the schema of that name. */
export function checkSchema(name, value) {
  const validate = ajv.getSchema(`asyncapi#/components/schemas/${name}`);
  if (!validate?.(value)) throw new Error(`this is no ${name}: ${ajv.errorsText(validate?.errors)}\n${JSON.stringify(value)}`);
}

/** Throws unless `push` is one of the documented pushes. */
export const checkPush = (push) => check("push/payload", push, `the push ${push.event}`);

/** The events that the server's own code takes, sorted. */
export function serverEvents() {
  const folder = join(root, "src/gateway");
  const texts = readdirSync(folder).filter((name) => /^on_.*\.cpp$/.test(name)).map((name) => readFileSync(join(folder, name), "utf8"));
  return texts.flatMap((text) => [...text.matchAll(/constinit const Verb \w+\{"([\w:]+)"/g)].map(([, name]) => name)).toSorted();
}
