// Answers on stdout, one JSON line each, which request ElectroDB builds for an operation.
//
// A question is a JSON line on stdin: {id, table, models, op}. `models` maps aliases to ElectroDB
// models, all of one service; `op` is an operation in neutral form. A model may hold what JSON can
// say of a callback: an index's `condition: {when: [...]}`, and `set` or `get` that are "tell".
//
// An op with `parse` is no operation: its plain item is read, and the attributes are the answer.
//
// The answer is {id, request}, or {id, error: {code, message}} where ElectroDB refuses.
// Sets come as {"$set": [...]}, everything else as ElectroDB hands it to the DocumentClient.
//
// The packages are found below the folder that LEYDEN_NODE_DIR names.

import { createRequire } from "node:module";
import { join } from "node:path";
import { createInterface } from "node:readline";

const folder = process.env.LEYDEN_NODE_DIR;
if (!folder) {
  process.stderr.write("LEYDEN_NODE_DIR does not say where the npm packages are\n");
  process.exit(2);
}
const { Entity, Service } = createRequire(join(folder, "package.json"))("electrodb");

const COMPARISONS = { eq: "=", ne: "<>", gt: ">", gte: ">=", lt: "<", lte: "<=" };
const MAX_CACHED = 64;
const cache = new Map();

function holds(condition, values) {
  const [operator, ...operands] = condition;
  switch (operator) {
    case "eq":
      return values[operands[0]] === operands[1];
    case "ne":
      return values[operands[0]] !== operands[1];
    case "gt":
      return values[operands[0]] > operands[1];
    case "lt":
      return values[operands[0]] < operands[1];
    case "and":
      return operands.every((operand) => holds(operand, values));
    case "or":
      return operands.some((operand) => holds(operand, values));
    default:
      throw new Error(`unknown index condition: ${operator}`);
  }
}

// A `set` or `get` that tells what it was called with, for both sides to say in one way.
function tell(value, item) {
  const names = Object.keys(item).filter((name) => item[name] !== undefined).sort();
  return `${value}<${names.map((name) => `${name}=${item[name]}`).join(",")}>`;
}

function revive(model) {
  const attributes = {};
  for (const [name, attribute] of Object.entries(model.attributes)) {
    attributes[name] = { ...attribute };
    for (const hook of ["set", "get"]) {
      if (attribute[hook] === "tell") attributes[name][hook] = tell;
      const source = attribute[hook]?.$function;
      if (source !== undefined) attributes[name][hook] = new Function(`return (${source})`)();
    }
  }
  const indexes = {};
  for (const [name, index] of Object.entries(model.indexes)) {
    const { condition, ...rest } = index;
    indexes[name] = condition
      ? { ...rest, condition: (values) => holds(condition.when, values) }
      : rest;
  }
  return { ...model, attributes, indexes };
}

function build(models, table) {
  const key = JSON.stringify([table, models]);
  let built = cache.get(key);
  if (built === undefined) {
    const entities = {};
    for (const [alias, model] of Object.entries(models)) {
      const { identifiers } = model;
      entities[alias] = new Entity(revive(model), { table, identifiers });
    }
    built = { entities, service: undefined };
    if (cache.size >= MAX_CACHED) cache.delete(cache.keys().next().value);
    cache.set(key, built);
  }
  return built;
}

function attributeAt(attributes, path) {
  const [root, ...rest] = path.split(/[.[\]]/).filter((part) => part !== "");
  return rest.reduce((attribute, part) => attribute[part], attributes[root]);
}

function condition(node, attributes, operations) {
  const [operator, ...operands] = node;
  if (operator === "and" || operator === "or") {
    const parts = operands.map((operand) => `(${condition(operand, attributes, operations)})`);
    // In parentheses: ElectroDB joins what it adds with AND, whatever stands in the text.
    return `(${parts.join(operator === "and" ? " AND " : " OR ")})`;
  }
  if (operator === "not") return `NOT (${condition(operands[0], attributes, operations)})`;
  const attribute = attributeAt(attributes, operands[0]);
  if (operator === "size") {
    const [, comparison, length] = operands;
    return `${operations.size(attribute)} ${COMPARISONS[comparison]} ${operations.escape(length)}`;
  }
  return operations[operator](attribute, ...operands.slice(1));
}

function where(chain, op) {
  if (!op.where) return chain;
  return chain.where((attributes, operations) => condition(op.where, attributes, operations));
}

function ranged(chain, op) {
  if (!op.range) return chain;
  const [operator, ...operands] = op.range;
  return chain[operator](...operands);
}

const STEPS = ["set", "add", "subtract", "append", "remove", "delete", "composite"];

function updated(chain, op) {
  let current = chain;
  for (const step of STEPS) {
    if (op[step] !== undefined) current = current[step](op[step]);
  }
  if (op.ifNotExists) {
    current = current.data((attributes, operations) => {
      for (const [path, value] of Object.entries(op.ifNotExists)) {
        operations.ifNotExists(attributeAt(attributes, path), value);
      }
    });
  }
  return current;
}

function chainOf(built, op) {
  if (op.collection) {
    built.service ??= new Service(built.entities);
    return where(ranged(built.service.collections[op.collection](op.pk), op), op);
  }
  const entity = built.entities[op.entity];
  switch (op.batch ?? op.verb) {
    case "get":
    case "delete":
      return where(entity[op.batch ?? op.verb](op.batch ? op.keys : op.key), op);
    case "check":
    case "remove":
      return where(entity[op.verb](op.key), op);
    case "put":
      return where(entity.put(op.batch ? op.items : op.item), op);
    case "create":
    case "upsert":
      return where(entity[op.verb](op.item), op);
    case "update":
    case "patch":
      return where(updated(entity[op.verb](op.key), op), op);
    case "query":
      return where(ranged(entity.query[op.pattern](op.pk), op), op);
    case "match":
    case "find":
      return where(entity[op.verb](op.values), op);
    case "scan":
      return where(entity.scan, op);
    default:
      throw new Error(`unknown operation: ${JSON.stringify(op)}`);
  }
}

function requestOf(built, op) {
  // What an item reads as is no request, but is asked and compared in the same way.
  if (op.parse) return built.entities[op.entity].parse({ Item: op.parse }).data;
  if (!op.transact) return chainOf(built, op).params(op.options ?? {});
  built.service ??= new Service(built.entities);
  const parts = (entities) => op.ops.map((one) => chainOf({ entities }, one).commit());
  return built.service.transaction[op.transact](parts).params(op.options ?? {});
}

function plain(value) {
  if (value === null || typeof value !== "object") {
    if (typeof value === "number" && !Number.isFinite(value)) return { $number: String(value) };
    return value;
  }
  if (value instanceof Set) return { $set: [...value] };
  if (value.wrapperName === "Set") return { $set: [...value.values] };
  if (Array.isArray(value)) return value.map(plain);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]));
}

function answer(question) {
  try {
    const built = build(question.models, question.table);
    return { request: plain(requestOf(built, question.op)) };
  } catch (error) {
    return { error: { code: error.code ?? null, message: String(error.message) } };
  }
}

for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
  if (line.trim() === "") continue;
  const question = JSON.parse(line);
  process.stdout.write(`${JSON.stringify({ id: question.id, ...answer(question) })}\n`);
}
