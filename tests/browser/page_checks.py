# SPDX-License-Identifier: Apache-2.0
"""What every page that slalom writes has to do in a browser."""
import pathlib
import re
import unittest

WIDTHS = (390, 800, 1400)
SHORT_POWER = re.compile(r"e\+?[0-3]$")

# Of every chart: its id, the shapes that were drawn with an extent, and the texts of its axes and legends.
CHARTS = """[...document.querySelectorAll('[data-chart]')].map((box) => ({
  id: box.dataset.chart,
  view: Boolean(window.slalomViews[box.dataset.chart]),
  marks: [...box.querySelectorAll('svg [role="graphics-symbol"], svg [class*="mark-"]')].filter((group) =>
    !group.closest('.role-axis-grid, .role-axis-tick, .role-axis-domain, .role-axis-label, .role-axis-title, .role-legend') &&
    !group.className.baseVal.includes('mark-group') && !group.className.baseVal.includes('mark-text') &&
    [...group.querySelectorAll('path, line, rect, circle, image')].some((shape) => {
      const r = shape.getBoundingClientRect();
      const style = getComputedStyle(shape);
      return r.width + r.height > 0 && Number(style.opacity) > 0;
    })).length,
  labels: [...box.querySelectorAll('svg .role-axis-label text')].map((text) => text.textContent).filter(Boolean),
  wide: box.querySelector('svg') ? box.querySelector('svg').getBoundingClientRect().width > box.clientWidth + 1 : true,
}))"""

TABLES = """[...document.querySelectorAll('table')].map((table) => ({
  label: table.closest('[aria-label]') ? table.closest('[aria-label]').getAttribute('aria-label') : '',
  rows: table.querySelectorAll('tbody tr').length,
  cells: [...table.querySelectorAll('tbody td, tbody th')].filter((cell) => cell.textContent.trim() !== '').length,
}))"""

# What a keyboard has to reach.
REACHABLE = """[...document.querySelectorAll('a[href], input, select, button, summary')]
  .filter((element) => element.checkVisibility()).length"""

SEEN = "[...document.querySelectorAll('#tooltip:not([hidden]) div')].map((e) => e.textContent)"

FOCUSED = """(() => {
  const e = document.activeElement;
  if (!e || e === document.body) return null;
  window.slalomSeen = window.slalomSeen || new Map();
  if (!window.slalomSeen.has(e)) window.slalomSeen.set(e, window.slalomSeen.size);
  const style = getComputedStyle(e);
  return {
    number: window.slalomSeen.get(e),
    counts: e.matches('a[href], input, select, button, summary'),
    marked: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0,
    name: e.id || e.textContent.slice(0, 40),
  };
})()"""

# Contrast of the text of a page and of its charts with what is behind: WCAG's ratio, the least one.
CONTRAST = """(() => {
  const luminance = (color) => {
    const [r, g, b] = color.match(/[\\d.]+/g).slice(0, 3).map((c) => {
      const s = Number(c) / 255;
      return s <= 0.04045 ? s / 12.92 : ((s + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ratio = (a, b) => {
    const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y);
    return (high + 0.05) / (low + 0.05);
  };
  const back = getComputedStyle(document.body).backgroundColor;
  const colors = [...document.querySelectorAll('p, h1, h2, h3, dt, dd, td, summary')].map((e) => getComputedStyle(e).color);
  for (const text of document.querySelectorAll('svg .role-axis-label text, svg .role-axis-title text')) {
    if (!text.textContent.trim()) continue;
    colors.push(getComputedStyle(text).fill);
  }
  return { back, least: Math.min(...colors.map((color) => ratio(color, back))) };
})()"""


