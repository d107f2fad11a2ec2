// SPDX-License-Identifier: Apache-2.0
// Starting values of a model's parameters.
#include <cmath>
#include <numbers>

#include <slalom/model.hpp>

#include "core/philox.hpp"

namespace slalom {
namespace {

constexpr double kDefaultScale = 0.05;

/// What kAuto means for layer `i`.
Initialization resolve(const ModelSpec& spec, bool last) {
  if (spec.initialization != Initialization::kAuto) return spec.initialization;
  if (spec.is_linear()) return Initialization::kZeros;
  const bool saturating = spec.activation == Activation::kTanh || spec.activation == Activation::kSigmoid;
  return last || saturating ? Initialization::kXavierUniform : Initialization::kHeUniform;
}

/// Half-width of a uniform, or standard deviation of a normal distribution (Glorot & Bengio 2010, He et al. 2015).
double scale_of(Initialization kind, double init_scale, const LayerView& layer) {
  const auto in = static_cast<double>(layer.inputs);
  const auto out = static_cast<double>(layer.outputs);
  switch (kind) {
    case Initialization::kXavierUniform: return std::sqrt(6.0 / (in + out));
    case Initialization::kXavierNormal: return std::sqrt(2.0 / (in + out));
    case Initialization::kHeUniform: return std::sqrt(6.0 / in);
    case Initialization::kHeNormal: return std::sqrt(2.0 / in);
    default: return init_scale > 0.0 ? init_scale : kDefaultScale;
  }
}

bool is_normal(Initialization kind) {
  return kind == Initialization::kNormal || kind == Initialization::kXavierNormal || kind == Initialization::kHeNormal;
}

/// The standard value (uniform in (-1, 1) or standard normal) of one element, from its own counter.
double standard_value(bool normal, const std::array<std::uint32_t, 4>& words) {
  const auto unit = [&](std::size_t i) { return (static_cast<double>(words[i]) + 0.5) * 0x1.0p-32; };
  if (!normal) return 2.0 * unit(0) - 1.0;
  return std::sqrt(-2.0 * std::log(unit(0))) * std::cos(2.0 * std::numbers::pi * unit(1));
}

}  // namespace

std::vector<double> initial_parameters(const ModelSpec& spec, std::uint64_t seed, std::uint64_t stream) {
  const ParameterLayout layout(spec);
  std::vector<double> arena(static_cast<std::size_t>(layout.n_total), 0.0);
  const auto fill = [&](std::int64_t offset, std::int64_t count, double value) {
    if (offset < 0) return;
    for (std::int64_t i = 0; i < count; ++i) arena[static_cast<std::size_t>(offset + i)] = value;
  };
  for (std::size_t i = 0; i < layout.layers.size(); ++i) {
    const LayerView& layer = layout.layers[i];
    fill(layer.gamma, layer.outputs, 1.0);
    fill(layer.running_var, layer.outputs, 1.0);
    const Initialization kind = resolve(spec, i + 1 == layout.layers.size());
    if (kind == Initialization::kZeros) continue;
    const double scale = scale_of(kind, spec.init_scale, layer);
    for (std::int64_t j = 0; j < layer.outputs * layer.inputs; ++j) {
      const auto words = core::philox(seed, static_cast<std::uint32_t>(stream), core::RandomUse::kInitialization,
                                      static_cast<std::uint32_t>(i), static_cast<std::uint64_t>(j));
      const double value = scale * standard_value(is_normal(kind), words);
      arena[static_cast<std::size_t>(layer.weight + j)] = static_cast<double>(static_cast<float>(value));
    }
  }
  return arena;
}

}  // namespace slalom
