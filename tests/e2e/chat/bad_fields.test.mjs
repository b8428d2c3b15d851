// Whatever is wrong with an event is told by its code, and a field by its name. The events and their fields are those of
// docs/asyncapi.yaml: one that is added there must be answered for here.
import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import Ajv from "ajv/dist/2020.js";
import { asyncapi, events, serverEvents } from "./asyncapi.mjs";
import { everywhere, range, unknownId } from "./support.mjs";

const ajv = new Ajv({ strict: false });
ajv.addSchema(asyncapi, "asyncapi");
const payloadOf = (verb) => asyncapi.components.messages[events[verb]].payload;
/** `[name, schema]` of each field of a verb. */
const fieldsOf = (verb) => Object.entries(payloadOf(verb).properties ?? (payloadOf(verb).$ref && receipt) ?? {});
const receipt = asyncapi.components.schemas.Receipt.properties;
const requiredOf = (verb) => payloadOf(verb).required ?? (payloadOf(verb).$ref ? asyncapi.components.schemas.Receipt.required : []);
const isAllowed = (verb, name) => {
  const holder = payloadOf(verb).$ref ? "asyncapi#/components/schemas/Receipt" : `asyncapi#/components/messages/${events[verb]}/payload`;
  return ajv.getSchema(`${holder}/properties/${name}`);
};

/** What each verb is answered with success for, in that scene. */
const good = {
  "server:info": () => null,
  "channels:get": () => null,
  "channels:list": () => ({ limit: 5 }),
  "members:get": ({ channelId }) => ({ channelId, limit: 5 }),
  "message:new": ({ channelId, seq, ids }) => ({ channelId, message: "x", type: "t", data: { a: 1 }, replyTo: seq, mentions: [ids.bob] }),
  "message:edit": ({ channelId, seq }) => ({ channelId, seq, message: "y" }),
  "message:delete": ({ channelId, seq }) => ({ channelId, seq }),
  "message:react": ({ channelId, seq }) => ({ channelId, seq, emoji: "👍", on: true }),
  "messages:get": ({ channelId }) => ({ channelId, limit: 5 }),
  "messages:search": ({ channelId }) => ({ query: "x", channelId, limit: 5 }),
  "group:chat": ({ ids }) => ({ member: ids.bob }),
  "group:new": ({ ids }) => ({ name: "x", members: [ids.bob], data: {}, history: "all" }),
  "group:add": ({ channelId, ids }) => ({ channelId, members: [ids.carol] }),
  "group:remove": ({ channelId, ids }) => ({ channelId, members: [ids.bob] }),
  "group:role": ({ channelId, ids }) => ({ channelId, member: ids.bob, role: "admin" }),
  "group:update": ({ channelId }) => ({ channelId, name: "x", image: "/x.png", data: {} }),
  "group:leave": ({ channelId }) => ({ channelId }),
  "sync": ({ channelId }) => ({ channels: { [channelId]: 1 } }),
  "receipt:delivered": ({ channelId, seq }) => ({ channelId, seq }),
  "receipt:read": ({ channelId, seq }) => ({ channelId, seq }),
  "channel:state": ({ channelId }) => ({ channelId, muted: true, pinned: true, archived: false, notify: "all", unreadFrom: 2 }),
  "typing": ({ channelId }) => ({ channelId, on: true }),
  "presence:watch": ({ ids }) => ({ users: [ids.bob] }),
  "user:block": ({ ids }) => ({ userId: ids.dave }),
  "user:unblock": ({ ids }) => ({ userId: ids.dave }),
  "user:blocked": () => null,
};
const ofAnObject = serverEvents().filter((verb) => fieldsOf(verb).length > 0);
const with_ = (payload, name, value) => ({ ...payload, [name]: value });

/** Values of all types: those that a field's schema does not allow are to be refused. */
const samples = [null, true, 0, -1, 1.5, 2 ** 60, "", "x", "\u0000", [], [5], [null], {}, { a: -1 }];

const isNoMessage = { zero: "invalid", future: "not_found", creation: "not_found", edit: "not_found", deleted: "conflict",
  blanked: "not_found" };
