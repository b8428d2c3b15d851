// docs/openapi.yaml as a judge of every REST answer.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import Ajv from "ajv/dist/2020.js";
import { parse } from "yaml";
import { root } from "../../support/servers.mjs";

export const openapi = parse(readFileSync(join(root, "docs/openapi.yaml"), "utf8"));
const ajv = new Ajv({ strict: false });
ajv.addSchema(openapi, "openapi");

const escaped = (part) => part.replaceAll("~", "~0").replaceAll("/", "~1");
const at = (pointer) => pointer.split("/").slice(1).reduce((node, key) => node?.[key.replaceAll("~1", "/").replaceAll("~0", "~")], openapi);
/** Where the response is described, references followed; undefined where it is not. */
function pointerTo(path, method, status) {
  const pointer = `#/paths/${escaped(path)}/${method.toLowerCase()}/responses/${status}`;
  const found = at(pointer);
  return found?.$ref ?? (found && pointer);
}
function check(pointer, value, what) {
  const validate = ajv.getSchema(`openapi${encodeURI(pointer)}`);
  if (validate(value)) return;
  throw new Error(`${what} is not what docs/openapi.yaml says: ${ajv.errorsText(validate.errors)}\n${JSON.stringify(value)}`);
}

/** The calls there are: `{ path, method, operation }`. */
export const calls = Object.entries(openapi.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })));

/** Throws unless `answer`, of `call` in support.mjs, is one that is documented; what is no call at all answers 404. */
export function checkAnswer(method, target, answer) {
  const [path] = target.split("?");
  const what = `the answer ${answer.status} to ${method} ${path}`;
  if (method === "OPTIONS" || method === "HEAD") return;
  if (!(path in openapi.paths)) return check("#/components/schemas/Refusal", answer.body, what);
  // A call by another method than its own is answered as is said under its own.
  const [own] = Object.keys(openapi.paths[path]);
  const pointer = pointerTo(path, own, answer.status);
  if (!pointer) throw new Error(`docs/openapi.yaml lacks ${what}`);
  if ((answer.status === 405) !== (own !== method.toLowerCase())) throw new Error(what);
  check(`${pointer}/content/${escaped("application/json")}/schema`, answer.body, what);
  const { headers = {} } = at(pointer);
  if (headers["Set-Cookie"]) {
    for (const line of answer.setCookies) check(`${pointer}/headers/Set-Cookie/schema`, line, `a cookie of ${what}`);
    if (answer.setCookies.length !== 2) throw new Error(`${what} sets ${answer.setCookies.length} cookies`);
  }
  if (headers["Retry-After"]) check(`${pointer}/headers/Retry-After/schema`, Number(answer.headers.get("retry-after")), what);
}

/** Throws unless every example of that call is as its schema says. */
export function checkExamples({ path, method, operation }) {
  const base = `#/paths/${escaped(path)}/${method.toLowerCase()}`;
  const json = `content/${escaped("application/json")}`;
  const { requestBody, responses } = operation;
  if (requestBody) check(`${base}/requestBody/${json}/schema`, requestBody.content["application/json"].example, `the body of ${path}`);
  for (const status of Object.keys(responses)) {
    const { example } = at(`${pointerTo(path, method, status)}/${json}`);
    if (example !== undefined) check(`${base}/responses/${status}/${json}/schema`, example, `the example ${status} of ${path}`);
  }
}
