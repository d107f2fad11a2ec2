// SPDX-License-Identifier: Apache-2.0
// Training with less device memory than the data needs: the same bits, and it says so.
#include <algorithm>
#include <limits>
#include <numeric>

#include <gmock/gmock.h>

#include <slalom/error.hpp>
#include <slalom/job.hpp>

#include "cuda/device_test.hpp"
#include "cuda/linear_problem.hpp"

namespace slalom::testing {
namespace {

constexpr std::int64_t kRows = 200;

class StreamingTest : public DeviceTest {
 protected:
  static std::unique_ptr<Backend> backend(const ModelSpec& spec, const Dataset& data,
                                          std::span<const MemberConfig> members, std::int64_t device_memory) {
    auto made = make_backend(DeviceKind::kCuda, spec, data, members, {.threads = 2, .device_memory = device_memory});
    for (std::int64_t m = 0; m < made->n_members(); ++m) {
      made->import_state(m, {.parameters = initial_parameters(spec, 1, static_cast<std::uint64_t>(m))});
    }
    return made;
  }

  /// Trains both ways: blocks of two steps for every member, an order and a batch size for each.
  static void expect_same_bits(const ModelSpec& spec, std::int64_t device_memory) {
    SCOPED_TRACE(std::string(name_of(spec.loss.kind)) + " d " + std::to_string(spec.n_features) + " layers " +
                 std::to_string(spec.hidden.size()));
    const Dataset data = random_data(spec, kRows, true);
    const std::vector<MemberConfig> members{{.optimizer = {.kind = OptimizerKind::kAdam}, .stream = 0},
                                            {.optimizer = {.kind = OptimizerKind::kMomentum}, .stream = 1},
                                            {.optimizer = {.kind = OptimizerKind::kRmsprop}, .stream = 2}};
    const auto resident = backend(spec, data, members, 0);
    const auto streaming = backend(spec, data, members, device_memory);
    EXPECT_THAT(streaming->description(), ::testing::EndsWith(", streaming)"));
    EXPECT_THAT(resident->description(), ::testing::Not(::testing::HasSubstr("streaming")));
    std::vector<std::vector<double>> losses;
    for (Backend* trained : {resident.get(), streaming.get()}) {
      losses.emplace_back();
      TrainerConfig config{.epochs = 2};
      for (std::int64_t m = 0; m < 3; ++m) {
        const std::vector<double> more = run_steps(*trained, m, data, 7 + 20 * m, 0.01, 2, 5);
        losses.back().insert(losses.back().end(), more.begin(), more.end());
      }
      config.batch_size = 33;
      const TrainResult together = train(*trained, data, nullptr, config, {}, {});
      for (const MemberResult& member : together.members) losses.back().push_back(member.watched_loss);
    }
    EXPECT_EQ(losses[0], losses[1]);
    std::vector<float> a(static_cast<std::size_t>(kRows * spec.n_outputs)), b = a;
    for (std::int64_t m = 0; m < 3; ++m) {
      EXPECT_EQ(resident->export_state(m).parameters, streaming->export_state(m).parameters);
      EXPECT_EQ(resident->export_state(m).optimizer_state, streaming->export_state(m).optimizer_state);
      resident->predict(m, data.view(), {}, a);
      streaming->predict(m, data.view(), {}, b);
      EXPECT_EQ(a, b);
    }
  }
};

TEST_F(StreamingTest, LinearModelsGetTheSameBits) {
  expect_same_bits(linear_spec(LossKind::kMse, 1, 1), 2200);
  expect_same_bits(linear_spec(LossKind::kMse, 2, 3), 4000);
  expect_same_bits(linear_spec(LossKind::kBce, 9, 1), 12000);
  expect_same_bits(linear_spec(LossKind::kCrossEntropy, 17, 5), 18000);
}

TEST_F(StreamingTest, NetworksGetTheSameBits) {
  ModelSpec spec = linear_spec(LossKind::kCrossEntropy, 6, 3);
  spec.kind = ModelKind::kMlp;
  spec.hidden = {8, 4};
  spec.dropout = 0.2;
  expect_same_bits(spec, 7000);
}

TEST_F(StreamingTest, NetworksInGraphsGetTheSameBits) {
  ModelSpec spec = linear_spec(LossKind::kMse, 250, 2);
  spec.kind = ModelKind::kMlp;
  spec.hidden = {130};  // weights and gradient are more than a block's memory
  spec.batch_norm = true;
  expect_same_bits(spec, 160000);
}

TEST_F(StreamingTest, ModelsOfTilesGetTheSameBits) {
  expect_same_bits(linear_spec(LossKind::kCrossEntropy, 33, 20), 26000);
}

/// A launch must not go on with a member that stopped in the launch before.
TEST_F(StreamingTest, MembersStopAtTheSameStepInAnyLaunch) {
  ModelSpec small = linear_spec(LossKind::kMse, 6, 1);
  small.kind = ModelKind::kMlp;
  small.hidden = {8};
  ModelSpec large = small;
  large.n_features = 250;
  large.hidden = {130};
  for (const ModelSpec& spec : {linear_spec(LossKind::kMse, 6, 1), linear_spec(LossKind::kMse, 6, 20), small, large}) {
    SCOPED_TRACE("d " + std::to_string(spec.n_features) + " outputs " + std::to_string(spec.n_outputs) + " layers " +
                 std::to_string(spec.hidden.size()));
    Dataset data = random_data(spec, 60);
    data.targets[static_cast<std::size_t>(23 * spec.n_outputs)] = std::numeric_limits<float>::infinity();
    std::vector<std::uint32_t> rows(60);
    std::iota(rows.begin(), rows.end(), 0U);
    const std::vector<double> rates(12, 0.01);
    const StepBlock block{.rows = rows, .batch_size = 5, .learning_rates = rates};
    const MemberConfig member{.optimizer = {.kind = OptimizerKind::kAdam}};
    const std::int64_t row_bytes = 4 * (row_stride(spec.n_features) + spec.n_outputs + 1);
    const auto resident = backend(spec, data, {&member, 1}, 0);
    const auto streaming = backend(spec, data, {&member, 1}, 3 * (7 * row_bytes + 2048));  // a launch: a step or two
    for (Backend* trained : {resident.get(), streaming.get()}) {
      const BlockResult result = trained->run({&block, 1})[0];
      EXPECT_EQ(result.first_non_finite, 4);
      EXPECT_EQ(result.losses.size(), 5U);
    }
    EXPECT_EQ(streaming->export_state(0).parameters, resident->export_state(0).parameters);
    EXPECT_EQ(streaming->export_state(0).step, 4);
  }
}

/// The second training of a backend must not take what was announced when the first one ended early for its own.
TEST_F(StreamingTest, ATrainingThatEndsEarlyLeavesNothingToTheNext) {
  const ModelSpec spec = linear_spec(LossKind::kMse, 5, 1);
  const Dataset data = random_data(spec, kRows);
  const MemberConfig member;
  TrainerConfig whole{.batch_size = 16, .epochs = 2};
  TrainerConfig cut_short = whole;
  cut_short.epochs = 50;
  cut_short.tolerance = 1e9;
  cut_short.patience = 1;
  const auto trained = [&](Backend& backend) {
    backend.import_state(0, {.parameters = initial_parameters(spec, 1, 0)});
    static_cast<void>(train(backend, data, nullptr, whole, {}, {}));
    return backend.export_state(0).parameters;
  };
  for (const std::int64_t device_memory : {0, 3000}) {
    const auto fresh = backend(spec, data, {&member, 1}, device_memory);
    const auto used = backend(spec, data, {&member, 1}, device_memory);
    static_cast<void>(train(*used, data, nullptr, cut_short, {}, {}));
    EXPECT_EQ(trained(*used), trained(*fresh));
  }
}

TEST_F(StreamingTest, AJobGetsTheSameModel) {
  Table table;
  table.n_rows = kRows;
  const Dataset numbers = random_data(linear_spec(LossKind::kMse, 3, 1), kRows);
  for (const std::size_t column : {0U, 1U, 2U}) {
    NumericColumn values;
    for (std::size_t i = 0; i < static_cast<std::size_t>(kRows); ++i) {
      values.values.push_back(static_cast<double>(numbers.features[4 * i + column]));
    }
    table.columns.emplace_back(std::string(1, static_cast<char>('a' + column)), std::move(values));
  }
  TrainJob job;
  job.preprocess.targets = {"c"};
  job.trainer.epochs = 3;
  job.trainer.batch_size = 16;
  job.restarts = 2;
  job.device = DeviceKind::kCuda;
  const JobResult resident = run_job(job, table, nullptr, {});
  job.device_memory = 1500;
  const JobResult streaming = run_job(job, table, nullptr, {});
  EXPECT_EQ(resident.model.parameters, streaming.model.parameters);
  // The validation set is on the device in one run only, and the host adds in another order.
  EXPECT_DOUBLE_EQ(resident.members[1].valid.value().loss, streaming.members[1].valid.value().loss);
  EXPECT_THAT(streaming.device_description, ::testing::HasSubstr("streaming"));
}

TEST_F(StreamingTest, KeptDataCountsTowardsTheLimit) {
  const ModelSpec spec = linear_spec(LossKind::kMse, 8, 1);
  const Dataset data = random_data(spec, 100);
  Dataset fits = random_data(spec, 20);
  Dataset too_much = random_data(spec, 30);
  const MemberConfig member;
  const auto made = backend(spec, data, {&member, 1}, 100 * 36 + 20 * 36 + 1);
  EXPECT_THAT(made->description(), ::testing::Not(::testing::HasSubstr("streaming")));
  run_steps(*made, 0, data, 10, 0.1, 1);
  made->keep(too_much);
  made->keep(fits);
  for (Dataset* kept : {&fits, &too_much}) {
    std::vector<float> before(static_cast<std::size_t>(kept->n_rows)), after = before;
    made->predict(0, kept->view(), {}, before);
    std::fill(kept->features.begin(), kept->features.end(), 1.0F);
    made->predict(0, kept->view(), {}, after);
    EXPECT_EQ(before == after, kept == &fits) << kept->n_rows << " rows";
  }
}

TEST_F(StreamingTest, ABatchLargerThanTheLimitIsRefused) {
  const ModelSpec spec = linear_spec(LossKind::kMse, 8, 1);
  const Dataset data = random_data(spec, 100);
  const MemberConfig member;
  const auto made = backend(spec, data, {&member, 1}, 900);
  try {
    run_steps(*made, 0, data, 50, 0.1, 1);
    FAIL() << "50 rows of 36 bytes fitted 300 bytes";
  } catch (const UsageError& error) {
    EXPECT_STREQ(error.what(), "--device-memory: found 900 bytes, expected at least 5712 for batches of 50 rows");
  }
}

}  // namespace
}  // namespace slalom::testing
