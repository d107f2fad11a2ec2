// SPDX-License-Identifier: Apache-2.0
// Writes each kind of block as HTML.
#include "report/html/blocks.hpp"

#include <fmt/format.h>

namespace slalom::report::html {
namespace {

constexpr std::size_t kLongTable = 25;  ///< rows; longer ones have a window of their own

std::string table_html(const TextTable& table) {
  const std::string label = escape(table.caption.empty() ? "Table" : table.caption);
  std::string text = fmt::format("<div class=\"scroll{}\" tabindex=\"0\" role=\"region\" aria-label=\"{}\"><table>\n",
                                 table.rows.size() > kLongTable ? " long" : "", label);
  if (!table.caption.empty()) text += fmt::format("<caption>{}</caption>\n", label);
  text += "<thead><tr>";
  for (const TextTable::Column& column : table.columns) {
    text += fmt::format("<th scope=\"col\"{}>{}</th>", column.numeric ? " class=\"number\"" : "", escape(column.name));
  }
  text += "</tr></thead>\n<tbody>\n";
  for (const auto& row : table.rows) {
    text += "<tr>";
    for (std::size_t i = 0; i < row.size() && i < table.columns.size(); ++i) {
      const char* align = table.columns[i].numeric ? " class=\"number\"" : "";
      const bool header = i == 0 && table.row_headers;
      text += header ? fmt::format("<th scope=\"row\"{}>{}</th>", align, escape(row[i]))
                     : fmt::format("<td{}>{}</td>", align, escape(row[i]));
    }
    text += "</tr>\n";
  }
  text += "</tbody></table></div>\n";
  if (!table.note.empty()) text += fmt::format("<p class=\"note\">{}</p>\n", escape(table.note));
  return text;
}

std::string input_html(const std::string& id, const Control& control) {
  const std::string common = fmt::format("id=\"{}\" data-signal=\"{}\" autocomplete=\"off\"", id, control.signal);
  if (control.kind == Control::Kind::kToggle) {
    return fmt::format("<label><input type=\"checkbox\" {}{}> {}</label>\n", common,
                       control.value != 0.0 ? " checked" : "", escape(control.label));
  }
  if (control.kind == Control::Kind::kChoice) {
    std::string text = fmt::format("<label>{} <select {}>", escape(control.label), common);
    for (const auto& [value, label] : control.choices) {
      text += fmt::format("<option value=\"{}\">{}</option>", escape(value), escape(label));
    }
    return text + "</select></label>\n";
  }
  std::string text = fmt::format(
      "<label>{0} <input type=\"range\" {1} min=\"{2}\" max=\"{3}\" step=\"{4}\" value=\"{5}\"> <output "
      "for=\"{6}\">{5}</output></label>\n",
      escape(control.label), common, control.low, control.high, control.step, control.value, id);
  if (control.play) text += fmt::format("<button type=\"button\" data-play=\"{}\">Play</button>\n", id);
  return text;
}

struct Writer {
  std::string operator()(const TextTable& table) const { return table_html(table); }
  std::string operator()(const Paragraph& paragraph) const {
    return fmt::format("<p>{}</p>\n", escape(paragraph.text));
  }
  std::string operator()(const Preformatted& block) const {
    return fmt::format("<pre tabindex=\"0\">{}</pre>\n", escape(block.text));
  }

  std::string operator()(const Facts& facts) const {
    std::string text = fmt::format("<dl class=\"{}\">\n", facts.large ? "tiles" : "facts");
    for (const auto& [name, value] : facts.items) {
      text += fmt::format("<div><dt>{}</dt><dd>{}</dd></div>\n", escape(name), escape(value));
    }
    return text + "</dl>\n";
  }

  std::string operator()(const Messages& messages) const {
    std::string text = "<ul class=\"messages\">\n";
    for (const Messages::Item& item : messages.items) {
      const char* look = item.kind == kErrorKind ? " class=\"error\"" : "";
      text +=
          fmt::format("<li{}><strong>{}</strong> <span>{}</span></li>\n", look, escape(item.kind), escape(item.text));
    }
    return text + "</ul>\n";
  }

  std::string operator()(const Chart& chart) const {
    std::string text =
        fmt::format("<figure{0}>\n<figcaption><h3>{1}</h3><p class=\"description\">{2}</p></figcaption>\n",
                    chart.half ? " class=\"half\"" : "", escape(chart.title), escape(chart.description));
    if (!chart.controls.empty()) {
      text += fmt::format("<div class=\"controls\" role=\"group\" aria-label=\"Settings of the chart: {}\">\n",
                          escape(chart.title));
      for (const Control& control : chart.controls) text += input_html(chart.id + "-" + control.signal, control);
      text += "</div>\n";
    }
    text += fmt::format("<div class=\"drawing\" id=\"{0}\" data-chart=\"{0}\"></div>\n", chart.id);
    for (const std::string& note : chart.notes) text += fmt::format("<p class=\"note\">{}</p>\n", escape(note));
    if (!chart.table.columns.empty()) {
      const std::string legend = chart.legend.columns.empty() ? "" : table_html(chart.legend);
      text += fmt::format("<details data-table=\"{}\"><summary>Numbers: {}</summary>\n{}{}</details>\n", chart.id,
                          escape(chart.title), table_html(chart.table), legend);
    }
    return text + "</figure>\n";
  }
};

}  // namespace

std::string section_html(const Section& section) {
  std::string text = fmt::format("<section id=\"{0}\" aria-labelledby=\"{0}-title\">\n<h2 id=\"{0}-title\">{1}</h2>\n",
                                 section.id, escape(section.title));
  bool in_pair = false;  // charts of half the width stand in a grid of their own
  for (const Block& block : section.blocks) {
    const auto* chart = std::get_if<Chart>(&block);
    const bool half = chart != nullptr && chart->half;
    if (half != in_pair) text += half ? "<div class=\"pair\">\n" : "</div>\n";
    in_pair = half;
    text += std::visit(Writer{}, block);
  }
  return text + (in_pair ? "</div>\n" : "") + "</section>\n";
}

}  // namespace slalom::report::html
