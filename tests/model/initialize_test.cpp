// SPDX-License-Identifier: Apache-2.0
// Starting values have the spread that their papers give, by layer, and depend on seed and stream alone.
#include <algorithm>
#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include <slalom/model.hpp>

namespace slalom::testing {
namespace {

ModelSpec network(Initialization initialization, Activation activation = Activation::kRelu) {
  ModelSpec spec;
  spec.kind = ModelKind::kMlp;
  spec.n_features = 120;
  spec.hidden = {200};
  spec.n_outputs = 50;
  spec.activation = activation;
  spec.initialization = initialization;
  return spec;
}

struct Spread {
  double mean = 0.0, deviation = 0.0, largest = 0.0;
};

/// Of the weights of layer `l`.
Spread spread_of(const ModelSpec& spec, std::size_t l) {
  const LayerView layer = ParameterLayout(spec).layers.at(l);
  const std::vector<double> arena = initial_parameters(spec, 7, 0);
  const auto begin = arena.begin() + layer.weight;
  const std::vector<double> weights(begin, begin + layer.inputs * layer.outputs);
  Spread spread;
  for (const double w : weights) spread.mean += w / static_cast<double>(weights.size());
  for (const double w : weights) {
    spread.deviation += (w - spread.mean) * (w - spread.mean) / static_cast<double>(weights.size());
    spread.largest = std::max(spread.largest, std::fabs(w));
  }
  spread.deviation = std::sqrt(spread.deviation);
  return spread;
}

/// `deviation`: the expected standard deviation. Of 10,000 or more weights it is known to 1 %; 4 % is four sigma.
void expect_spread(const ModelSpec& spec, std::size_t layer, double deviation, bool uniform) {
  SCOPED_TRACE(std::string(name_of(spec.initialization)) + " layer " + std::to_string(layer));
  const Spread found = spread_of(spec, layer);
  EXPECT_NEAR(found.mean, 0.0, 0.04 * deviation);
  EXPECT_NEAR(found.deviation, deviation, 0.04 * deviation);
  const double width = std::sqrt(3.0) * deviation;  // half of a uniform distribution's
  if (uniform) {
    EXPECT_LE(found.largest, width * (1.0 + 1e-6));
    EXPECT_GE(found.largest, 0.99 * width);
  } else {
    EXPECT_GE(found.largest, 1.5 * width);  // 2.6 standard deviations: beyond any uniform distribution's edge
  }
}

TEST(Initialization, HasThePublishedSpread) {
  const double in[] = {120.0, 200.0}, out[] = {200.0, 50.0};
  for (std::size_t l = 0; l < 2; ++l) {
    expect_spread(network(Initialization::kUniform), l, 0.05 / std::sqrt(3.0), true);
    expect_spread(network(Initialization::kNormal), l, 0.05, false);
    expect_spread(network(Initialization::kXavierUniform), l, std::sqrt(2.0 / (in[l] + out[l])), true);
    expect_spread(network(Initialization::kXavierNormal), l, std::sqrt(2.0 / (in[l] + out[l])), false);
    expect_spread(network(Initialization::kHeUniform), l, std::sqrt(2.0 / in[l]), true);
    expect_spread(network(Initialization::kHeNormal), l, std::sqrt(2.0 / in[l]), false);
  }
}

TEST(Initialization, TakesItsScaleFromTheSettings) {
  ModelSpec spec = network(Initialization::kUniform);
  spec.init_scale = 2.0;
  expect_spread(spec, 0, 2.0 / std::sqrt(3.0), true);
  spec.initialization = Initialization::kNormal;
  expect_spread(spec, 0, 2.0, false);
}

TEST(Initialization, AutoFollowsTheActivation) {
  for (const auto& [activation, name] : EnumNames<Activation>::kNames) {
    const bool saturating = activation == Activation::kTanh || activation == Activation::kSigmoid;
    const std::vector<double> found = initial_parameters(network(Initialization::kAuto, activation), 1, 0);
    const LayerView layer = ParameterLayout(network(Initialization::kAuto)).layers.at(1);
    const std::vector<double> he = initial_parameters(network(Initialization::kHeUniform, activation), 1, 0);
    const std::vector<double> xavier = initial_parameters(network(Initialization::kXavierUniform, activation), 1, 0);
    EXPECT_EQ(found[0], saturating ? xavier[0] : he[0]) << name;
    const auto last = static_cast<std::size_t>(layer.weight);
    EXPECT_EQ(found[last], xavier[last]) << name;  // the output layer has no activation
  }
}

TEST(Initialization, OfLinearModelsIsZeroUnlessAsked) {
  ModelSpec spec;
  spec.n_features = 9;
  for (const double value : initial_parameters(spec, 1, 0)) EXPECT_EQ(value, 0.0);
  spec.initialization = Initialization::kNormal;
  EXPECT_NE(initial_parameters(spec, 1, 0), std::vector<double>(16, 0.0));
}

TEST(Initialization, LeavesBiasesAtZeroAndNormsAtOne) {
  ModelSpec spec = network(Initialization::kNormal);
  spec.batch_norm = true;
  const std::vector<double> arena = initial_parameters(spec, 1, 0);
  for (const TensorView& tensor : ParameterLayout(spec).tensors) {
    const bool weight = tensor.name.ends_with(".weight");
    const bool one = tensor.name.ends_with(".gamma") || tensor.name.ends_with(".running_var");
    for (std::int64_t i = 0; i < tensor.size(); ++i) {
      const double value = arena[static_cast<std::size_t>(tensor.offset + i)];
      if (!weight) {
        ASSERT_EQ(value, one ? 1.0 : 0.0) << tensor.name;
      }
      ASSERT_EQ(static_cast<double>(static_cast<float>(value)), value) << tensor.name;
    }
  }
}

TEST(Initialization, DependsOnSeedAndStream) {
  const ModelSpec spec = network(Initialization::kAuto);
  const std::vector<double> start = initial_parameters(spec, 1, 0);
  EXPECT_EQ(start, initial_parameters(spec, 1, 0));
  EXPECT_NE(start, initial_parameters(spec, 2, 0));
  EXPECT_NE(start, initial_parameters(spec, 1, 1));
}

}  // namespace
}  // namespace slalom::testing
