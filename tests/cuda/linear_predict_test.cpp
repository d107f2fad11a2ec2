// SPDX-License-Identifier: Apache-2.0
// Predictions of linear models: by the kernel and by a matrix product, of all rows and of chosen ones.
#include "cuda/device_test.hpp"
#include "cuda/linear_problem.hpp"

namespace slalom::testing {
namespace {

class LinearPredict : public DeviceTest {};

/// Outputs of chosen rows against float64 sums. Terms are about 1 and a sum has d of them.
void expect_outputs(std::int64_t d, std::int64_t outputs, bool resident) {
  SCOPED_TRACE("d " + std::to_string(d) + " outputs " + std::to_string(outputs) + (resident ? " resident" : ""));
  ModelSpec spec = linear_spec(LossKind::kMse, d, outputs);
  spec.initialization = Initialization::kNormal;
  const Dataset data = random_data(spec, 45);
  const Dataset copy = data;
  const auto backend = linear_backend(kTilesKernel, spec, data, {.kind = OptimizerKind::kSgd});
  std::vector<double> parameters = backend->export_state(0).parameters;
  const auto bias = static_cast<std::size_t>(ParameterLayout(spec).layers[0].bias);
  for (std::size_t j = 0; j < static_cast<std::size_t>(outputs); ++j)
    parameters[bias + j] = 0.25 * static_cast<double>(j);
  backend->import_state(0, {.parameters = parameters});
  for (const std::vector<std::uint32_t>& rows : {std::vector<std::uint32_t>{}, {44, 0, 3, 3, 17}, {9}}) {
    const std::size_t n = rows.empty() ? 45 : rows.size();
    std::vector<float> actual(n * static_cast<std::size_t>(outputs), -7.0F);
    backend->predict(0, resident ? data.view() : copy.view(), rows, actual);
    for (std::size_t i = 0; i < n; ++i) {
      const float* x = data.view().row(rows.empty() ? static_cast<std::int64_t>(i) : rows[i]);
      for (std::int64_t j = 0; j < outputs; ++j) {
        double z = parameters[bias + static_cast<std::size_t>(j)];
        for (std::int64_t c = 0; c < d; ++c)
          z += parameters[static_cast<std::size_t>(j * d + c)] * static_cast<double>(x[c]);
        ASSERT_TRUE(is_near(actual[i * static_cast<std::size_t>(outputs) + static_cast<std::size_t>(j)], z))
            << "row " << i << " output " << j;
      }
    }
  }
}

TEST_F(LinearPredict, MatchesSumsInFloat64) {
  for (const bool resident : {true, false}) {
    for (const auto& [d, outputs] :
         {std::pair{1, 1}, {2, 3}, {3, 1}, {8, 1}, {17, 5}, {100, 10}, {1000, 1}, {1001, 12}}) {
      expect_outputs(d, outputs, resident);  // fits the kernel's shared memory
    }
    for (const auto& [d, outputs] : {std::pair{1, 7000}, {13000, 1}, {700, 20}}) expect_outputs(d, outputs, resident);
  }
}

TEST_F(LinearPredict, TheRuleLooksAtTheWeightsThatFitSharedMemory) {
  const cuda::DeviceLimits limits{.multiprocessors = 4, .shared_bytes = 100000};
  const auto fits = [&](std::int64_t d, std::int64_t outputs) {
    return cuda::linear_predict_fits(cuda::linear_model(linear_spec(LossKind::kMse, d, outputs)), limits);
  };
  EXPECT_TRUE(fits(12280, 1));
  EXPECT_FALSE(fits(12288, 1));
  EXPECT_TRUE(fits(1001, 12));
  EXPECT_FALSE(fits(700, 20));
}

}  // namespace
}  // namespace slalom::testing
