// What every part of the page needs: the settings from the server, elements, times and sizes in words.

export const settings = JSON.parse(document.getElementById("settings").textContent);
export const { words, person, language, chat_id: chatId, is_group: isGroup, is_channel: isChannel } = settings;

export const byId = (id) => document.getElementById(id);

export const make = (tag, className, text) => {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
};

// A button that shows a sign; `path` is the sign's outline on a 24 by 24 grid.
export const makeIconButton = (className, label, path) => {
  const button = make("button", className);
  button.type = "button";
  button.title = label;
  button.setAttribute("aria-label", label);
  const sign = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  sign.setAttribute("viewBox", "0 0 24 24");
  sign.setAttribute("aria-hidden", "true");
  const line = document.createElementNS("http://www.w3.org/2000/svg", "path");
  line.setAttribute("d", path);
  sign.append(line);
  button.append(sign);
  return button;
};

export const formatTime = (seconds) =>
  new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit" }).format(seconds * 1000);

export const formatDay = (seconds) => {
  const date = new Date(seconds * 1000);
  const daysAgo = Math.round((new Date().setHours(0, 0, 0, 0) - new Date(date).setHours(0, 0, 0, 0)) / 864e5);
  if (daysAgo === 0) return words.today;
  if (daysAgo === 1) return words.yesterday;
  const year = date.getFullYear() === new Date().getFullYear() ? undefined : "numeric";
  return new Intl.DateTimeFormat(language, { day: "numeric", month: "long", year }).format(date);
};

export const formatSize = (bytes) => {
  if (bytes < 1024) return `${bytes} ${words.bytes}`;
  const [value, unit] = bytes < 1048576 ? [bytes / 1024, words.kilobytes] : [bytes / 1048576, words.megabytes];
  return `${new Intl.NumberFormat(language, { maximumFractionDigits: 1 }).format(value)} ${unit}`;
};

export const formatLength = (seconds) =>
  `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;
