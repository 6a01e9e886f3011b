// One message as it is shown. Texts arrive as HTML that the server has built from escaped text and entities;
// everything else is set as text.

import { formatTime, isGroup, make, words } from "./page.js";
import { buildTools } from "./actions.js";
import { buildAttachment } from "./attachments.js";
import { gistOf, isMine, messages, nameOf } from "./conversation.js";
import { buildKeyboard, replaceKeyboard } from "./keyboards.js";

const showOriginal = (messageId) => {
  const target = messages.get(messageId)?.element;
  if (!target) return;
  target.scrollIntoView({ block: "center", behavior: "smooth" });
  target.classList.remove("found");
  requestAnimationFrame(() => target.classList.add("found"));
};

const buildQuote = (message) => {
  const original = messages.get(message.reply_to_message_id)?.message;
  if (!original) return null;
  const quote = make("button", "quote");
  quote.type = "button";
  quote.append(make("strong", "", nameOf(original)), make("span", message.quote ? "part" : "", message.quote || gistOf(original)));
  quote.addEventListener("click", () => showOriginal(original.message_id));
  return quote;
};

// Every answer of the bot's is changed while it streams in: there the mark would say nothing.
const buildMeta = (message) => {
  const isEdited = message.edited_at && !message.from_bot;
  const parts = [message.signature, isEdited && words.edited, formatTime(message.sent_at)];
  const meta = make("time", "meta", parts.filter(Boolean).join(" · "));
  meta.dateTime = new Date(message.sent_at * 1000).toISOString();
  return meta;
};

export const fill = (element, message) => {
  const bubble = make("div", "bubble");
  const text = make("div", "text");
  text.innerHTML = message.html;
  if (isGroup && !isMine(message)) bubble.append(make("span", "sender", nameOf(message)));
  if (message.forwarded_from) bubble.append(make("span", "sender", `${words.forwarded}: ${message.forwarded_from}`));
  const quote = message.reply_to_message_id ? buildQuote(message) : null;
  if (quote) bubble.append(quote);
  if (message.attachment) bubble.append(buildAttachment(message.attachment));
  bubble.append(text, buildMeta(message));
  element.replaceChildren(bubble, buildKeyboard(message), buildTools(element, message));
};

// While an answer streams in, only the text and the keyboard change: a player keeps playing.
export const refresh = (element, message) => {
  element.querySelector(".text").innerHTML = message.html;
  replaceKeyboard(element.querySelector(".keyboard"), message);
  element.querySelector(".meta").replaceWith(buildMeta(message));
};
