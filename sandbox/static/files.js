// Ways for files to come in: the paper-clip, dropping, pasting.

import { byId } from "./page.js";
import { text } from "./composer.js";
import { addFiles } from "./tray.js";

const carriesFiles = (event) => event.dataTransfer?.types.includes("Files");

const take = (files) => {
  addFiles(files);
  text.focus();
};

const startDropping = () => {
  let depth = 0;
  const move = (step) => (event) => {
    if (!carriesFiles(event)) return;
    depth += step;
    byId("drop").hidden = depth <= 0;
  };
  addEventListener("dragenter", move(1));
  addEventListener("dragleave", move(-1));
  addEventListener("dragover", (event) => { if (carriesFiles(event)) event.preventDefault(); });
  addEventListener("drop", (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    depth = 0;
    byId("drop").hidden = true;
    take([...event.dataTransfer.files]);
  });
};

export const startFiles = () => {
  byId("attach").addEventListener("click", () => byId("file").click());
  byId("file").addEventListener("change", (event) => {
    take([...event.target.files]);
    event.target.value = "";
  });
  text.addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files || [])];
    if (!files.length) return;
    event.preventDefault();
    take(files);
  });
  startDropping();
};
