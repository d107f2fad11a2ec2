# SPDX-License-Identifier: Apache-2.0
"""Reports of real runs, opened in a browser.

report_test.py FOLDER_FOR_SCREENSHOTS SLALOM
"""
import pathlib
import random
import subprocess
import sys
import tempfile

from browser_fixture import BrowserTest, main

KINDS = ["low", "middle", "high\u202e"]
TRAIN = "--quiet --epochs 8 --report {0}.html --metrics {0}.jsonl"
RUNS = {
    "numbers": "train --data numbers.csv --target y --lr 0.1 " + TRAIN,
    "slower": "train --data numbers.csv --target y --lr 0.01 " + TRAIN,
    "classes": "train --data classes.csv --target kind --model mlp --hidden 6 --restarts 2 " + TRAIN,
    "binary": "train --data binary.csv --target kind --model logistic --lr 0.05 " + TRAIN,
    "guarded": "train --data numbers.csv --target y --drop colour --optimizer sgd --lr 9 " + TRAIN,
    "tuning": "tune --data numbers.csv --target y --batch-sizes 8,32 --epochs 6 --repeats 1 --measure-time 0.01 --devices cpu"
    " --quiet --report {0}.html",
    "both": "report numbers.jsonl slower.jsonl --quiet --out {0}.html",
}


def write_tables(folder):
    """Numbers and classes that follow from two features, and names that are awkward in a page."""
    draw = random.Random(1)
    numbers, classes = ["a,b,colour,y"], ["a,</script><b>,kind"]
    for i in range(300):
        a, b = draw.uniform(0, 10), draw.uniform(-2, 2)
        numbers.append(f"{a:.3f},{b:.3f},{['red', 'green', '<i>blue'][i % 3]},{30000 * a - 9000 * b + draw.gauss(0, 5000):.1f}")
        classes.append(f"{a:.3f},{b:.3f},{KINDS[min(2, int(a / 3))]}")
    binary = [classes[0]] + [line for line in classes[1:] if not line.endswith(KINDS[2])]
    (folder / "binary.csv").write_text("\n".join(binary) + "\n", encoding="utf-8")
    (folder / "numbers.csv").write_text("\n".join(numbers) + "\n", encoding="utf-8")
    (folder / "classes.csv").write_text("\n".join(classes) + "\n", encoding="utf-8")


def prepare():
    write_tables(FOLDER)
    for name, command in RUNS.items():
        subprocess.run([SLALOM, *command.format(name).split()], cwd=FOLDER, check=True)


class Reports(BrowserTest):
    def check(self, name, minimum_charts):
        self.check_page(FOLDER / (name + ".html"), minimum_charts)

    def test_a_regression(self):
        self.check("numbers", 6)

    def test_classes_and_restarts(self):
        self.check("classes", 7)

    def test_two_classes(self):
        self.check("binary", 6)

    def test_hovering_tells_values(self):
        self.open(FOLDER / "numbers.html")
        place = self.tab.evaluate(
            "(() => { const e = document.querySelector('[data-chart] svg'); e.scrollIntoView({block: 'center'});"
            " const r = e.getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 3]; })()"
        )
        self.tab.call("Input.dispatchMouseEvent", type="mouseMoved", x=place[0], y=place[1])
        self.tab.settle()
        tooltip = "document.getElementById('tooltip')"
        self.assertTrue(self.tab.evaluate("!%s.hidden && /\\d/.test(%s.textContent)" % (tooltip, tooltip)))

    def test_a_tap_tells_values(self):
        self.open(FOLDER / "numbers.html", 390)
        self.tab.call("Emulation.setTouchEmulationEnabled", enabled=True)
        for chart, told in (("loss", "epoch: "), ("residuals", "from: ")):
            place = self.tab.evaluate(
                "(() => { const e = document.querySelector('#%s svg'); e.scrollIntoView({block: 'center'});"
                " const r = e.getBoundingClientRect(); return {x: r.x + 0.57 * r.width, y: r.y + 0.7 * r.height}; })()" % chart
            )
            self.tab.call("Input.dispatchTouchEvent", type="touchStart", touchPoints=[place])
            self.tab.call("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])
            self.tab.wait_for("!document.getElementById('tooltip').hidden && document.getElementById('tooltip').textContent.startsWith('%s')"
                              % told)
            self.tab.settle()
            self.assertFalse(self.tab.evaluate("document.getElementById('tooltip').hidden"), chart)

    def test_keys_read_what_the_table_has(self):
        self.open(FOLDER / "numbers.html")
        table = self.tab.evaluate("[...document.querySelectorAll('[data-table=loss] tbody tr')].map((row) =>"
                                  " [...row.children].map((cell) => cell.textContent))")
        self.assertEqual(len(table), 8)
        texts = [self.read("loss", "Home", 36)["text"]] + [self.read("loss", "ArrowRight", 39)["text"] for _ in table[1:]]
        expected = [f"epoch: {epoch}; training: {train}; validation: {valid}; learning rate: {rate}"
                    for epoch, _step, _seconds, rate, train, valid in table]
        self.assertEqual(texts, expected)

    def test_keys_come_to_every_cell_of_a_matrix(self):
        self.open(FOLDER / "binary.html")
        cells = [self.read("confusion", "Home", 36)["text"]] + [self.read("confusion", "ArrowRight", 39)["text"] for _ in range(3)]
        table = self.tab.evaluate("[...document.querySelectorAll('[data-table=confusion] tbody td')].map((cell) => cell.textContent)")
        self.assertEqual([cell.split("; ")[2] for cell in cells], ["rows: " + count for count in table])
        self.assertTrue(cells[1].startswith("actual: low; predicted: middle; "), cells[1])

    def test_screen_readers_know_the_sliders(self):
        self.open(FOLDER / "guarded.html")
        texts = [self.read("loss", "Home", 36)["text"]] + [self.read("loss", "ArrowRight", 39)["text"] for _ in range(4)]
        self.assertRegex("\n".join(texts), "epoch: .*; line 1: the loss exploded")  # what the guard did, where it did it
        nodes = self.tab.call("Accessibility.getFullAXTree")["nodes"]
        sliders = [node["name"]["value"] for node in nodes if node.get("role", {}).get("value") == "slider"]
        charts = self.tab.evaluate("[...document.querySelectorAll('figure h3')].map((e) => e.textContent)")
        self.assertLessEqual({"Values of the chart: " + title for title in charts}, set(sliders))

    def test_a_run_that_the_guard_took_back(self):
        self.check("guarded", 6)

    def test_a_tuning(self):
        self.check("tuning", 4)

    def test_a_comparison(self):
        self.check("both", 4)


if __name__ == "__main__":
    SLALOM = sys.argv[2]
    with tempfile.TemporaryDirectory() as scratch:
        FOLDER = pathlib.Path(scratch)
        main(sys.argv[1:2], prepare)
