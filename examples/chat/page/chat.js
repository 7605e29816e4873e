// The page of the chat: threads on the left, a thread's messages on the right.
// It asks for the newest messages, and for earlier ones by cursor when one scrolls back.

const at = (id) => document.getElementById(id);
const state = { thread: null, earlier: null, threads: null };

async function ask(path, options = {}) {
  const answer = await fetch(path, options);
  if (!answer.ok) throw new Error(`${options.method ?? "GET"} ${path}: ${answer.status}`);
  return answer;
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
  const item = document.createElement("li");
  item.dataset.role = message.role;
  item.dataset.id = message.id;
  item.textContent = message.text;
  return item;
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
  if (!text) return;
  if (!state.thread) await newThread();
  const { thread } = state;
  const button = at("send").querySelector("button");
  button.disabled = true;
  try {
    const path = `/threads/${encodeURIComponent(thread.id)}/messages`;
    const answer = await ask(path, json("POST", { text }));
    at("text").value = "";
    let reply = null;
    for await (const event of lines(answer.body)) {
      if (thread !== state.thread) continue;
      if (event.sent) at("messages").append(messageItem(event.sent));
      if (event.piece !== undefined) {
        if (!reply) at("messages").append((reply = messageItem({ role: "assistant", id: "", text: "" })));
        reply.textContent += event.piece;
      }
      if (event.said) reply.dataset.id = event.said.id;
      at("history").scrollTop = at("history").scrollHeight;
    }
  } finally {
    button.disabled = false;
  }
  const renamed = (await listThreads()).find((one) => one.id === thread.id);
  if (renamed && thread === state.thread) {
    state.thread.title = renamed.title;
    at("title").textContent = renamed.title;
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

at("new-thread").addEventListener("click", telling(newThread));
at("more-threads").addEventListener("click", telling(() => listThreads({ more: true })));
at("earlier").addEventListener("click", telling(showMessages));
at("send").addEventListener("submit", telling(send));
at("rename").addEventListener("click", telling(rename));
at("delete").addEventListener("click", telling(remove));
at("text").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    at("send").requestSubmit();
  }
});

telling(async () => {
  const [first] = await listThreads();
  await openThread(first ?? null);
})();