class PageChecks(unittest.TestCase):
    """Subclasses set `tab` (chromium.Tab) and `shots` (a folder for screenshots)."""

    tab = None
    shots = None

    def open(self, path, width=1400, **media):
        self.tab.resize(width)
        self.tab.emulate(**media)
        self.tab.open(pathlib.Path(path).resolve().as_uri(), "window.slalomReady")

    def check_page(self, path, minimum_charts=1):
        """Everything below."""
        name = pathlib.Path(path).stem
        self.check_content(path, minimum_charts)
        self.check_inputs()
        self.check_keyboard(path)
        self.check_reading()
        self.check_widths(path, name)
        self.check_dark(path, name)
        self.check_print(path)
        self.assertEqual(self.tab.complaints(), [])

    def check_content(self, path, minimum_charts):
        self.open(path)
        charts = self.tab.evaluate(CHARTS)
        self.assertGreaterEqual(len(charts), minimum_charts)
        for chart in charts:
            with self.subTest(chart=chart["id"]):
                self.assertTrue(chart["view"], chart)
                self.assertGreater(chart["marks"], 0, chart)
                self.assertGreater(len(chart["labels"]), 1, chart)
                self.assertEqual([text for text in chart["labels"] if SHORT_POWER.search(text)], [], "1e+2 should read 100")
        for table in self.tab.evaluate(TABLES):
            with self.subTest(table=table["label"]):
                self.assertGreater(table["rows"], 0)
                self.assertGreater(table["cells"], 0)
        untold = self.tab.evaluate("[...document.querySelectorAll('[data-chart]')].map((b) => b.dataset.chart)"
                                   ".filter((id) => !document.querySelector('[data-table=\"' + id + '\"] tbody tr'))")
        self.assertEqual(untold, [], "charts without their numbers as a table")
        unnamed = self.tab.evaluate("[...document.querySelectorAll('input, select')]"
                                    ".filter((e) => !(e.labels && e.labels.length && e.labels[0].textContent.trim())).map((e) => e.id)")
        self.assertEqual(unnamed, [], "inputs without a label")
        headings = self.tab.evaluate("[...document.querySelectorAll('h1, h2, h3')].map((e) => e.textContent)")
        self.assertEqual([text for text in headings if headings.count(text) > 1], [], "headings that are not told apart")

    def drawn(self, chart):
        """The shapes of a chart and the labels of its axes."""
        box = "document.getElementById('%s')" % chart
        return self.tab.evaluate(
            "({labels: [...%s.querySelectorAll('.role-axis-label text')].map((t) => t.textContent).join('|'),"
            " shapes: [...%s.querySelectorAll('path, line, rect')].map((e) => e.getAttribute('d') + e.getAttribute('transform')"
            " + getComputedStyle(e).opacity).join('|')})" % (box, box)
        )

    def check_inputs(self):
        """Every input changes its chart: switches by a click, sliders and lists by keys."""
        inputs = self.tab.evaluate("[...document.querySelectorAll('[data-signal]')].map((e) => ({id: e.id, type: e.type,"
                                   " high: e.type === 'range' && Number(e.value) >= Number(e.max),"
                                   " signal: e.dataset.signal, chart: e.closest('figure').querySelector('[data-chart]').id}))")
        for item in inputs:
            with self.subTest(input=item["id"]):
                before = self.drawn(item["chart"])
                if item["type"] == "checkbox":
                    self.tab.click("#" + item["id"])
                else:
                    self.tab.evaluate("document.getElementById('%s').focus()" % item["id"])
                    key = ("ArrowDown", 40) if item["type"] != "range" else ("ArrowLeft", 37) if item["high"] else ("ArrowRight", 39)
                    self.tab.press(*key, times=5 if item["type"] == "range" else 1)
                    self.tab.settle()
                after = self.drawn(item["chart"])
                self.assertTrue(before != after, "the chart stays as it was")
                if item["signal"] == "log":
                    self.assertNotEqual(before["labels"], after["labels"], "the axis stays as it was")
                    self.tab.click("#" + item["id"])
                    self.assertEqual(self.drawn(item["chart"])["labels"], before["labels"])

    def check_keyboard(self, path):
        """Tab comes to all that can be used, and shows where it is."""
        self.open(path)
        wanted = self.tab.evaluate(REACHABLE)
        reached, unmarked = set(), []
        for _ in range(4 * wanted + 40):
            self.tab.press("Tab", 9)
            at = self.tab.evaluate(FOCUSED)
            if at is None:
                break
            if at["counts"]:
                reached.add(at["number"])
            if not at["marked"]:
                unmarked.append(at["name"])
        self.assertEqual(len(reached), wanted)
        self.assertEqual(unmarked, [])

    def check_reading(self):
        """Every chart has a slider that tells its values: to screen readers, and to those who see it what the pointer would be told."""
        for chart in self.tab.evaluate("[...document.querySelectorAll('[data-chart]')].map((box) => box.dataset.chart)"):
            with self.subTest(chart=chart):
                first, last = self.read(chart, "Home", 36), self.read(chart, "End", 35)
                for at in (first, last):
                    self.assertRegex(at["text"] or "", r"\d", "the slider says nothing")
                    if not at["steps"]:
                        self.assertEqual(at["text"].split("; "), at["seen"], "what is seen is not what is said")
                self.assertTrue(first["places"] < 2 or first["text"] != last["text"], "all places say the same")
        self.tab.evaluate("document.activeElement.blur()")
        self.assertEqual(self.tab.evaluate(SEEN), [], "the values stay when the focus has gone")

    def read(self, chart, key, code):
        """What the slider over a chart's places says after a key."""
        slider = "document.getElementById('%s').closest('figure').querySelector('.reader input, [data-signal=step]')" % chart
        self.assertTrue(self.tab.evaluate("Boolean(%s)" % slider), "no slider")
        self.tab.evaluate(slider + ".focus()")
        self.tab.press(key, code)
        self.tab.settle()
        return self.tab.evaluate("((e) => ({text: e.getAttribute('aria-valuetext'), places: Number(e.max) + 1, seen: %s,"
                                 " steps: e.dataset.signal === 'step'}))(%s)" % (SEEN, slider))

    def check_widths(self, path, name):
        for width in WIDTHS:
            with self.subTest(width=width):
                self.open(path, width)
                over = self.tab.evaluate("document.scrollingElement.scrollWidth - window.innerWidth")
                self.assertLessEqual(over, 0, "the page is wider than the window")
                self.assertEqual([c["id"] for c in self.tab.evaluate(CHARTS) if c["wide"]], [], "charts wider than their room")
                self.tab.screenshot(self.shots / ("%s-%d.png" % (name, width)))

    def check_dark(self, path, name):
        self.open(path, 800)
        light = self.tab.evaluate(CONTRAST)
        self.tab.emulate(scheme="dark")  # while it is open
        self.tab.settle()
        dark = self.tab.evaluate(CONTRAST)
        self.assertNotEqual(light["back"], dark["back"])
        for scheme in (light, dark):
            self.assertGreaterEqual(scheme["least"], 4.5)
        self.tab.screenshot(self.shots / (name + "-dark.png"))
        self.tab.emulate()

    def check_print(self, path):
        self.open(path, 800, scheme="dark")
        pdf = self.tab.pdf()
        self.assertTrue(pdf.startswith(b"%PDF"))
        self.assertIn(b"/Page", pdf)
        self.tab.emulate(media="print")
        shown = self.tab.evaluate("[...document.querySelectorAll('.controls, nav')].filter((e) => e.checkVisibility()).length")
        self.assertEqual(shown, 0, "inputs and links on paper")
        self.tab.emulate()
