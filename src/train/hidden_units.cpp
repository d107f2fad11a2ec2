// SPDX-License-Identifier: Apache-2.0
// Runs rows through hidden layers in float64.
#include "train/hidden_units.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>

#include <slalom/model.hpp>

#include "core/activations.hpp"
#include "core/batch_norm.hpp"
#include "train/curvature.hpp"

namespace slalom::training {
namespace {

constexpr std::int64_t kMostJudgedRows = 2048, kLeastJudgedRows = 32;
constexpr std::int64_t kMostWork = std::int64_t{1} << 27;  ///< multiplications

/// What units of one layer have done so far.
struct Seen {
  std::vector<bool> low, high;  ///< per unit: it was always at its lower end, at its upper end
};

class HiddenLayers {
 public:
  HiddenLayers(const ModelSpec& spec, std::span<const float> parameters)
      : activation_(spec.activation), layout_(spec), parameters_(parameters) {
    for (const std::int64_t width : spec.hidden) {
      const auto n = static_cast<std::size_t>(width);
      seen_.push_back(
          {.low = std::vector<bool>(n, true), .high = std::vector<bool>(n, activation_ != Activation::kRelu)});
    }
  }

  void pass(const float* row, std::int64_t n_features) {
    std::vector<double> inputs(row, row + n_features);
    for (std::size_t i = 0; i < seen_.size(); ++i) {
      std::vector<double> outputs(seen_[i].low.size());
      for (std::size_t j = 0; j < outputs.size(); ++j) {
        outputs[j] = core::activate(activation_, pre_activation(layout_.layers[i], inputs, j));
        look_at(outputs[j], seen_[i], j);
      }
      inputs = std::move(outputs);
    }
  }

  [[nodiscard]] std::vector<LayerUnits> count() const {
    std::vector<LayerUnits> layers;
    for (const Seen& seen : seen_) {
      LayerUnits layer{.units = static_cast<std::int64_t>(seen.low.size())};
      for (std::size_t j = 0; j < seen.low.size(); ++j) layer.stuck += seen.low[j] || seen.high[j] ? 1 : 0;
      layers.push_back(layer);
    }
    return layers;
  }

 private:
  [[nodiscard]] double value(std::int64_t offset, std::size_t i) const {
    return static_cast<double>(parameters_[static_cast<std::size_t>(offset) + i]);
  }

  [[nodiscard]] double pre_activation(const LayerView& layer, const std::vector<double>& inputs, std::size_t j) const {
    double z = layer.bias >= 0 ? value(layer.bias, j) : 0.0;
    const std::int64_t weights = layer.weight + static_cast<std::int64_t>(j) * layer.inputs;
    for (std::size_t k = 0; k < inputs.size(); ++k) z += value(weights, k) * inputs[k];
    if (layer.gamma < 0) return z;
    return core::normalise_running(z, value(layer.running_mean, j),
                                   core::running_inverse_deviation(value(layer.running_var, j)), value(layer.gamma, j),
                                   value(layer.beta, j));
  }

  void look_at(double h, Seen& seen, std::size_t j) const {
    const double end = activation_ == Activation::kSigmoid ? 2.0 * h - 1.0 : h;
    const bool relu = activation_ == Activation::kRelu;
    if (relu ? h != 0.0 : end > -kSaturated) seen.low[j] = false;
    if (end < kSaturated) seen.high[j] = false;
  }

  Activation activation_;
  ParameterLayout layout_;
  std::span<const float> parameters_;
  std::vector<Seen> seen_;
};

}  // namespace

UnitCount count_stuck_units(const ModelSpec& spec, const Dataset& data, std::span<const float> parameters) {
  const bool known = spec.activation == Activation::kRelu || spec.activation == Activation::kTanh ||
                     spec.activation == Activation::kSigmoid;
  const std::int64_t most = kMostWork / std::max<std::int64_t>(1, ParameterLayout(spec).n_weights);
  const std::int64_t n_rows = std::min({data.n_rows, kMostJudgedRows, most});
  if (spec.is_linear() || !known || n_rows < kLeastJudgedRows) return {};
  HiddenLayers layers(spec, parameters);
  for (const std::uint32_t row : spaced_rows(data.n_rows, n_rows)) layers.pass(data.view().row(row), data.n_features);
  return {.rows = n_rows, .layers = layers.count()};
}

}  // namespace slalom::training
