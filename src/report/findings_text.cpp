// SPDX-License-Identifier: Apache-2.0
// Formats findings.
#include "report/findings_text.hpp"

#include <fmt/format.h>

namespace slalom::report {

std::string advice_lines(const std::vector<Finding>& findings, const text::Style& style) {
  std::string text;
  for (const Finding& finding : findings) {
    if (finding.advice.empty()) continue;
    text += fmt::format("{} {}\n", style.paint(text::Tone::kCaution, "advice:"),
                        text::printable(finding.subject + ": " + finding.advice, style.charset));
  }
  return text;
}

std::string explanation(const std::vector<Finding>& findings, const text::Style& style) {
  std::string text = "\n" + style.paint(text::Tone::kHeading, "what training showed") + "\n";
  for (const Finding& finding : findings) {
    text += text::printable_lines(fmt::format("{}: {}\n", finding.subject, finding.explanation), style.charset);
  }
  if (findings.empty()) text += "too few epochs, and no hidden layers, to say anything\n";
  return text;
}

}  // namespace slalom::report
