// docs/asyncapi.yaml is whole, and its examples are what a server says.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { asyncapi, checkAnswer, checkPush, events, serverEvents } from "./asyncapi.mjs";
import { closeAll, connect, makePeople, startNode } from "./support.mjs";

test("it has every event that the server takes, and refers to nothing that is not there", () => {
  assert.deepEqual(Object.keys(events).toSorted(), serverEvents());
  const listed = ({ messages }) => messages.map(({ $ref }) => $ref.split("/").at(-1)).toSorted();
  assert.deepEqual(listed(asyncapi.operations.ask), Object.values(events).toSorted());
  const at = (pointer) => pointer.slice(2).split("/").reduce((node, key) => node?.[key.replaceAll("~1", "/")], asyncapi);
  JSON.stringify(asyncapi, (key, value) => {
    if (key === "$ref") assert.ok(at(value), `${value} leads nowhere`);
    return value;
  });
});

test("what it forbids is noticed", () => {
  assert.throws(() => checkPush({ event: "resync", data: { channels: { x: "1" } } }), /resync/);
  assert.throws(() => checkPush({ event: "unheard", data: {} }), /unheard/);
  assert.throws(() => checkAnswer("server:info", null, { success: true, data: 5 }), /data of server:info/);
  assert.throws(() => checkAnswer("server:info", {}, { success: true, data: "n" }), /payload of server:info/);
  assert.throws(() => checkAnswer("server:info", null, { success: false, errors: [], code: "invalid" }), /answer to server:info/);
  assert.throws(() => checkAnswer("members:get", { channelId: "6b05bd01100cb414c48219cd" },
    { success: true, data: { members: [], total: 0, more: 1 } }), /must NOT have additional properties/);
});

let node;
before(async () => { node = await startNode(); });
after(async () => {
  closeAll();
  assert.equal(await node.stop(), 0);
});

// The ids that the examples use, each on the place of a real one.
const exampleIds = {
  alice: "6b05bd01100cb414c48219c9", bob: "6b05bd01100cb414c48219ca", carol: "6b05bd01100cb414c48219cb", tea: "6b05bd01100cb414c48219cd",
};

test("every example is answered, and every event has one", async () => {
  const [alice, bob, carol] = await makePeople(node, "Alice", "Bob", "Carol");
  for (const [event, key] of Object.entries(events)) {
    const { examples } = asyncapi.components.messages[key];
    assert.ok(examples?.length > 0, `${event} has no example`);
    for (const { payload } of examples) {
      const a = await connect(node, alice);
      const b = await connect(node, bob);
      const tea = await a.get("group:new", { name: "Tea", members: [bob.id] });
      await a.get("message:new", { channelId: tea, message: "Is there tea?" });
      await b.get("message:new", { channelId: tea, message: "There is." });
      const real = { alice: alice.id, bob: bob.id, carol: carol.id, tea };
      const text = Object.entries(exampleIds).reduce((json, [name, id]) => json.replaceAll(id, real[name]), JSON.stringify(payload));
      await a.get(event, JSON.parse(text));
      closeAll();
    }
  }
});
