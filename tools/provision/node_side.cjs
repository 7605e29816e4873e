// What the tools on Node.js make of what Leyden writes.
//
// Reads {"hcl": {name: text}, "stacks": {name: compiled file}} from standard input, and prints the
// structure of each text in Terraform's language, and the template that each stack is synthesised
// to. The packages are those of the folder in LEYDEN_PROVISION_NODE.
const fs = require("node:fs");
const path = require("node:path");
const { createRequire } = require("node:module");

const load = createRequire(path.join(process.env.LEYDEN_PROVISION_NODE, "package.json"));

/** The structure of a text; what it encodes as JSON is read as well. */
async function structure(text) {
  const { parse } = load("@cdktf/hcl2json");
  const opened = async (value) => {
    if (Array.isArray(value)) return Promise.all(value.map(opened));
    if (value && typeof value === "object") {
      const pairs = Object.entries(value).map(async ([key, one]) => [key, await opened(one)]);
      return Object.fromEntries(await Promise.all(pairs));
    }
    const encoded = typeof value === "string" && /^\$\{jsonencode\(([\s\S]*)\)\}$/.exec(value);
    return encoded ? { json: (await parse("value.tf", `value = ${encoded[1]}`)).value } : value;
  };
  return opened(await parse("main.tf", text));
}

function synthesised(file) {
  const cdk = load("aws-cdk-lib");
  const { TableStack } = require(file);
  const app = new cdk.App({ analyticsReporting: false });
  // Without what bootstrapping adds to every template.
  new TableStack(app, "TableStack", { synthesizer: new cdk.LegacyStackSynthesizer() });
  return app.synth().getStackByName("TableStack").template;
}

async function main() {
  const asked = JSON.parse(fs.readFileSync(0, "utf8"));
  const hcl = {};
  for (const [name, text] of Object.entries(asked.hcl)) hcl[name] = await structure(text);
  const stacks = {};
  for (const [name, file] of Object.entries(asked.stacks)) stacks[name] = synthesised(file);
  process.stdout.write(JSON.stringify({ hcl, stacks }));
}

main();
