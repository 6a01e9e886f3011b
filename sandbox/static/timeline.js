// The list of messages: days, albums, what comes, changes and goes; and where the list is scrolled to.

import { byId, formatDay, isChannel, make, words } from "./page.js";
import { fill, refresh } from "./bubbles.js";
import { isMine, messages } from "./conversation.js";

const NEAR_BOTTOM_PX = 90;
const SAME_BREATH_S = 300; // messages of one side closer than this stand together

const list = byId("messages");
const scroll = byId("scroll");
const gone = new Set(); // an answer that was under way may still speak of what has just been deleted
let isFollowing = true;
let isLive = false;
let lastSeq = 0;

export const newestSeq = () => lastSeq;

export const follow = (isForced) => {
  if (isForced) isFollowing = true;
  if (isFollowing) scroll.scrollTop = scroll.scrollHeight;
};

const announce = (message) => {
  const line = make("li", "day", `${words.joined}: ${message.new_members.join(", ")}`);
  list.append(line);
  return line;
};

const openAlbum = (first) => {
  const album = make("li", "album");
  const parts = make("ol");
  album.classList.toggle("mine", first.classList.contains("mine"));
  album.classList.toggle("follows", first.classList.contains("follows"));
  first.replaceWith(album);
  parts.append(first);
  album.append(parts);
  return parts;
};

const placeFor = (message, previous) => {
  const isTogether = message.media_group_id && previous?.message.media_group_id === message.media_group_id;
  if (!isTogether) return list;
  return previous.element.closest(".album > ol") || openAlbum(previous.element);
};

const build = (message, previous, isNewDay) => {
  const element = make("li", "message");
  const isSameSide = previous && !isNewDay && previous.message.from?.id === message.from?.id;
  element.dataset.id = message.message_id;
  element.classList.toggle("mine", isMine(message) && !isChannel);
  element.classList.toggle("fresh", isLive);
  element.classList.toggle("follows", Boolean(isSameSide) && message.sent_at - previous.message.sent_at < SAME_BREATH_S);
  fill(element, message);
  return element;
};

const append = (message) => {
  const previous = [...messages.values()].at(-1);
  const day = formatDay(message.sent_at);
  const isNewDay = !previous || formatDay(previous.message.sent_at) !== day;
  if (isNewDay) list.append(make("li", "day", day));
  if (message.new_members.length) {
    messages.set(message.message_id, { element: announce(message), message });
    return;
  }
  const element = build(message, previous, isNewDay);
  placeFor(message, previous).append(element);
  messages.set(message.message_id, { element, message });
};

export const show = (message) => {
  lastSeq = Math.max(lastSeq, message.seq);
  if (message.deleted_at) { remove(message.message_id); return; }
  const known = messages.get(message.message_id);
  if (gone.has(message.message_id) || known?.message.seq > message.seq) return;
  if (known) {
    known.message = message;
    refresh(known.element, message);
  } else {
    append(message);
  }
  byId("empty").hidden = true;
  follow(isMine(message) && isLive && !known);
};

export const remove = (messageId) => {
  gone.add(messageId);
  const element = messages.get(messageId)?.element;
  if (!element) return;
  messages.delete(messageId);
  const album = element.closest(".album");
  const whole = album?.querySelectorAll(".message").length === 1 ? album : element;
  const before = whole.previousElementSibling;
  const isLastOfDay = !whole.nextElementSibling || whole.nextElementSibling.matches(".day");
  if (whole.parentElement === list && before?.matches(".day") && isLastOfDay) before.remove();
  whole.remove();
  if (!messages.size) clear();
};

export const clear = () => {
  messages.clear();
  list.replaceChildren();
  byId("empty").hidden = false;
};

// What was there before goes in without movement; what comes from now on moves.
export const goLive = () => {
  if (!messages.size) clear();
  if (!isLive) follow(true);
  isLive = true;
};

export const startTimeline = () => {
  byId("empty").hidden = true;
  byId("to-bottom").addEventListener("click", () => follow(true));
  scroll.addEventListener("scroll", () => {
    isFollowing = scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < NEAR_BOTTOM_PX;
    byId("to-bottom").hidden = isFollowing;
  }, { passive: true });
  const watcher = new ResizeObserver(() => follow(false));
  watcher.observe(scroll);
  watcher.observe(list);
};
