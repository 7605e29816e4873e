// Runs the Memory of @mastra/memory over recording parts: a JSON line on stdin is a call, a line on
// stdout its answer.
//
// {id, open: NAME, options, dimensions, separator, storage, vectors, texts} makes a memory. `storage`
// is {endpoint, region, accessKeyId, secretAccessKey, table} for @mastra/dynamodb on a table, or is
// left out for the package's own store in memory. `vectors` is the address of a vector store that
// is asked over HTTP, or is left out for an exact one here. The embedder counts hashed words, so
// that texts with the same words are near each other; `texts` has vectors of its own for some texts.
//
// {id, memory: NAME, method, args, now} calls a method, with the clock standing at `now`. A method
// `tools` tells which tools there are, `tool` calls one: [name, input, context].
//
// The answer is {id, value, calls} or {id, error: {name, message}, calls}. `calls` is what the memory
// asked of its parts, in order: {embed: [texts]}, {vectors: method, ...params} and
// {storage: method, ...params}. Texts of more than 300 UTF-16 units are told in there by their
// length, their SHA-256 in UTF-16 and their ends; vectors by how many there are.
//
// `wire.mjs` says how values are written that JSON cannot say, and where the packages are found.

import { createHash } from "node:crypto";
import { createRequire } from "node:module";

import { decode, encode, load, moduleOf, require, serve, standAt } from "./wire.mjs";

const { Memory } = await import(moduleOf("@mastra/memory"));
const { InMemoryStore } = await import(moduleOf("@mastra/core/storage"));
const { MastraVector } = await import(moduleOf("@mastra/core/vector"));

const LONG = 300;
const WATCHED = [
  "saveThread",
  "patchThread",
  "deleteThread",
  "saveMessages",
  "updateMessages",
  "deleteMessages",
  "listMessages",
  "listMessagesById",
  "updateResource",
];

let calls = [];

/** A long text by its length, its hash and its ends, so that files of answers stay short. */
function shortened(value) {
  if (typeof value === "string" && value.length > LONG) {
    const hash = createHash("sha256").update(Buffer.from(value, "utf16le")).digest("hex");
    const ends = [value.slice(0, 20), value.slice(-20)];
    return { $long: { units: value.length, sha256: hash, ends } };
  }
  if (value === null || typeof value !== "object" || value instanceof Date) return value;
  if (Array.isArray(value)) return value.map(shortened);
  return Object.fromEntries(Object.entries(value).map(([key, held]) => [key, shortened(held)]));
}

/** Keep what is asked of a part as it is now: the memory may change it afterwards. */
function tell(asked) {
  calls.push(shortened(encode(asked)));
}

// Ids that the package makes up count from 1 in each memory, to be the same in each run.
let made = 0;
globalThis.crypto.randomUUID = () => `made-${++made}`;

function hashOf(word) {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(word)) {
    hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  }
  return hash;
}

/** How often each hashed word occurs; tests/memory/words.py counts in the same way. */
function countsOf(text, dimensions) {
  const vector = new Array(dimensions).fill(0);
  for (const word of text.toLowerCase().match(/[a-z0-9]+/g) ?? ["?"]) {
    vector[hashOf(word) % dimensions] += 1;
  }
  return vector;
}

class Embedder {
  specificationVersion = "v2";
  provider = "recording";
  modelId = "words";
  maxEmbeddingsPerCall = Infinity;
  supportsParallelCalls = true;

  constructor(dimensions, texts) {
    Object.assign(this, { dimensions, texts });
  }

  async doEmbed({ values }) {
    tell({ embed: values });
    return {
      embeddings: values.map((text) => this.texts[text] ?? countsOf(text, this.dimensions)),
      usage: { tokens: values.length },
    };
  }
}

function matches(filter, metadata) {
  return Object.entries(filter ?? {}).every(([name, wanted]) => {
    if (name === "$and") return wanted.every((part) => matches(part, metadata));
    if (wanted !== null && typeof wanted === "object") return wanted.$in.includes(metadata[name]);
    return metadata[name] === wanted;
  });
}

function cosine(one, other) {
  let product = 0;
  let first = 0;
  let second = 0;
  for (let i = 0; i < one.length; i++) {
    product += one[i] * other[i];
    first += one[i] * one[i];
    second += other[i] * other[i];
  }
  return product / Math.sqrt(first * second);
}

/** A vector store that compares with every vector. */
class Exact {
  indexes = new Map();

