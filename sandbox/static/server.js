// The control API of the stand-in.

import { chatId, person, settings } from "./page.js";

export const api = "/sandbox/api";

export const call = async (path, options) => {
  const response = await fetch(api + path, options);
  if (!response.ok) throw new Error(String(response.status));
  return response.json();
};

const post = (path, body) =>
  call(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });

export const addressOf = (fileId) => `${api}/files/${encodeURIComponent(fileId)}`;

export const writeMessage = (text, { replyTo = null, quote = null } = {}) =>
  post("/messages", {
    chat_id: chatId, text, from: person, reply_to_message_id: replyTo, quote, chat: settings.chat,
  });

export const editMessage = (messageId, text) => post(`/chats/${chatId}/messages/${messageId}/edit`, { text });

export const pressButton = (messageId, data) =>
  post("/callbacks", { chat_id: chatId, message_id: messageId, data, from: person });

export const createChannel = (title, username) => post("/channels", { title, username: username || null, from: person });

export const placeBot = (status) => post(`/chats/${chatId}/bot`, { status, from: person });

// `details` may hold caption, duration (seconds), reply_to_message_id and media_group_id.
export const uploadFile = (file, name, kind, details = {}) => {
  const form = new FormData();
  const fields = { chat_id: chatId, kind, from: JSON.stringify(person), ...details };
  if (settings.chat) fields.chat = JSON.stringify(settings.chat);
  for (const [field, value] of Object.entries(fields)) if (value) form.append(field, value);
  form.append("file", file, name);
  return call("/uploads", { method: "POST", body: form });
};

export const readCommands = async () => {
  const query = new URLSearchParams({ lang: person.language_code || settings.language, user_id: person.id });
  return (await call(`/chats/${chatId}/commands?${query}`)).commands;
};

export const readChanges = (seq) => call(`/chats/${chatId}/messages?revisions=0&deleted=1&after=${seq}`);
