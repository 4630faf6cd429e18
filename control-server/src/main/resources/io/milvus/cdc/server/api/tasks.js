"use strict";

const POLL_MILLIS = 3000;
const PLOTTED_MILLIS = 15 * 60 * 1000;

/** After so long without a sample the plot has a hole: nobody knows what the lag was. */
const HOLE_MILLIS = 30 * 1000;

/** A task's details are asked for in every so many polls, while they are shown and while not. */
const POLLS_OPEN = 3;
const POLLS_CLOSED = 10;

const TOKEN = "milvus-cdc-token";

const byId = (id) => document.getElementById(id);

/** What is shown of each task, by its id. */
const cards = new Map();

/** Whether the server is to be asked for the lags of the last 15 minutes. */
let lagsWanted = true;

/** Whether what is said is that the tasks could not be listed. */
let saysUnlisted = false;

async function fetchData(path, options) {
  const token = sessionStorage.getItem(TOKEN);
  const headers = { "Content-Type": "application/json" };
  if (token) {
    headers.Authorization = "Bearer " + token;
  }
  let response;
  try {
    response = await fetch(path, { ...options, headers });
  } catch (e) {
    throw new Error("The control server does not answer");
  }
  const refused = response.status === 401;
  byId("access").hidden = !refused;
  // A browser sends no token when it follows a link.
  document.querySelectorAll(".guarded").forEach((link) => {
    link.hidden = refused || Boolean(token);
  });
  if (refused) {
    throw new Error(
      token ? "This is not the server's token" : "The server wants its token before it says more"
    );
  }
  const answer = await response.json();
  if (response.status !== 200) {
    throw new Error(answer.message);
  }
  return answer.data;
}

function ask(type, data) {
  return fetchData("/cdc", {
    method: "POST",
    body: JSON.stringify({ request_type: type, request_data: data }),
  });
}

function say(text, isError) {
  saysUnlisted = false;
  byId("message").textContent = text;
  byId("message").className = isError ? "error" : "";
}

/** Text stays text: nothing that the server says becomes markup. */
function element(name, text, attributes) {
  const made = document.createElement(name);
  if (text !== undefined) {
    made.textContent = text;
  }
  Object.entries(attributes || {}).forEach(([key, value]) => made.setAttribute(key, value));
  return made;
}

function drawn(name, attributes) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  Object.entries(attributes).forEach(([key, value]) => made.setAttribute(key, value));
  return made;
}

function duration(millis) {
  if (millis < 1000) {
    return Math.round(millis) + " ms";
  }
  const seconds = millis / 1000;
  if (seconds < 120) {
    return seconds.toFixed(1) + " s";
  }
  const hours = seconds / 3600;
  if (hours < 2) {
    return (seconds / 60).toFixed(0) + " min";
  }
  return hours < 48 ? hours.toFixed(1) + " h" : (hours / 24).toFixed(1) + " days";
}

function number(count) {
  return count.toLocaleString("en");
}

function counting(count, thing) {
  return number(count) + " " + thing + (count === 1 ? "" : "s");
}

function size(bytes) {
  const units = ["bytes", "KiB", "MiB", "GiB", "TiB"];
  const power = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10));
  return power === 0
    ? counting(bytes, "byte")
    : (bytes / 1024 ** power).toFixed(1) + " " + units[power];
}

function moment(time) {
  return time.replace("T", " ").replace(/(\.\d+)?Z$/, " UTC");
}

function names(task) {
  const byDatabase = Object.entries(task.db_collections || {}).flatMap(([database, entries]) =>
    entries.map((entry) => database + "." + entry.name)
  );
  const all = (task.collection_infos || []).map((entry) => entry.name).concat(byDatabase);
  return all.length === 1 && all[0] === "*" ? "All collections" : all.join(", ");
}

function target(task) {
  const to = task.milvus_connect_param;
  return to.uri || to.host + ":" + to.port;
}

function counted(counts) {
  return (
    number(counts.rows_inserted) + " inserted, " + number(counts.rows_deleted) + " deleted"
  );
}

/** A list of names and values; what has no value is left out. */
function facts(entries) {
  const list = element("dl");
  entries.forEach(([name, value, link]) => {
    if (value === undefined) {
      return;
    }
    const shown = element("dd");
    if (link) {
      shown.append(element("a", value, { href: link, target: "_blank", rel: "noopener" }));
    } else {
      shown.textContent = value;
    }
    list.append(element("dt", name), shown);
  });
  return list;
}

/** The plot of a task's lags: a line with holes where nothing is known. */
function plot(points) {
  const now = Date.now();
  const most = Math.max(1000, ...points.map((point) => point.lag));
  let path = "";
  points.forEach((point, i) => {
    const x = ((1 - (now - point.at) / PLOTTED_MILLIS) * 300).toFixed(1);
    const y = (38 - (point.lag / most) * 36).toFixed(1);
    const follows = i > 0 && point.at - points[i - 1].at <= HOLE_MILLIS;
    path += follows ? "L" + x + " " + y : "M" + x + " " + y + "h0";
  });
  const figure = element("figure");
  const picture = drawn("svg", {
    viewBox: "0 0 300 40",
    preserveAspectRatio: "none",
    role: "img",
    "aria-label": "Lag of the last 15 minutes, at most " + duration(most),
  });
  picture.append(drawn("path", { d: path }));
  const caption = element("figcaption");
  caption.append(
    element("span", "15 min ago"),
    element("span", "lag, the top is " + duration(most)),
    element("span", "now")
  );
  figure.append(picture, caption);
  return figure;
}

