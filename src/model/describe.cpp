// SPDX-License-Identifier: Apache-2.0
// Explains a model in aligned lines of text.
#include "model/describe.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <fmt/format.h>

#include "text/table.hpp"

namespace slalom {
namespace {

using text::ColumnKind;
using text::TextTable;

constexpr std::size_t kShownWeights = 20;

/// What is said in one line each: shape, loss, facts, targets, classes.
TextTable facts_of(const Model& model) {
  const ModelSpec& spec = model.spec;
  const Preprocessing& p = model.preprocessing;
  const ParameterLayout layout(spec);
  std::string shape = std::to_string(spec.n_features);
  for (const LayerView& layer : layout.layers) shape += "-" + std::to_string(layer.outputs);
  TextTable table({ColumnKind::kName, ColumnKind::kNote});
  table.add({"model", fmt::format("{} ({}), {} parameters", name_of(spec.kind), shape, layout.n_parameters)});
  table.add({"loss", std::string(name_of(spec.loss.kind))});
  if (!spec.is_linear()) {
    table.add({"hidden layers",
               fmt::format("{}{}{}", name_of(spec.activation), spec.batch_norm ? ", batch normalisation" : "",
                           spec.dropout > 0.0 ? fmt::format(", dropout {}", spec.dropout) : "")});
  }
  for (const auto& [key, value] : model.facts) table.add({key, value});
  table.add({p.targets.size() == 1 ? "target" : "targets", fmt::format("{}", fmt::join(p.targets, ", "))});
  if (!p.classes.empty()) table.add({"classes", fmt::format("{}", fmt::join(p.classes, ", "))});
  return table;
}

TextTable columns_of(const Preprocessing& p) {
  TextTable table({ColumnKind::kName, ColumnKind::kName, ColumnKind::kName});
  table.heading({"column", "kind", "missing cells become"});
  for (const InputColumn& input : p.inputs) {
    if (!input.categorical) {
      table.add({input.name, "number", fmt::format("{:.6g}", input.fill)});
      continue;
    }
    const auto code = static_cast<std::size_t>(input.fill_code);
    table.add({input.name, fmt::format("{} levels", input.width()),
               code < input.categories.size() ? input.categories[code] : "other"});
  }
  return table;
}

std::string describe_weights(const Model& model, const text::Style& style) {
  const LinearCoefficients c = coefficients_in_original_units(model);
  const std::size_t d = c.features.size();
  std::string text;
  for (std::size_t j = 0; j < c.intercepts.size(); ++j) {
    std::string of = model.preprocessing.targets.size() > 1 ? " of " + model.preprocessing.targets[j] : "";
    if (c.intercepts.size() > 1 && !model.preprocessing.classes.empty())
      of = " of class " + model.preprocessing.classes[j];
    const std::string title = "weights in original units" + of + (model.spec.is_classifier() ? " (logit)" : "");
    text += "\n" + style.paint(text::Tone::kHeading, text::printable(title, style.charset)) + "\n";
    TextTable table({ColumnKind::kName, ColumnKind::kNumber});
    table.add({"(intercept)", fmt::format("{:.6g}", c.intercepts[j])});
    // By their effect: the weight times the feature's scale.
    std::vector<std::size_t> order(d);
    std::iota(order.begin(), order.end(), std::size_t{0});
    const auto effect = [&](std::size_t f) {
      return std::fabs(c.coefficients[j * d + f]) * model.preprocessing.scale[f];
    };
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return effect(a) > effect(b); });
    for (std::size_t i = 0; i < std::min(d, kShownWeights); ++i) {
      table.add({c.features[order[i]], fmt::format("{:.6g}", c.coefficients[j * d + order[i]])});
    }
    text += table.text(style);
    if (d > kShownWeights) text += fmt::format("... and {} smaller ones\n", d - kShownWeights);
  }
  return text;
}

}  // namespace

std::string describe(const Model& model, const text::Style& style) {
  std::string text = facts_of(model).text(style) + "\n" + columns_of(model.preprocessing).text(style);
  if (model.spec.is_linear()) text += describe_weights(model, style);
  return text;
}

}  // namespace slalom
