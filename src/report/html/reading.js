// SPDX-License-Identifier: Apache-2.0
// Reads the values of charts, for pointers, fingers, keys and screen readers. Every chart has a slider over its places, which shows
// while it has the focus; its text is what the tooltip says of the same place. spec.usermeta.read says what the places are:
//   {kind: "curves", data, titles}  the x of every point, with the values of all curves there
//   {kind: "items", mark, by}       the items of a mark from left to right ("x"), or row after row ("y")
//   {kind: "steps", data, titles}   those of the chart's own slider, with where each descent has come to
"use strict";
const slalomReading = (() => {
  const onBody = (id) => {
    const element = document.body.appendChild(document.createElement("div"));
    element.id = id;
    element.hidden = true;
    element.setAttribute("aria-hidden", "true"); // the sliders say it
    return element;
  };
  const tooltip = onBody("tooltip");
  const ring = onBody("ring");
  const linesOf = (value) =>
    typeof value === "object" ? Object.entries(value).map(([name, text]) => name + ": " + text) : [String(value)];

  // x, y: in the window.
  const show = (value, x, y) => {
    tooltip.hidden = value === null || value === undefined || value === "";
    if (tooltip.hidden) return;
    tooltip.replaceChildren(
      ...linesOf(value).map((line) => {
        const row = document.createElement("div");
        row.textContent = line;
        return row;
      }),
    );
    const room = document.documentElement.clientWidth;
    const fits = y + 16 + tooltip.offsetHeight < window.innerHeight;
    const top = fits ? y + 16 : y - tooltip.offsetHeight - 10;
    tooltip.style.left = Math.max(8, Math.min(x + 14, room - tooltip.offsetWidth - 8)) + window.scrollX + "px";
    tooltip.style.top = Math.max(8, top) + window.scrollY + "px";
  };

  // As the tables write numbers.
  const number = (value) => {
    if (typeof value !== "number") return String(value);
    const size = Math.abs(value);
    if (Number.isInteger(value) && size < 1e15) return String(value);
    if (size >= 1e-4 && Number(size.toPrecision(6)) < 1e6) return String(Number(value.toPrecision(6)));
    return value.toExponential(5).replace(/\.?0*e/, "e").replace(/e([+-])(\d)$/, "e$10$2");
  };

  // Where the plot's origin is in the window.
  const originOf = (chart) => {
    const corner = chart.box.querySelector("svg").getBoundingClientRect();
    const [x, y] = chart.view.origin();
    return { x: corner.left + x, y: corner.top + y };
  };

  const curves = {
    places: (chart) => {
      const rows = [...chart.view.data(chart.spec.usermeta.read.data), ...chart.view.data("events")];
      const xs = new Set(rows.map((row) => row.x));
      return [...xs].sort((a, b) => a - b);
    },
    // Of the curves that have a value within `reach` pixels of x.
    at: (chart, x, reach) => {
      const { data, titles } = chart.spec.usermeta.read;
      const scale = chart.view.scale("x");
      const lines = { [titles[chart.view.signal("axis")]]: number(x) };
      const nearest = new Map();
      for (const row of chart.view.data(data)) {
        const distance = Math.abs(scale(row.x) - scale(x));
        const name = row.s + (row.k > 0 ? " (thrown away)" : "");
        if (distance <= reach && !(distance >= (nearest.get(name) || { distance: Infinity }).distance)) {
          nearest.set(name, { distance, row });
        }
      }
      for (const [name, { row }] of nearest) lines[name] = number(row.v);
      for (const event of chart.view.data("events")) {
        if (Math.abs(scale(event.x) - scale(x)) <= Math.max(reach, 1)) lines["line " + event.label] = event.text;
      }
      return lines;
    },
    visit: (chart, x) => {
      chart.view.signal("place", x).run();
      const origin = originOf(chart);
      const value = curves.at(chart, x, 0);
      show(value, origin.x + chart.view.scale("x")(x), origin.y + 8);
      return value;
    },
    leave: (chart) => chart.view.signal("place", null).run(),
  };

  const items = {
    places: (chart) => {
      const { mark, by } = chart.spec.usermeta.read;
      const found = [];
      const search = (part) => {
        if (part.marktype && part.name === mark) found.push(...part.items);
        else if (part.items) part.items.forEach(search);
      };
      search(chart.view.scenegraph().root);
      const middle = ({ bounds }) => ({ x: bounds.x1 + bounds.x2, y: bounds.y1 + bounds.y2 });
      return found.sort((a, b) => (by === "y" && middle(a).y - middle(b).y) || middle(a).x - middle(b).x);
    },
    visit: (chart, item) => {
      const origin = originOf(chart);
      const { x1, y1, x2, y2 } = item.bounds;
      ring.hidden = false;
      ring.style.left = origin.x + x1 - 3 + window.scrollX + "px";
      ring.style.top = origin.y + y1 - 3 + window.scrollY + "px";
      ring.style.width = x2 - x1 + 6 + "px";
      ring.style.height = y2 - y1 + 6 + "px";
      show(item.tooltip, origin.x + x2, origin.y + y1);
      return item.tooltip;
    },
    leave: () => {
      ring.hidden = true;
    },
  };

  // The slider over the places of a chart. Long charts: its page keys go ten at a time, Home and End to the ends.
  const addSlider = (chart, kind) => {
    const label = document.createElement("label");
    label.className = "reader";
    label.append("Values of the chart: " + chart.box.closest("figure").querySelector("h3").textContent);
    const slider = label.appendChild(document.createElement("input"));
    slider.type = "range";
    slider.min = slider.value = 0;
    slider.id = chart.id + "-values-at";
    chart.box.after(label);
    const read = () => {
      const places = kind.places(chart);
      slider.max = Math.max(0, places.length - 1);
      if (places.length === 0) return;
      slider.setAttribute("aria-valuetext", linesOf(kind.visit(chart, places[slider.value])).join("; "));
    };
    slider.addEventListener("focus", () => {
      chart.box.scrollIntoView({ block: "nearest" });
      read();
    });
    slider.addEventListener("input", read);
    slider.addEventListener("blur", () => leave(chart));
    window.addEventListener("resize", () => leave(chart));
  };

  const kinds = { curves, items };
  const leave = (chart) => {
    tooltip.hidden = true;
    if (chart.view) kinds[chart.spec.usermeta.read.kind].leave(chart);
  };

  // A line at the place that is nearest to the pointer, with the values of all curves near it.
  const followPointer = (chart) => {
    const follow = (event) => {
      const places = curves.places(chart);
      const at = event.clientX - originOf(chart).x;
      if (places.length === 0 || at < -8 || at > chart.view.width() + 8) return leave(chart);
      const scale = chart.view.scale("x");
      const x = places.reduce((best, place) => (Math.abs(scale(place) - at) < Math.abs(scale(best) - at) ? place : best));
      chart.view.signal("place", x).run();
      show(curves.at(chart, x, 12), event.clientX, event.clientY);
    };
    chart.box.addEventListener("pointermove", follow);
    chart.box.addEventListener("pointerdown", follow);
    chart.box.addEventListener("pointerleave", (event) => {
      if (event.pointerType !== "touch") leave(chart); // a finger that is gone leaves what it asked for
    });
    document.addEventListener("pointerdown", () => leave(chart), true); // before any chart takes it
  };

  return {
    // Vega's handler of tooltips. Charts of curves have lines of their own, of all curves at once. No event: a view ends.
    handlerOf: (chart) => (_handler, event, _item, value) => {
      if (chart.spec.usermeta?.read?.kind !== "curves") show(value, event?.clientX, event?.clientY);
    },
    // Once for every chart; its view may be another one later.
    connect: (chart) => {
      const { kind } = chart.spec.usermeta?.read || {};
      if (kind === "curves") followPointer(chart);
      if (kinds[kind]) addSlider(chart, kinds[kind]);
    },
    // After every drawing: what a slider over steps says.
    describe: (chart) => {
      const read = chart.spec.usermeta?.read || {};
      if (read.kind !== "steps") return;
      const reached = chart.view.data(read.data).filter((row) => row.k === row.top);
      const text = reached.map((row) => read.titles[row.p][row.w] + ": " + row.t).join("; ");
      for (const input of chart.inputs) input.setAttribute("aria-valuetext", text);
    },
  };
})();
