// Inline keyboards, and what the bot answers when one of their buttons is pressed.

import { make, words } from "./page.js";
import { alertPerson, toast } from "./notices.js";
import { pressButton } from "./server.js";

const ANSWER_MS = 15000; // after this a button that was not answered looks as before

const waiting = new Map(); // callback_query_id → the pressed button
const answered = new Set(); // a quick bot answers before the page has learned the press's number

const release = (id) => {
  waiting.get(id)?.classList.remove("pressed");
  waiting.delete(id);
};

const press = async (message, button, element) => {
  element.classList.add("pressed");
  try {
    const { callback_query_id: id } = await pressButton(message.message_id, button.callback_data);
    waiting.set(id, element);
    if (answered.delete(id)) release(id);
    setTimeout(() => release(id), ANSWER_MS);
  } catch {
    element.classList.remove("pressed");
    toast(words.not_sent);
  }
};

const copy = async (text) => {
  try {
    await navigator.clipboard.writeText(text);
    toast(words.copied);
  } catch {
    alertPerson(text);
  }
};

const act = (message, button, element) => {
  if (button.callback_data) press(message, button, element);
  else if (button.copy_text) copy(button.copy_text.text);
  else toast(words.only_in_telegram);
};

const buildLink = (button) => {
  const link = make("a", "", button.text);
  link.href = button.url;
  link.target = "_blank";
  link.rel = "noopener noreferrer";
  return link;
};

const buildButton = (message, button) => {
  if (/^https?:/i.test(button.url || "")) return buildLink(button);
  const element = make("button", "", button.text);
  element.type = "button";
  element.addEventListener("click", () => act(message, button, element));
  return element;
};

export const buildKeyboard = (message) => {
  const keyboard = make("div", "keyboard");
  for (const row of message.reply_markup?.inline_keyboard || []) {
    const line = make("div", "keyboard-row");
    line.append(...row.map((button) => buildButton(message, button)));
    keyboard.append(line);
  }
  return keyboard;
};

// Whoever works by keyboard stays at the same place when the bot changes the buttons.
export const replaceKeyboard = (before, message) => {
  const place = [...before.querySelectorAll("a, button")].indexOf(document.activeElement);
  const after = buildKeyboard(message);
  before.replaceWith(after);
  if (place >= 0) [...after.querySelectorAll("a, button")].slice(0, place + 1).at(-1)?.focus();
};

export const showCallbackAnswer = (answer) => {
  const { callback_query_id: id } = answer;
  if (waiting.has(id)) release(id);
  else answered.add(id);
  if (answer.text) (answer.show_alert ? alertPerson : toast)(answer.text);
};
