// Writes the ElectroDB models that a module exports as JSON.
//
//   node reader.mjs MODULE OUTPUT
//
// OUTPUT becomes {models: [{exports, alias, model, table, identifiers}], functions: [...]}, or
// {error: {kind, message}}. Functions in a model become {"$function": text}, regular expressions
// {"$regexp": source, flags}. What the module itself prints goes to standard error.

import { writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { resolve } from "node:path";

const [, , file, output] = process.argv;
const MOST_DEPTH = 4;

process.stdout.write = process.stderr.write.bind(process.stderr);

function finish(result) {
  writeFileSync(output, JSON.stringify(result));
  process.exit(0);
}

function isObject(value) {
  return value !== null && typeof value === "object";
}

function isPlain(value) {
  if (!isObject(value) || Array.isArray(value)) return false;
  const prototype = Object.getPrototypeOf(value);
  // Modules have none; objects of another realm have one of the same name.
  return prototype === null || prototype.constructor?.name === "Object";
}

function instanceOf(value) {
  const mark = isObject(value) ? value._instance : undefined;
  return typeof mark === "symbol" ? mark.description : undefined;
}

function isEntity(value) {
  return instanceOf(value) === "entity" && isObject(value.model);
}

function isService(value) {
  return instanceOf(value) === "service" && isObject(value.entities);
}

function isModel(value) {
  if (!isPlain(value) || !isObject(value.attributes) || !isObject(value.indexes)) return false;
  return typeof (value.model?.entity ?? value.entity) === "string";
}

const found = new Map();
const functions = [];
const seen = new Set();

function keep(schema, name, extra = {}) {
  const entry = found.get(schema) ?? { schema, exports: [] };
  found.set(schema, entry);
  if (!entry.exports.includes(name)) entry.exports.push(name);
  for (const [key, value] of Object.entries(extra)) entry[key] ??= value;
}

function keepEntity(entity, name, alias) {
  // The schema as it was handed in; older versions keep it in the parsed model.
  const schema = entity.schema ?? entity.model.original;
  if (!isObject(schema)) return;
  keep(schema, name, {
    alias,
    table: entity.config?.table ?? entity.model.table,
    identifiers: identifiersOf(entity),
  });
}

function identifiersOf(entity) {
  const given = entity.identifiers ?? {};
  const fields = [given.entity, given.version].filter((field) => typeof field === "string");
  const usual = ["__edb_e__", "__edb_v__"];
  return fields.length === 2 && fields.some((field, i) => field !== usual[i]) ? fields : undefined;
}

function walk(value, name, depth) {
  if (typeof value === "function") {
    if (!seen.has(value)) functions.push(name);
    seen.add(value);
    return;
  }
  if (isEntity(value)) return keepEntity(value, name);
  if (isService(value)) {
    for (const [alias, entity] of Object.entries(value.entities)) {
      keepEntity(entity, `${name}.${alias}`, alias);
    }
    return;
  }
  if (isModel(value)) return keep(value, name);
  if (depth >= MOST_DEPTH || !isObject(value) || seen.has(value)) return;
  const isModule = value[Symbol.toStringTag] === "Module";
  if (!Array.isArray(value) && !isPlain(value) && !isModule) return;
  seen.add(value);
  for (const [key, inner] of Object.entries(value)) {
    walk(inner, name ? `${name}.${key}` : key, depth + 1);
  }
}

function plain(value, above = []) {
  switch (typeof value) {
    case "function":
      return { $function: textOf(value) };
    case "symbol":
      return { $symbol: value.description ?? "" };
    case "bigint":
      return { $number: String(value) };
    case "number":
      return Number.isFinite(value) ? value : { $number: String(value) };
    case "undefined":
      return undefined;
  }
  if (!isObject(value)) return value;
  if (above.includes(value)) return { $circular: true };
  const path = [...above, value];
  if (Array.isArray(value)) return value.map((item) => plain(item, path) ?? null);
  if (Object.prototype.toString.call(value) === "[object RegExp]") {
    return { $regexp: value.source, flags: value.flags };
  }
  if (value instanceof Set) return { $set: [...value].map((item) => plain(item, path) ?? null) };
  if (value instanceof Map) return { $map: [...value].map((pair) => plain(pair, path)) };
  if (value instanceof Date) return { $date: String(value.getTime()) };
  if (!isPlain(value)) return { $instance: value.constructor?.name ?? "" };
  const entries = [];
  for (const [key, inner] of Object.entries(value)) {
    const written = plain(inner, path);
    if (written !== undefined) entries.push([key, written]);
  }
  return Object.fromEntries(entries);
}

function textOf(value) {
  const text = Function.prototype.toString.call(value);
  // A function of the runtime itself has no text, but its name says what it does.
  return /\{\s*\[native code\]\s*\}$/.test(text) ? `() => ${value.name}()` : text;
}

let module;
try {
  module = await import(pathToFileURL(resolve(file)).href);
} catch (error) {
  finish({
    error: {
      kind: String(error?.code ?? error?.name ?? "Error"),
      message: String(error?.message ?? error).split("\n")[0],
    },
  });
}
function look(value, name) {
  try {
    walk(value, name, 0);
  } catch (error) {
    finish({
      error: {
        kind: String(error?.name ?? "Error"),
        message: `its export "${name}" cannot be looked at: ${String(error?.message ?? error).split("\n")[0]}`,
      },
    });
  }
}

// A CommonJS module shows its exports once more as `default`: named first.
for (const [name, value] of Object.entries(module)) if (name !== "default") look(value, name);
if ("default" in module) {
  const value = module.default;
  const named = new Set(Object.keys(module));
  if (isPlain(value) && !isModel(value)) {
    for (const [key, inner] of Object.entries(value)) {
      if (!named.has(key) || key === "default") look(inner, key);
    }
  } else {
    look(value, "default");
  }
}
finish({
  models: [...found.values()].map(({ schema, ...entry }) => ({ ...entry, model: plain(schema) })),
  functions,
});
