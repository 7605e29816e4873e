// The page of the chat: threads on the left, a thread's messages in the middle with what each answer
// recalled beside it, and the working memory on the right. It asks for the newest messages, and for
// earlier ones by cursor when one scrolls back.

const at = (id) => document.getElementById(id);
const state = { thread: null, earlier: null, threads: null, remembered: "" };

async function ask(path, options = {}) {
  const answer = await fetch(path, options);
  if (!answer.ok) {
    const said = await answer.json().catch(() => ({}));
    const words = typeof said.detail === "string" ? said.detail : answer.status;
    throw new Error(`${options.method ?? "GET"} ${path}: ${words}`);
  }
  return answer;
}

// An element with its attributes and what it holds: texts are never taken as markup.
function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

const json = (method, body) => ({
  method,
  headers: { "content-type": "application/json" },
  body: JSON.stringify(body),
});

function telling(action) {
  return async (event) => {
    event?.preventDefault();
    at("problem").hidden = true;
    try {
      await action(event);
    } catch (error) {
      at("problem").textContent = error.message;
      at("problem").hidden = false;
    }
  };
}

function threadItem(thread) {
  const item = document.createElement("li");
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = thread.title;
  button.dataset.id = thread.id;
  button.setAttribute("aria-current", String(thread.id === state.thread?.id));
  button.addEventListener("click", telling(() => openThread(thread)));
  item.append(button);
  return item;
}

function messageItem(message) {
  const item = make("li", { "data-role": message.role, "data-id": message.id });
  item.append(make("p", {}, message.text));
  return item;
}

const count = (number, one, many = `${one}s`) => `${number} ${number === 1 ? one : many}`;
const rounded = (number, digits) => number.toLocaleString("en", { maximumFractionDigits: digits });
const bytes = (number) => (number < 1000 ? count(number, "byte") : `${rounded(number / 1000, 1)} kB`);

function costOf(cost) {
  const said = [count(cost.requests, "request")];
  if (cost.consumed !== null) said.push(count(rounded(cost.consumed, 1), "unit"));
  if (cost.bytes_searched !== null) said.push(`${bytes(cost.bytes_searched)} searched`);
  return said.join(", ");
}

function recalledItem(found) {
  const score = rounded(found.score, 2);
  const who = found.role === "user" ? "you" : "the agent";
  const when = new Date(found.at).toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
  return make(
    "li",
    { "data-id": found.id },
    make("span", { class: "score" }, score),
    make("q", {}, found.text),
    make("meter", { min: 0, max: 1, value: found.score, "aria-label": `Score ${score}` }),
    make("span", { class: "when" }, `${who}, ${when}${found.here ? "" : `, in “${found.thread}”`}`),
  );
}

function requestsTable(recall) {
  const number = { class: "number" };
  const row = (cell, words) =>
    make("tr", {}, make(cell, {}, words[0]), make(cell, {}, words[1]), make(cell, number, words[2]));
  const cost = ({ consumed }) => (consumed === null ? "" : count(rounded(consumed, 1), "unit"));
  return make(
    "table",
    {},
    make("thead", {}, row("th", ["request", "index", "cost"])),
    make("tbody", {}, ...recall.sent.map((one) => row("td", [one.api, one.index ?? "", cost(one)]))),
  );
}

// What an answer was given from: the messages found by meaning, the requests, and what they cost.
function recallOf(recall) {
  const found = recall.found.length ? count(recall.found.length, "message") : "nothing";
  const requests = make("details", {}, make("summary", {}, costOf(recall)), requestsTable(recall));
  return make(
    "div",
    { class: "recall" },
    make(
      "details",
      { open: "" },
      make("summary", {}, "Recalled by meaning: ", make("strong", {}, found)),
      make("ol", {}, ...recall.found.map(recalledItem)),
    ),
    requests,
  );
}

async function listThreads({ more = false } = {}) {
  const query = more && state.threads ? `?cursor=${encodeURIComponent(state.threads)}` : "";
  const page = await (await ask(`/threads${query}`)).json();
  if (!more) at("threads").replaceChildren();
  at("threads").append(...page.threads.map(threadItem));
  state.threads = page.cursor;
  at("more-threads").hidden = page.cursor === null;
  return page.threads;
}

async function openThread(thread) {
  state.thread = thread;
  unfold(null);
  at("title").textContent = thread ? thread.title : "No chat yet";
  at("rename").hidden = at("delete").hidden = thread === null;
  for (const button of at("threads").querySelectorAll("button"))
    button.setAttribute("aria-current", String(button.dataset.id === thread?.id));
  at("messages").replaceChildren();
  state.earlier = null;
  if (thread) await showMessages();
  at("history").scrollTop = at("history").scrollHeight;
  at("earlier").hidden = state.earlier === null;
}