async function readLags() {
  const { tasks } = await fetchData("/cdc/lag");
  const now = Date.now();
  tasks.forEach((task) => {
    cardOf(task.task_id).points = task.samples.map((sample) => ({
      at: now - sample.age_ms,
      lag: sample.lag_ms,
    }));
  });
}

/** What is known of each collection, from all that the server says about any. */
function collectionsOf(task, positions) {
  const known = new Map();
  const entry = (one) => {
    const name = one.collection
      ? one.database + "." + one.collection
      : "collection " + one.collection_id;
    if (!known.has(name)) {
      known.set(name, { name, channels: [], leftOut: [] });
    }
    return known.get(name);
  };
  (task.stopped_collections || []).forEach((one) => (entry(one).stopped = one));
  (task.quarantined || []).forEach((one) => entry(one).leftOut.push(one));
  (task.collections || []).forEach((one) => (entry(one).counts = one));
  positions.forEach((one) => entry(one).channels.push(one));
  return [...known.values()];
}

function collectionItem(one) {
  const item = element("li");
  const head = element("div", undefined, { class: "head" });
  head.append(element("h4", one.name));
  if (one.stopped) {
    head.append(element("span", "stopped", { class: "state Failed" }));
  }
  const newest = one.leftOut[one.leftOut.length - 1];
  item.append(
    head,
    facts([
      ["last error", one.stopped && one.stopped.reason + " (" + moment(one.stopped.since) + ")"],
      [
        "left out",
        newest
          && counting(one.leftOut.length, "message") + ", the last: " + newest.reason + " ("
            + moment(newest.since) + ")",
      ],
      ["rows", one.counts && counted(one.counts)],
      ["size", one.counts && one.counts.bytes !== undefined ? size(one.counts.bytes) : undefined],
      ...one.channels.map((channel) => [
        "position",
        channel.channel_name + " at " + moment(channel.time),
      ]),
    ])
  );
  return item;
}

function summarize(card, id, text) {
  card.summary.textContent = text;
  card.summary.setAttribute("aria-label", text + " of task " + id);
}

/** Asks for what only get and position say. */
async function readDetails(card, task) {
  const open = card.details.open;
  const polls = open ? POLLS_OPEN : POLLS_CLOSED;
  const due =
    card.full === undefined
    || card.polls >= polls
    || card.full.state !== task.state
    || card.full.reason !== task.reason;
  card.polls++;
  if (!due) {
    return;
  }
  card.polls = 1;
  card.full = (await ask("get", { task_id: task.task_id })).Task;
  let unknown = "";
  if (open && card.full.replicated_until) {
    try {
      card.positions = (await ask("position", { task_id: task.task_id })).positions;
    } catch (e) {
      card.positions = [];
      unknown = "The positions are not known: " + e.message;
    }
  }
  const all = collectionsOf(card.full, card.positions);
  const stopped = (card.full.stopped_collections || []).length;
  summarize(card, task.task_id, "Collections" + (stopped > 0 ? " (" + stopped + " stopped)" : ""));
  card.summary.className = stopped > 0 ? "error" : "";
  card.collections.replaceChildren(...all.map(collectionItem));
  card.note.textContent =
    unknown || (all.length === 0 ? "Nothing is known of any collection yet." : "");
}

function action(id, type, label, question) {
  const button = element("button", label, { type: "button", "aria-label": label + " task " + id });
  button.addEventListener("click", async () => {
    if (!window.confirm(question)) {
      return;
    }
    button.disabled = true;
    say(label + " …");
    try {
      await ask(type, { task_id: id });
      say(label + ": done");
    } catch (e) {
      say(e.message, true);
    }
    button.disabled = false;
    await show();
  });
  return button;
}

function cardOf(id) {
  if (cards.has(id)) {
    return cards.get(id);
  }
  const card = {
    item: element("li", undefined, { class: "task", "data-task": id }),
    title: element("h3"),
    state: element("span"),
    reason: element("p", undefined, { class: "reason" }),
    plot: element("div"),
    facts: element("div"),
    details: element("details"),
    summary: element("summary"),
    note: element("p", undefined, { class: "note" }),
    collections: element("ul", undefined, { class: "collections" }),
    pause: action(id, "pause", "Pause", "Pause this task? What is written meanwhile follows later."),
    resume: action(id, "resume", "Resume", "Resume this task?"),
    points: [],
    positions: [],
    full: undefined,
    polls: 0,
  };
  const head = element("div", undefined, { class: "head" });
  head.append(card.title, card.state);
  summarize(card, id, "Collections");
  card.details.append(card.summary, card.note, card.collections);
  card.details.addEventListener("toggle", () => {
    if (card.details.open) {
      card.polls = POLLS_OPEN;
      card.note.textContent = "The source is asked …";
      show();
    }
  });
  const remove = action(id, "delete", "Delete", "Delete this task? The target keeps what it has.");
  remove.className = "danger";
  const actions = element("div", undefined, { class: "actions" });
  actions.append(card.pause, card.resume, remove);
  card.item.append(head, card.reason, card.plot, card.facts, card.details, actions);
  cards.set(id, card);
  return card;
}

