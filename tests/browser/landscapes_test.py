# SPDX-License-Identifier: Apache-2.0
"""The pages of slalom landscape, opened in a browser without a network.

landscapes_test.py FOLDER_FOR_SCREENSHOTS SLALOM
"""
import pathlib
import subprocess
import sys
import tempfile

from browser_fixture import BrowserTest, main

FOLDER = tempfile.TemporaryDirectory(prefix="slalom-landscapes-")
SURFACES = ("bowl", "valley", "rosenbrock", "himmelblau", "saddle", "rastrigin")


def page(name, *arguments):
    """The path of a page that slalom landscape wrote."""
    path = pathlib.Path(FOLDER.name) / ("landscape-%s.html" % name)
    subprocess.run([sys.argv[2], "landscape", *arguments, "--out", str(path), "--quiet"], check=True, cwd=FOLDER.name)
    return path


class Landscapes(BrowserTest):
    def test_every_surface(self):
        for surface in SURFACES:
            with self.subTest(surface=surface):
                self.check_content(page(surface, surface), minimum_charts=8)
                self.assertEqual(self.tab.complaints(), [])

    def test_one_page_in_all_respects(self):
        self.check_page(page("starts", "himmelblau", "--picture", "starts,optimizers"), minimum_charts=4)

    def test_the_error_of_a_file(self):
        rows = "".join("%d,%g\n" % (x, 2 * x + 1 + x % 3) for x in range(20))
        (pathlib.Path(FOLDER.name) / "line.csv").write_text("\"<img src=x onerror=alert(1)>\",y\n" + rows)
        self.check_content(page("file", "--data", "line.csv", "--target", "y"), minimum_charts=8)
        self.assertEqual(self.tab.evaluate("document.querySelectorAll('img').length"), 0)
        self.assertEqual(self.tab.complaints(), [])

    def test_the_slider_takes_the_way_back_to_its_start(self):
        self.open(page("slider", "bowl", "--picture", "path"))
        way = "slalomViews.path.data('shown').length"
        self.assertEqual(self.tab.evaluate(way), 31)
        self.tab.evaluate("document.getElementById('path-step').focus()")
        self.tab.press("Home", 36)
        self.tab.settle()
        self.assertEqual(self.tab.evaluate(way), 1)
        self.tab.press("ArrowRight", 39, times=3)
        self.tab.settle()
        self.assertEqual(self.tab.evaluate(way), 4)
        self.assertIn("step 3: f = ", self.tab.evaluate("document.getElementById('path').textContent"))

    def test_the_slider_says_where_every_descent_is(self):
        self.open(page("said", "bowl", "--picture", "starts,rates"))
        self.assertRegex(self.read("starts", "Home", 36)["text"],
                         r"^sgd, learning rate 0.1, start 1: step 0: f = 7.92 at \(-2.4, 1.2\); .*start 4: step 0: ")
        self.assertRegex(self.read("rates", "ArrowLeft", 37)["text"], r"^sgd, learning rate 0.1: step 29: .*; sgd, learning rate 0.672: step 29: ")

    def test_the_legend_has_the_levels_of_the_table(self):
        for scheme in ("light", "dark"):
            with self.subTest(scheme=scheme):
                self.tab.resize(800)
                self.tab.emulate(scheme=scheme)
                self.tab.open(page("legend", "bowl", "--picture", "path").resolve().as_uri(), "window.slalomReady")
                boxes = self.tab.evaluate("slalomViews.path.data('bands').map((band) => band.words)")
                table = self.tab.evaluate("[...document.querySelectorAll('[data-table=path] [aria-label^=Colours] tbody td')]"
                                          ".map((cell) => cell.textContent)")
                self.assertEqual(boxes, table)
                self.assertEqual(table[:2], ["from 0 to 1", "from 1 to 2"])
                # Every colour of the bar is that of an area of the picture.
                fills = self.tab.evaluate("(() => { const fills = (test) => [...new Set([...document.querySelectorAll('#path path')]"
                                          ".filter(test).map((e) => e.getAttribute('fill')))];"
                                          " return { bar: fills((e) => /v11h/.test(e.getAttribute('d'))),"
                                          " all: fills((e) => e.getBoundingClientRect().height > 40) }; })()")
                self.assertEqual(len(fills["bar"]), len(table))
                self.assertLessEqual(set(fills["bar"]), set(fills["all"]))

    def test_play_moves_the_slider(self):
        self.open(page("play", "valley", "--picture", "path"))
        value = "Number(document.getElementById('path-step').value)"
        self.tab.click("[data-play]")  # from the end: begins again
        self.tab.wait_for(value + " > 2 && " + value + " < 60")
        self.tab.click("[data-play]")
        stopped = self.tab.evaluate(value)
        self.tab.settle()
        self.assertEqual(self.tab.evaluate(value), stopped)


if __name__ == "__main__":
    main(sys.argv[1:2])