async function showMessages() {
  const query = state.earlier ? `?cursor=${encodeURIComponent(state.earlier)}` : "";
  const { thread } = state;
  const page = await (await ask(`/threads/${encodeURIComponent(thread.id)}/messages${query}`)).json();
  if (thread !== state.thread) return; // another one was opened meanwhile
  const before = at("history").scrollHeight;
  at("messages").prepend(...page.messages.map(messageItem));
  at("history").scrollTop += at("history").scrollHeight - before;
  state.earlier = page.cursor;
  at("earlier").hidden = page.cursor === null;
}

async function newThread() {
  const thread = await (await ask("/threads", { method: "POST" })).json();
  await listThreads();
  await openThread(thread);
  at("text").focus();
}

async function* lines(body) {
  let rest = "";
  for await (const chunk of body.pipeThrough(new TextDecoderStream())) {
    const parts = (rest + chunk).split("\n");
    rest = parts.pop();
    yield* parts.map((part) => JSON.parse(part));
  }
}

async function send() {
  const text = at("text").value.trim();
  const button = at("send").querySelector("button");
  if (!text || button.disabled) return; // Enter sends as well, and one message goes at a time
  button.disabled = true;
  try {
    if (!state.thread) await newThread();
    const { thread } = state;
    const path = `/threads/${encodeURIComponent(thread.id)}/messages`;
    const answer = await ask(path, json("POST", { text }));
    if (at("text").value.trim() === text) at("text").value = ""; // else the next one is typed already
    let reply = null;
    for await (const event of lines(answer.body)) {
      if (event.memory !== undefined) showMemory(event.memory);
      if (thread !== state.thread) continue;
      if (event.sent) at("messages").append(messageItem(event.sent));
      if (event.recall) {
        reply = messageItem({ role: "assistant", id: "", text: "" });
        reply.append(recallOf(event.recall));
        at("messages").append(reply);
      }
      if (event.piece !== undefined) reply.querySelector("p").append(event.piece);
      if (event.said) reply.dataset.id = event.said.id;
      if (event.problem) throw new Error(event.problem);
      at("history").scrollTop = at("history").scrollHeight;
    }
    const renamed = (await listThreads()).find((one) => one.id === thread.id);
    if (renamed && thread === state.thread) {
      state.thread.title = renamed.title;
      at("title").textContent = renamed.title;
    }
  } finally {
    button.disabled = false;
  }
}

async function rename() {
  const title = prompt("Title", state.thread.title)?.trim();
  if (!title) return;
  await ask(`/threads/${encodeURIComponent(state.thread.id)}`, json("PATCH", { title }));
  state.thread.title = title;
  at("title").textContent = title;
  await listThreads();
}

async function remove() {
  await ask(`/threads/${encodeURIComponent(state.thread.id)}`, { method: "DELETE" });
  const [first] = await listThreads();
  await openThread(first ?? null);
}

// The working memory as it is stored. What someone is typing there is not overwritten.
function showMemory(text) {
  const editing = at("remembered").value !== state.remembered;
  state.remembered = text;
  if (!editing) at("remembered").value = text;
  tellMemory(editing ? "It was changed meanwhile: undo to see how." : "");
}

function tellMemory(words) {
  const changed = at("remembered").value !== state.remembered;
  at("remember").querySelector("button").disabled = at("undo").disabled = !changed;
  at("memory-state").textContent = words;
}

async function readMemory() {
  showMemory((await (await ask("/memory")).json()).text);
}

async function saveMemory() {
  const text = at("remembered").value;
  const answer = await fetch("/memory", json("PUT", { text, instead_of: state.remembered }));
  if (answer.status === 409) return readMemory();
  if (!answer.ok) throw new Error(`the working memory was not saved: ${answer.status}`);
  state.remembered = text;
  tellMemory("Saved");
}

function undo() {
  at("remembered").value = state.remembered;
  tellMemory("");
}

// On narrow screens chats and memory are sheets over the messages, one at a time.
function unfold(name) {
  for (const id of ["chats", "memory"]) {
    const open = at(id).classList.toggle("open", id === name && !at(id).classList.contains("open"));
    at(`show-${id}`).setAttribute("aria-expanded", String(open));
  }
}

at("new-thread").addEventListener("click", telling(newThread));
at("more-threads").addEventListener("click", telling(() => listThreads({ more: true })));
at("earlier").addEventListener("click", telling(showMessages));
at("send").addEventListener("submit", telling(send));
at("rename").addEventListener("click", telling(rename));
at("delete").addEventListener("click", telling(remove));
at("remember").addEventListener("submit", telling(saveMemory));
at("remembered").addEventListener("input", () => tellMemory(""));
at("undo").addEventListener("click", undo);
at("show-chats").addEventListener("click", () => unfold("chats"));
at("show-memory").addEventListener("click", () => unfold("memory"));
document.addEventListener("keydown", (event) => event.key === "Escape" && unfold(null));
at("text").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    at("send").requestSubmit();
  }
});

telling(async () => {
  await readMemory();
  const [first] = await listThreads();
  await openThread(first ?? null);
})();
