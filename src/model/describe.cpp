// SPDX-License-Identifier: Apache-2.0
// Explains a model in aligned lines of text.
#include "model/describe.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <numeric>

#include <fmt/format.h>

namespace slalom {
namespace {

constexpr std::size_t kShownWeights = 20;

using Out = std::back_insert_iterator<std::string>;

void describe_shape(Out out, const Model& model) {
  const ModelSpec& spec = model.spec;
  const ParameterLayout layout(spec);
  std::string shape = std::to_string(spec.n_features);
  for (const LayerView& layer : layout.layers) shape += "-" + std::to_string(layer.outputs);
  fmt::format_to(out, "{:<16} {} ({}), {} parameters\n", "model", name_of(spec.kind), shape, layout.n_parameters);
  fmt::format_to(out, "{:<16} {}\n", "loss", name_of(spec.loss.kind));
  if (!spec.is_linear()) {
    fmt::format_to(out, "{:<16} {}{}{}\n", "hidden layers", name_of(spec.activation),
                   spec.batch_norm ? ", batch normalisation" : "",
                   spec.dropout > 0.0 ? fmt::format(", dropout {}", spec.dropout) : "");
  }
  for (const auto& [key, value] : model.facts) fmt::format_to(out, "{:<16} {}\n", key, value);
}

void describe_columns(Out out, const Preprocessing& p) {
  fmt::format_to(out, "{:<16} {}\n", p.targets.size() == 1 ? "target" : "targets", fmt::join(p.targets, ", "));
  if (!p.classes.empty()) fmt::format_to(out, "{:<16} {}\n", "classes", fmt::join(p.classes, ", "));
  fmt::format_to(out, "\n{:<24} {:<12} {}\n", "column", "kind", "missing cells become");
  for (const InputColumn& input : p.inputs) {
    if (!input.categorical) {
      fmt::format_to(out, "{:<24} {:<12} {:.6g}\n", input.name, "number", input.fill);
      continue;
    }
    const auto code = static_cast<std::size_t>(input.fill_code);
    fmt::format_to(out, "{:<24} {:<12} {}\n", input.name, fmt::format("{} levels", input.width()),
                   code < input.categories.size() ? input.categories[code] : "other");
  }
}

void describe_weights(Out out, const Model& model) {
  const LinearCoefficients c = coefficients_in_original_units(model);
  const std::size_t d = c.features.size();
  for (std::size_t j = 0; j < c.intercepts.size(); ++j) {
    std::string of = model.preprocessing.targets.size() > 1 ? " of " + model.preprocessing.targets[j] : "";
    if (c.intercepts.size() > 1 && !model.preprocessing.classes.empty())
      of = " of class " + model.preprocessing.classes[j];
    fmt::format_to(out, "\nweights in original units{}{}\n", of, model.spec.is_classifier() ? " (logit)" : "");
    fmt::format_to(out, "{:<32} {:>14.6g}\n", "(intercept)", c.intercepts[j]);
    // By their effect: the weight times the feature's scale.
    std::vector<std::size_t> order(d);
    std::iota(order.begin(), order.end(), std::size_t{0});
    const auto effect = [&](std::size_t f) {
      return std::fabs(c.coefficients[j * d + f]) * model.preprocessing.scale[f];
    };
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return effect(a) > effect(b); });
    for (std::size_t i = 0; i < std::min(d, kShownWeights); ++i) {
      fmt::format_to(out, "{:<32} {:>14.6g}\n", c.features[order[i]], c.coefficients[j * d + order[i]]);
    }
    if (d > kShownWeights) fmt::format_to(out, "... and {} smaller ones\n", d - kShownWeights);
  }
}

}  // namespace

std::string describe(const Model& model) {
  std::string text;
  const Out out = std::back_inserter(text);
  describe_shape(out, model);
  describe_columns(out, model.preprocessing);
  if (model.spec.is_linear()) describe_weights(out, model);
  return text;
}

}  // namespace slalom
