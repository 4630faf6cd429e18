"use strict";

const POLL_MILLIS = 3000;
const PLOTTED_MILLIS = 15 * 60 * 1000;
const TOKEN = "milvus-cdc-token";

const byId = (id) => document.getElementById(id);

/** Lags by task id, as far as this page has seen them. */
const seen = new Map();

/** Whether what is said is that the tasks could not be listed. */
let saysUnlisted = false;

async function ask(type, data) {
  const headers = { "Content-Type": "application/json" };
  const token = sessionStorage.getItem(TOKEN);
  if (token) {
    headers.Authorization = "Bearer " + token;
  }
  let response;
  try {
    response = await fetch("/cdc", {
      method: "POST",
      headers,
      body: JSON.stringify({ request_type: type, request_data: data }),
    });
  } catch (e) {
    throw new Error("The control server does not answer");
  }
  const answer = await response.json();
  byId("access").hidden = response.status !== 401;
  if (response.status !== 200) {
    throw new Error(answer.message);
  }
  return answer.data;
}

function say(text, isError) {
  saysUnlisted = false;
  byId("message").textContent = text;
  byId("message").className = isError ? "error" : "";
}

function element(name, text, attributes) {
  const made = document.createElement(name);
  if (text !== undefined) {
    made.textContent = text;
  }
  Object.entries(attributes || {}).forEach(([key, value]) => made.setAttribute(key, value));
  return made;
}

function duration(millis) {
  if (millis < 1000) {
    return millis + " ms";
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

function names(task) {
  const byDatabase = Object.entries(task.db_collections || {}).flatMap(([database, entries]) =>
    entries.map((entry) => database + "." + entry.name)
  );
  return (task.collection_infos || []).map((entry) => entry.name).concat(byDatabase).join(", ");
}

function target(task) {
  const to = task.milvus_connect_param;
  return to.uri || to.host + ":" + to.port;
}

function rows(task) {
  return task.rows_inserted === undefined
    ? undefined
    : task.rows_inserted + " inserted, " + task.rows_deleted + " deleted, " + task.ddl_applied
      + " operations on objects";
}

function plot(task) {
  const now = Date.now();
  const points = (seen.get(task.task_id) || []).filter((point) => now - point.at < PLOTTED_MILLIS);
  if (task.lag_ms !== undefined) {
    points.push({ at: now, lag: task.lag_ms });
  }
  seen.set(task.task_id, points);
  const most = Math.max(1000, ...points.map((point) => point.lag));
  const line = points
    .map(
      (point) =>
        (1 - (now - point.at) / PLOTTED_MILLIS) * 100 + "," + (30 - (point.lag / most) * 28)
    )
    .join(" ");
  const space = "http://www.w3.org/2000/svg";
  const picture = document.createElementNS(space, "svg");
  picture.setAttribute("viewBox", "0 0 100 30");
  picture.setAttribute("preserveAspectRatio", "none");
  picture.setAttribute("role", "img");
  picture.setAttribute("aria-label", "Lag of the last 15 minutes, at most " + duration(most));
  const shape = document.createElementNS(space, "polyline");
  shape.setAttribute("points", line);
  picture.append(shape);
  return picture;
}

function action(task, type, label, question) {
  const button = element("button", label, {
    type: "button",
    "aria-label": label + " task " + task.task_id,
  });
  button.addEventListener("click", async () => {
    if (!window.confirm(question)) {
      return;
    }
    button.disabled = true;
    say(label + " …");
    try {
      await ask(type, { task_id: task.task_id });
      say(label + ": done");
    } catch (e) {
      say(e.message, true);
    }
    await show();
  });
  return button;
}

function card(task, stopped) {
  const item = element("li", undefined, { class: "task", "data-task": task.task_id });
  const head = element("div", undefined, { class: "head" });
  head.append(
    element("h3", names(task) + " → " + target(task)),
    element("span", task.state, { class: "state " + task.state })
  );
  const facts = element("dl");
  const fact = (name, value) => {
    if (value !== undefined) {
      facts.append(element("dt", name), element("dd", value));
    }
  };
  fact("reason", task.reason);
  fact("lag", task.lag_ms === undefined ? undefined : duration(task.lag_ms));
  fact("replicated until", task.replicated_until);
  fact("rows", rows(task));
  fact(
    "retention left",
    task.retention_left_ms === undefined ? undefined : duration(task.retention_left_ms)
  );
  fact("task", task.task_id);
  fact("Flink job", task.job_id);
  (stopped || []).forEach((one) =>
    fact("stopped", one.database + "." + one.collection + ": " + one.reason)
  );
  const actions = element("div", undefined, { class: "actions" });
  actions.append(
    task.state === "Paused" || task.state === "Failed"
      ? action(task, "resume", "Resume", "Resume this task?")
      : action(task, "pause", "Pause", "Pause this task? What is written meanwhile follows later."),
    action(task, "delete", "Delete", "Delete this task? The target keeps what it has.")
  );
  item.append(head, ...(task.lag_ms === undefined ? [] : [plot(task)]), facts, actions);
  return item;
}

async function show() {
  try {
    const { tasks } = await ask("list", {});
    const full = await Promise.all(
      tasks.map((task) =>
        (task.reason || "").includes("collection")
          ? ask("get", { task_id: task.task_id }).then((data) => data.Task, () => task)
          : task
      )
    );
    const focused = document.activeElement && document.activeElement.getAttribute("aria-label");
    byId("tasks").replaceChildren(...full.map((task) => card(task, task.stopped_collections)));
    byId("none").hidden = full.length > 0;
    if (focused) {
      const again = [...document.querySelectorAll("button")].find(
        (button) => button.getAttribute("aria-label") === focused
      );
      if (again) {
        again.focus();
      }
    }
    if (saysUnlisted) {
      say("");
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
  await show();
  showCurl();
});

showCurl();
show();
window.setInterval(show, POLL_MILLIS);