const isAnyEntry = { zero: "invalid", future: "invalid", creation: "ok", edit: "ok", deleted: "ok", blanked: "ok" };
const isAnything = { ...isAnyEntry, zero: "ok", future: "ok" };
/** What is no seq of a message, or of none that is still there: their codes by verb and field. */
const seqs = {
  "message:edit seq": isNoMessage, "message:delete seq": isNoMessage, "message:react seq": isNoMessage,
  "message:new replyTo": { ...isNoMessage, future: "invalid", creation: "invalid", edit: "invalid", deleted: "ok", blanked: "invalid" },
  "receipt:delivered seq": isAnyEntry, "receipt:read seq": isAnyEntry, "channel:state unreadFrom": { ...isAnyEntry, zero: "ok" },
  "messages:get before": isAnything, "messages:get after": isAnything, "messages:get around": isAnything,
};
/** Somebody who does not exist: the code by verb and field. */
const nobody = {
  "group:chat member": "not_found", "group:new members": "invalid", "group:add members": "invalid", "group:remove members": "conflict",
  "group:role member": "not_found", "user:block userId": "not_found", "user:unblock userId": "ok", "presence:watch users": "ok",
  "message:new mentions": "ok", "members:get after": "ok",
};
/** Another content of the same verb, for the nonce that `good` was given under. */
const others = {
  "message:new": { message: "other" }, "message:edit": { message: "other" },
  "message:delete": ({ second }) => ({ seq: second }),
  "message:react": { emoji: "🎉" }, "group:new": { name: "other" }, "group:add": ({ ids }) => ({ members: [ids.dave] }),
  "group:remove": ({ ids }) => ({ members: [ids.carol] }), "group:role": { role: "member" }, "group:update": { name: "other" },
  "group:leave": "message:new",
};
const noEmoji = ["a", "1", "👍👍", "👍 ", " 👍", "👍a", ":+1:", "\u200d", "\ufe0f", "🏽👍", "🇩", "€", "𝕏", "👩\u200d", "©a", "👍".repeat(20)];

everywhere("what is wrong with an event", {}, (at) => {
  const ids = {};
  let people, a, carols, foreign;
  before(async () => {
    people = await at.people("Alice", "Bob", "Carol", "Dave");
    for (const { name, id } of people) ids[name.toLowerCase()] = id;
    [a, carols] = [await at.connect(0, people[0]), await at.connect(1, people[2])];
    foreign = await carols.get("group:new", { name: "hers", members: [ids.dave] });
  }, { timeout: 60000 });

  /** A group of Alice and Bob, with entries of all kinds. */
  async function scene() {
    const channelId = await a.get("group:new", { name: "tea", members: [ids.bob] });
    const write = async (event, payload) => (await a.get(event, { channelId, ...payload })).seq;
    const seq = await write("message:new", { message: "first" });
    const second = await write("message:new", { message: "second" });
    const deleted = await write("message:new", { message: "third" });
    const edit = await write("message:edit", { seq, message: "edited" });
    const blanked = await write("message:edit", { seq: deleted, message: "edited" });
    await write("message:delete", { seq: deleted });
    return { channelId, seq, second, ids, seqs: { zero: 0, future: 9999, creation: 1, edit, deleted, blanked } };
  }
  const outcome = async (event, payload) => (await a.ask(event, payload)).code ?? "ok";

  test("every event is tried", () => assert.deepEqual(Object.keys(good).toSorted(), serverEvents()));

  test("a field of a wrong type, or missing, is named", async () => {
    const there = await scene();
    let tried = 0;
    for (const verb of ofAnObject) {
      const payload = good[verb](there);
      for (const [name] of fieldsOf(verb)) {
        const fits = isAllowed(verb, name);
        const isRequired = requiredOf(verb).includes(name);
        const wrong = samples.filter((value) => (value === null ? isRequired : !fits(value)));
        for (const value of [...wrong, ...(isRequired ? [undefined] : [])]) {
          const { code, errors } = await a.ask(verb, with_(payload, name, value));
          assert.ok(["invalid", "too_large"].includes(code), `${verb} ${name}: ${JSON.stringify(value)} is ${code ?? "taken"}`);
          assert.match(errors[0], new RegExp(`\\b${name}\\b`), `${verb}: ${errors[0]}`);
          tried += 1;
        }
      }
    }
    assert.ok(tried > 400, `${tried}`);
  });

  test("anything but an object is invalid, and what takes nothing says so", async () => {
    for (const verb of serverEvents()) {
      const isEmpty = !ofAnObject.includes(verb);
      for (const args of [[1], ["x"], [true], [[]], [{}, {}], ...(isEmpty ? [] : [[], [null]])]) {
        const answer = await a.refused("invalid", /argument/, verb, ...args);
        assert.equal(answer.retryAfter, undefined, verb);
      }
    }
  });

  test("a field that nobody knows changes nothing", async () => {
    for (const verb of ofAnObject) {
      await a.get(verb, { ...good[verb](await scene()), unheard: { of: [1, null] }, __proto__: { channelId: 5 } });
    }
  });

  test("a channel of others is as one that does not exist", async () => {
    for (const verb of ofAnObject.filter((each) => fieldsOf(each).some(([name]) => name === "channelId"))) {
      const payload = good[verb](await scene());
      const theirs = await a.refused("not_found", null, verb, { ...payload, channelId: foreign });
      assert.deepEqual(theirs, await a.ask(verb, { ...payload, channelId: unknownId }), verb);
    }
    const { left, channels } = await a.get("sync", { channels: { [foreign]: 0, [unknownId]: 0 } });
    assert.deepEqual([left.toSorted(), channels], [[foreign, unknownId].toSorted(), {}]);
  });

  test("a seq of the future, of another kind, of what is blanked", async () => {
    const isSeq = ([name, { $ref = "" }]) => /Seq$/.test($ref) || name === "replyTo";
    const fields = ofAnObject.flatMap((verb) => fieldsOf(verb).filter(isSeq).map(([name]) => `${verb} ${name}`));
    assert.deepEqual(fields.toSorted(), Object.keys(seqs).toSorted());
    const there = await scene();
    for (const [field, codes] of Object.entries(seqs)) {
      const [verb, name] = field.split(" ");
      for (const [what, code] of Object.entries(codes)) {
        assert.equal(await outcome(verb, with_(good[verb](there), name, there.seqs[what])), code, `${field}: ${what}`);
      }
    }
  });

  test("people who do not exist", async () => {
    const isPerson = ([name, { $ref = "", items }]) => name !== "channelId" && (/Id$/.test($ref) || /Id$/.test(items?.$ref ?? ""));
    const fields = ofAnObject.flatMap((verb) => fieldsOf(verb).filter(isPerson).map(([name]) => `${verb} ${name}`));
    assert.deepEqual(fields.toSorted(), Object.keys(nobody).toSorted());
    for (const [field, code] of Object.entries(nobody)) {
      const [verb, name] = field.split(" ");
      const there = await scene();
      const value = Array.isArray(good[verb](there)[name]) ? [unknownId] : unknownId;
      assert.equal(await outcome(verb, with_(good[verb](there), name, value)), code, field);
    }
  });

  test("ten thousand people, mentioned or named otherwise", async () => {
    const there = await scene();
    const many = range(1, 10001).map((n) => n.toString(16).padStart(24, "0"));
    const lists = ofAnObject.flatMap((verb) => fieldsOf(verb).filter(([, { items }]) => items).map(([name]) => [verb, name]));
    assert.ok(lists.length >= 5);
    for (const [verb, name] of lists) await a.refused("too_large", new RegExp(name), verb, with_(good[verb](there), name, many));
  });

  test("what is no emoji", async () => {
    const { channelId, seq } = await scene();
    for (const emoji of noEmoji) {
      const { code, errors } = await a.ask("message:react", { channelId, seq, emoji, on: true });
      assert.ok(["invalid", "too_large"].includes(code), `${emoji}: ${code ?? "taken"}`);
      assert.match(errors[0], /"emoji"/);
    }
  });

  test("a nonce that was used for other content", async () => {
    const verbs = ofAnObject.filter((verb) => fieldsOf(verb).some(([name]) => name === "nonce"));
    assert.deepEqual(verbs.toSorted(), Object.keys(others).toSorted());
    for (const [n, verb] of verbs.entries()) {
      const there = await scene();
      const nonce = `${verb} ${n}`;
      const payload = { ...good[verb](there), nonce };
      const first = await a.get(verb, payload);
      assert.deepEqual(await a.get(verb, payload), first, `${verb} again`);
      const other = typeof others[verb] === "function" ? others[verb](there) : others[verb];
      const [event, changed] = typeof other === "string" ? [other, { ...good[other](there), nonce }] : [verb, { ...payload, ...other }];
      await a.refused("nonce_conflict", /nonce/, event, changed);
      await a.refused("too_large", /"nonce"/, verb, { ...payload, nonce: "x".repeat(65) });
    }
  });
});

