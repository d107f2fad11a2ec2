// SPDX-License-Identifier: Apache-2.0
// The loss kernel against the batch loss of the host in float64, and its verdict on losses that are not finite.
#include "loss.cuh"

#include <limits>

#include "cpu/batch_loss.hpp"
#include "cpu/random_problem.hpp"
#include "cuda/device_test.hpp"
#include "cuda/step_rig.hpp"

namespace slalom::testing {
namespace {

class LossKernel : public DeviceTest {};

/// One call of the kernel on the second batch of a shuffled list.
template <class T>
class LossRun {
 public:
  LossRun(const ModelSpec& spec, const Dataset& data, const std::vector<std::uint32_t>& rows, std::int64_t batch,
          const std::vector<float>& outputs, cuda::Number number)
      : stream_(cuda::make_stream()),
        data_(data, stream_.get()),
        rows_(rows),
        outputs_(outputs),
        delta_(std::vector<T>(outputs.size())),
        partials_(std::vector<double>(cuda::kMostLossBlocks)),
        rig_({.data = data_.view(), .rows = rows_.get(), .batch_size = batch}, 3) {
    SLALOM_CHECK(cudaStreamSynchronize(stream_.get()));
    rig_.start_step(1);
    cuda::launch_loss({.control = rig_.control(),
                       .kind = spec.loss.kind,
                       .constant = static_cast<float>(core::loss_constant(spec.loss)),
                       .n_rows = batch,
                       .n_outputs = spec.n_outputs,
                       .outputs = outputs_.get(),
                       .delta = {delta_.get(), row_stride(spec.n_outputs), number},
                       .partials = partials_.get()},
                      stream_.get());
  }
  [[nodiscard]] double loss() const { return rig_.losses()[1]; }
  [[nodiscard]] std::vector<T> delta() const { return delta_.to_host(); }
  [[nodiscard]] const StepRig& rig() const { return rig_; }

