// SPDX-License-Identifier: Apache-2.0
// The line that is rewritten fits the terminal at every moment.
#include "text/live_line.hpp"

#include <cstdlib>

#include <gtest/gtest.h>

#include "support/pseudo_terminal.hpp"
#include "text/width.hpp"

namespace slalom::text {
namespace {

using slalom::testing::PseudoTerminal;
using slalom::testing::without_colours;

const std::vector<std::string> kParts{"epoch 3/20", "loss 0.25", "1e+06 samples/s", "9 s left"};

Sparkline falling_curve() {
  Sparkline curve;
  for (int i = 1; i <= 10; ++i) curve.add(i / 10.0, 11.0 - i);
  return curve;
}

class LiveLineOn : public ::testing::Test {
 protected:
  void SetUp() override {
    unsetenv("COLUMNS");
    if (!terminal_.works()) GTEST_SKIP() << "no pseudo-terminals here";
  }
  PseudoTerminal terminal_{80};
};

TEST_F(LiveLineOn, ATerminalIsRewritten) {
  {
    LiveLine line(terminal_.stream(), {.live = true});
    line.show(kParts);
    EXPECT_EQ(terminal_.written(), "epoch 3/20  loss 0.25  1e+06 samples/s  9 s left");
    line.show({"done"});
    EXPECT_EQ(terminal_.written(), "\r\x1b[Kdone");
    line.clear();
    line.clear();
    EXPECT_EQ(terminal_.written(), "\r\x1b[K");
    line.show({"more"});
    terminal_.written();
  }
  EXPECT_EQ(terminal_.written(), "\r\x1b[K");  // it does not stay behind
}

TEST_F(LiveLineOn, AnythingElseIsLeftAlone) {
  LiveLine line(terminal_.stream(), {.live = false});
  line.show(kParts);
  line.clear();
  EXPECT_EQ(terminal_.written(), "");
}

TEST_F(LiveLineOn, ANarrowTerminalHoldsTheFirstParts) {
  const Sparkline curve = falling_curve();
  LiveLine line(terminal_.stream(), {.live = true});
  for (int columns = 1; columns <= 120; ++columns) {
    terminal_.resize(columns);
    line.show(kParts, &curve);
    std::string text = terminal_.written();
    if (text.starts_with("\r\x1b[K")) text = text.substr(4);
    EXPECT_LT(display_width(text), static_cast<std::size_t>(std::max(columns, 2))) << columns << text;
  }
  terminal_.resize(30);
  line.show(kParts);
  EXPECT_EQ(terminal_.written(), "\r\x1b[Kepoch 3/20  loss 0.25");
  terminal_.resize(8);
  line.show(kParts);
  EXPECT_EQ(terminal_.written(), "\r\x1b[Kepoch …");
}

TEST_F(LiveLineOn, TheCurveTakesTheRoomThatIsLeft) {
  const Sparkline curve = falling_curve();
  LiveLine line(terminal_.stream(), {.live = true});
  const auto curve_at = [&](int columns) {
    terminal_.resize(columns);
    line.clear();
    terminal_.written();
    line.show(kParts, &curve);
    const std::string text = terminal_.written();
    const std::size_t end = text.find("left");
    return end == std::string::npos ? std::string("?") : text.substr(end + 4);
  };
  EXPECT_EQ(display_width(curve_at(120)), 26U);  // two blanks and at most 24 bars
  EXPECT_EQ(display_width(curve_at(60)), 11U);   // 48 columns of text, and the last column stays free
  EXPECT_EQ(display_width(curve_at(57)), 8U);
  EXPECT_EQ(curve_at(56), "");
}

TEST_F(LiveLineOn, OnlyScreensThatReadUtf8GetTheCurve) {
  const Sparkline curve = falling_curve();
  LiveLine line(terminal_.stream(), {.colour = true, .live = true, .charset = Charset::kAscii});
  line.show({"ä"}, &curve);
  EXPECT_EQ(terminal_.written(), "\\u00e4");
}

TEST_F(LiveLineOn, NothingInTheTextIsObeyed) {
  LiveLine line(terminal_.stream(), {.live = true});
  line.show({"fold\x1b[2J\n1"});
  EXPECT_EQ(without_colours(terminal_.written()), "fold\\x1b[2J\\n1");
}

}  // namespace
}  // namespace slalom::text
