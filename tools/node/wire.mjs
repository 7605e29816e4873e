// What the processes that run the memory packages share: where the packages are, values that JSON
// cannot say, a clock that can stand still, and a question and an answer a line.
//
// The packages are found below the folder that LEYDEN_NODE_DIR names.
//
// What JSON cannot say: {"$date": "2026-..."}, {"$number": "-0"}, {"$undefined": true}. An object
// with such a key itself is {"$object": [[key, value], ...]}. A question may say a long text as
// {"$text": [["ab ", 9000], ["end", 1]]}: each text as often as the number says.

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

/** What was logged since the last time that this was asked. */
export function takeLog() {
  const taken = logged;
  logged = [];
  return taken;
}

export const require = createRequire(join(folder, "package.json"));
export const load = (name, from = require) => import(pathToFileURL(from.resolve(name)).href);

/** The address of a package's ES module: require would resolve to the other build, which has its
 * own copies of the rest. */
export const moduleOf = (name) => new URL("./index.js", pathToFileURL(require.resolve(name))).href;

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

/** Stop the clock at a time in ISO text, or let it run. */
export function standAt(text) {
  standing = text === undefined ? null : RealDate.parse(text);
  globalThis.Date = text === undefined ? RealDate : StandingDate;
}

/** A value of a question. */
export function decode(value) {
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
      case "$text":
        return inner.map(([text, times]) => text.repeat(times)).join("");
      case "$object":
        return Object.fromEntries(inner.map(([key, held]) => [key, decode(held)]));
    }
  }
  return Object.fromEntries(keys.map((key) => [key, decode(value[key])]));
}

/** A value for an answer. */
export function encode(value) {
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

/** Answer each line of stdin with one on stdout, until stdin ends. */
export async function serve(answer) {
  for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
    if (line.trim() === "") continue;
    const question = JSON.parse(line);
    process.stdout.write(`${JSON.stringify({ id: question.id, ...(await answer(question)) })}\n`);
  }
}
