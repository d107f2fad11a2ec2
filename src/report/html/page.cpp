// SPDX-License-Identifier: Apache-2.0
// Puts a page together: head, sections, the specs as JSON, scripts.
#include "report/html/page.hpp"

#include <algorithm>
#include <stdexcept>

#include <fmt/format.h>

#include <slalom/version.hpp>

#include "data/atomic_file.hpp"
#include "report/html/asset.hpp"
#include "report/html/blocks.hpp"
#include "report/html/theme.hpp"
#include "report/html/vega_bundle.hpp"

namespace slalom::report::html {
namespace {

/// Scripts and styles are in the page; nothing may be loaded, from anywhere.
constexpr const char* kPolicy =
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; "
    "form-action 'none'";

std::string head(const std::string& title) {
  return fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"{}\">\n"
      "<meta name=\"generator\" content=\"slalom {}\">\n<link rel=\"icon\" href=\"data:,\">\n<title>{}</title>\n"
      "<style>\n{}{}</style>\n</head>\n",
      kPolicy, kVersion, escape(title), theme_css(), asset("page.css"));
}

std::string navigation(const std::vector<Section>& sections) {
  std::string text = "<nav aria-label=\"Sections\"><ul>\n";
  for (const Section& section : sections) {
    text += fmt::format("<li><a href=\"#{}\">{}</a></li>\n", section.id, escape(section.title));
  }
  return text + "</ul></nav>\n";
}

std::string script(const std::string& id, const Json& json) {
  return fmt::format("<script type=\"application/json\" id=\"{}\">{}</script>\n", id, script_json(json));
}

}  // namespace

Page::Page(std::string title, std::string subtitle) : title_(std::move(title)), subtitle_(std::move(subtitle)) {}

void Page::require_id(const std::string& id) {
  const bool plain = !id.empty() && id.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string::npos;
  if (!plain || std::find(ids_.begin(), ids_.end(), id) != ids_.end()) {
    throw std::invalid_argument("page: found the id '" + id + "', expected one of its own of a-z, 0-9 and -");
  }
  ids_.push_back(id);
}

void Page::add(Section section) {
  require_id(section.id);
  for (const Block& block : section.blocks) {
    if (const auto* chart = std::get_if<Chart>(&block)) require_id(chart->id);
  }
  sections_.push_back(std::move(section));
}

std::string Page::html() const {
  std::string text = head(title_);
  text += "<body>\n<a class=\"skip\" href=\"#main\">Skip to the content</a>\n<header>\n";
  text += fmt::format("<h1>{}</h1>\n", escape(title_));
  if (!subtitle_.empty()) text += fmt::format("<p class=\"subtitle\">{}</p>\n", escape(subtitle_));
  if (sections_.size() > 1) text += navigation(sections_);
  text +=
      "</header>\n<noscript><p class=\"warning\">Scripts are off: the charts are not drawn. Their numbers are in the "
      "tables.</p></noscript>\n<main id=\"main\">\n";
  for (const Section& section : sections_) text += section_html(section);
  text += fmt::format(
      "</main>\n<footer><p>Made by slalom {}. Charts are drawn by Vega, whose licence is in this "
      "file. The file loads nothing from anywhere.</p></footer>\n",
      kVersion);
  text += script("chart-config", {{"light", chart_config(Scheme::kLight)}, {"dark", chart_config(Scheme::kDark)}});
  for (const Section& section : sections_) {
    for (const Block& block : section.blocks) {
      const auto* chart = std::get_if<Chart>(&block);
      if (chart == nullptr) continue;
      Json spec = chart->spec;
      spec["description"] = clean_text(chart->title + ". " + chart->description);
      text += script("spec-" + chart->id, spec);
    }
  }
  text += "<script>\n" + vega_script() + "</script>\n<script>\n";
  text.append(asset("reading.js")).append(asset("page.js")).append("</script>\n</body>\n</html>\n");
  return text;
}

void Page::write(const std::string& path) const { write_file(path, html()); }

}  // namespace slalom::report::html