 private:
  cuda::Stream stream_;
  cuda::DeviceDataset data_;
  DeviceArray<std::uint32_t> rows_;
  DeviceArray<float> outputs_;
  DeviceArray<T> delta_;
  DeviceArray<double> partials_;
  StepRig rig_;
};

ModelSpec spec_of(LossKind loss, std::int64_t n_outputs) {
  ModelSpec spec{.kind = ModelKind::kMlp, .n_features = 1, .n_outputs = n_outputs, .hidden = {1}};
  spec.loss = {.kind = loss, .huber_delta = 0.7, .quantile = 0.8};
  return spec;
}

std::vector<std::uint32_t> shuffled_rows(std::int64_t n) {
  std::vector<std::uint32_t> rows;
  for (std::int64_t i = 0; i < n; ++i) rows.push_back(static_cast<std::uint32_t>(i * 7919 % n));
  return rows;
}

void check(LossKind loss, std::int64_t batch, std::int64_t n_outputs, bool weighted) {
  SCOPED_TRACE(std::string(name_of(loss)) + " batch " + std::to_string(batch) + " outputs " +
               std::to_string(n_outputs));
  const ModelSpec spec = spec_of(loss, n_outputs);
  const Dataset data = random_data(spec, 2 * batch + 1, weighted);
  const std::vector<std::uint32_t> rows = shuffled_rows(data.n_rows);
  const std::int64_t stride = row_stride(n_outputs);
  std::vector<float> outputs = random_floats(batch * stride, 5);
  for (float& z : outputs) z *= 3.0F;
  for_each_number([&]<class T>(cuda::Number number) {
    const LossRun<T> run(spec, data, rows, batch, outputs, number);
    const cpu::BatchLoss<double> host(spec, data);
    const std::vector<T> delta = run.delta();
    double expected = 0.0;
    for (std::int64_t i = 0; i < batch; ++i) {
      std::vector<double> z(outputs.begin() + i * stride, outputs.begin() + i * stride + n_outputs);
      expected += host.apply(rows[static_cast<std::size_t>(batch + i)], batch, z.data());
      for (std::int64_t j = 0; j < n_outputs; ++j) {
        // A derivative is up to 20 / batch after four float32 operations, each rounding by 6e-8.
        ASSERT_TRUE(is_near(delta[static_cast<std::size_t>(i * stride + j)], z[static_cast<std::size_t>(j)],
                            5e-6 / static_cast<double>(batch)))
            << "row " << i << ", output " << j;
      }
    }
    // Each row's loss is float32 (6e-8 relative, losses below 20), the sum float64.
    ASSERT_TRUE(std::fabs(run.loss() - expected) <= 2e-6 * (1.0 + expected)) << run.loss() << " " << expected;
    const cuda::StepControl after = run.rig().read();
    EXPECT_EQ(after.active, 1);
    EXPECT_EQ(after.update_step, 1);
    EXPECT_EQ(after.finished_blocks, 0U);
    EXPECT_EQ(run.rig().flag(), -1);
    EXPECT_EQ(run.rig().losses()[0], -1.0) << "another step's loss was written";
    EXPECT_EQ(run.rig().losses()[2], -1.0) << "another step's loss was written";
  });
}

TEST_F(LossKernel, AgreesWithTheHostForEveryLossAndShape) {
  for (const auto& [loss, name] : EnumNames<LossKind>::kNames) {
    for (const std::int64_t batch : {1, 31, 300}) {
      for (const std::int64_t n_outputs : {1, 2, 3, 10, 33, 70}) {
        if (loss == LossKind::kCrossEntropy && n_outputs == 1) continue;
        check(loss, batch, n_outputs, batch == 31);
      }
    }
  }
}

TEST_F(LossKernel, ManyBlocksAgreeWithTheHostAndRepeatTheirBits) {
  check(LossKind::kMse, 70000, 1, true);  // 256 blocks, and a second turn for some
  const ModelSpec spec = spec_of(LossKind::kCrossEntropy, 3);
  const Dataset data = random_data(spec, 6000);
  const std::vector<float> outputs = random_floats(3000 * 4, 6);
  const auto loss = [&] {
    return LossRun<float>(spec, data, shuffled_rows(6000), 3000, outputs, cuda::Number::kFloat32).loss();
  };
  const double first = loss();
  EXPECT_EQ(loss(), first);
}

TEST_F(LossKernel, FlagsALossOrDerivativeThatIsNotFinite) {
  const float infinity = std::numeric_limits<float>::infinity();
  const ModelSpec spec = spec_of(LossKind::kMse, 1);
  const Dataset data = random_data(spec, 1400);
  for (const float bad : {infinity, -infinity, std::numeric_limits<float>::quiet_NaN(), 1e30F}) {
    std::vector<float> outputs = random_floats(700, 7);
    outputs[650] = bad;
    const LossRun<float> run(spec, data, shuffled_rows(1400), 700, outputs, cuda::Number::kFloat32);
    EXPECT_EQ(run.rig().flag(), 1) << bad;
    EXPECT_EQ(run.rig().read().active, 0) << bad;
    EXPECT_FALSE(std::isfinite(run.loss())) << bad;
    EXPECT_EQ(run.rig().read().bad_derivative, 0) << "the next step would be condemned, too";
  }
}

TEST_F(LossKernel, AFiniteLossWithABadDerivativeIsFlagged) {
  // Weight and residual are finite and their loss is summed in float64, but 2 w r overflows float32.
  ModelSpec spec = spec_of(LossKind::kMse, 1);
  Dataset data = random_data(spec, 4, true);
  data.weights.assign(4, 1.0F);
  data.weights[3] = 3e38F;
  const std::vector<float> outputs{0.5F, 4.0F};
  const LossRun<float> run(spec, data, {0, 1, 2, 3}, 2, outputs, cuda::Number::kFloat32);
  EXPECT_TRUE(std::isfinite(run.loss()));
  EXPECT_EQ(run.rig().flag(), 1);
  EXPECT_EQ(run.rig().read().active, 0);
}

}  // namespace
}  // namespace slalom::testing
