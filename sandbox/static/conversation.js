// The messages that the page knows, by number, in the order of their coming.

import { isChannel, isGroup, person, settings, words } from "./page.js";

export const messages = new Map(); // message_id → { message, element }

export const isMine = (message) => !message.from_bot && (!isGroup || message.from?.id === person.id);
// In a channel it is the channel that speaks, whoever of its administrators writes.
export const nameOf = (message) => {
  if (isChannel) return settings.chat.title;
  return message.from_bot ? words.title : message.from?.first_name || words.you;
};
export const gistOf = (message) => {
  const kinds = { photo: words.photo, video: words.video, video_note: words.video, voice: words.voice_message };
  return message.text || message.attachment?.file_name || kinds[message.attachment?.kind] || words.attachment;
};
export const isEditable = (message) => isMine(message) && Boolean(message.text || message.attachment);
export const lastEditable = () => [...messages.values()].map((one) => one.message).findLast(isEditable);
