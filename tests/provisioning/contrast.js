// The contrast of every visible text with what lies behind it (WCAG 2.2, 1.4.3), the poorest first.
const channel = (c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
const light = ([r, g, b]) => 0.2126 * channel(r / 255) + 0.7152 * channel(g / 255) + 0.0722 * channel(b / 255);
const parts = (color) => color.match(/[\d.]+/g).map(Number);
const found = [];
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walker.nextNode()) {
  const node = walker.currentNode.parentElement;
  if (!walker.currentNode.data.trim() || !node.checkVisibility({ visibilityProperty: true })) continue;
  const style = getComputedStyle(node);
  let behind = node;
  while (behind && (parts(getComputedStyle(behind).backgroundColor)[3] ?? 1) < 0.9) behind = behind.parentElement;
  const back = light(parts(getComputedStyle(behind ?? document.documentElement).backgroundColor));
  const front = light(parts(style.color));
  const ratio = (Math.max(front, back) + 0.05) / (Math.min(front, back) + 0.05);
  found.push([Math.round(ratio * 100) / 100, walker.currentNode.data.trim().slice(0, 40)]);
}
return found.sort((one, other) => one[0] - other[0]);
