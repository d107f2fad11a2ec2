# SPDX-License-Identifier: Apache-2.0
"""Takes a picture of a part of a page, as the README shows it.

screenshot.py PAGE.html PICTURE.png WIDTH SELECTOR: the window's width in pixels, and which element (CSS)
"""
import base64
import json
import pathlib
import sys

import chromium


def main(page, picture, width, selector):
    with chromium.Browser(chromium.find()) as browser:
        tab = chromium.Tab(browser)
        tab.resize(int(width))
        tab.emulate()
        tab.open(pathlib.Path(page).resolve().as_uri(), "window.slalomReady")
        place = tab.evaluate("(({x, y, width, height}) => ({x, y, width, height}))(document.querySelector(%s).getBoundingClientRect())"
                             % json.dumps(selector))
        margin = 16
        clip = {"x": place["x"] - margin, "y": place["y"] - margin, "width": place["width"] + 2 * margin,
                "height": place["height"] + 2 * margin, "scale": 1}
        data = tab.call("Page.captureScreenshot", format="png", captureBeyondViewport=True, clip=clip)["data"]
    pathlib.Path(picture).write_bytes(base64.b64decode(data))


main(*sys.argv[1:])
