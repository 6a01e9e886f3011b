// Short notices, questions that must be read, and the line under the title.

import { byId } from "./page.js";

const TOAST_MS = 4000;
const TYPING_MS = 5500; // Telegram shows an action for five seconds

let toastTimer = 0;
export const toast = (text) => {
  byId("toast").textContent = text;
  byId("toast").hidden = false;
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => { byId("toast").hidden = true; }, TOAST_MS);
};

export const alertPerson = (text) => {
  byId("alert-text").textContent = text;
  if (!byId("alert").open) byId("alert").showModal();
};

export const setStatus = (text, isBusy) => {
  const status = byId("status");
  status.textContent = text || status.dataset.quiet;
  status.classList.toggle("busy", Boolean(isBusy));
};

let typingTimer = 0;
export const stopTyping = () => {
  clearTimeout(typingTimer);
  byId("typing").hidden = true;
  setStatus("");
};
export const showTyping = (text) => {
  setStatus(`${text}…`, true);
  byId("typing").hidden = false;
  clearTimeout(typingTimer);
  typingTimer = setTimeout(stopTyping, TYPING_MS);
};
