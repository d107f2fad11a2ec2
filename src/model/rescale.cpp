// SPDX-License-Identifier: Apache-2.0
// Folds a change of scaling into the first and the last layer.
#include "model/rescale.hpp"

namespace slalom::model_io {
namespace {

/// w (x - o) / s + b = (w s' / s) (x - o') / s' + (b + w (o' - o) / s). Batch normalisation has no bias: what would be
/// added to it is taken from the running mean.
void rescale_inputs(std::vector<double>& parameters, const LayerView& layer, const Preprocessing& from,
                    const Preprocessing& to) {
  for (std::int64_t j = 0; j < layer.outputs; ++j) {
    double moved = 0.0;
    for (std::int64_t f = 0; f < layer.inputs; ++f) {
      const auto feature = static_cast<std::size_t>(f);
      double& weight = parameters[static_cast<std::size_t>(layer.weight + j * layer.inputs + f)];
      moved += weight * (to.offset[feature] - from.offset[feature]) / from.scale[feature];
      weight *= to.scale[feature] / from.scale[feature];
    }
    if (layer.bias >= 0) {
      parameters[static_cast<std::size_t>(layer.bias + j)] += moved;
    } else {
      parameters[static_cast<std::size_t>(layer.running_mean + j)] -= moved;
    }
  }
}

/// o + s z = o' + s' (z s / s' + (o - o') / s')
void rescale_outputs(std::vector<double>& parameters, const LayerView& layer, const Preprocessing& from,
                     const Preprocessing& to) {
  for (std::size_t j = 0; j < to.target_scale.size(); ++j) {
    const double factor = from.target_scale[j] / to.target_scale[j];
    const auto output = static_cast<std::int64_t>(j);
    for (std::int64_t f = 0; f < layer.inputs; ++f) {
      parameters[static_cast<std::size_t>(layer.weight + output * layer.inputs + f)] *= factor;
    }
    double& bias = parameters[static_cast<std::size_t>(layer.bias + output)];
    bias = bias * factor + (from.target_offset[j] - to.target_offset[j]) / to.target_scale[j];
  }
}

}  // namespace

std::vector<double> rescaled_parameters(const Model& model, const Preprocessing& to) {
  const ParameterLayout layout(model.spec);
  std::vector<double> parameters(model.parameters.begin(), model.parameters.end());
  rescale_inputs(parameters, layout.layers.front(), model.preprocessing, to);
  rescale_outputs(parameters, layout.layers.back(), model.preprocessing, to);
  for (double& value : parameters) value = static_cast<double>(static_cast<float>(value));
  return parameters;
}

}  // namespace slalom::model_io
