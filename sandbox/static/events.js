// What happens in the chat, as the server tells it.

import { chatId, words } from "./page.js";
import { showBotStatus } from "./channels.js";
import { showCallbackAnswer } from "./keyboards.js";
import { setStatus, showTyping, stopTyping } from "./notices.js";
import { api, readChanges } from "./server.js";
import { clear, follow, goLive, newestSeq, remove, show } from "./timeline.js";

const showAction = ({ action }) => {
  const kinds = { upload: words.uploading, record: words.recording };
  showTyping(kinds[action.split("_")[0]] || words.typing);
  follow(false);
};

const showMessage = ({ type, message }) => {
  if (type === "message" && message.from_bot) stopTyping();
  show(message);
};

const HANDLERS = {
  message: showMessage,
  edit: showMessage,
  delete: (event) => remove(event.message_id),
  action: showAction,
  callback_answer: showCallbackAnswer,
  bot_status: (event) => showBotStatus(event.status),
  clear,
};

const catchUp = async () => {
  const { messages } = await readChanges(newestSeq());
  messages.forEach(show);
  goLive();
};

export const listen = () => {
  const source = new EventSource(`${api}/events?chat_id=${chatId}`);
  source.addEventListener("open", () => {
    setStatus("");
    catchUp().catch(() => setStatus(words.offline));
  });
  source.addEventListener("message", ({ data }) => {
    const event = JSON.parse(data);
    HANDLERS[event.type]?.(event);
  });
  source.addEventListener("error", () => setStatus(words.offline));
  // A page that is being left must not hold one of the browser's few connections.
  addEventListener("pagehide", () => source.close());
  addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
};
