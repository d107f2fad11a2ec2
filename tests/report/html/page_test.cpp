// SPDX-License-Identifier: Apache-2.0
// A page is whole, loads nothing, and takes any text for text.
#include "report/html/page.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include <slalom/error.hpp>

#include "report/html/asset.hpp"
#include "report/html/theme.hpp"
#include "report/html/vega_bundle.hpp"
#include "support/message_of.hpp"

namespace slalom::report::html {
namespace {

constexpr const char* kHostile = "</script></style><script>alert(1)</script>\"'><img src=x onerror=alert(1)>\xFF";

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t n = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + part.size())) ++n;
  return n;
}

/// The page without the scripts of Vega and of its own, whose code no text can change.
std::string own_part(const Page& page) {
  const std::string html = page.html();
  return html.substr(0, html.find("<script>\n/*! Vega"));
}

Page one_chart(const std::string& text) {
  Page page(text, text);
  Section section{"first", text};
  section.blocks.push_back(
      Chart{.id = "loss",
            .title = text,
            .description = text,
            .spec = {{"width", 1}, {"title", text}},
            .controls = {{.kind = Control::Kind::kToggle, .signal = "log", .label = text},
                         {.kind = Control::Kind::kSlider, .signal = "smooth", .label = text, .high = 5.0, .play = true},
                         {.kind = Control::Kind::kChoice, .signal = "axis", .label = text, .choices = {{text, text}}}},
            .notes = {text},
            .table = {.caption = text, .columns = {{text, true}, {text}}, .rows = {{text, text}}, .note = text}});
  section.blocks.push_back(Facts{{{text, text}}, true});
  section.blocks.push_back(Paragraph{text});
  section.blocks.push_back(Preformatted{text});
  section.blocks.push_back(Messages{{{text, text}}});
  page.add(std::move(section));
  return page;
}

TEST(Page, TakesHostileTextForText) {
  const std::string calm = own_part(one_chart("calm")), hostile = own_part(one_chart(kHostile));
  for (const char* part : {"<script", "</script", "</style", "<img", "<li>", "<td"}) {
    EXPECT_EQ(count(hostile, part), count(calm, part)) << part;
  }
  EXPECT_NE(hostile.find("&lt;/script&gt;"), std::string::npos);
  EXPECT_EQ(hostile.find('\xFF'), std::string::npos);
}

TEST(Page, LoadsNothing) {
  const std::string html = own_part(one_chart("calm"));
  EXPECT_NE(html.find("default-src 'none'"), std::string::npos);
  EXPECT_EQ(count(html, "src="), 0U);
  EXPECT_EQ(count(html, "url("), 0U);
  EXPECT_EQ(count(html, "@import"), 0U);
  EXPECT_EQ(count(html, "http://") + count(html, "https://"), 0U);
  EXPECT_EQ(count(html, "<link"), 1U);  // the empty icon, so that browsers do not ask for one
  EXPECT_NE(html.find("<link rel=\"icon\" href=\"data:,\">"), std::string::npos);
}

TEST(Page, GivesEveryChartItsSpecInputsAndNumbers) {
  const std::string html = own_part(one_chart("Loss"));
  for (const char* part :
       {"data-chart=\"loss\"", "id=\"spec-loss\"", "id=\"loss-log\"", "id=\"loss-smooth\"", "data-play=\"loss-smooth\"",
        "id=\"loss-axis\"", "<details data-table=\"loss\">", "\"description\":\"Loss. Loss\"", "<a href=\"#first\">"}) {
    EXPECT_EQ(count(html, part), std::string(part).starts_with("<a") ? 0U : 1U) << part;  // one section: no contents
  }
}

TEST(Page, RefusesIdsThatAreNotItsOwn) {
  Page page("t");
  page.add({"one", "One"});
  EXPECT_THROW(page.add({"one", "Again"}), std::invalid_argument);
  EXPECT_THROW(page.add({"One two", "Blank"}), std::invalid_argument);
  EXPECT_THROW(page.add({"", "None"}), std::invalid_argument);
  Section section{"two", "Two"};
  section.blocks.push_back(Chart{.id = "one", .title = "", .description = "", .spec = Json::object()});
  EXPECT_THROW(page.add(section), std::invalid_argument);
}

TEST(Page, IsWrittenWholeOrNotAtAll) {
  const std::string path = ::testing::TempDir() + "page_test.html";
  const Page page = one_chart("calm");
  page.write(path);
  std::ifstream file(path, std::ios::binary);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(file), {}), page.html());
  std::filesystem::remove(path);
  EXPECT_EQ(testing::message_of<OutputError>([&] { page.write("/nonexistent/page.html"); }).find("/nonexistent/"), 0U);
  EXPECT_THROW(page.write("/dev/full"), OutputError);
}

TEST(VegaScript, HoldsEveryModuleAndTheLicence) {
  const std::string script = vega_script();
  for (const char* part : {"vegaModules[\"vega-view\"]", "vegaModules[\"vega-interpreter\"]",
                           "const vega = ", "UW Interactive Data Lab", "BSD-3-Clause", "Michael Bostock"}) {
    EXPECT_NE(script.find(part), std::string::npos) << part;
  }
  for (const char* part : {"</script", "</SCRIPT", "<!--", "sourceMappingURL"}) {
    EXPECT_EQ(script.find(part), std::string::npos) << part;
  }
  EXPECT_FALSE(asset("page.js").empty());
  EXPECT_EQ(asset("page.js").find("</script"), std::string::npos);
  EXPECT_TRUE(asset("nothing").empty());
}

/// Relative luminance of "#rrggbb" (WCAG 2.2).
double luminance(const std::string& color) {
  double sum = 0.0;
  for (const auto& [at, weight] : {std::pair{1U, 0.2126}, {3U, 0.7152}, {5U, 0.0722}}) {
    const double c = std::stoi(color.substr(at, 2), nullptr, 16) / 255.0;
    sum += weight * (c <= 0.04045 ? c / 12.92 : std::pow((c + 0.055) / 1.055, 2.4));
  }
  return sum;
}

double contrast(const std::string& a, const std::string& b) {
  const double x = luminance(a), y = luminance(b);
  return (std::max(x, y) + 0.05) / (std::min(x, y) + 0.05);
}

TEST(Theme, HasEnoughContrast) {
  const Json palettes = Json::parse(asset("theme.json"));
  for (const auto& [scheme, palette] : palettes.items()) {
    for (const char* surface : {"surface", "raised"}) {
      for (const char* text : {"ink", "muted", "accent", "bad", "good"}) {
        EXPECT_GE(contrast(palette.at(text), palette.at(surface)), 4.5) << scheme << ' ' << text << " on " << surface;
      }
    }
    for (const Json& color : palette.at("series")) EXPECT_GE(contrast(color, palette.at("surface")), 3.0) << color;
  }
}

TEST(Theme, NamesTheSameColoursInBothSchemes) {
  const Json light = chart_config(Scheme::kLight), dark = chart_config(Scheme::kDark);
  ASSERT_EQ(light.at("signals").size(), dark.at("signals").size());
  for (std::size_t i = 0; i < light.at("signals").size(); ++i) {
    EXPECT_EQ(light["signals"][i]["name"], dark["signals"][i]["name"]);
    EXPECT_NE(light["signals"][i]["value"], dark["signals"][i]["value"]);
  }
  EXPECT_NE(theme_css().find("--series-8:"), std::string::npos);
}

}  // namespace
}  // namespace slalom::report::html
