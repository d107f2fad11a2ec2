// SPDX-License-Identifier: Apache-2.0
// The layers of a model as ONNX nodes, as NetworkEngine (cpu/network_engine.hpp) computes them for predictions.
#include <array>
#include <cmath>

#include <fmt/format.h>

#include "core/activations.hpp"
#include "core/batch_norm.hpp"
#include "model/onnx/parts.hpp"

namespace slalom::onnx_export {
namespace {

/// Weights [out, in] and bias [out] of one layer.
struct Dense {
  std::vector<float> weight, bias;
};

/// Batch normalisation by running statistics is an affine map of every unit, so it is folded into weights and bias.
Dense dense_of(const std::vector<float>& arena, const LayerView& layer) {
  const auto at = [&arena](std::int64_t offset, std::int64_t i) { return arena[static_cast<std::size_t>(offset + i)]; };
  Dense dense;
  dense.weight.reserve(static_cast<std::size_t>(layer.outputs * layer.inputs));
  for (std::int64_t j = 0; j < layer.outputs; ++j) {
    double factor = 1.0;
    if (layer.gamma >= 0) {
      const double variance = static_cast<double>(at(layer.running_var, j));
      factor = static_cast<double>(at(layer.gamma, j)) / std::sqrt(variance + core::kNormEpsilon);
      const double shift =
          static_cast<double>(at(layer.beta, j)) - factor * static_cast<double>(at(layer.running_mean, j));
      dense.bias.push_back(static_cast<float>(shift));
    } else {
      dense.bias.push_back(at(layer.bias, j));
    }
    for (std::int64_t k = 0; k < layer.inputs; ++k) {
      const auto weight = static_cast<double>(at(layer.weight, j * layer.inputs + k));
      dense.weight.push_back(static_cast<float>(factor * weight));
    }
  }
  return dense;
}

Value scalar(GraphBuilder& graph, const std::string& name, float value) {
  const std::array<float, 1> values{value};
  return graph.constant(name, {}, values);
}

/// z Phi(z) = z (1 + erf(z / sqrt 2)) / 2; the operator Gelu is too new for many runtimes.
Value gelu(GraphBuilder& graph, const Value& z, const std::string& result) {
  const auto times = [&](const Value& value, const char* name, float factor) {
    return graph.add(
        {.op = "Mul", .inputs = {value, scalar(graph, result + "." + name, factor)}, .result = result + ".product"});
  };
  const Value scaled = times(z, "sqrt_half", 0.70710678F);
  const Value erf = graph.add({.op = "Erf", .inputs = {scaled}, .result = result + ".erf"});
  const Value one = scalar(graph, result + ".one", 1.0F);
  const Value twice_cdf = graph.add({.op = "Add", .inputs = {erf, one}, .result = result + ".twice_cdf"});
  const Value product = graph.add({.op = "Mul", .inputs = {z, twice_cdf}, .result = result + ".product"});
  return graph.add({.op = "Mul", .inputs = {product, scalar(graph, result + ".half", 0.5F)}, .result = result});
}

Value activate(GraphBuilder& graph, Activation kind, const Value& z, const std::string& result) {
  const auto simple = [&](const char* op) { return graph.add({.op = op, .inputs = {z}, .result = result}); };
  switch (kind) {
    case Activation::kRelu: return simple("Relu");
    case Activation::kTanh: return simple("Tanh");
    case Activation::kSigmoid: return simple("Sigmoid");
    case Activation::kLeakyRelu:
      return graph.add({.op = "LeakyRelu",
                        .inputs = {z},
                        .result = result,
                        .attributes = {{"alpha", static_cast<float>(core::kLeakySlope)}}});
    case Activation::kGelu: return gelu(graph, z, result);
    case Activation::kSilu: break;
  }
  const Value gate = graph.add({.op = "Sigmoid", .inputs = {z}, .result = result + ".gate"});
  return graph.add({.op = "Mul", .inputs = {z, gate}, .result = result});
}

}  // namespace

Value add_network(GraphBuilder& graph, const Model& model, const Value& features) {
  const std::vector<LayerView> layers = ParameterLayout(model.spec).layers;
  Value value = features;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const auto name = [i](const char* what) { return fmt::format("layers.{}.{}", i, what); };
    const Dense dense = dense_of(model.parameters, layers[i]);
    const Value weight = graph.constant(name("weight"), {layers[i].outputs, layers[i].inputs}, dense.weight);
    const Value bias = graph.constant(name("bias"), {layers[i].outputs}, dense.bias);
    value = graph.add({.op = "Gemm",
                       .inputs = {value, weight, bias},
                       .result = name("z"),
                       .attributes = {{"transB", std::int64_t{1}}}});
    if (i + 1 < layers.size()) value = activate(graph, model.spec.activation, value, name("output"));
  }
  return value;
}

}  // namespace slalom::onnx_export
