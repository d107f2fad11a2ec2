# SPDX-License-Identifier: Apache-2.0
"""What the browser's tests have in common: one browser for a module, or the reason why there is none."""
import os
import pathlib
import sys
import unittest

import chromium
import page_checks


class BrowserTest(page_checks.PageChecks):
    """A new tab for every test."""

    browser = None

    def setUp(self):
        self.tab = chromium.Tab(self.browser)
        self.addCleanup(self.tab.close)


def main(arguments, prepare=lambda: None):
    """Runs the tests of the calling module. arguments: the folder for screenshots. Ends with 77 where no browser is installed, unless
    SLALOM_REQUIRE_BROWSER=1."""
    program = chromium.find()
    if program is None:
        print("no chromium here (scripts/setup.sh --dev installs it)")
        sys.exit(1 if os.environ.get("SLALOM_REQUIRE_BROWSER") == "1" else 77)
    page_checks.PageChecks.shots = pathlib.Path(arguments[0])
    page_checks.PageChecks.shots.mkdir(parents=True, exist_ok=True)
    prepare()
    with chromium.Browser(program) as BrowserTest.browser:
        run = unittest.main(argv=["browser"], exit=False, verbosity=2)
    sys.exit(0 if run.result.wasSuccessful() else 1)