  createIndex({ indexName }) {
    if (!this.indexes.has(indexName)) this.indexes.set(indexName, new Map());
  }
  upsert({ indexName, vectors, metadata, ids }) {
    const held = this.indexes.get(indexName);
    return vectors.map((vector, i) => {
      const id = ids?.[i] ?? `v${held.size}`;
      held.set(id, { vector, metadata: JSON.parse(JSON.stringify(metadata[i])) });
      return id;
    });
  }
  query({ indexName, queryVector, topK, filter }) {
    return [...(this.indexes.get(indexName) ?? [])]
      .filter(([, { metadata }]) => matches(filter, metadata))
      .map(([id, { vector, metadata }]) => ({ id, score: cosine(queryVector, vector), metadata }))
      .sort((one, other) => other.score - one.score)
      .slice(0, topK);
  }
  deleteVectors({ indexName, filter }) {
    const held = this.indexes.get(indexName);
    for (const [id, { metadata }] of held) if (matches(filter, metadata)) held.delete(id);
  }
  listIndexes() {
    return [...this.indexes.keys()];
  }
}

/** A vector store that another process has. */
function elsewhere(address) {
  const ask = (method) => async (params) => {
    const answer = await fetch(address, {
      method: "POST",
      body: JSON.stringify({ method, params: params ?? {} }),
    });
    if (!answer.ok) throw new Error(`the vector store answered ${answer.status}`);
    return (await answer.json()).value;
  };
  const methods = ["createIndex", "upsert", "query", "deleteVectors", "listIndexes"];
  return Object.fromEntries(methods.map((method) => [method, ask(method)]));
}

class Recording extends MastraVector {
  constructor(inner, separator) {
    super({ id: "recording" });
    Object.assign(this, { inner, separator });
  }
  get indexSeparator() {
    return this.separator ?? super.indexSeparator;
  }
}
for (const method of ["createIndex", "upsert", "query", "deleteVectors", "listIndexes"]) {
  Recording.prototype[method] = async function (params) {
    const { vectors, queryVector, ...told } = params ?? {};
    if (vectors !== undefined) told.count = vectors.length;
    if (queryVector !== undefined) told.dimensions = queryVector.length;
    tell({ vectors: method, ...told });
    return await this.inner[method](params);
  };
}

const modules = { count: 0 };

async function storageOf(storage) {
  if (!storage) return new InMemoryStore();
  // A module of its own for each: all stores that one makes use the table of the latest.
  const address = `${moduleOf("@mastra/dynamodb")}?memory=${modules.count++}`;
  const { DynamoDBStore } = await import(address);
  const theirs = createRequire(require.resolve("@mastra/dynamodb"));
  const { DynamoDBClient } = await load("@aws-sdk/client-dynamodb", theirs);
  const { DynamoDBDocumentClient } = await load("@aws-sdk/lib-dynamodb", theirs);
  const { endpoint, region, accessKeyId, secretAccessKey, table: tableName } = storage;
  const credentials = { accessKeyId, secretAccessKey };
  const client = DynamoDBDocumentClient.from(new DynamoDBClient({ endpoint, region, credentials }));
  return new DynamoDBStore({ name: "checks", config: { id: "checks", tableName, client } });
}

async function watch(storage) {
  const store = await storage.getStore("memory");
  for (const method of WATCHED) {
    const inner = store[method].bind(store);
    store[method] = (params) => {
      tell({ storage: method, ...(Array.isArray(params) ? { ids: params } : params) });
      return inner(params);
    };
  }
}

const memories = new Map();

async function open({ open: name, options, dimensions, separator, storage, vectors, texts }) {
  made = 0;
  const store = await storageOf(storage);
  await watch(store);
  const inner = vectors ? elsewhere(vectors) : new Exact();
  const memory = new Memory({
    storage: store,
    vector: new Recording(inner, separator),
    embedder: new Embedder(dimensions, texts ?? {}),
    options: decode(options),
  });
  memories.set(name, memory);
  return true;
}

function toolsOf(memory) {
  return Object.entries(memory.listTools()).map(([name, { id, description, inputSchema }]) => ({
    name,
    id,
    description,
    inputSchema: inputSchema["~standard"].jsonSchema.input({ target: "draft-07" }),
  }));
}

async function call({ memory: name, method, args }) {
  const memory = memories.get(name);
  const given = decode(args);
  let value;
  if (method === "tools") value = toolsOf(memory);
  else if (method === "tool") {
    const [tool, input, agent] = given;
    value = await memory.listTools()[tool].execute(input, { agent, memory });
  } else if (typeof memory[method] === "function") value = await memory[method](...given);
  else throw new Error(`there is no ${method}`);
  await memory.settled();
  return value;
}

async function answer(question) {
  calls = [];
  standAt(question.now);
  let found;
  try {
    found = { value: encode(question.open ? await open(question) : await call(question)) };
  } catch (error) {
    found = { error: { name: error.name, message: error.message } };
  }
  standAt(undefined);
  return { ...found, calls };
}

await serve(answer);
