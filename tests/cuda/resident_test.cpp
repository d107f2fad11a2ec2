// SPDX-License-Identifier: Apache-2.0
// Datasets that were kept are read on the device, and give the numbers that an upload gives.
#include "cuda/resident_data.hpp"

#include <algorithm>

#include "cuda/device_test.hpp"
#include "cuda/linear_problem.hpp"

namespace slalom::testing {
namespace {

class ResidentTest : public DeviceTest {
 protected:
  static std::vector<float> predictions(Backend& backend, const Dataset& data, std::span<const std::uint32_t> rows) {
    const auto n = static_cast<std::size_t>(rows.empty() ? data.n_rows : static_cast<std::int64_t>(rows.size()));
    std::vector<float> outputs(n * static_cast<std::size_t>(backend.spec().n_outputs));
    backend.predict(0, data.view(), rows, outputs);
    return outputs;
  }
};

TEST_F(ResidentTest, KeptAndTrainingDataAreNotUploadedAgain) {
  const ModelSpec spec = linear_spec(LossKind::kCrossEntropy, 5, 3);
  Dataset train = random_data(spec, 40);
  Dataset kept = random_data(spec, 33);
  Dataset other = random_data(spec, 33);
  const auto backend = linear_backend(kBlockKernel, spec, train, OptimizerConfig{});
  run_steps(*backend, 0, train, 8, 0.1, 1);
  backend->keep(kept);
  backend->keep(kept);  // no difference
  const std::vector<std::uint32_t> some{32, 0, 7, 7};
  for (Dataset* data : {&train, &kept, &other}) {
    for (const std::span<const std::uint32_t> rows : {std::span<const std::uint32_t>{}, std::span(some)}) {
      const std::vector<float> before = predictions(*backend, *data, rows);
      EXPECT_NE(before, std::vector<float>(before.size(), before.front()));
      const AlignedFloats features = data->features;
      std::fill(data->features.begin(), data->features.end(), 1.0F);  // seen only by what reads the host's copy
      EXPECT_EQ(predictions(*backend, *data, rows) == before, data != &other);
      std::copy(features.begin(), features.end(), data->features.begin());
    }
  }
}

TEST_F(ResidentTest, KeptDataIsPredictedLikeUploadedData) {
  const ModelSpec spec = linear_spec(LossKind::kMse, 3, 1);
  const Dataset train = random_data(spec, 20);
  const Dataset kept = random_data(spec, 20);
  const Dataset same = kept;
  const auto backend = linear_backend(kBlockKernel, spec, train, OptimizerConfig{});
  run_steps(*backend, 0, train, 8, 0.1, 1);
  backend->keep(kept);
  EXPECT_EQ(predictions(*backend, kept, {}), predictions(*backend, same, {}));
}

}  // namespace
}  // namespace slalom::testing
