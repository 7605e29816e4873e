// ElectroDB's part in the bench, in the protocol of bench/worker.py: the first line on stdin is the
// target; {run, times} and {gets, count} are answered with processor and wall time of a call in
// milliseconds, and with {error} where the work failed. LEYDEN_NODE_DIR names the packages' folder.

import { createRequire } from "node:module";
import { join } from "node:path";
import { createInterface } from "node:readline";

const load = createRequire(join(process.env.LEYDEN_NODE_DIR, "package.json"));
const { Entity } = load("electrodb");
const { DynamoDBClient } = load("@aws-sdk/client-dynamodb");
const { DynamoDBDocumentClient } = load("@aws-sdk/lib-dynamodb");

const MODEL = {
  model: { entity: "readings", version: "1", service: "bench" },
  attributes: {
    station: { type: "string", required: true },
    number: { type: "number", required: true, padding: { length: 7, char: "0" } },
    kind: { type: ["wind", "rain"] },
    value: { type: "number" },
    unit: { type: "string" },
    note: { type: "string" },
    done: { type: "boolean" },
    tags: { type: "set", items: "string" },
    at: { type: "string" },
    place: { type: "map", properties: { lat: { type: "number" }, lon: { type: "number" } } },
    source: { type: "string" },
    body: { type: "string" },
  },
  indexes: {
    readings: {
      pk: { field: "pk", composite: ["station"] },
      sk: { field: "sk", composite: ["number"] },
    },
  },
};

function reading(number) {
  return {
    station: "s",
    number,
    kind: number % 3 ? "wind" : "rain",
    value: number / 8 + 0.5,
    unit: number % 3 ? "m/s" : "mm/h",
    note: `seen by observer ${number % 500}`,
    done: true,
    tags: ["a", `tag ${number % 7}`],
    at: new Date(Date.UTC(2026, 1, 3, 9, 15, 0, number % 1000)).toISOString(),
    place: { lat: 45.5 + number / 1024, lon: 4.25 },
    source: `mast ${number % 40}`,
    body: String(number).padStart(7, "0") + "x".repeat(370),
  };
}

function worker(target) {
  const client = DynamoDBDocumentClient.from(
    new DynamoDBClient({
      endpoint: target.endpoint_url,
      region: target.region,
      credentials: {
        accessKeyId: target.access_key_id,
        secretAccessKey: target.secret_access_key,
      },
    }),
  );
  const entity = new Entity(MODEL, { table: target.table, client });
  const one = reading(1);
  const many = Array.from({ length: 25 }, (_, number) => reading(number));
  return {
    get: () => entity.get({ station: "s", number: 1 }).go(),
    put: () => entity.put(one).go(),
    query: () => entity.query.readings({ station: "s" }).go(),
    batch: () => entity.put(many).go(),
    params: () => entity.query.readings({ station: "s" }).gt({ number: 5 }).params(),
  };
}

async function timed(calls, work) {
  const cpu = process.cpuUsage();
  const wall = performance.now();
  await work();
  const { user, system } = process.cpuUsage(cpu);
  return { cpu: (user + system) / 1000 / calls, wall: (performance.now() - wall) / calls };
}

async function answer(work, question) {
  if ("run" in question) {
    const call = work[question.run];
    return await timed(question.times, async () => {
      for (let turn = 0; turn < question.times; turn += 1) await call();
    });
  }
  let left = question.count;
  const oneAfterAnother = async () => {
    while (left > 0) {
      left -= 1;
      await work.get();
    }
  };
  return await timed(question.count, () =>
    Promise.all(Array.from({ length: question.gets }, oneAfterAnother)),
  );
}

let work;
for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
  let said;
  try {
    if (work === undefined) {
      work = worker(JSON.parse(line));
      said = { work: Object.keys(work), gets: true };
    } else {
      said = await answer(work, JSON.parse(line));
    }
  } catch (error) {
    said = { error: `${error.name}: ${error.message}` };
  }
  process.stdout.write(`${JSON.stringify(said)}\n`);
}
