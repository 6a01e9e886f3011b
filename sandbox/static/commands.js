// The menu of commands: opened by its button or by a slash in the empty field.

import { byId, isGroup, make, settings } from "./page.js";
import { fit, sendText, text } from "./composer.js";
import { readCommands } from "./server.js";

const FIRST_COMMAND = { command: "start", description: "" }; // before the bot has told its own

const menu = byId("menu");
let commands = [];
let chosen = -1;
let loading = null;

const items = () => [...menu.children];

export const closeMenu = () => {
  menu.hidden = true;
  chosen = -1;
  byId("commands").setAttribute("aria-expanded", "false");
};

const choose = (index) => {
  chosen = (index + items().length) % items().length;
  items().forEach((item, number) => item.setAttribute("aria-selected", String(number === chosen)));
  items()[chosen].scrollIntoView({ block: "nearest" });
};

const send = (command) => {
  closeMenu();
  text.value = "";
  fit();
  sendText(isGroup ? `/${command}@${settings.bot_name}` : `/${command}`); // as Telegram's own menus do
  text.focus();
};

const buildItem = ({ command, description }) => {
  const item = make("li");
  item.setAttribute("role", "option");
  const button = make("button");
  button.type = "button";
  button.append(make("b", "", `/${command}`), make("span", "", description));
  button.addEventListener("click", () => send(command));
  item.append(button);
  return item;
};

const openMenu = (wanted) => {
  const matching = commands.filter(({ command }) => command.startsWith(wanted));
  if (!matching.length) { closeMenu(); return; }
  menu.replaceChildren(...matching.map(buildItem));
  chosen = -1;
  menu.hidden = false;
  byId("commands").setAttribute("aria-expanded", "true");
};

const fetchCommands = async () => {
  try {
    commands = await readCommands();
  } catch {
    commands = [];
  }
  if (!commands.length) commands = [FIRST_COMMAND];
};

// Letters typed while the commands are coming wait for the same answer: a later one would undo what is chosen by then.
const load = () => {
  loading ??= fetchCommands().finally(() => { loading = null; });
  return loading;
};

const readBeginning = () => /^\/([a-z0-9_]*)$/i.exec(text.value)?.[1].toLowerCase();

const filter = async () => {
  if (readBeginning() !== undefined && menu.hidden) await load();
  const wanted = readBeginning(); // read again: while the commands were coming, the text may have been sent
  if (wanted === undefined) closeMenu();
  else openMenu(wanted);
};

const toggle = async () => {
  if (!menu.hidden) { closeMenu(); return; }
  await load();
  openMenu("");
  text.focus();
};

// Tells whether the open menu has taken the key.
const takeKey = ({ key, shiftKey }) => {
  if (key === "ArrowDown" || key === "ArrowUp") choose(key === "ArrowDown" ? chosen + 1 : Math.max(chosen, 0) - 1);
  else if (key === "Tab" && chosen < 0 && items().length) choose(0);
  else if (key === "Escape") closeMenu();
  else if (key === "Enter" && !shiftKey && chosen >= 0) items()[chosen].firstChild.click();
  else return false;
  return true;
};

export const startCommands = () => {
  byId("commands").addEventListener("click", toggle);
  text.addEventListener("input", filter);
  // In the capturing phase, so that an open menu has its keys before the text field.
  text.addEventListener("keydown", (event) => {
    if (event.isComposing || menu.hidden) return;
    if (takeKey(event)) {
      event.preventDefault();
      event.stopImmediatePropagation();
    } else if (event.key === "Enter" && !event.shiftKey) closeMenu();
  }, { capture: true });
  document.addEventListener("click", ({ target }) => {
    if (!menu.hidden && !menu.contains(target) && !target.closest("#commands") && target !== text) closeMenu();
  });
};
