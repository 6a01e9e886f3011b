// Fetches the sections of a person's page and puts them in place. Without it every link leads to the section's own page.
const POLL_MS = 2000;

const show = async (section, address) => {
  const place = section.querySelector(".person-fragment");
  place.setAttribute("aria-busy", "true");
  try {
    const response = await fetch(address, { headers: { "X-Fragment": "1" }, credentials: "same-origin" });
    if (response.redirected || !response.ok) throw new Error(response.status);
    const text = await response.text();
    const wasHere = place.contains(document.activeElement);
    place.innerHTML = text;
    if (wasHere) begin(section);
    poll(section);
  } catch (error) {
    // Logged out, or the server is away: the section's own page says what is the matter.
    if (!place.querySelector(".errornote")) {
      const link = Object.assign(document.createElement("a"), { href: address, textContent: address });
      const note = Object.assign(document.createElement("p"), { className: "errornote" });
      note.append(link);
      place.prepend(note);
    }
  } finally {
    place.removeAttribute("aria-busy");
  }
};

// What had the focus is gone; whoever goes by the keyboard, or came from the last line, goes on from the section's title.
const begin = (section) => {
  const title = section.querySelector("h2");
  title.tabIndex = -1;
  title.focus();
};

const poll = (section) => {
  const waiting = section.querySelector("[data-poll]");
  if (waiting) setTimeout(() => section.contains(waiting) && show(section, waiting.dataset.poll), POLL_MS);
};

const page = document.getElementById("person-page");

page.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-fragment]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  show(link.closest(".person-section"), link.href);
});

page.addEventListener("submit", (event) => {
  const form = event.target.closest("form[data-fragment]");
  if (!form) return;
  event.preventDefault();
  show(form.closest(".person-section"), `${form.action}?${new URLSearchParams(new FormData(form))}`);
});

for (const section of page.querySelectorAll("[data-fetch]")) show(section, section.dataset.fetch);
