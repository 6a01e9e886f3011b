// Channels: making one, and the bot's place in the one that is shown.

import { byId, isChannel, person, settings, words } from "./page.js";
import { setStatus, toast } from "./notices.js";
import { createChannel, placeBot } from "./server.js";

const RULING = new Set(["administrator", "creator"]);

let botStatus = settings.bot_status;

const isRuling = () => RULING.has(botStatus);

export const showBotStatus = (status) => {
  if (!isChannel) return;
  botStatus = status;
  byId("place-bot").textContent = isRuling() ? words.remove_bot : words.add_bot;
  byId("status").dataset.quiet = isRuling() ? words.bot_is_here : words.bot_is_away;
  setStatus("");
};

const toggleBot = async () => {
  try {
    await placeBot(isRuling() ? "kicked" : "administrator");
  } catch {
    toast(words.not_sent);
  }
};

const create = async (event) => {
  event.preventDefault();
  const { title, username } = event.target.elements;
  try {
    const { chat_id: created } = await createChannel(title.value, username.value);
    const address = new URL(location.href);
    address.search = new URLSearchParams({ chat: created, as: person.id, lang: settings.language });
    location.assign(address);
  } catch {
    toast(words.not_created);
  }
};

export const startChannels = () => {
  showBotStatus(botStatus);
  byId("place-bot")?.addEventListener("click", toggleBot);
  byId("add-channel")?.addEventListener("submit", create);
};
