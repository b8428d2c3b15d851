// People, signed in, and a channel between them.
import { Device, signIn } from "../support/chat_client.mjs";
import { warren } from "../support/servers.mjs";

const password = "correct horse";

/** Makes the people through the command line of `node` and signs each in: `{ email, token, me }`. */
export async function makePeople(node, names) {
  const people = [];
  for (const name of names) {
    const email = `${name}@example.org`;
    const made = warren(["user", "add", email, "--name", name, "--password-stdin", "--config", node.configFile],
      { input: `${password}\n` });
    if (made.status !== 0) throw new Error(`user add ${email}: ${made.stderr}`);
    people.push({ email, name, ...(await signIn(node.url, email, password)) });
  }
  return people;
}

export const deviceOf = (person, urls, options = {}) =>
  new Device({ name: person.name, urls, socketToken: person.me.socketToken, ...options }).connect();

/** Makes a group of all `people` from `device`; its id. */
export async function makeGroup(device, people) {
  await device.whenSynced();
  const answer = await device.ask("group:new", { name: "tea", members: people.map((person) => person.me._id) });
  if (!answer?.success) throw new Error(JSON.stringify(answer));
  return answer.data;
}
