// Files inside messages.

import { formatSize, make, words } from "./page.js";
import { addressOf } from "./server.js";

const buildPhoto = (attachment) => {
  const image = make("img", "photo");
  image.alt = words.photo;
  image.width = attachment.width;
  image.height = attachment.height;
  image.src = addressOf(attachment.file_id);
  return image;
};

const buildPlayer = (attachment) => {
  const isSound = attachment.kind === "voice" || attachment.kind === "audio";
  const player = make(isSound ? "audio" : "video", attachment.kind);
  player.controls = true;
  player.preload = "metadata";
  player.src = addressOf(attachment.file_id);
  player.setAttribute("aria-label", isSound ? words.voice_message : words.video);
  return player;
};

const buildDocument = (attachment) => {
  const name = attachment.file_name || words.attachment;
  const link = make("a", "document");
  link.href = addressOf(attachment.file_id);
  link.download = name;
  link.setAttribute("aria-label", `${words.download}: ${name}`);
  const suffix = name.includes(".") ? name.split(".").pop().slice(0, 4) : "•";
  const label = make("span");
  label.append(make("b", "", name), make("small", "", formatSize(attachment.file_size)));
  link.append(make("i", "", suffix), label);
  return link;
};

export const buildAttachment = (attachment) => {
  if (attachment.kind === "photo") return buildPhoto(attachment);
  return attachment.kind === "document" ? buildDocument(attachment) : buildPlayer(attachment);
};
