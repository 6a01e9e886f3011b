// Voice messages: recorded here, or a sound file where there is no microphone.

import { byId, formatLength, words } from "./page.js";
import { replyTarget, stopReply } from "./composer.js";
import { setStatus, toast } from "./notices.js";
import { uploadSound } from "./tray.js";

const TYPES = ["audio/ogg;codecs=opus", "audio/webm;codecs=opus"]; // Telegram's own first
const TICK_MS = 250;

const button = byId("voice");
let recorder = null;
let ticker = 0;
let isUnwanted = false;

const showRecording = (isOn) => {
  const label = isOn ? words.stop_voice : words.voice;
  button.classList.toggle("recording", isOn);
  button.setAttribute("aria-label", label);
  button.title = label;
  if (!isOn) setStatus("");
};

const send = async (sound, name, duration) => {
  try {
    await uploadSound(sound, name, { duration, replyTo: replyTarget() });
    stopReply();
  } catch {
    toast(words.not_sent);
  }
};

const finish = (stream, pieces, startedAt) => {
  clearInterval(ticker);
  stream.getTracks().forEach((track) => track.stop());
  const type = recorder.mimeType;
  recorder = null;
  showRecording(false);
  const name = type.includes("ogg") ? "voice.ogg" : "voice.webm";
  const seconds = Math.max(1, Math.round((Date.now() - startedAt) / 1000));
  if (!isUnwanted) send(new Blob(pieces, { type }), name, seconds);
};

const record = async () => {
  const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
  const mimeType = TYPES.find((one) => MediaRecorder.isTypeSupported(one));
  const [pieces, startedAt] = [[], Date.now()];
  isUnwanted = false;
  recorder = new MediaRecorder(stream, mimeType ? { mimeType } : {});
  recorder.addEventListener("dataavailable", (event) => pieces.push(event.data));
  recorder.addEventListener("stop", () => finish(stream, pieces, startedAt));
  recorder.start();
  showRecording(true);
  const tick = () => setStatus(`${words.recording_own} ${formatLength((Date.now() - startedAt) / 1000)} · ${words.escape}`, true);
  ticker = setInterval(tick, TICK_MS);
  tick();
};

const toggle = async () => {
  if (recorder) { recorder.stop(); return; }
  try {
    await record();
  } catch {
    toast(words.no_microphone);
    byId("sound").click();
  }
};

export const startVoice = () => {
  button.addEventListener("click", toggle);
  byId("sound").addEventListener("change", async (event) => {
    const files = [...event.target.files];
    event.target.value = "";
    for (const file of files) await send(file, file.name);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !recorder) return;
    isUnwanted = true;
    recorder.stop();
  });
};
