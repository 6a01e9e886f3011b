"use strict";

// The chat page: shows what the server has, sends what the person does. Text arrives as HTML that the server
// has built from escaped text and entities; everything else is set as text.
(() => {
  const settings = JSON.parse(document.getElementById("settings").textContent);
  const { words, person, chat_id: chatId, language } = settings;
  const byId = (id) => document.getElementById(id);
  const api = "/sandbox/api";
  const messages = new Map();
  let lastSeq = 0;
  let isLoaded = false;
  let replyTo = null;
  let pressed = new Map();

  // ---- small things ------------------------------------------------------------------------------------

  const make = (tag, className, text) => {
    const element = document.createElement(tag);
    if (className) element.className = className;
    if (text !== undefined) element.textContent = text;
    return element;
  };

  const formatTime = (seconds) =>
    new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit" }).format(seconds * 1000);

  const formatDay = (seconds) => {
    const date = new Date(seconds * 1000);
    const daysAgo = Math.round((new Date().setHours(0, 0, 0, 0) - new Date(date).setHours(0, 0, 0, 0)) / 864e5);
    if (daysAgo === 0) return words.today;
    if (daysAgo === 1) return words.yesterday;
    const year = date.getFullYear() === new Date().getFullYear() ? undefined : "numeric";
    return new Intl.DateTimeFormat(language, { day: "numeric", month: "long", year }).format(date);
  };

  const formatSize = (bytes) => {
    if (bytes < 1024) return `${bytes} ${words.bytes}`;
    const [value, unit] = bytes < 1048576 ? [bytes / 1024, words.kilobytes] : [bytes / 1048576, words.megabytes];
    return `${new Intl.NumberFormat(language, { maximumFractionDigits: 1 }).format(value)} ${unit}`;
  };

  let toastTimer = 0;
  const toast = (text) => {
    byId("toast").textContent = text;
    byId("toast").hidden = false;
    clearTimeout(toastTimer);
    toastTimer = setTimeout(() => { byId("toast").hidden = true; }, 4000);
  };

  const alertPerson = (text) => {
    byId("alert-text").textContent = text;
    byId("alert").showModal();
  };

  const call = async (path, options) => {
    const response = await fetch(api + path, options);
    if (!response.ok) throw new Error(String(response.status));
    return response.json();
  };

  const post = (path, body) =>
    call(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });

  // ---- scrolling ---------------------------------------------------------------------------------------

  const scroll = byId("scroll");
  const isAtBottom = () => scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 90;
  let isFollowing = true;
  const follow = (isForced) => {
    if (isForced) isFollowing = true;
    if (isFollowing) scroll.scrollTop = scroll.scrollHeight;
  };
  scroll.addEventListener("scroll", () => {
    isFollowing = isAtBottom();
    byId("to-bottom").hidden = isFollowing;
  }, { passive: true });
  byId("to-bottom").addEventListener("click", () => follow(true));
  new ResizeObserver(() => follow(false)).observe(scroll);
  new ResizeObserver(() => follow(false)).observe(byId("messages"));

  // ---- messages ----------------------------------------------------------------------------------------

  const nameOf = (message) => (message.from_bot ? words.title : message.from?.first_name || words.you);
  const gist = (message) => message.text || message.attachment?.file_name || words.attachment;

  const buildQuote = (message) => {
    const original = messages.get(message.reply_to_message_id)?.message;
    if (!original) return null;
    const quote = make("button", "quote");
    quote.type = "button";
    quote.append(make("strong", "", nameOf(original)), make("span", "", gist(original)));
    quote.addEventListener("click", () => {
      const target = messages.get(original.message_id)?.element;
      if (!target) return;
      target.scrollIntoView({ block: "center", behavior: "smooth" });
      target.classList.remove("found");
      requestAnimationFrame(() => target.classList.add("found"));
    });
    return quote;
  };

  const buildAttachment = (attachment) => {
    const source = `${api}/files/${encodeURIComponent(attachment.file_id)}`;
    if (attachment.kind === "photo") {
      const image = make("img", "photo");
      image.src = source;
      image.alt = words.photo;
      return image;
    }
    if (attachment.kind === "voice" || attachment.kind === "audio") {
      const player = make("audio");
      player.controls = true;
      player.preload = "metadata";
      player.src = source;
      player.setAttribute("aria-label", words.voice_message);
      return player;
    }
    const name = attachment.file_name || words.attachment;
    const link = make("a", "document");
    link.href = source;
    link.download = name;
    link.setAttribute("aria-label", `${words.download}: ${name}`);
    const suffix = name.includes(".") ? name.split(".").pop().slice(0, 4) : "•";
    const label = make("span");
    label.append(make("b", "", name), make("small", "", formatSize(attachment.file_size)));
    link.append(make("i", "", suffix), label);
    return link;
  };

  const pressButton = async (message, button, element) => {
    element.classList.add("pressed");
    try {
      const pressing = { chat_id: chatId, message_id: message.message_id, data: button.callback_data, from: person };
      const { callback_query_id: id } = await post("/callbacks", pressing);
      pressed.set(id, element);
      setTimeout(() => { element.classList.remove("pressed"); pressed.delete(id); }, 15000);
    } catch {
      element.classList.remove("pressed");
      toast(words.not_sent);
    }
  };

  const buildKeyButton = (message, button) => {
    const isLink = /^https?:/i.test(button.url || "");
    const element = make(isLink ? "a" : "button", "", button.text);
    if (isLink) {
      element.href = button.url;
      element.target = "_blank";
      element.rel = "noopener noreferrer";
    } else {
      element.type = "button";
      element.addEventListener("click", () => pressButton(message, button, element));
    }
    return element;
  };

  const buildKeyboard = (message) => {
    const keyboard = make("div", "keyboard");
    for (const row of message.reply_markup?.inline_keyboard || []) {
      const line = make("div", "keyboard-row");
      line.append(...row.map((button) => buildKeyButton(message, button)));
      keyboard.append(line);
    }
    return keyboard;
  };

  const buildMeta = (message) => {
    const isEdited = message.edited_at && !message.from_bot;
    const meta = make("time", "meta", (isEdited ? `${words.edited} · ` : "") + formatTime(message.sent_at));
    meta.dateTime = new Date(message.sent_at * 1000).toISOString();
    return meta;
  };

  const buildReplyButton = (message) => {
    const button = make("button", "reply");
    button.type = "button";
    button.setAttribute("aria-label", words.reply);
    button.title = words.reply;
    button.innerHTML = '<svg viewBox="0 0 24 24" aria-hidden="true"><path d="M10 7L5 12l5 5M5 12h9a5 5 0 015 5"/></svg>';
    button.addEventListener("click", () => startReply(message));
    return button;
  };

  const fill = (element, message) => {
    const bubble = make("div", "bubble");
    const quote = message.reply_to_message_id ? buildQuote(message) : null;
    const text = make("div", "text");
    text.innerHTML = message.html;
    if (quote) bubble.append(quote);
    if (message.attachment) bubble.append(buildAttachment(message.attachment));
    bubble.append(text, buildMeta(message));
    element.replaceChildren(bubble, buildKeyboard(message), buildReplyButton(message));
  };

  // While a reply streams in, only the text and the keyboard change: a player keeps playing.
  const refresh = (element, message) => {
    element.querySelector(".text").innerHTML = message.html;
    element.querySelector(".keyboard").replaceWith(buildKeyboard(message));
    element.querySelector(".meta").replaceWith(buildMeta(message));
  };

  const append = (message) => {
    const list = byId("messages");
    const previous = [...messages.values()].at(-1)?.message;
    const day = formatDay(message.sent_at);
    const isNewDay = !previous || formatDay(previous.sent_at) !== day;
    if (isNewDay) list.append(make("li", "day", day));
    const element = make("li", "message");
    element.classList.toggle("mine", !message.from_bot);
    element.classList.toggle("fresh", isLoaded);
    const isSameSide = previous && previous.from_bot === message.from_bot && !isNewDay;
    element.classList.toggle("follows", Boolean(isSameSide) && message.sent_at - previous.sent_at < 300);
    fill(element, message);
    list.append(element);
    messages.set(message.message_id, { element, message });
  };

  const show = (message) => {
    lastSeq = Math.max(lastSeq, message.seq);
    const known = messages.get(message.message_id);
    if (known && known.message.seq > message.seq) return;
    if (known) {
      known.message = message;
      refresh(known.element, message);
    } else {
      append(message);
    }
    byId("empty").hidden = true;
    follow(!message.from_bot && isLoaded && !known);
  };

  const remove = (messageId) => {
    messages.get(messageId)?.element.remove();
    messages.delete(messageId);
    if (!messages.size) clear();
  };

  const clear = () => {
    messages.clear();
    byId("messages").replaceChildren();
    byId("empty").hidden = false;
  };

  // ---- events ------------------------------------------------------------------------------------------

  let typingTimer = 0;
  const setStatus = (text, isBusy) => {
    const status = byId("status");
    status.textContent = text || status.dataset.quiet;
    status.classList.toggle("busy", Boolean(isBusy));
  };
  const stopTyping = () => {
    clearTimeout(typingTimer);
    byId("typing").hidden = true;
    setStatus("");
  };
  const showAction = (action) => {
    const text = action.startsWith("upload") ? words.uploading : action.startsWith("record") ? words.recording : words.typing;
    setStatus(`${text}…`, true);
    byId("typing").hidden = false;
    follow(false);
    clearTimeout(typingTimer);
    typingTimer = setTimeout(stopTyping, 5500);
  };

  const showAnswer = (answer) => {
    pressed.get(answer.callback_query_id)?.classList.remove("pressed");
    pressed.delete(answer.callback_query_id);
    if (!answer.text) return;
    (answer.show_alert ? alertPerson : toast)(answer.text);
  };

  const onEvent = (event) => {
    if (event.type === "message" || event.type === "edit") {
      if (event.type === "message" && event.message.from_bot) stopTyping();
      show(event.message);
    } else if (event.type === "delete") remove(event.message_id);
    else if (event.type === "action") showAction(event.action);
    else if (event.type === "callback_answer") showAnswer(event);
    else if (event.type === "clear") clear();
  };

  const catchUp = async () => {
    const { messages: changed } = await call(`/chats/${chatId}/messages?revisions=0&after=${lastSeq}`);
    changed.forEach(show);
    if (!messages.size) clear();
    if (!isLoaded) follow(true);
    isLoaded = true;
  };

  const listen = () => {
    const source = new EventSource(`${api}/events?chat_id=${chatId}`);
    source.addEventListener("open", () => { setStatus(""); catchUp().catch(() => setStatus(words.offline)); });
    source.addEventListener("message", (event) => onEvent(JSON.parse(event.data)));
    source.addEventListener("error", () => setStatus(words.offline));
    // A page that is being left must not hold one of the browser's few connections.
    addEventListener("pagehide", () => source.close());
    addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
  };

  // ---- writing -----------------------------------------------------------------------------------------

  const text = byId("text");
  const fit = () => {
    text.style.height = "auto";
    text.style.height = `${text.scrollHeight + 2}px`;
  };

  const startReply = (message) => {
    replyTo = message.message_id;
    byId("replying-who").textContent = nameOf(message);
    byId("replying-text").textContent = gist(message);
    byId("replying").hidden = false;
    text.focus();
  };
  const stopReply = () => {
    replyTo = null;
    byId("replying").hidden = true;
  };
  byId("replying-cancel").addEventListener("click", () => { stopReply(); text.focus(); });

  const sendText = async (value) => {
    try {
      await post("/messages", { chat_id: chatId, text: value, from: person, reply_to_message_id: replyTo });
      stopReply();
      return true;
    } catch {
      toast(words.not_sent);
      return false;
    }
  };

  const submit = async () => {
    const value = text.value.trim();
    if (!value) return;
    text.value = "";
    fit();
    closeMenu();
    if (!(await sendText(value)) && !text.value) {
      text.value = value;
      fit();
    }
  };

  byId("composer").addEventListener("submit", (event) => { event.preventDefault(); submit(); });
  text.addEventListener("input", () => { fit(); filterMenu(); });

  // ---- the command menu --------------------------------------------------------------------------------

  const menu = byId("menu");
  let commands = [];
  let chosen = -1;
  const items = () => [...menu.children];
  const closeMenu = () => {
    menu.hidden = true;
    chosen = -1;
    byId("commands").setAttribute("aria-expanded", "false");
  };
  const choose = (index) => {
    chosen = (index + items().length) % items().length;
    items().forEach((item, number) => item.setAttribute("aria-selected", String(number === chosen)));
    items()[chosen].scrollIntoView({ block: "nearest" });
  };
  const useCommand = (command) => {
    closeMenu();
    text.value = "";
    fit();
    sendText(`/${command}`);
    text.focus();
  };
  const openMenu = (wanted) => {
    const matching = commands.filter(({ command }) => command.startsWith(wanted));
    if (!matching.length) { closeMenu(); return; }
    menu.replaceChildren(...matching.map(({ command, description }) => {
      const item = make("li");
      item.setAttribute("role", "option");
      const button = make("button");
      button.type = "button";
      button.append(make("b", "", `/${command}`), make("span", "", description));
      button.addEventListener("click", () => useCommand(command));
      item.append(button);
      return item;
    }));
    chosen = -1;
    menu.hidden = false;
    byId("commands").setAttribute("aria-expanded", "true");
  };
  const loadCommands = async () => {
    try {
      ({ commands } = await call(`/chats/${chatId}/commands?lang=${person.language_code || language}`));
    } catch {
      commands = [];
    }
    if (!commands.length) commands = [{ command: "start", description: "" }];
  };
  const filterMenu = async () => {
    const match = /^\/([a-z0-9_]*)$/i.exec(text.value);
    if (!match) { closeMenu(); return; }
    if (menu.hidden) await loadCommands();
    openMenu(match[1].toLowerCase());
  };
  byId("commands").addEventListener("click", async () => {
    if (!menu.hidden) { closeMenu(); return; }
    await loadCommands();
    openMenu("");
    text.focus();
  });

  text.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (!menu.hidden && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      event.preventDefault();
      choose(event.key === "ArrowDown" ? chosen + 1 : Math.max(chosen, 0) - 1);
    } else if (!menu.hidden && event.key === "Tab" && chosen < 0 && items().length) {
      event.preventDefault();
      choose(0);
    } else if (event.key === "Escape") {
      if (menu.hidden) stopReply(); else closeMenu();
    } else if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      if (!menu.hidden && chosen >= 0) items()[chosen].firstChild.click(); else submit();
    }
  });

  // ---- files and voice ---------------------------------------------------------------------------------

  const upload = async (file, kind, duration) => {
    const form = new FormData();
    form.append("chat_id", chatId);
    form.append("kind", kind);
    form.append("from", JSON.stringify(person));
    if (duration) form.append("duration", Math.max(1, Math.round(duration)));
    if (replyTo) form.append("reply_to_message_id", replyTo);
    if (kind !== "voice" && text.value.trim()) form.append("caption", text.value.trim());
    form.append("file", file, file.name || "voice.ogg");
    try {
      await call("/uploads", { method: "POST", body: form });
      if (kind !== "voice") { text.value = ""; fit(); }
      stopReply();
    } catch {
      toast(words.not_sent);
    }
  };
  const kindOf = (file) => {
    if (/^image\/(jpeg|png|webp)$/.test(file.type)) return "photo";
    return file.type.startsWith("audio/") ? "audio" : "document";
  };
  const uploadAll = async (files) => { for (const file of files) await upload(file, kindOf(file)); };

  byId("attach").addEventListener("click", () => byId("file").click());
  byId("file").addEventListener("change", async (event) => { await uploadAll([...event.target.files]); event.target.value = ""; });
  byId("sound").addEventListener("change", async (event) => {
    for (const file of event.target.files) await upload(file, "voice");
    event.target.value = "";
  });

  let depth = 0;
  const carriesFiles = (event) => event.dataTransfer?.types.includes("Files");
  addEventListener("dragenter", (event) => { if (carriesFiles(event)) { depth += 1; byId("drop").hidden = false; } });
  addEventListener("dragleave", (event) => { if (carriesFiles(event)) { depth -= 1; byId("drop").hidden = depth <= 0; } });
  addEventListener("dragover", (event) => { if (carriesFiles(event)) event.preventDefault(); });
  addEventListener("drop", (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    depth = 0;
    byId("drop").hidden = true;
    uploadAll([...event.dataTransfer.files]);
  });
  text.addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files || [])];
    if (files.length) { event.preventDefault(); uploadAll(files); }
  });

  let recorder = null;
  const showRecording = (isOn) => {
    const label = isOn ? words.stop_voice : words.voice;
    byId("voice").classList.toggle("recording", isOn);
    byId("voice").setAttribute("aria-label", label);
    byId("voice").title = label;
    setStatus(isOn ? `${words.recording}…` : "");
  };
  const record = async () => {
    const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
    const type = ["audio/ogg;codecs=opus", "audio/webm;codecs=opus"].find((one) => MediaRecorder.isTypeSupported(one));
    const pieces = [];
    const startedAt = Date.now();
    recorder = new MediaRecorder(stream, type ? { mimeType: type } : {});
    recorder.addEventListener("dataavailable", (event) => pieces.push(event.data));
    recorder.addEventListener("stop", () => {
      stream.getTracks().forEach((track) => track.stop());
      const sound = new Blob(pieces, { type: recorder.mimeType });
      recorder = null;
      showRecording(false);
      upload(sound, "voice", (Date.now() - startedAt) / 1000);
    });
    recorder.start();
    showRecording(true);
  };
  byId("voice").addEventListener("click", async () => {
    if (recorder) { recorder.stop(); return; }
    try {
      await record();
    } catch {
      toast(words.no_microphone);
      byId("sound").click();
    }
  });

  // ---- clicks inside texts -----------------------------------------------------------------------------

  document.addEventListener("click", (event) => {
    const target = event.target;
    if (target.matches(".text .command")) sendText(target.textContent);
    else if (target.matches("[data-command]")) sendText(target.dataset.command);
    else if (target.closest(".spoiler")) target.closest(".spoiler").classList.toggle("open");
    else if (target.closest("blockquote.expandable")) target.closest("blockquote.expandable").classList.toggle("open");
    const people = document.querySelector(".people");
    if (people.open && !people.contains(target)) people.open = false;
    if (!menu.hidden && !menu.contains(target) && !target.closest("#commands") && target !== text) closeMenu();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") document.querySelector(".people").open = false;
    const isPress = event.key === "Enter" || event.key === " ";
    if (isPress && event.target.matches(".spoiler, blockquote.expandable")) { event.preventDefault(); event.target.click(); }
  });

  byId("empty").hidden = true;
  fit();
  listen();
  if (matchMedia("(hover: hover)").matches) text.focus();
})();
