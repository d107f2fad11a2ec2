// SPDX-License-Identifier: Apache-2.0
// Class weights by flag or by frequency.
#include "data/class_weights.hpp"

#include <algorithm>

#include <slalom/error.hpp>

namespace slalom::data {

void fit_class_weights(Preprocessing& preprocessing, const ClassCounts& counts, const Column& column,
                       const PreprocessOptions& options) {
  if (!options.balanced_classes && options.class_weights.empty()) return;
  Preprocessing& p = preprocessing;
  p.class_weights.assign(p.classes.size(), 1.0);
  const auto position = [&](const std::string& name) {
    return static_cast<std::size_t>(std::find(p.classes.begin(), p.classes.end(), name) - p.classes.begin());
  };
  std::int64_t total = 0;
  for (const auto& [name, count] : counts) total += count;
  for (const auto& [name, count] : counts) {
    const std::size_t at = position(name);
    if (!options.balanced_classes || at == p.classes.size()) continue;
    p.class_weights[at] =
        static_cast<double>(total) / (static_cast<double>(counts.size()) * static_cast<double>(count));
  }
  for (const auto& [name, weight] : options.class_weights) {
    const std::size_t at = position(name);
    if (at == p.classes.size()) {
      throw UsageError("--class-weight: no class '" + name + "' in column '" + column.name() + "'");
    }
    p.class_weights[at] = weight;
  }
}

}  // namespace slalom::data
