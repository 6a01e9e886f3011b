// The text field: new messages, replies with and without a quote, changes of one's own messages.

import { byId, words } from "./page.js";
import { gistOf, lastEditable, nameOf } from "./conversation.js";
import { toast } from "./notices.js";
import { editMessage, writeMessage } from "./server.js";
import { dropFiles, hasFiles, sendFiles, whenFilesChange } from "./tray.js";

export const text = byId("text");
let reply = null; // { message_id, quote }
let edited = null; // { message_id, draft }: what is being changed, and what stood in the field before
let isSending = false;

export const fit = () => {
  text.style.height = "auto";
  text.style.height = `${text.scrollHeight + 2}px`;
};
const setText = (value) => {
  text.value = value;
  fit();
};

const ownPlaceholder = text.placeholder;

const showBar = (title, content, isPart) => {
  byId("replying-who").textContent = title;
  byId("replying-text").textContent = content;
  byId("replying-text").classList.toggle("part", Boolean(isPart));
  byId("replying").hidden = false;
  text.focus();
};

// Leaves the reply or the change; the draft that stood in the field comes back.
export const stopReply = () => {
  if (edited) setText(edited.draft);
  reply = edited = null;
  byId("replying").hidden = true;
};

export const replyTarget = () => reply?.message_id ?? null;

export const startReply = (message, quote = null) => {
  stopReply();
  reply = { message_id: message.message_id, quote };
  showBar(nameOf(message), quote || gistOf(message), quote);
};

export const startEdit = (message) => {
  stopReply();
  dropFiles();
  edited = { message_id: message.message_id, draft: text.value };
  setText(message.text);
  showBar(words.editing, gistOf(message));
  text.setSelectionRange(text.value.length, text.value.length);
};

const attempt = async (action) => {
  try {
    await action();
    return true;
  } catch {
    toast(words.not_sent);
    return false;
  }
};

// The server's answer may come after the message itself: a reply or a change begun by then goes on.
const rememberBegun = () => {
  const [answered, changed] = [reply, edited];
  return () => { if (reply === answered && edited === changed) stopReply(); };
};

export const sendText = (value) =>
  attempt(async () => {
    const stopBegun = rememberBegun();
    await writeMessage(value, { replyTo: replyTarget(), quote: reply?.quote });
    stopBegun();
  });

const submitEdit = async (value) => {
  const { message_id: messageId } = edited;
  const stopBegun = rememberBegun();
  if (value && (await attempt(() => editMessage(messageId, value)))) stopBegun();
};

const submitFiles = async (value) => {
  const stopBegun = rememberBegun();
  const isSent = await attempt(() => sendFiles(value, replyTarget()));
  if (!isSent) return;
  if (text.value.trim() === value) setText("");
  stopBegun();
};

const submitText = async (value) => {
  setText("");
  if (!(await sendText(value)) && !text.value) setText(value);
};

export const submit = async () => {
  const value = text.value.trim();
  if (isSending || (!value && !hasFiles())) return;
  if (!edited && !hasFiles()) { await submitText(value); return; }
  isSending = true; // an album goes file by file: a second Enter must not send it again
  await (edited ? submitEdit(value) : submitFiles(value));
  isSending = false;
};

const editLast = (event) => {
  const message = lastEditable();
  if (text.value || edited || !message) return;
  event.preventDefault();
  startEdit(message);
};

export const startComposer = () => {
  byId("composer").addEventListener("submit", (event) => { event.preventDefault(); submit(); });
  byId("replying-cancel").addEventListener("click", () => { stopReply(); text.focus(); });
  text.addEventListener("input", fit);
  text.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (event.key === "Escape") stopReply();
    else if (event.key === "ArrowUp") editLast(event);
    else if (event.key === "Enter" && !event.shiftKey) { event.preventDefault(); submit(); }
  });
  whenFilesChange(() => {
    if (hasFiles() && edited) stopReply();
    text.placeholder = hasFiles() ? words.caption : ownPlaceholder;
  });
  fit();
};
