// SPDX-License-Identifier: Apache-2.0
// The updates of both network engines, the one in shared memory and the one in graphs, against reference trajectories of
// every optimiser.
#include <array>
#include <cmath>

#include "cuda/golden_trajectory.hpp"
#include "cuda/graph_backend.hpp"

namespace slalom::testing {
namespace {

constexpr std::int64_t kParameters = 5;
constexpr std::int64_t kBatch = 2 * kParameters;

/// One output over 5 sigmoid units, of which unit i sees 200 x_i, x_i = 1 or -1: its value is exactly 1 or 0 and its slope 0,
/// so that only the output's weights (and bias) get a gradient.
ModelSpec network() {
  ModelSpec spec;
  spec.kind = ModelKind::kMlp;
  spec.n_features = kParameters;
  spec.hidden = {kParameters};
  spec.activation = Activation::kSigmoid;
  spec.loss.kind = LossKind::kMae;
  return spec;
}

/// Data whose gradient by the output's weights at step t is gradients[t], whatever the parameters. For weight j two rows of
/// mean absolute error with derivatives s w / 10 and -s w / 10 (targets beyond any output); unit j is 1 in the first, all
/// others are 0. So s is the sign of the gradient, and w, a row weight, ten times its size. The bias gets about 0.
Dataset data_with_gradients(const json& gradients) {
  Dataset data;
  data.n_rows = kBatch * static_cast<std::int64_t>(gradients.size());
  data.n_features = kParameters;
  data.n_targets = 1;
  for (const json& gradient : gradients) {
    const auto values = gradient.get<std::vector<double>>();
    for (std::int64_t j = 0; j < kParameters; ++j) {
      const double g = values[static_cast<std::size_t>(j)];
      for (const float side : {1.0F, -1.0F}) {
        for (std::int64_t i = 0; i < row_stride(kParameters); ++i) {
          data.features.push_back(i >= kParameters ? 0.0F : i == j ? side : -1.0F);
        }
        data.targets.push_back(std::copysign(1e30F, static_cast<float>(g)) * -side);
        data.weights.push_back(static_cast<float>(kBatch * std::abs(g)));
      }
    }
  }
  return data;
}

class NetworkOptimizerGolden : public GoldenDeviceTest {
 protected:
  static void expect_file(const char* name) {
    const ModelSpec spec = network();
    const ParameterLayout layout(spec);
    std::vector<double> start(static_cast<std::size_t>(layout.n_total));
    for (std::int64_t i = 0; i < kParameters; ++i) {
      start[static_cast<std::size_t>(layout.layers[0].weight + i * kParameters + i)] = 200.0;
    }
    for_each_case(name, [&](const std::string& key, const json& file, const json& expected) {
      const Dataset data = data_with_gradients(file.at("gradients"));
      const MemberConfig member{.optimizer = config_of(key, expected.at("hyperparameters"))};
      const std::array backends{make_backend(DeviceKind::kCuda, spec, data, {&member, 1}),
                                make_graph_backend(spec, data, {&member, 1})};
      for (std::size_t engine = 0; engine < backends.size(); ++engine) {
        SCOPED_TRACE(key + (engine == 0 ? ", in shared memory" : ", in graphs"));
        expect_golden_trajectory({.backend = *backends[engine],
                                  .spec = spec,
                                  .start = start,
                                  .offset = layout.layers[1].weight,
                                  .batch = kBatch,
                                  .block_steps = engine == 0 ? 1U : 10U},
                                 file, expected, core::resolve_rule(member.optimizer));
      }
    });
  }
};

TEST_F(NetworkOptimizerGolden, EveryOptimizerMatches) { expect_file("optimizers.json"); }
TEST_F(NetworkOptimizerGolden, CombinationsMatch) { expect_file("optimizers_more.json"); }

}  // namespace
}  // namespace slalom::testing