function update(task) {
  const card = cardOf(task.task_id);
  const details = card.full || {};
  card.title.textContent = names(task) + " → " + target(task);
  card.state.textContent = task.state;
  card.state.className = "state " + task.state;
  card.reason.textContent = task.reason || "";
  card.reason.hidden = !task.reason;

  const now = Date.now();
  if (task.lag_ms !== undefined) {
    card.points.push({ at: now, lag: task.lag_ms });
  }
  card.points = card.points.filter((point) => now - point.at < PLOTTED_MILLIS);
  card.plot.replaceChildren(...(card.points.length > 0 ? [plot(card.points)] : []));

  card.facts.replaceChildren(
    facts([
      ["lag", task.lag_ms === undefined ? undefined : duration(task.lag_ms)],
      ["replicated until", task.replicated_until && moment(task.replicated_until)],
      ["rows", task.rows_inserted === undefined ? undefined : counted(task)],
      [
        "objects",
        task.ddl_applied === undefined ? undefined : counting(task.ddl_applied, "operation"),
      ],
      [
        "left out",
        details.quarantined_messages
          ? counting(details.quarantined_messages, "message") + ", kept in " + details.dead_letter_topic
          : undefined,
      ],
      [
        "retention left",
        task.retention_left_ms === undefined ? undefined : duration(task.retention_left_ms),
      ],
      ["subtasks", task.parallelism],
      ["created", moment(task.created_at)],
      ["task", task.task_id],
      ["Flink job", task.job_id, task.job_url],
    ])
  );
  const stands = task.state === "Paused" || task.state === "Failed";
  card.pause.hidden = stands;
  card.resume.hidden = !stands;
  return card;
}

async function show() {
  try {
    if (lagsWanted) {
      await readLags();
      lagsWanted = false;
    }
    const { tasks } = await ask("list", {});
    const items = tasks.map((task) => update(task).item);
    const here = [...byId("tasks").children];
    if (items.length !== here.length || items.some((item, i) => item !== here[i])) {
      byId("tasks").replaceChildren(...items);
    }
    byId("none").hidden = tasks.length > 0;
    const listed = new Set(tasks.map((task) => task.task_id));
    [...cards.keys()].filter((id) => !listed.has(id)).forEach((id) => cards.delete(id));
    if (saysUnlisted) {
      say("");
    }
    for (const task of tasks) {
      await readDetails(cardOf(task.task_id), task).catch((e) => {
        cardOf(task.task_id).note.textContent = e.message;
      });
    }
  } catch (e) {
    say(e.message, true);
    saysUnlisted = true;
  }
}

function request() {
  const connect = { uri: byId("uri").value.trim() };
  if (byId("credentials").value) {
    connect.token = byId("credentials").value;
  }
  const data = {
    milvus_connect_param: connect,
    collection_infos: byId("collections")
      .value.split(",")
      .map((name) => ({ name: name.trim() })),
  };
  if (byId("paused").checked) {
    data.disable_auto_start = true;
  }
  return data;
}

function showCurl() {
  const data = request();
  if (data.milvus_connect_param.token) {
    data.milvus_connect_param.token = "<user:password>";
  }
  const body = JSON.stringify({ request_type: "create", request_data: data });
  const token = sessionStorage.getItem(TOKEN) ? " -H 'Authorization: Bearer <token>'" : "";
  byId("curl").textContent =
    "curl -X POST " + window.location.origin + "/cdc" + token + " -d '"
    + body.replaceAll("'", "'\\''") + "'";
}

byId("create").addEventListener("input", showCurl);
byId("create").addEventListener("submit", async (event) => {
  event.preventDefault();
  say("Creating …");
  try {
    const { task_id: id } = await ask("create", request());
    byId("credentials").value = "";
    showCurl();
    say("Task " + id + " is created");
  } catch (e) {
    say(e.message, true);
    return;
  }
  await show();
});
byId("access").addEventListener("submit", async (event) => {
  event.preventDefault();
  sessionStorage.setItem(TOKEN, byId("token").value);
  byId("token").value = "";
  say("");
  showCurl();
  await show();
});
document.addEventListener("visibilitychange", () => {
  // A browser slows a page down that nobody looks at.
  lagsWanted = lagsWanted || !document.hidden;
});

async function showAgainAndAgain() {
  await show();
  window.setTimeout(showAgainAndAgain, POLL_MILLIS);
}

showCurl();
showAgainAndAgain();
