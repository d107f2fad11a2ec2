// SPDX-License-Identifier: Apache-2.0
// Whatever the memory, the cuts and the hints, members get the same steps: bit-identical losses, flags and parameters.
#include "cuda/step_pipeline.hpp"

#include <limits>

#include "cuda/device_test.hpp"
#include "cuda/linear_problem.hpp"
#include "cuda/plain_engine.hpp"
#include "data/sampler.hpp"

namespace slalom::testing {
namespace {

constexpr std::int64_t kRows = 150;

/// Members that differ in everything that is theirs.
struct MemberPlan {
  std::int64_t batch_size = 1;
  std::int64_t rows = kRows;  ///< visited an epoch
  OptimizerKind optimizer = OptimizerKind::kSgd;
};
const std::vector<MemberPlan> kMembers{
    {.batch_size = 7}, {.batch_size = 150}, {.batch_size = 1, .rows = 40}, {.batch_size = 64, .rows = 149}};

struct Feed {
  cuda::PipelineMemory memory{.n_slots = 2, .slot_bytes = 1 << 30};
  bool streams = false;
  bool prefetches = false;
  bool changes_its_mind = false;  ///< prefetches something else first
  bool forgets = false;           ///< takes the hint back
  bool gathers_in_parallel = false;
  bool ordered = false;  ///< LinearEngine instead of PlainEngine
};

struct Outcome {
  std::vector<std::vector<double>> losses;  ///< by member, of all blocks
  std::vector<std::int64_t> first_non_finite;
  std::vector<std::vector<double>> parameters;
  bool operator==(const Outcome&) const = default;
};

class StepPipelineTest : public DeviceTest {
 protected:
  /// Two epochs, each a block.
  Outcome run(const Dataset& data, const Feed& feed) {
    const ModelSpec spec = linear_spec(LossKind::kMse, data.n_features, 1);
    std::vector<MemberConfig> configs;
    for (std::size_t m = 0; m < kMembers.size(); ++m) {
      configs.push_back({.optimizer = {.kind = kMembers[m].optimizer}, .stream = m});
    }
    const cuda::Stream stream = cuda::make_stream();
    cuda::Population population(ParameterLayout(spec), configs, stream.get());
    cuda::ResidentData resident(1 << 30);
    EXPECT_TRUE(resident.add(data, stream.get()));
    PlainEngine plain;
    cuda::LinearEngine linear(spec, {.multiprocessors = 2, .shared_bytes = 48 * 1024},
                              static_cast<std::int64_t>(kMembers.size()));
    cuda::DeviceEngine& engine = feed.ordered ? static_cast<cuda::DeviceEngine&>(linear) : plain;
    cuda::StepPipeline pipeline({.train = data,
                                 .resident = feed.streams ? nullptr : resident.find(data.view()),
                                 .population = population,
                                 .ordered_inputs = engine.wants_ordered_inputs(),
                                 .threads = 2,
                                 .threads_from = feed.gathers_in_parallel ? 1 : std::int64_t{1} << 40},
                                feed.memory, population, engine, stream.get());
    Outcome outcome;
    outcome.losses.resize(kMembers.size());
    outcome.first_non_finite.assign(kMembers.size(), -1);
    const Epoch first(0);
    const Epoch second(1);
    for (const Epoch* epoch : {&first, &second}) {
      pipeline.begin(epoch->blocks());
      if (feed.prefetches) {
        if (feed.changes_its_mind) pipeline.prefetch(first.blocks());
        pipeline.prefetch(second.blocks());
      }
      const std::vector<BlockResult> results = pipeline.finish();
      if (feed.forgets) pipeline.forget();
      for (std::size_t m = 0; m < results.size(); ++m) {
        outcome.losses[m].insert(outcome.losses[m].end(), results[m].losses.begin(), results[m].losses.end());
        if (results[m].first_non_finite >= 0) outcome.first_non_finite[m] = results[m].first_non_finite;
      }
    }
    for (std::int64_t m = 0; m < population.size(); ++m) {
      outcome.parameters.push_back(population.export_state(m).parameters);
    }
    launches_ = plain.launches;
    saw_row_lists_ = plain.saw_row_lists;
    return outcome;
  }

  std::int64_t launches_ = 0;
  bool saw_row_lists_ = false;

 private:
  class Epoch {
   public:
    explicit Epoch(std::int64_t number) {
      for (std::size_t m = 0; m < kMembers.size(); ++m) {
        const MemberPlan& plan = kMembers[m];
        data::Sampler sampler(kRows, {}, 9, static_cast<std::uint32_t>(m), true);
        const auto order = sampler.order(number).first(static_cast<std::size_t>(plan.rows));
        orders_.emplace_back(order.begin(), order.end());
        const std::int64_t steps = (plan.rows + plan.batch_size - 1) / plan.batch_size;
        std::vector<double>& rates = rates_.emplace_back();
        for (std::int64_t s = 0; s < steps; ++s) rates.push_back(0.01 / static_cast<double>(s + 1));
      }
    }
    [[nodiscard]] std::vector<StepBlock> blocks() const {
      std::vector<StepBlock> blocks;
      for (std::size_t m = 0; m < kMembers.size(); ++m) {
        blocks.push_back({.rows = orders_[m], .batch_size = kMembers[m].batch_size, .learning_rates = rates_[m]});
      }
      return blocks;
    }

