// SPDX-License-Identifier: Apache-2.0
// Device memory that runs short at every place in turn: training goes on with the same bits, or ends with one error.
#include <algorithm>
#include <functional>
#include <optional>
#include <set>

#include <gmock/gmock.h>

#include <slalom/error.hpp>
#include <slalom/trainer.hpp>

#include "cuda/device_test.hpp"
#include "cuda/factory.hpp"
#include "cuda/failing_runtime.hpp"
#include "cuda/linear_problem.hpp"

namespace slalom::testing {
namespace {

constexpr std::int64_t kRows = 96;
const char* const kAllocations = ",cudaMalloc,cudaHostAlloc,cudaGraphInstantiate,";

/// What a training came to, and what it had to say.
struct Ending {
  std::vector<double> numbers;  ///< losses, metrics, predictions, parameters, optimiser state
  std::vector<std::string> notes;
  std::string error;
};

struct NoteTaker : Observer {
  std::vector<std::string> notes;
  void on_note(const std::string& note) override { notes.push_back(note); }
};

/// A model and how its products are computed.
struct Case {
  ModelSpec spec;
  Precision precision = Precision::kFp32;
};

/// Trains two members with early stopping and the guard, evaluates and predicts.
Ending train_with(const Case& c, const Dataset& data, const Dataset& valid, std::int64_t device_memory = 0) {
  const ModelSpec& spec = c.spec;
  Ending ending;
  NoteTaker taker;
  Observer* const observers[] = {&taker};
  const std::vector<MemberConfig> members{{.optimizer = {.kind = OptimizerKind::kAdam}, .stream = 0},
                                          {.optimizer = {.kind = OptimizerKind::kMomentum}, .stream = 1}};
  TrainerConfig config{.batch_size = 10, .epochs = 3};
  config.patience = 5;
  config.guard.on = true;
  try {
    const auto backend = make_backend(DeviceKind::kCuda, spec, data, members,
                                      {.threads = 1, .precision = c.precision, .device_memory = device_memory});
    for (std::int64_t m = 0; m < 2; ++m) {
      backend->import_state(m, {.parameters = initial_parameters(spec, 1, static_cast<std::uint64_t>(m))});
    }
    const TrainResult result = train(*backend, data, &valid, config, {}, observers);
    std::vector<float> outputs(static_cast<std::size_t>(valid.n_rows * spec.n_outputs));
    for (std::int64_t m = 0; m < 2; ++m) {
      const MemberResult& member = result.members[static_cast<std::size_t>(m)];
      ending.numbers.insert(ending.numbers.end(), member.epoch_losses.begin(), member.epoch_losses.end());
      backend->predict(m, valid.view(), {}, outputs);
      ending.numbers.insert(ending.numbers.end(), outputs.begin(), outputs.end());
      const MemberState state = backend->export_state(m);
      ending.numbers.insert(ending.numbers.end(), state.parameters.begin(), state.parameters.end());
      ending.numbers.insert(ending.numbers.end(), state.optimizer_state.begin(), state.optimizer_state.end());
    }
    ending.notes = taker.notes;
    for (std::string& note : backend->take_notes()) ending.notes.push_back(std::move(note));
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::kDevice) << error.what();
    ending.error = error.what();
  }
  return ending;
}

class ShortageTest : public DeviceTest {
 protected:
  void SetUp() override {
    DeviceTest::SetUp();
    unsetenv("SLALOM_SEPARATE_ALLOCATIONS");  // every one of which would be failed
  }
  void TearDown() override {
    set_fault({});
    limit_device(0);
  }

