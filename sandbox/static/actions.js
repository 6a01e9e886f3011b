// What can be done with a message: beside it, and in a menu of its own (right click, long press).

import { byId, make, makeIconButton, words } from "./page.js";
import { startEdit, startReply } from "./composer.js";
import { isEditable, messages } from "./conversation.js";
import { toast } from "./notices.js";

const ARROW_BACK = "M10 7L5 12l5 5M5 12h9a5 5 0 015 5";
const PENCIL = "M5 19l1-4L16.5 4.5l3 3L9 18l-4 1M14 7l3 3";
const EDGE_PX = 8;

// The words that are marked inside the message, if the message says just that: only then Telegram takes a quote.
const markedIn = (element, message) => {
  const selection = getSelection();
  const marked = selection.toString().trim();
  const place = element.querySelector(".text");
  const isInside = selection.rangeCount > 0 && place.contains(selection.getRangeAt(0).commonAncestorContainer);
  return isInside && marked && message.text.includes(marked) ? marked : null;
};

const current = (element) => messages.get(Number(element.dataset.id))?.message;

const replyFrom = (element) => {
  const message = current(element);
  if (message) startReply(message, markedIn(element, message));
};

export const buildTools = (element, message) => {
  const tools = make("div", "tools");
  const reply = makeIconButton("reply", words.reply, ARROW_BACK);
  reply.addEventListener("click", () => replyFrom(element));
  tools.append(reply);
  if (isEditable(message)) {
    const edit = makeIconButton("edit", words.edit, PENCIL);
    edit.addEventListener("click", () => startEdit(current(element)));
    tools.append(edit);
  }
  // A press of the mouse would take the mark off the words that are to be quoted.
  tools.addEventListener("mousedown", (event) => event.preventDefault());
  return tools;
};

const copyText = async (message) => {
  try {
    await navigator.clipboard.writeText(message.text);
    toast(words.copied);
  } catch {
    toast(words.not_copied);
  }
};

const listActions = (element, message) => {
  const marked = markedIn(element, message);
  const actions = [[words.reply, () => startReply(message)]];
  if (marked) actions.unshift([words.quote, () => startReply(message, marked)]);
  if (isEditable(message)) actions.push([words.edit, () => startEdit(message)]);
  if (message.text) actions.push([words.copy, () => copyText(message)]);
  return actions;
};

const openAt = (menu, x, y) => {
  menu.showPopover();
  const { width, height } = menu.getBoundingClientRect();
  menu.style.left = `${Math.max(EDGE_PX, Math.min(x, innerWidth - width - EDGE_PX))}px`;
  menu.style.top = `${Math.max(EDGE_PX, Math.min(y, innerHeight - height - EDGE_PX))}px`;
  menu.querySelector("button").focus();
};

const showMenu = (element, message, x, y) => {
  const menu = byId("context");
  menu.replaceChildren(...listActions(element, message).map(([label, act]) => {
    const item = make("button", "", label);
    item.type = "button";
    item.setAttribute("role", "menuitem");
    item.addEventListener("click", () => { menu.hidePopover(); act(); });
    return item;
  }));
  openAt(menu, x, y);
};

const walk = (event) => {
  const items = [...byId("context").children];
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step) return;
  event.preventDefault();
  items[(items.indexOf(document.activeElement) + step + items.length) % items.length].focus();
};

export const startActions = () => {
  byId("context").addEventListener("keydown", walk);
  byId("messages").addEventListener("contextmenu", (event) => {
    const element = event.target.closest(".message");
    const message = element && current(element);
    if (!message || event.target.closest("a, audio, video, img")) return;
    event.preventDefault();
    showMenu(element, message, event.clientX, event.clientY);
  });
};
