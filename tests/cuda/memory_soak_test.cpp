// SPDX-License-Identifier: Apache-2.0
// Many short epochs: the device memory that a training holds is what it held after the first few, to the byte.
#include <algorithm>
#include <cstdlib>
#include <memory>
#include <vector>

#include <slalom/trainer.hpp>

#include "cuda/device_test.hpp"
#include "cuda/factory.hpp"
#include "cuda/failing_runtime.hpp"
#include "cuda/linear_problem.hpp"

namespace slalom::testing {
namespace {

constexpr std::size_t kFirst = 30;  ///< epochs in which memory is taken

/// Device memory after every epoch: what cudaMalloc gave and cudaFree did not take, and what the report says.
struct Recorder : Observer {
  std::vector<std::int64_t> allocated, reported;
  void on_epoch(const EpochReport& report) override {
    allocated.push_back(allocated_bytes());
    reported.push_back(report.device_memory_bytes.value_or(-1));
  }
};

/// A few bytes more every so often: what the test has to notice.
struct Leak : Observer {
  std::vector<void*> lost;
  void on_epoch(const EpochReport& report) override {
    if (report.epoch % 50 != 0) return;
    ASSERT_EQ(cudaMalloc(&lost.emplace_back(), 16), cudaSuccess);
  }
  void give_back() {
    for (void* const memory : lost) ASSERT_EQ(cudaFree(memory), cudaSuccess);
  }
};

bool is_flat(const std::vector<std::int64_t>& bytes) {
  return std::all_of(bytes.begin() + kFirst, bytes.end(), [&](std::int64_t now) { return now == bytes[kFirst]; });
}

class DeviceMemorySoak : public DeviceTest {
 protected:
  void SetUp() override {
    DeviceTest::SetUp();
    unsetenv("SLALOM_SEPARATE_ALLOCATIONS");  // as users run it: small pieces share an allocation
    set_fault({});
  }

  /// Trains with evaluations, early stopping's and the guard's snapshots.
  static void train_long(const ModelSpec& spec, std::int64_t epochs, Recorder& recorder, Observer* other = nullptr) {
    const Dataset data = random_data(spec, 96, true), valid = random_data(spec, 30);
    const std::vector<MemberConfig> members{{.optimizer = {.kind = OptimizerKind::kAdam}, .stream = 0},
                                            {.optimizer = {.kind = OptimizerKind::kMomentum}, .stream = 1}};
    TrainerConfig config{.batch_size = 32, .epochs = epochs};
    config.patience = epochs;
    config.guard.on = true;
    std::vector<Observer*> observers{&recorder};
    if (other != nullptr) observers.push_back(other);
    const auto backend = make_backend(DeviceKind::kCuda, spec, data, members, {.threads = 1});
    for (std::int64_t m = 0; m < 2; ++m) {
      backend->import_state(m, {.parameters = initial_parameters(spec, 1, static_cast<std::uint64_t>(m))});
    }
    static_cast<void>(train(*backend, data, &valid, config, {}, observers));
    ASSERT_EQ(recorder.allocated.size(), static_cast<std::size_t>(2 * epochs));
  }

  static void expect_flat(const ModelSpec& spec, std::int64_t epochs) {
    Recorder recorder;
    train_long(spec, epochs, recorder);
    EXPECT_TRUE(is_flat(recorder.allocated)) << recorder.allocated[kFirst] << " ... " << recorder.allocated.back();
    EXPECT_TRUE(is_flat(recorder.reported)) << recorder.reported[kFirst] << " ... " << recorder.reported.back();
    EXPECT_GT(recorder.reported.back(), 0);
    EXPECT_EQ(allocated_bytes(), 0);
  }
};

ModelSpec network_spec() {
  ModelSpec spec = linear_spec(LossKind::kMse, 5, 1);
  spec.kind = ModelKind::kMlp;
  spec.hidden = {16, 16};
  return spec;
}

TEST_F(DeviceMemorySoak, OfALinearModelIsFlat) { expect_flat(linear_spec(LossKind::kMse, 5, 1), 200); }

TEST_F(DeviceMemorySoak, OfAClassifierIsFlat) { expect_flat(linear_spec(LossKind::kCrossEntropy, 5, 3), 45); }

TEST_F(DeviceMemorySoak, OfANetworkIsFlat) { expect_flat(network_spec(), 100); }

TEST_F(DeviceMemorySoak, ALeakIsSeen) {
  Recorder recorder;
  Leak leak;
  train_long(linear_spec(LossKind::kMse, 5, 1), 100, recorder, &leak);
  EXPECT_FALSE(is_flat(recorder.allocated));
  leak.give_back();
}

}  // namespace
}  // namespace slalom::testing
