// SPDX-License-Identifier: Apache-2.0
// Which networks one thread block trains, and how its memory is laid out.
#include "small_network.hpp"

#include <vector>

#include <gtest/gtest.h>

#include <slalom/model.hpp>

namespace slalom::testing {
namespace {

constexpr int kShared = 227 * 1024;

cuda::SmallNetwork network_of(std::int64_t d, std::vector<std::int64_t> hidden, std::int64_t outputs,
                              bool batch_norm = false) {
  ModelSpec spec{.kind = ModelKind::kMlp, .n_features = d, .n_outputs = outputs, .hidden = std::move(hidden)};
  spec.batch_norm = batch_norm;
  return cuda::small_network(spec).value();
}

TEST(SmallPlan, TakesTheNetworksItIsMeantFor) {
  for (const int slots : {0, 1, 2, 3}) {
    const cuda::SmallPlan plan = small_plan(network_of(8, {64, 64}, 1), 64, slots, kShared);
    EXPECT_EQ(plan.tile_rows, 64) << slots << " slots";
    EXPECT_TRUE(plan.state_in_shared);
    EXPECT_EQ(plan.warps, 8);
  }
  EXPECT_EQ(small_plan(network_of(64, {32}, 10), 64, 2, kShared).tile_rows, 64);
  EXPECT_TRUE(small_plan(network_of(8, {64, 64}, 1, true), 64, 2, kShared).fits());
  EXPECT_EQ(small_plan(network_of(2, {3}, 1), 1, 2, kShared).tile_rows, 4);
  EXPECT_EQ(small_plan(network_of(2, {3}, 1), 1, 2, kShared).warps, 2);
}

TEST(SmallPlan, CutsLargeBatchesIntoEqualTiles) {
  EXPECT_EQ(small_plan(network_of(8, {16}, 1), 128, 2, kShared).tile_rows, 128);
  EXPECT_EQ(small_plan(network_of(8, {16}, 1), 129, 2, kShared).tile_rows, 68);
  EXPECT_EQ(small_plan(network_of(8, {16}, 1), 1000, 2, kShared).tile_rows, 128);
  EXPECT_EQ(small_plan(network_of(8, {64, 64}, 1), 120, 3, kShared).tile_rows, 60);
}

TEST(SmallPlan, NeedsTheWholeBatchInOneTileForBatchNormalisation) {
  EXPECT_EQ(small_plan(network_of(8, {16}, 1, true), 200, 2, kShared).tile_rows, 200);
  EXPECT_FALSE(small_plan(network_of(8, {16}, 1, true), 1000, 2, kShared).fits());
}

TEST(SmallPlan, MovesTheOptimizersStateOutBeforeTilesGetTiny) {
  const cuda::SmallPlan plan = small_plan(network_of(8, {128, 100}, 1), 64, 2, kShared);
  ASSERT_TRUE(plan.fits());
  EXPECT_FALSE(plan.state_in_shared);
  EXPECT_FALSE(small_plan(network_of(8, {128, 100}, 1), 64, 3, kShared).state_in_shared);
  EXPECT_TRUE(small_plan(network_of(8, {128, 100}, 1), 64, 0, kShared).state_in_shared);
  EXPECT_GE(plan.tile_rows, 16);
}

TEST(SmallPlan, LeavesStepsThatAreTooLongToOthers) {
  const cuda::SmallNetwork net = network_of(8, {64, 64}, 1);  // 4672 weights
  EXPECT_TRUE(small_plan(net, 285, 0, kShared).fits());       // 6 x 285 x 4672 = 7.99 million
  EXPECT_FALSE(small_plan(net, 286, 0, kShared).fits());
  EXPECT_FALSE(small_plan(net, std::int64_t{1} << 40, 0, kShared).fits());
}

TEST(SmallPlan, LeavesNetworksThatDoNotFitToOthers) {
  EXPECT_FALSE(small_plan(network_of(784, {64}, 10), 8, 2, kShared).fits());
  EXPECT_FALSE(small_plan(network_of(8, {64, 64}, 1), 64, 2, 32 * 1024).fits());
  const auto network = [](std::int64_t d, std::vector<std::int64_t> hidden) {
    return cuda::small_network({.kind = ModelKind::kMlp, .n_features = d, .n_outputs = 1, .hidden = std::move(hidden)});
  };
  EXPECT_FALSE(network(1 << 20, {4}).has_value());
  EXPECT_FALSE(network(4, {1024, 1024}).has_value());
  EXPECT_FALSE(network(4, {}).has_value());
  EXPECT_TRUE(network(4, std::vector<std::int64_t>(7, 2)).has_value());
  EXPECT_FALSE(network(4, std::vector<std::int64_t>(8, 2)).has_value());
}

/// No two parts of the memory overlap, and none is larger than the rule says.
TEST(SmallPlan, StaysWithinTheMemory) {
  for (const std::int64_t d : {1, 5, 33, 150}) {
    for (const std::int64_t width : {1, 7, 64, 120}) {
      for (const bool batch_norm : {false, true}) {
        const cuda::SmallNetwork net = network_of(d, {width, 9}, 3, batch_norm);
        for (const std::int64_t batch : {1, 30, 64, 111, 500}) {
          for (const int slots : {0, 3}) {
            const cuda::SmallPlan plan = small_plan(net, batch, slots, kShared);
            if (!plan.fits()) continue;
            EXPECT_LE(plan.bytes(), static_cast<unsigned>(kShared));
            const cuda::SmallMemory& m = plan.memory;
            const std::vector<int> starts{m.values,  m.gradient, m.state,  m.sums,   m.constants,  m.rows,    m.x,
                                          m.targets, m.weights,  m.hidden, m.deltas, m.normalised, m.inverse, m.total};
            for (std::size_t i = 1; i < starts.size(); ++i) {
              EXPECT_GE(starts[i], starts[i - 1]);
              EXPECT_EQ(starts[i] % 4, 0);
            }
            EXPECT_GE(m.gradient - m.values, net.values());
            EXPECT_GE(m.sums - m.state, plan.state_in_shared ? slots * net.n_trainable : 0);
            EXPECT_GE(m.total - m.inverse, batch_norm ? net.hidden_columns : 0);
            EXPECT_GE(plan.tile_rows, batch_norm ? batch : 4);
          }
        }
      }
    }
  }
}

TEST(SmallPlan, DividesExactly) {
  for (const unsigned divisor : {1U, 2U, 3U, 7U, 64U, 129U, 1000U, 65535U}) {
    const std::uint64_t factor = ((std::uint64_t{1} << 32U) + divisor - 1) / divisor;
    const cuda::Divider divider{.divisor = divisor, .factor = static_cast<unsigned>(factor)};
    for (unsigned n = 0; n < 65536; n += 1 + n % 7) ASSERT_EQ(divider.divide(n), n / divisor) << n << " / " << divisor;
  }
}

TEST(SmallPredictPlan, FitsWhereTheValuesFit) {
  EXPECT_EQ(small_predict_plan(network_of(8, {64, 64}, 1), kShared).tile_rows, 64);
  EXPECT_FALSE(small_predict_plan(network_of(900, {64}, 1), kShared).fits());
  const cuda::SmallPredictPlan plan = small_predict_plan(network_of(200, {200}, 1), kShared);
  EXPECT_TRUE(plan.fits());
  EXPECT_LT(plan.tile_rows, 64);
  EXPECT_LE(plan.bytes(), static_cast<unsigned>(kShared));
}

}  // namespace
}  // namespace slalom::testing
