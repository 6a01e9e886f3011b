// The chat page: shows what the server has, sends what the person does. This file starts the parts.

import { byId, isChannel } from "./page.js";
import { startActions } from "./actions.js";
import { startChannels } from "./channels.js";
import { closeMenu, startCommands } from "./commands.js";
import { sendText, startComposer, text } from "./composer.js";
import { listen } from "./events.js";
import { startFiles } from "./files.js";
import { startTimeline } from "./timeline.js";
import { startVoice } from "./voice.js";

const people = document.querySelector(".people");

document.addEventListener("click", ({ target }) => {
  const hidden = target.closest(".spoiler, blockquote.expandable");
  if (target.matches(".text .command")) sendText(target.textContent);
  else if (target.matches("[data-command]")) sendText(target.dataset.command);
  else if (hidden && getSelection().isCollapsed) hidden.classList.toggle("open");
  if (people.open && !people.contains(target)) people.open = false;
});

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && people.open) {
    people.open = false;
    people.querySelector("summary").focus();
  }
  const isPress = event.key === "Enter" || event.key === " ";
  if (isPress && event.target.matches(".spoiler, blockquote.expandable")) {
    event.preventDefault();
    event.target.click();
  }
});

startTimeline();
startComposer();
if (!isChannel) startCommands(); // nobody gives orders in a channel
startChannels();
startFiles();
startVoice();
startActions();
listen();
byId("composer").addEventListener("submit", closeMenu);
if (matchMedia("(hover: hover)").matches) text.focus();
