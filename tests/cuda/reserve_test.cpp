// SPDX-License-Identifier: Apache-2.0
// Once room is made for a run, its training loop allocates nothing, whatever the blocks, launches and evaluations.
#include <numeric>
#include <string>
#include <vector>

#include <gmock/gmock.h>

#include <slalom/trainer.hpp>

#include "cuda/device_test.hpp"
#include "cuda/factory.hpp"
#include "cuda/failing_runtime.hpp"
#include "cuda/linear_problem.hpp"

namespace slalom::testing {
namespace {

constexpr std::int64_t kRows = 190;
const char* const kMemoryCalls =
    ",cudaMalloc,cudaHostAlloc,cudaFree,cudaFreeHost,cudaGraphInstantiate,cudaGraphUpload,cudaStreamCreateWithFlags,"
    "cudaEventCreateWithFlags,";

ModelSpec network(std::int64_t d, std::vector<std::int64_t> hidden, std::int64_t k = 1) {
  ModelSpec spec = linear_spec(k > 1 ? LossKind::kCrossEntropy : LossKind::kMse, d, k);
  spec.kind = ModelKind::kMlp;
  spec.hidden = std::move(hidden);
  return spec;
}

/// A run of two members whose batches may differ in size.
struct Case {
  std::string name;
  ModelSpec spec;
  std::vector<std::int64_t> batch_sizes{10, 10};
  Precision precision = Precision::kFp32;
  std::int64_t device_memory = 0;
  double clip_norm = 0.0;
  bool folds = false;  ///< evaluated on the rows of the training data that are not trained on
};

void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }

std::vector<Case> cases() {
  const ModelSpec wide = linear_spec(LossKind::kMse, 40, 1);
  return {
      {.name = "rows in registers", .spec = linear_spec(LossKind::kBce, 5, 1)},
      {.name = "batches of two sizes", .spec = wide, .batch_sizes = {7, 64}, .folds = true},
      {.name = "tiles", .spec = linear_spec(LossKind::kCrossEntropy, 100, 40), .batch_sizes = {32, 100}},
      {.name = "streamed", .spec = wide, .device_memory = 24000},
      {.name = "streamed, two sizes", .spec = wide, .batch_sizes = {1, 64}, .device_memory = 40000, .folds = true},
      {.name = "small network", .spec = network(4, {6})},
      {.name = "graphs", .spec = network(4, {6}, 3), .precision = Precision::kTf32, .clip_norm = 1.0, .folds = true},
      {.name = "graphs, two sizes", .spec = network(4, {6}), .batch_sizes = {3, 50}, .precision = Precision::kBf16},
      {.name = "streamed graphs", .spec = network(33, {20}), .precision = Precision::kTf32, .device_memory = 40000},
  };
}

/// What trains, and the rows it is evaluated on: of a dataset of its own, or the rows of the training data that it
/// does not train on.
class TrainingRun {
 public:
  explicit TrainingRun(const Case& c)
      : case_(c), data_(random_data(c.spec, kRows, true)), valid_(random_data(c.spec, 90)) {
    std::vector<MemberConfig> members(c.batch_sizes.size());
    for (std::size_t m = 0; m < members.size(); ++m) {
      members[m] = {.optimizer = {.kind = OptimizerKind::kAdam}, .stream = m};
      members[m].optimizer.clip_norm = c.clip_norm;
      MemberPlan plan{.trainer = {.batch_size = c.batch_sizes[m], .epochs = 3},
                      .stream = static_cast<std::uint32_t>(m)};
      plan.trainer.patience = 10;
      plan.trainer.guard.on = true;
      if (c.folds) {
        const auto n_train = static_cast<std::uint32_t>(kRows - 50 - 10 * m);
        plan.rows.train_rows.resize(n_train);
        std::iota(plan.rows.train_rows.begin(), plan.rows.train_rows.end(), 0U);
        for (std::uint32_t row = n_train; row < kRows; ++row) plan.rows.valid_rows.push_back(row);
      }
      plans_.push_back(std::move(plan));
    }
    backend_ = make_backend(DeviceKind::kCuda, c.spec, data_, members,
                            {.threads = 1, .precision = c.precision, .device_memory = c.device_memory});
    for (std::size_t m = 0; m < members.size(); ++m) {
      backend_->import_state(static_cast<std::int64_t>(m), {.parameters = initial_parameters(c.spec, 1, m)});
    }
    separate_ = c.folds ? nullptr : &valid_;
  }

  void make_room() {
    if (separate_ != nullptr) backend_->keep(*separate_);
    std::vector<EpochShape> shapes;
    for (const MemberPlan& plan : plans_) {
      const std::vector<std::uint32_t>& rows = plan.rows.train_rows;
      shapes.push_back({.n_rows = rows.empty() ? kRows : static_cast<std::int64_t>(rows.size()),
                        .batch_size = plan.trainer.batch_size,
                        .n_evaluated = static_cast<std::int64_t>(plan.rows.valid_rows.size())});
    }
    backend_->reserve(shapes);
  }

  void train_and_evaluate() {
    const TrainResult result = train(*backend_, data_, separate_, plans_, {});
    EXPECT_EQ(result.members.at(0).epochs, 3);
    EXPECT_THAT(backend_->take_notes(), ::testing::IsEmpty());
  }

 private:
  Case case_;
  Dataset data_, valid_;
  std::vector<MemberPlan> plans_;
  std::unique_ptr<Backend> backend_;
  const Dataset* separate_ = nullptr;
};

class ReserveTest : public DeviceTest, public ::testing::WithParamInterface<Case> {
 protected:
  void SetUp() override {
    DeviceTest::SetUp();
    unsetenv("SLALOM_SEPARATE_ALLOCATIONS");  // of which there is one for every list of every launch
  }
  void TearDown() override { set_fault({}); }
};

TEST_P(ReserveTest, NothingIsAllocatedInTheTrainingLoop) {
  TrainingRun run(GetParam());
  const CudaFault counter{.calls = kMemoryCalls, .number = 1 << 30};
  set_fault(counter);
  run.make_room();
  EXPECT_GT(counted_calls(), 0);
  set_fault(counter);
  run.train_and_evaluate();
  EXPECT_EQ(counted_calls(), 0);
}

INSTANTIATE_TEST_SUITE_P(Runs, ReserveTest, ::testing::ValuesIn(cases()));

class PopulationStart : public DeviceTest {
 protected:
  void TearDown() override { set_fault({}); }
  /// How often the host waits while a backend of so many members is made.
  static std::int64_t waits(std::size_t n_members, const OptimizerConfig& optimizer) {
    const ModelSpec spec = linear_spec(LossKind::kMse, 5, 1);
    const Dataset data = random_data(spec, 20);
    const std::vector<MemberConfig> members(n_members, {.optimizer = optimizer});
    set_fault({.calls = ",cudaStreamSynchronize,", .number = 1 << 30});
    const auto backend = make_backend(DeviceKind::kCuda, spec, data, members);
    const std::int64_t counted = counted_calls();
    for (const double value : backend->export_state(static_cast<std::int64_t>(n_members) - 1).parameters) {
      EXPECT_EQ(value, 0.0);
    }
    return counted;
  }
};

TEST_F(PopulationStart, WaitsForAllMembersAtOnce) {
  for (const OptimizerKind kind : {OptimizerKind::kSgd, OptimizerKind::kAdam, OptimizerKind::kAveragedSgd}) {
    const std::int64_t alone = waits(1, {.kind = kind});
    EXPECT_GT(alone, 0);
    EXPECT_EQ(waits(50, {.kind = kind}), alone);
  }
}

}  // namespace
}  // namespace slalom::testing
