// What a sensor said during its test, as a small line with its words beside it.

import { drawn, element } from "./dom.js";

const WIDTH = 280;
const HEIGHT = 72;
const EDGE = 4;

/** @param {import("./texts.js").Words} words @param {string} quantity @param {[number, number][]} points seconds and values */
export function curve(words, quantity, points) {
  const values = points.map(([, value]) => value);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const [from, to] = [points[0][0], points[points.length - 1][0]];
  const x = (s) => EDGE + ((s - from) / Math.max(to - from, 1e-9)) * (WIDTH - 2 * EDGE);
  const y = (value) => HEIGHT - EDGE - ((value - low) / Math.max(high - low, 1e-9)) * (HEIGHT - 2 * EDGE);
  const hasWords = words.isWorded(quantity); // on and off: no slope lies between
  const corners = points.flatMap(([s, value], n) => (hasWords && n > 0 ? [[s, points[n - 1][1]], [s, value]] : [[s, value]]));
  const line = corners.map(([s, value]) => `${x(s).toFixed(1)},${y(value).toFixed(1)}`).join(" ");
  const told = values.map((value) => words.value(quantity, value));
  const said = hasWords
    ? words.say("turns", { turns: told.filter((each, n) => each !== told[n - 1]).join(" → ") })
    : words.say("curve", { first: told[0], highest: words.value(quantity, high), last: told[told.length - 1] });
  return element(
    "figure", {},
    drawn(
      "svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, "aria-hidden": "true", focusable: "false" },
      drawn("line", { x1: EDGE, y1: HEIGHT - EDGE, x2: WIDTH - EDGE, y2: HEIGHT - EDGE, class: "ground" }),
      drawn("polyline", { points: line, class: "line" }),
    ),
    element("figcaption", {}, `${said} (${words.say("curveSeconds", { seconds: Math.round(to - from) })})`),
  );
}
