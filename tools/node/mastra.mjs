// Runs the memory store of @mastra/dynamodb: a JSON line on stdin is a call, a line on stdout its
// answer.
//
// The first line is {id, connect: {endpoint, region, accessKeyId, secretAccessKey}}. Each further
// one is {id, table, domain, method, args}, where `domain` is `memory`, `workflows` or `scores`; or
// `entities`, to get by its key in `args` what the client's own entity `method` reads of an item,
// before the store makes something else of it. With `now` (ISO text) the process's clock stands
// still at that time during the call; with `ttl` the store is made with that configuration.
//
// The answer is {id, value, log, cost} or {id, error: {name, id, message, cause}, log, cost}. `log`
// is what the client told its logger; `cost` is {requests, items, capacity, cpu, wall}: HTTP
// requests sent, items that came back, capacity units consumed, milliseconds.
//
// What JSON cannot say: {"$date": "2026-..."}, {"$number": "-0"}, {"$undefined": true}. An object
// with such a key itself is {"$object": [[key, value], ...]}.
//
// The packages are found below the folder that LEYDEN_NODE_DIR names.

import { createRequire } from "node:module";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const folder = process.env.LEYDEN_NODE_DIR;
if (!folder) {
  process.stderr.write("LEYDEN_NODE_DIR does not say where the npm packages are\n");
  process.exit(2);
}

// stdout is for answers alone, and what the client logs belongs to the call that it logs in.
let logged = [];
for (const level of ["debug", "log", "info", "warn", "error"]) {
  console[level] = (...words) => logged.push(`${level}: ${words.map(String).join(" ")}`);
}

const require = createRequire(join(folder, "package.json"));
const load = (name, from = require) => import(pathToFileURL(from.resolve(name)).href);
// The ES module: require would resolve to the other build, which has its own copies of the rest.
const module = new URL("./index.js", pathToFileURL(require.resolve("@mastra/dynamodb"))).href;
// The client's own copies: the store takes only a client that its commands fit.
const theirs = createRequire(require.resolve("@mastra/dynamodb"));
const { DynamoDBClient } = await load("@aws-sdk/client-dynamodb", theirs);
const { DynamoDBDocumentClient } = await load("@aws-sdk/lib-dynamodb", theirs);

const RealDate = Date;
let standing = null;

class StandingDate extends RealDate {
  constructor(...given) {
    if (given.length === 0 && standing !== null) super(standing);
    else super(...given);
  }
  static now() {
    return standing ?? RealDate.now();
  }
  static [Symbol.hasInstance](value) {
    return RealDate[Symbol.hasInstance].call(RealDate, value);
  }
}

function standAt(text) {
  standing = text === undefined ? null : RealDate.parse(text);
  globalThis.Date = text === undefined ? RealDate : StandingDate;
}

function decode(value) {
  if (value === null || typeof value !== "object") return value;
  if (Array.isArray(value)) return value.map(decode);
  const keys = Object.keys(value);
  if (keys.length === 1 && keys[0].startsWith("$")) {
    const [inner] = Object.values(value);
    switch (keys[0]) {
      case "$date":
        return new Date(inner);
      case "$number":
        return Number(inner);
      case "$undefined":
        return undefined;
      case "$object":
        return Object.fromEntries(inner.map(([key, held]) => [key, decode(held)]));
    }
  }
  return Object.fromEntries(keys.map((key) => [key, decode(value[key])]));
}

function encode(value) {
  if (value === undefined) return { $undefined: true };
  if (typeof value === "number" && (!Number.isFinite(value) || Object.is(value, -0))) {
    return { $number: Object.is(value, -0) ? "-0" : String(value) };
  }
  if (value === null || typeof value !== "object") return value;
  if (value instanceof Date) {
    return { $date: Number.isNaN(value.getTime()) ? null : value.toISOString() };
  }
  if (Array.isArray(value)) return value.map(encode);
  const pairs = Object.entries(value).map(([key, held]) => [key, encode(held)]);
  if (pairs.some(([key]) => key.startsWith("$") || key === "__proto__")) return { $object: pairs };
  return Object.fromEntries(pairs);
}

const cost = { requests: 0, items: 0, capacity: 0 };

function count(client) {
  client.middlewareStack.add(
    (next) => async (context) => {
      const answer = await next({
        ...context,
        input: { ...context.input, ReturnConsumedCapacity: "TOTAL" },
      });
      const { ConsumedCapacity: consumed, Items: items, Item: item } = answer.output;
      for (const part of [consumed ?? []].flat()) cost.capacity += part.CapacityUnits ?? 0;
      cost.items += items?.length ?? (item ? 1 : 0);
      return answer;
    },
    { step: "initialize", name: "countCapacity", priority: "high" },
  );
  client.middlewareStack.add(
    (next) => (context) => {
      cost.requests += 1;
      return next(context);
    },
    { step: "deserialize", name: "countRequests", priority: "low" },
  );
}

let client;
const stores = new Map();

function connect({ endpoint, region, accessKeyId, secretAccessKey }) {
  const plain = new DynamoDBClient({
    endpoint,
    region,
    credentials: { accessKeyId, secretAccessKey },
  });
  count(plain);
  client = DynamoDBDocumentClient.from(plain);
  return true;
}

async function storeOf(table, ttl) {
  const key = JSON.stringify([table, ttl]);
  if (!stores.has(key)) {
    // A module of its own for each: all stores that one makes use the table of the latest.
    const { DynamoDBStore } = await import(`${module}?${stores.size}`);
    const config = { id: "checks", tableName: table, client, ttl };
    stores.set(key, new DynamoDBStore({ name: "checks", config }));
  }
  return stores.get(key);
}

async function call({ table, ttl, domain, method, args }) {
  const store = await storeOf(table, ttl);
  if (domain === "entities") return (await store.service.entities[method].get(args).go()).data;
  const part = store.stores[domain];
  if (typeof part?.[method] !== "function") throw new Error(`there is no ${domain}.${method}`);
  return await part[method](...decode(args));
}

async function answer(question) {
  logged = [];
  Object.assign(cost, { requests: 0, items: 0, capacity: 0 });
  standAt(question.now);
  const cpu = process.cpuUsage();
  const wall = performance.now();
  let found;
  try {
    const value = question.connect ? connect(question.connect) : await call(question);
    found = { value };
  } catch (error) {
    const { name, id, message, cause } = error;
    found = { error: { name, id, message, cause: cause && `${cause.name}: ${cause.message}` } };
  }
  const { user, system } = process.cpuUsage(cpu);
  const spent = { ...cost, cpu: (user + system) / 1000, wall: performance.now() - wall };
  standAt(undefined);
  if ("value" in found) found.value = encode(found.value);
  return { ...found, log: logged, cost: spent };
}

for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
  if (line.trim() === "") continue;
  const question = JSON.parse(line);
  process.stdout.write(`${JSON.stringify({ id: question.id, ...(await answer(question)) })}\n`);
}
