// SPDX-License-Identifier: Apache-2.0
// Linear models on the device follow the float64 reference, step by step, with every kernel.
#include "cuda/device_test.hpp"
#include "cuda/linear_problem.hpp"

namespace slalom::testing {
namespace {

class LinearKernels : public DeviceTest {};

TEST_F(LinearKernels, FollowTheReferenceOverShapes) {
  for (const Kernel& kernel : kKernels) {
    for (const std::int64_t d : {1, 2, 3, 5, 8, 17, 31, 33, 64, 100, 257, 1001}) {
      for (const auto& [n, batch] : {std::pair{1, 4}, {7, 1}, {50, 8}, {65, 32}, {40, 100}}) {
        expect_follows_reference(kernel, {.spec = linear_spec(LossKind::kMse, d, 1), .n = n, .batch = batch});
      }
    }
  }
}

TEST_F(LinearKernels, FollowTheReferenceForEveryLoss) {
  for (const Kernel& kernel : kKernels) {
    bool weighted = false;
    for (const auto& [loss, name] : EnumNames<LossKind>::kNames) {
      for (const std::int64_t outputs : {1, 3, 4, 5, 16}) {
        if (loss == LossKind::kCrossEntropy && outputs == 1) continue;
        for (const std::int64_t d : {1, 2, 4, 13, 33, 100}) {
          weighted = !weighted;
          expect_follows_reference(kernel, {.spec = linear_spec(loss, d, outputs),
                                            .n = 37,
                                            .batch = 16,
                                            .epochs = 1,
                                            .rate = 0.01,
                                            .weighted = weighted});
        }
        weighted = !weighted;  // the other half with the next number of outputs
      }
    }
  }
}

TEST_F(LinearKernels, FollowTheReferenceForEveryOptimizer) {
  for (const Kernel& kernel : kKernels) {
    for (const auto& [kind, name] : EnumNames<OptimizerKind>::kNames) {
      for (const Convention convention : {Convention::kPytorch, Convention::kKeras}) {
        OptimizerConfig optimizer{.kind = kind, .convention = convention};
        optimizer.l2 = 0.01;
        if (kind != OptimizerKind::kLion) optimizer.l1 = 0.001;
        for (const double clip : {0.0, 0.5}) {
          optimizer.clip_norm = clip;
          optimizer.clip_value = 0.3 * clip;
          for (const auto& [d, outputs] : {std::pair{7, 1}, {70, 3}}) {
            expect_follows_reference(
                kernel, {.spec = linear_spec(LossKind::kMse, d, outputs), .optimizer = optimizer, .epochs = 1});
          }
        }
      }
    }
  }
}

/// More outputs and features than registers hold, whatever kernel is asked for.
TEST_F(LinearKernels, FollowTheReferenceForLargeModels) {
  for (const auto& [d, outputs] : {std::pair{5, 17}, {130, 16}, {600, 4}, {1500, 1}, {4100, 1}, {300, 40}, {9, 130}}) {
    for (const LossKind loss : {LossKind::kMse, LossKind::kCrossEntropy}) {
      if (loss == LossKind::kCrossEntropy && outputs == 1) continue;
      for (const std::int64_t batch : {5, 48}) {
        expect_follows_reference(kTilesKernel,
                                 {.spec = linear_spec(loss, d, outputs), .n = 48, .batch = batch, .epochs = 1});
      }
    }
  }
}

/// Rows so long that the shared memory of the team cannot hold four of them: a block has several slices, and reads X
/// twice.
TEST_F(LinearKernels, FollowTheReferenceWithSeveralSlicesABlock) {
  const Kernel one_block{"tiles", 1, 0, false, 24 * 1024};
  for (const auto& [d, outputs] : {std::pair{2500, 1}, {900, 3}}) {
    expect_follows_reference(one_block, {.spec = linear_spec(LossKind::kMse, d, outputs), .n = 20, .batch = 8});
  }
}

/// Little shared memory: fewer warps, fewer rows in a tile, several chunks a batch.
TEST_F(LinearKernels, FollowTheReferenceInLittleSharedMemory) {
  for (Kernel kernel : kKernels) {
    kernel.shared_bytes = 24 * 1024;
    for (const auto& [d, outputs] : {std::pair{33, 1}, {257, 1}, {100, 3}, {64, 10}}) {
      expect_follows_reference(kernel,
                               {.spec = linear_spec(LossKind::kMse, d, outputs), .n = 150, .batch = 70, .epochs = 1});
    }
  }
}

TEST_F(LinearKernels, LeavePaddingZero) {
  for (const Kernel& kernel : kKernels) {
    const ModelSpec spec = linear_spec(LossKind::kMse, 5, 3);
    const Dataset data = random_data(spec, 30);
    const auto backend = linear_backend(kernel, spec, data, {.kind = OptimizerKind::kAdam});
    run_steps(*backend, 0, data, 8, 0.01, 2);
    const MemberState state = backend->export_state(0);
    const ParameterLayout layout(spec);
    std::vector<bool> used(static_cast<std::size_t>(layout.n_total), false);
    for (const TensorView& tensor : layout.tensors) {
      std::fill_n(used.begin() + tensor.offset, tensor.size(), true);
    }
    for (std::size_t i = 0; i < used.size(); ++i) {
      EXPECT_EQ(state.parameters[i] != 0.0, used[i]) << kernel.name << " parameter " << i;
      EXPECT_EQ(state.optimizer_state[i] != 0.0, used[i]) << kernel.name << " state " << i;
    }
  }
}

TEST_F(LinearKernels, PredictAfterTraining) {
  for (const Kernel& kernel : kKernels) {
    const ModelSpec spec = linear_spec(LossKind::kMse, 9, 2);
    const Dataset data = random_data(spec, 40);
    const auto backend = linear_backend(kernel, spec, data, {.kind = OptimizerKind::kAveragedSgd});
    const auto reference = started_backend(DeviceKind::kReference, spec, data, {.kind = OptimizerKind::kAveragedSgd});
    run_steps(*backend, 0, data, 8, 0.01, 2);
    run_steps(*reference, 0, data, 8, 0.01, 2);
    std::vector<float> actual(80);
    std::vector<float> expected(80);
    backend->predict(0, data.view(), {}, actual);
    reference->predict(0, data.view(), {}, expected);
    for (std::size_t i = 0; i < actual.size(); ++i) EXPECT_TRUE(is_near(actual[i], expected[i])) << kernel.name << i;
  }
}

}  // namespace
}  // namespace slalom::testing
