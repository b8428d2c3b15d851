// The checker must refuse every history that breaks a guarantee.
import assert from "node:assert/strict";
import { test } from "node:test";
import { checkHistory } from "../support/chat_client.mjs";

const channelId = "c";
const entry = (seq, more = {}) => ({ seq, _id: `id${seq}`, kind: "message", senderId: "s", nonce: `n${seq}`, message: `m${seq}`, ...more });
const good = () => [entry(1), entry(2), entry(3)];
const ack = (seq, more = {}) => ({ channelId, seq, nonce: `n${seq}`, text: `m${seq}`, ...more });
const device = (log, violations = []) => ({ name: "d", violations, log: () => log });

test("a good history is accepted", () => {
  assert.deepEqual(checkHistory({ log: good(), channelId, acknowledged: [ack(1), ack(3)], devices: [device(good())] }), []);
});

const refused = {
  "a lost acknowledged entry": { log: good(), acknowledged: [ack(4)] },
  "an acknowledged entry at another seq": { log: good(), acknowledged: [ack(2, { nonce: "n3", text: "m3" })] },
  "an acknowledged entry with another text": { log: good(), acknowledged: [ack(2, { text: "x" })] },
  "a nonce stored twice": { log: [entry(1), entry(2, { nonce: "n1" })], acknowledged: [] },
  "a hole in the log": { log: [entry(1), entry(3)], acknowledged: [] },
  "a device that lacks the newest": { log: good(), acknowledged: [], devices: [device(good().slice(0, 2))] },
  "a device with another order": { log: good(), acknowledged: [], devices: [device([entry(1), entry(3), entry(2)])] },
  "a device that saw a hole": { log: good(), acknowledged: [], devices: [device(good(), ["push of c/3 after 1"])] },
};
for (const [name, history] of Object.entries(refused)) {
  test(`${name} is refused`, () => assert.notDeepEqual(checkHistory({ channelId, ...history }), []));
}