   private:
    std::vector<std::vector<std::uint32_t>> orders_;
    std::vector<std::vector<double>> rates_;
  };
};

Dataset regression_data(std::int64_t d) { return random_data(linear_spec(LossKind::kMse, d, 1), kRows, true); }

/// From everything in one launch down to a launch a step.
const std::vector<std::int64_t> kBudgets{1 << 30, 40000, 6000, 1};

TEST_F(StepPipelineTest, ResultsDependOnNeitherCutsNorStreamingNorHints) {
  for (const bool ordered : {false, true}) {
    for (const std::int64_t d : {1, 5}) {
      const Dataset data = regression_data(d);
      const Outcome expected = run(data, {.ordered = ordered});
      for (const std::vector<double>& losses : expected.losses) EXPECT_LT(losses.back(), 1e3);
      for (const std::int64_t bytes : kBudgets) {
        for (const int slots : {2, 3}) {
          for (const bool streams : {false, true}) {
            for (const bool prefetches : {false, true}) {
              SCOPED_TRACE("d " + std::to_string(d) + " bytes " + std::to_string(bytes) + " slots " +
                           std::to_string(slots) + (ordered ? " ordered" : "") + (streams ? " streams" : "") +
                           (prefetches ? " prefetches" : ""));
              EXPECT_EQ(run(data, {.memory = {.n_slots = slots, .slot_bytes = bytes},
                                   .streams = streams,
                                   .prefetches = prefetches,
                                   .changes_its_mind = slots == 3,
                                   .forgets = slots == 2 && d == 5,
                                   .gathers_in_parallel = slots == 3 && bytes > 10000,
                                   .ordered = ordered}),
                        expected);
            }
          }
        }
      }
    }
  }
}

TEST_F(StepPipelineTest, AnEpochIsOneLaunchUnlessItsInputsAreTooLarge) {
  const Dataset data = regression_data(3);
  run(data, {});
  EXPECT_EQ(launches_, 2);
  EXPECT_TRUE(saw_row_lists_);
  run(data, {.memory = {.n_slots = 2, .slot_bytes = 1}});
  EXPECT_EQ(launches_, 2 * (22 + 1 + 40 + 3));  // steps
  run(data, {.streams = true});
  EXPECT_FALSE(saw_row_lists_);
}

TEST_F(StepPipelineTest, AMemberThatStopsRestsInLaterLaunches) {
  Dataset data = regression_data(3);
  data::Sampler sampler(kRows, {}, 9, 0, true);
  data.targets[sampler.order(0)[30]] = std::numeric_limits<float>::infinity();  // member 0, batches of 7: step 4
  for (const bool ordered : {false, true}) {
    const Outcome expected = run(data, {.ordered = ordered});
    EXPECT_EQ(expected.first_non_finite[1], 0);
    for (const std::int64_t bytes : kBudgets) {
      for (const bool streams : {false, true}) {
        SCOPED_TRACE("bytes " + std::to_string(bytes) + (streams ? " streams" : ""));
        const Feed feed{.memory = {.n_slots = 2, .slot_bytes = bytes}, .streams = streams, .ordered = ordered};
        const Outcome actual = run(data, feed);
        EXPECT_EQ(actual.first_non_finite, expected.first_non_finite);
        EXPECT_EQ(actual.parameters, expected.parameters);
        for (std::size_t m = 0; m < kMembers.size(); ++m) {
          ASSERT_EQ(actual.losses[m].size(), expected.losses[m].size());
          for (std::size_t s = 0; s < actual.losses[m].size(); ++s) {
            const double a = actual.losses[m][s];
            const double e = expected.losses[m][s];
            EXPECT_TRUE(a == e || !(std::isfinite(a) || std::isfinite(e))) << "member " << m << " step " << s;
          }
        }
      }
    }
  }
}

TEST_F(StepPipelineTest, ALimitThatABatchExceedsIsNamed) {
  const Dataset data = regression_data(5);
  try {
    run(data, {.memory = {.n_slots = 3, .slot_bytes = 1000, .limit = 3000}, .streams = true});
    FAIL() << "a batch of 150 rows of 40 bytes fitted 1000 bytes";
  } catch (const UsageError& error) {
    EXPECT_STREQ(error.what(), "--device-memory: found 3000 bytes, expected at least 18312 for batches of 150 rows");
  }
}

}  // namespace
}  // namespace slalom::testing
