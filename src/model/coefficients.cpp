// SPDX-License-Identifier: Apache-2.0
// Folds feature and target scaling into a linear model's weights.
#include <slalom/error.hpp>
#include <slalom/model.hpp>

namespace slalom {

LinearCoefficients coefficients_in_original_units(const Model& model) {
  if (!model.spec.is_linear()) throw UsageError("coefficients: the model has hidden layers, expected one without");
  const Preprocessing& p = model.preprocessing;
  const LayerView layer = ParameterLayout(model.spec).layers[0];
  LinearCoefficients result;
  result.features = p.feature_names();
  for (std::int64_t j = 0; j < layer.outputs; ++j) {
    const auto output = static_cast<std::size_t>(j);
    const double unit = p.target_scale.empty() ? 1.0 : p.target_scale[output];
    double intercept = static_cast<double>(model.parameters[static_cast<std::size_t>(layer.bias + j)]) * unit;
    if (!p.target_offset.empty()) intercept += p.target_offset[output];
    for (std::int64_t f = 0; f < layer.inputs; ++f) {
      const auto feature = static_cast<std::size_t>(f);
      const double weight =
          static_cast<double>(model.parameters[static_cast<std::size_t>(layer.weight + j * layer.inputs + f)]);
      const double coefficient = weight * unit / p.scale[feature];
      result.coefficients.push_back(coefficient);
      intercept -= coefficient * p.offset[feature];
    }
    result.intercepts.push_back(intercept);
  }
  return result;
}

}  // namespace slalom
