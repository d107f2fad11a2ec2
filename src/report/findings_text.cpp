// SPDX-License-Identifier: Apache-2.0
// Formats findings.
#include "report/findings_text.hpp"

#include <fmt/format.h>

namespace slalom::report {

std::string advice_lines(const std::vector<Finding>& findings) {
  std::string text;
  for (const Finding& finding : findings) {
    if (!finding.advice.empty()) text += fmt::format("advice: {}: {}\n", finding.subject, finding.advice);
  }
  return text;
}

std::string explanation(const std::vector<Finding>& findings) {
  std::string text = "\nwhat training showed\n";
  for (const Finding& finding : findings) text += fmt::format("{}: {}\n", finding.subject, finding.explanation);
  if (findings.empty()) text += "too few epochs, and no hidden layers, to say anything\n";
  return text;
}

}  // namespace slalom::report
