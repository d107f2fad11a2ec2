// SPDX-License-Identifier: Apache-2.0
// The fused updates of the linear kernels against reference trajectories of every optimiser.
#include "cuda/golden_trajectory.hpp"
#include "cuda/linear_problem.hpp"

namespace slalom::testing {
namespace {

constexpr std::int64_t kParameters = 5;

/// Data whose gradient at step t is gradients[t], whatever the parameters: two rows of mean absolute error, x = -g with
/// a target that no output reaches from above (derivative -1), x = g with one from below (derivative 1). The bias gets
/// -1/2 + 1/2 = 0.
Dataset data_with_gradients(const json& gradients) {
  Dataset data;
  data.n_rows = 2 * static_cast<std::int64_t>(gradients.size());
  data.n_features = kParameters;
  data.n_targets = 1;
  for (const json& gradient : gradients) {
    for (const float sign : {-1.0F, 1.0F}) {
      const auto values = gradient.get<std::vector<float>>();
      for (std::int64_t j = 0; j < row_stride(kParameters); ++j) {
        data.features.push_back(j < kParameters ? sign * values[static_cast<std::size_t>(j)] : 0.0F);
      }
      data.targets.push_back(-sign * 1e30F);
    }
  }
  return data;
}

void expect_trajectory(const Kernel& kernel, const std::string& name, const json& file, const json& expected) {
  SCOPED_TRACE(std::string(kernel.name) + " " + name);
  const ModelSpec spec = linear_spec(LossKind::kMae, kParameters, 1);
  const Dataset data = data_with_gradients(file.at("gradients"));
  const OptimizerConfig config = config_of(name, expected.at("hyperparameters"));
  const auto backend = linear_backend(kernel, spec, data, config);
  const std::size_t block_steps = kernel.multiprocessors == 1 ? 1 : 10;  // grids are slow on no real device
  expect_golden_trajectory({.backend = *backend,
                            .spec = spec,
                            .start = std::vector<double>(static_cast<std::size_t>(ParameterLayout(spec).n_total)),
                            .batch = 2,
                            .block_steps = block_steps},
                           file, expected, core::resolve_rule(config));
}

class LinearGolden : public GoldenDeviceTest {
 protected:
  static void expect_file(const char* name) {
    for (const Kernel& kernel : kKernels) {
      for_each_case(name, [&](const std::string& key, const json& file, const json& expected) {
        expect_trajectory(kernel, key, file, expected);
      });
    }
  }
};

TEST_F(LinearGolden, EveryOptimizerMatches) { expect_file("optimizers.json"); }
TEST_F(LinearGolden, CombinationsMatch) { expect_file("optimizers_more.json"); }

}  // namespace
}  // namespace slalom::testing
