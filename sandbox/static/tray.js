// Files that are chosen and not sent yet: shown above the text field, sent with a caption, several as an album.

import { byId, formatSize, make, makeIconButton, words } from "./page.js";
import { uploadFile } from "./server.js";

const CROSS = "M7 7l10 10M17 7L7 17";
const MAX_ALBUM = 10; // https://core.telegram.org/bots/api#sendmediagroup
const METADATA_MS = 1500;
const VISUAL = new Set(["photo", "video"]);

let chosen = []; // { file, kind, picture }
let onChange = () => {};

export const hasFiles = () => chosen.length > 0;
export const whenFilesChange = (listener) => { onChange = listener; };

const kindOf = (file) => {
  if (/^image\/(jpeg|png|webp)$/.test(file.type)) return "photo";
  if (file.type === "video/mp4") return "video";
  return file.type.startsWith("audio/") ? "audio" : "document";
};

const drop = (one) => {
  if (one.picture) URL.revokeObjectURL(one.picture);
  chosen = chosen.filter((other) => other !== one);
  draw();
};

const buildChip = (one) => {
  const chip = make("li", "chip");
  if (one.picture) {
    const image = make("img");
    image.src = one.picture;
    image.alt = "";
    chip.append(image);
  }
  const label = make("span");
  label.append(make("b", "", one.file.name), make("small", "", formatSize(one.file.size)));
  const remove = makeIconButton("icon", `${words.remove_file}: ${one.file.name}`, CROSS);
  remove.addEventListener("click", () => { drop(one); byId("text").focus(); });
  chip.append(label, remove);
  return chip;
};

const draw = () => {
  byId("tray").hidden = !chosen.length;
  byId("tray-files").replaceChildren(...chosen.map(buildChip));
  byId("tray-plain").hidden = !chosen.some((one) => VISUAL.has(one.kind));
  if (!chosen.length) byId("as-files").checked = false;
  onChange();
};

export const addFiles = (files) => {
  for (const file of files) {
    const kind = kindOf(file);
    chosen.push({ file, kind, picture: kind === "photo" ? URL.createObjectURL(file) : "" });
  }
  draw();
};

export const dropFiles = () => { for (const one of [...chosen]) drop(one); };

// Telegram puts pictures and films together, but sounds and documents only with their own kind.
const splitIntoAlbums = (files) => {
  const albums = [];
  for (const one of files) {
    const family = VISUAL.has(one.kind) ? "visual" : one.kind;
    const last = albums.at(-1);
    if (last?.family === family && last.files.length < MAX_ALBUM) last.files.push(one);
    else albums.push({ family, files: [one], id: String(crypto.getRandomValues(new Uint32Array(1))[0]) });
  }
  return albums;
};

const measureLength = (file, kind) =>
  new Promise((resolve) => {
    if (kind === "photo" || kind === "document") { resolve(0); return; }
    const player = document.createElement(kind === "video" ? "video" : "audio");
    const finish = () => {
      URL.revokeObjectURL(player.src);
      resolve(Number.isFinite(player.duration) ? Math.max(1, Math.round(player.duration)) : 0);
    };
    player.addEventListener("loadedmetadata", finish, { once: true });
    player.addEventListener("error", finish, { once: true });
    setTimeout(finish, METADATA_MS);
    player.preload = "metadata";
    player.src = URL.createObjectURL(file);
  });

export const uploadSound = async (file, name, { duration, replyTo } = {}) =>
  uploadFile(file, name, "voice", {
    duration: duration || (await measureLength(file, "voice")), reply_to_message_id: replyTo,
  });

// Sends what is chosen, the caption with the first file. Throws if the server refuses; what is sent is gone from
// the tray then, what is not stays.
export const sendFiles = async (caption, replyTo) => {
  const files = chosen.map((one) => (byId("as-files").checked && VISUAL.has(one.kind) ? { ...one, kind: "document" } : one));
  let isFirst = true;
  for (const { files: album, id } of splitIntoAlbums(files)) {
    for (const one of album) {
      await uploadFile(one.file, one.file.name, one.kind, {
        caption: isFirst ? caption : "",
        reply_to_message_id: isFirst ? replyTo : null,
        media_group_id: album.length > 1 ? id : "",
        duration: await measureLength(one.file, one.kind),
      });
      isFirst = false;
      drop(chosen.find(({ file }) => file === one.file));
    }
  }
};
