// Calls to the service, with a key where it asks for one. The key is kept for this tab alone and goes nowhere else.

import { element } from "/page/marks.js";

export class Refusal extends Error {}

let asked = null;

const key = () => (sessionStorage.getItem("key") ? { authorization: `Bearer ${sessionStorage.getItem("key")}` } : {});

// The answer; a refusal is thrown with the words of the service. Where a key is wanted, it waits until one is given.
export async function call(path, { method = "POST", body, kind = "application/json" } = {}) {
  const sent = body === undefined ? {} : { "content-type": kind };
  for (;;) {
    const answer = await fetch(path, { method, body, headers: { ...sent, ...key() } });
    if (answer.ok) return answer;
    if (answer.status === 401) {
      await (asked ??= ask(sessionStorage.getItem("key") !== null));
      continue;
    }
    const problem = await answer.json().catch(() => ({ detail: `The service answered ${answer.status}.` }));
    throw new Refusal(problem.detail);
  }
}

export const get = (path) => call(path, { method: "GET" });

function ask(again) {
  sessionStorage.removeItem("key");
  const input = element("input", { type: "password", id: "key", required: true, pattern: "[!-~]+", autocomplete: "off" });
  const words = again ? "The service does not know this key. Key " : "The service asks for a key. Key ";
  const form = element("form", { id: "locked" }, element("label", {}, words, input), element("button", { class: "primary" }, "Unlock"));
  document.querySelector("header").after(form);
  input.focus();
  return new Promise((given) => {
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      sessionStorage.setItem("key", input.value);
      asked = null;
      form.remove();
      given();
    });
  });
}