  /// Fails every allocation of a training in turn. Returns what was said of those that were got over.
  static std::set<std::string> expect_survives(const Case& c) {
    const Dataset data = random_data(c.spec, kRows, true), valid = random_data(c.spec, 30);
    set_fault({.calls = kAllocations, .number = 1 << 30});
    const Ending whole = train_with(c, data, valid);
    const std::int64_t n_allocations = counted_calls();
    EXPECT_EQ(whole.error, "");
    EXPECT_THAT(whole.notes, ::testing::IsEmpty());
    EXPECT_GT(n_allocations, 6);
    std::set<std::string> said;
    std::int64_t ended = 0;
    for (std::int64_t n = 1; n <= n_allocations; ++n) {
      set_fault({.calls = kAllocations, .number = n});
      const Ending ending = train_with(c, data, valid);
      if (!ending.error.empty()) {
        EXPECT_THAT(ending.error, ::testing::HasSubstr("memory")) << n;
        ++ended;
        continue;
      }
      EXPECT_EQ(ending.numbers, whole.numbers) << "allocation " << n;
      for (const std::string& note : ending.notes) said.insert(note.substr(note.find("; ") + 2));
    }
    EXPECT_LE(ended, 4) << "parameters, what the kernels exchange, flags";
    EXPECT_EQ(cudaGetLastError(), cudaSuccess);
    EXPECT_EQ(allocated_bytes(), 0);
    return said;
  }
};

ModelSpec network(std::int64_t d, std::vector<std::int64_t> hidden) {
  ModelSpec spec = linear_spec(LossKind::kMse, d, 1);
  spec.kind = ModelKind::kMlp;
  spec.hidden = std::move(hidden);
  return spec;
}

/// Only fp32 has kernels for small networks.
const Case kInGraphs{network(4, {6}), Precision::kTf32};

TEST_F(ShortageTest, LinearModelsSurviveEveryFailingAllocation) {
  const std::set<std::string> said = expect_survives({linear_spec(LossKind::kBce, 5, 1)});
  EXPECT_THAT(said, ::testing::IsSupersetOf({"the training data is streamed from the host",
                                             "validation data is sent to the device for every evaluation",
                                             "copies for early stopping and the guard are kept in the host's memory",
                                             "ordinary memory is used, from which copies are slower"}));
}

TEST_F(ShortageTest, NetworksSurviveEveryFailingAllocation) { expect_survives({network(4, {6})}); }

TEST_F(ShortageTest, NetworksInGraphsSurviveEveryFailingAllocation) {
  const std::set<std::string> said = expect_survives(kInGraphs);
  EXPECT_THAT(said, ::testing::Contains("graphs of fewer steps are used"));
}

/// Whatever part of the memory there is that a training would like to have.
TEST_F(ShortageTest, LittleMemoryGivesTheBitsOfStreaming) {
  for (const Case& c : {Case{linear_spec(LossKind::kMse, 40, 1)}, kInGraphs}) {
    const ModelSpec& spec = c.spec;
    const Dataset data = random_data(spec, kRows), valid = random_data(spec, 30);
    set_fault({});
    const Ending whole = train_with(c, data, valid);
    const std::int64_t peak = peak_bytes();
    const Ending streamed = train_with(c, data, valid, 12000);
    EXPECT_EQ(whole.numbers, streamed.numbers);
    int survived = 0, ended = 0;
    for (std::int64_t limit = peak - 1; limit > peak / 16; limit = limit * 7 / 8) {
      limit_device(limit);
      const Ending ending = train_with(c, data, valid);
      limit_device(0);
      EXPECT_EQ(allocated_bytes(), 0);
      if (ending.error.empty()) {
        EXPECT_EQ(ended, 0) << "less memory suffices";
        EXPECT_EQ(ending.numbers, whole.numbers) << limit;
        ++survived;
      } else {
        EXPECT_THAT(ending.error, ::testing::MatchesRegex(
                                      "out of device memory: asked for [0-9]+ bytes, [0-9]+ of [0-9]+ are free.*"));
        ++ended;
      }
    }
    EXPECT_GT(survived, 1);
    EXPECT_GT(ended, 0);
  }
}

TEST_F(ShortageTest, MemoryBytesAreThoseThatWereAllocated) {
  for (const ModelSpec& spec : {linear_spec(LossKind::kCrossEntropy, 7, 3), network(4, {6}), network(250, {130})}) {
    const Dataset data = random_data(spec, kRows), valid = random_data(spec, 30);
    for (const std::int64_t device_memory : {0, 200000}) {
      const MemberConfig member{.optimizer = {.kind = OptimizerKind::kAdam}};
      const auto backend = make_backend(DeviceKind::kCuda, spec, data, {&member, 1}, {.device_memory = device_memory});
      const auto expect_counted = [&](const char* after) {
        EXPECT_EQ(backend->memory_bytes().value(), allocated_bytes()) << after;
      };
      expect_counted("making it");
      run_steps(*backend, 0, data, 10, 0.01, 1);
      expect_counted("training");
      backend->keep(valid);
      expect_counted("keeping data");
      static_cast<void>(backend->evaluate(0, valid, {}));
      static_cast<void>(backend->evaluate(0, data, {}));
      expect_counted("evaluating");
      std::vector<float> outputs(static_cast<std::size_t>(valid.n_rows * spec.n_outputs));
      const Dataset other = valid;
      backend->predict(0, other.view(), {}, outputs);
      expect_counted("predicting");
      EXPECT_GT(backend->memory_bytes().value(), 0);
    }
    EXPECT_EQ(allocated_bytes(), 0);
  }
}

/// --device auto where there is a device that refuses.
TEST_F(ShortageTest, AutoTakesTheCpuIfTheDeviceRefuses) {
  const ModelSpec spec = linear_spec(LossKind::kMse, 512, 1);
  const Dataset data = random_data(spec, 500);
  const MemberConfig member;
  const BackendOptions options{.threads = 1, .expected = {.batch_size = 0, .epochs = 1000000}};
  const auto choose = [&](std::string& reason) {
    return make_backend(DeviceKind::kAuto, spec, data, {&member, 1}, options, &reason)->device();
  };
  std::string reason;
  ASSERT_EQ(choose(reason), DeviceKind::kCuda) << reason;
  set_fault({.calls = ",cudaStreamCreateWithFlags,", .number = 1, .error = cudaErrorMemoryAllocation});
  EXPECT_EQ(choose(reason), DeviceKind::kCpu);
  EXPECT_THAT(reason,
              ::testing::StartsWith("cpu: CUDA: out of memory [cudaErrorMemoryAllocation] in cudaStreamCreate"));
  set_fault({.calls = ",cudaSetDevice,", .number = 1, .error = cudaErrorNoDevice});
  EXPECT_EQ(choose(reason), DeviceKind::kCpu);
  EXPECT_THAT(reason, ::testing::MatchesRegex("cpu: .+: .* \\[cudaErrorNoDevice\\]"));
  set_fault({.calls = ",cudaSetDevice,", .number = 2, .error = cudaErrorNoDevice});
  EXPECT_EQ(choose(reason), DeviceKind::kCpu);
  EXPECT_THAT(reason, ::testing::HasSubstr("[cudaErrorNoDevice]"));
  set_fault({.calls = ",cudaFuncGetAttributes,", .number = 1, .error = cudaErrorNoKernelImageForDevice});
  EXPECT_EQ(choose(reason), DeviceKind::kCpu) << "this build has no machine code for the device";
  EXPECT_THAT(reason, ::testing::MatchesRegex("cpu: .+: .* \\[cudaErrorNoKernelImageForDevice\\]"));
  set_fault({.calls = ",cudaGetDeviceCount,", .number = 1, .error = cudaErrorInitializationError});
  EXPECT_EQ(choose(reason), DeviceKind::kCpu);
  EXPECT_THAT(reason, ::testing::StartsWith("cpu: the CUDA driver does not answer: "));
  set_fault({.calls = ",cudaGetDeviceCount,", .number = 1, .error = cudaErrorInsufficientDriver});
  EXPECT_EQ(choose(reason), DeviceKind::kCpu);
  EXPECT_THAT(reason,
              ::testing::MatchesRegex("cpu: the NVIDIA driver is made for CUDA [0-9]+\\.[0-9]+, this build needs "
                                      "[0-9]+\\.[0-9]+ or newer"));
  set_fault({});
  limit_device(1000);
  EXPECT_EQ(choose(reason), DeviceKind::kCpu);
  EXPECT_THAT(reason, ::testing::StartsWith("cpu: out of device memory: asked for "));
}

}  // namespace
}  // namespace slalom::testing
