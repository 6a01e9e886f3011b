// Lists texts whose contrast is below 4.5 : 1 (3 : 1 if large: WCAG 2.2, 1.4.3) and elements that reach beyond the
// sides of the screen. Colours are painted onto a canvas, so every notation of CSS is understood.
const context = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
const paint = (layers) => {
  context.clearRect(0, 0, 1, 1);
  for (const { color, opacity } of layers) {
    context.globalAlpha = opacity;
    context.fillStyle = color;
    context.fillRect(0, 0, 1, 1);
  }
  return [...context.getImageData(0, 0, 1, 1).data];
};
const luminance = ([red, green, blue]) => {
  const [r, g, b] = [red, green, blue].map((part) => part / 255)
    .map((part) => (part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const contrast = (one, other) => {
  const [high, low] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (high + 0.05) / (low + 0.05);
};
const ancestors = (element) => (element ? [...ancestors(element.parentElement), element] : []);
const opacityOf = (element) => ancestors(element).reduce((product, one) => product * getComputedStyle(one).opacity, 1);
const backgroundOf = (element) => [
  { color: "Canvas", opacity: 1 },
  ...ancestors(element).map((one) => ({ color: getComputedStyle(one).backgroundColor, opacity: opacityOf(one) })),
];
const isShown = (element) => {
  const { width, height } = element.getBoundingClientRect();
  return width > 1 && height > 1 && opacityOf(element) > 0 && element.checkVisibility({ visibilityProperty: true });
};
const hasText = (element) =>
  [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.textContent.trim());
const nameOf = (element) =>
  `${element.tagName.toLowerCase()}${element.id && `#${element.id}`}.${element.className}: ${element.textContent.trim().slice(0, 40)}`;

const complaints = [];
for (const element of document.body.querySelectorAll("*")) {
  if (element.closest("svg, script, style, [hidden], .spoiler:not(.open)") || !isShown(element)) continue;
  const { left, right } = element.getBoundingClientRect();
  const isScrolled = ancestors(element.parentElement).slice(2)
    .some((one) => ["auto", "scroll", "hidden"].includes(getComputedStyle(one).overflowX));
  if (!isScrolled && (left < -1 || right > innerWidth + 1)) complaints.push(`beyond the side: ${nameOf(element)}`);
  if (!hasText(element)) continue;
  const style = getComputedStyle(element);
  const layers = backgroundOf(element);
  const ink = paint([...layers, { color: style.color, opacity: opacityOf(element) }]);
  const size = parseFloat(style.fontSize);
  const isLarge = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
  const ratio = contrast(ink, paint(layers));
  if (ratio < (isLarge ? 3 : 4.5)) complaints.push(`contrast ${ratio.toFixed(2)}: ${nameOf(element)}`);
}
if (document.documentElement.scrollWidth > innerWidth) complaints.push("the page scrolls sideways");
return [...new Set(complaints)];
