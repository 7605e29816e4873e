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
// `wire.mjs` says how values are written that JSON cannot say, and where the packages are found.

import { createRequire } from "node:module";

import { decode, encode, load, moduleOf, require, serve, standAt, takeLog } from "./wire.mjs";

const module = moduleOf("@mastra/dynamodb");
// The client's own copies: the store takes only a client that its commands fit.
const theirs = createRequire(require.resolve("@mastra/dynamodb"));
const { DynamoDBClient } = await load("@aws-sdk/client-dynamodb", theirs);
const { DynamoDBDocumentClient } = await load("@aws-sdk/lib-dynamodb", theirs);

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
  takeLog();
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
  return { ...found, log: takeLog(), cost: spent };
}

await serve(answer);