const kinds = ["send", "create", "read", "sync", "search", "receipt"];
const few = { ...Object.fromEntries(kinds.map((kind) => [`${kind}_per_connection`, "10/600s"])), events_in_flight: 5000 };
everywhere("a thousand at once", { limits: few }, (at) => {
  let people, witness, writer, channelId;
  before(async () => {
    people = await at.people("Alice", "Bob", "Carol");
    [writer, witness] = [await at.connect(0, people[1]), await at.connect(1, people[2])];
    channelId = await witness.get("group:new", { name: "calm", members: [people[1].id] });
  }, { timeout: 60000 });

  describe("of any event", () => {
    for (const verb of serverEvents()) test(`${verb}: is refused, and disturbs nobody`, async () => {
      const a = await at.open(0, people[0]);
      // Whatever the payload: what is refused as invalid counts too, and nothing of it is done a thousand times.
      const payload = good[verb]({ channelId: unknownId, seq: 1, ids: { bob: people[1].id, carol: people[2].id, dave: unknownId } });
      const flood = Promise.all(range(1, 1000).map(() => a.ask(verb, payload)));
      const b = await at.open(0, people[1]);
      const calm = await b.get("message:new", { channelId, message: verb });
      await witness.push("message:new", ({ seq }) => seq === calm.seq);
      const answers = await flood;
      const refused = answers.filter(({ code }) => code === "rate_limited");
      assert.ok(refused.length >= 985, `${refused.length}`);
      for (const { retryAfter } of refused) assert.ok(retryAfter > 0 && retryAfter <= 600, `${retryAfter}`);
      // It lives on: what has a rate of its own is answered.
      const other = ["sync", "channels:get", "presence:watch"].includes(verb) ? ["server:info", null] : ["sync", { channels: {} }];
      await a.get(...other);
      assert.deepEqual([a.reasons, b.reasons, writer.reasons, witness.reasons], [[], [], [], []]);
      a.close();
      b.close();
    });
  });
});
