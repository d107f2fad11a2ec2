// SPDX-License-Identifier: Apache-2.0
// Puts a training report together.
#include "report/html/run_page.hpp"

#include <optional>
#include <utility>

#include "report/html/sections.hpp"
#include "report/json_fields.hpp"

namespace slalom::report::html {

Page run_page(const RunRecord& record) {
  const std::string started = text_of(record.run, "started");
  const std::string model = text_of(field(record.result, "summary"), "model");
  std::string subtitle = model.empty() ? "Training run" : model + " model";
  if (!record.name.empty()) subtitle += ", " + record.name;
  if (!started.empty()) subtitle += ", started " + started;
  Page page("Training report", subtitle);
  page.add(result_section(record));
  const auto add = [&](std::optional<Section> section) {
    if (section) page.add(std::move(*section));
  };
  add(findings_section(record));
  add(curves_section(record));
  add(predictions_section(record));
  add(coefficients_section(record));
  add(data_section(record));
  page.add(run_section(record));
  return page;
}

}  // namespace slalom::report::html
