# SPDX-License-Identifier: Apache-2.0
"""The checks of pages pass a good page and fail every broken one.

checks_test.py FOLDER_FOR_SCREENSHOTS
"""
import pathlib
import sys
import tempfile
import unittest

from browser_fixture import BrowserTest, main

GOOD = """<!doctype html><html lang="en"><meta charset="utf-8"><title>t</title>
<style>
body { background: #fff; color: #111; } @media (prefers-color-scheme: dark) { body { background: #000; color: #eee; } }
text { fill: currentColor; } :focus-visible { outline: 2px solid #06f; } svg { display: block; width: 100%; height: 80px; }
@media print { nav, .controls { display: none; } }
</style>
<nav><a href="#end">end</a></nav>
<figure><div class="controls"><label><input type="checkbox" id="c-log" data-signal="log"> Logarithmic</label>
<label>Smoothing <input type="range" id="c-smooth" data-signal="smooth" min="0" max="9" value="0"></label></div>
<div id="c" data-chart="c"><svg><g class="mark-line role-mark"><path d="M0,0L90,50" stroke="red" fill="none"/></g>
<g class="role-axis-label"><text y="70">1</text><text x="50" y="70">2</text></g></svg></div>
<label class="reader">Values <input type="range" id="c-values-at" max="1" value="0" aria-valuetext=""></label>
<details data-table="c"><summary>Numbers</summary><div aria-label="Numbers"><table><tbody><tr><td>1</td></tr></tbody></table></div></details></figure>
<p id="end">end</p><div id="tooltip" hidden><div></div></div>
<script>
window.slalomViews = { c: true };
document.getElementById("c-log").addEventListener("input", (e) => {
  document.querySelector("svg text").textContent = e.target.checked ? "0.1" : "1";
});
document.getElementById("c-smooth").addEventListener("input", (e) => {
  document.querySelector("path").setAttribute("d", "M0,0L90," + e.target.value);
});
const slider = document.getElementById("c-values-at"), tooltip = document.getElementById("tooltip");
const read = () => {
  const text = "value: " + slider.value;
  slider.setAttribute("aria-valuetext", text);
  tooltip.hidden = false;
  tooltip.firstChild.textContent = text;
};
slider.addEventListener("focus", read);
slider.addEventListener("input", read);
slider.addEventListener("blur", () => { tooltip.hidden = true; });
window.slalomReady = true;
</script></html>"""

# What is broken: the text that is replaced, and by what.
BROKEN = {
    "it complains": ("window.slalomReady = true", "console.error('no'); window.slalomReady = true"),
    "it throws": ("window.slalomReady = true", "setTimeout(() => { throw Error('no'); }); window.slalomReady = true"),
    "it asks the network": ("window.slalomReady = true", "fetch('http://example.invalid/x').catch(() => 0); window.slalomReady = true"),
    "it loads a script": ("<nav>", "<script src='http://example.invalid/x.js'></script><nav>"),
    "the chart has no view": ("{ c: true }", "{}"),
    "the chart has no marks": ('<path d="M0,0L90,50" stroke="red" fill="none"/>', '<path d=""/>'),
    "the chart has no axis": ("role-axis-label", "role-none"),
    "a label is an awkward number": (">2</text>", ">1e+2</text>"),
    "the table is empty": ("<tr><td>1</td></tr>", ""),
    "the chart has no table": ('data-table="c"', ""),
    "an input has no label": ("Logarithmic</label>", "</label>"),
    "the switch does nothing": ('e.target.checked ? "0.1" : "1"', '"1"'),
    "the switch only moves the curve": ('document.querySelector("svg text").textContent = e.target.checked ? "0.1" : "1"',
                                        'document.querySelector("path").setAttribute("d", "M0,0L9," + Number(e.target.checked))'),
    "the slider does nothing": ('"M0,0L90," + e.target.value', '"M0,0L90,50"'),
    "the keyboard does not get there": ('<a href="#end"', '<a tabindex="-1" href="#end"'),
    "focus does not show": ("outline: 2px solid #06f", "outline: none"),
    "two headings are the same": ("<nav>", "<h2>Curves</h2><h3>Curves</h3><nav>"),
    "the values are not for keys": ('class="reader"', 'class="other"'),
    "the values are not said": ('setAttribute("aria-valuetext", text)', 'setAttribute("aria-valuetext", "")'),
    "all values are said to be the same": ('"value: " + slider.value', '"value: 1"'),
    "the values are not seen": ("tooltip.hidden = false", "tooltip.hidden = true"),
    "the values stay": ('("blur", () => { tooltip.hidden = true; })', '("blur", () => {})'),
    "it is wider than a phone": ("<p id", "<div style='width: 600px'>wide</div><p id"),
    "the chart is wider than its room": ("svg { display: block; width: 100%", "div { overflow: hidden } svg { display: block; width: 3000px"),
    "it is light in the dark": ("(prefers-color-scheme: dark)", "(prefers-color-scheme: none)"),
    "it can hardly be read": ("color: #111", "color: #aaa"),
    "it prints its inputs": ("nav, .controls { display: none; }", ""),
}


class Checks(BrowserTest):
    def check(self, page):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "page.html"
            path.write_text(page)
            self.check_page(path)

    def test_a_good_page_passes(self):
        self.check(GOOD)

    def test_every_broken_page_fails(self):
        for what, (old, new) in BROKEN.items():
            with self.subTest(what=what):
                self.assertIn(old, GOOD)
                result = unittest.TestResult()
                page = GOOD.replace(old, new)
                aside = type("Aside", (BrowserTest,), {"runTest": lambda test: Checks.check(test, page)})
                aside().run(result)
                self.assertFalse(result.wasSuccessful())
                self.assertEqual(result.errors, [])  # it failed by a check, not by an accident


if __name__ == "__main__":
    main(sys.argv[1:])
