// SPDX-License-Identifier: Apache-2.0
// The rule that picks the kernel of a linear model, and what fixes the order of its sums. Needs no device.
#include "linear_plan.hpp"

#include <gtest/gtest.h>

#include <slalom/dataset.hpp>

#include "tiles_plan.hpp"

namespace slalom::cuda {
namespace {

/// Like an H100, an A100, a small one.
constexpr DeviceLimits kLarge{.multiprocessors = 132, .shared_bytes = 232448};
constexpr DeviceLimits kOlder{.multiprocessors = 108, .shared_bytes = 166912};
constexpr DeviceLimits kSmall{.multiprocessors = 16, .shared_bytes = 101376};

LinearModel model_of(std::int64_t d, std::int64_t outputs, LossKind loss = LossKind::kMse) {
  ModelSpec spec;
  spec.n_features = d;
  spec.n_outputs = outputs;
  spec.loss.kind = loss;
  return linear_model(spec);
}

LaunchPlan rows_for(std::int64_t d, std::int64_t outputs, std::int64_t batch, const DeviceLimits& limits = kLarge) {
  const LinearModel model = model_of(d, outputs);
  return rows_plan(model, rows_shape(model), batch, limits);
}

TEST(RowsShape, ARowFillsFewLanesAndAWarpSeveralRows) {
  const auto expect = [](std::int64_t d, std::int64_t outputs, RowsShape expected) {
    const RowsShape shape = rows_shape(model_of(d, outputs));
    EXPECT_EQ(shape.outputs, expected.outputs) << d << " x " << outputs;
    EXPECT_EQ(shape.vectors, expected.vectors) << d << " x " << outputs;
    EXPECT_EQ(shape.lanes, expected.lanes) << d << " x " << outputs;
  };
  expect(1, 1, {.outputs = 1, .vectors = 1, .lanes = 1});
  expect(4, 1, {.outputs = 1, .vectors = 1, .lanes = 1});
  expect(8, 1, {.outputs = 1, .vectors = 1, .lanes = 2});
  expect(16, 1, {.outputs = 1, .vectors = 1, .lanes = 4});
  expect(33, 1, {.outputs = 1, .vectors = 2, .lanes = 8});
  expect(100, 1, {.outputs = 1, .vectors = 4, .lanes = 8});
  expect(1024, 1, {.outputs = 1, .vectors = 8, .lanes = 32});
  expect(1025, 1, {});
  expect(64, 2, {.outputs = 4, .vectors = 2, .lanes = 8});
  expect(512, 4, {.outputs = 4, .vectors = 4, .lanes = 32});
  expect(513, 4, {});
  expect(64, 10, {.outputs = 16, .vectors = 1, .lanes = 16});
  expect(128, 16, {.outputs = 16, .vectors = 1, .lanes = 32});
  expect(129, 16, {});
  expect(2, 17, {});
}

TEST(RowsShape, HoldsEveryPieceOfARow) {
  for (std::int64_t d = 1; d <= 1024; ++d) {
    for (const std::int64_t outputs : {1, 2, 4, 5, 16}) {
      const LinearModel model = model_of(d, outputs);
      const RowsShape shape = rows_shape(model);
      if (shape.outputs == 0) continue;
      EXPECT_GE(shape.outputs, outputs);
      EXPECT_GE(shape.lanes * shape.vectors, model.pieces()) << d;
      EXPECT_EQ(32 % shape.lanes, 0);
    }
  }
}

TEST(RowsPlan, SmallBatchesTakeOneBlockAndNoMoreWarpsThanTheyHaveRowsFor) {
  EXPECT_EQ(rows_for(8, 1, 1).blocks, 1);
  EXPECT_EQ(rows_for(8, 1, 1).warps, 1);
  EXPECT_EQ(rows_for(8, 1, 64).warps, 4);  // 16 rows a warp
  EXPECT_EQ(rows_for(8, 1, 64).blocks, 1);
  EXPECT_EQ(rows_for(8, 1, 1024).blocks, 1);
  EXPECT_EQ(rows_for(8, 1, 1024).warps, 16);
  EXPECT_EQ(rows_for(64, 10, 2).warps, 6);  // one a 128 values to update
}

TEST(RowsPlan, LargeBatchesAreSharedByBlocks) {
  EXPECT_GT(rows_for(8, 1, 100000).blocks, 8);
  EXPECT_EQ(rows_for(8, 1, 1000000).blocks, 132);
  EXPECT_EQ(rows_for(257, 1, 64).blocks, 1) << "a barrier costs more than it saves";
  EXPECT_GT(rows_for(1000, 1, 1024).blocks, 1);
  EXPECT_EQ(rows_for(1000, 1, 1).blocks, 1);
  EXPECT_EQ(rows_for(8, 1, std::int64_t{1} << 40).blocks, 132);
  EXPECT_EQ(rows_for(8, 1, 1000000, kSmall).blocks, 16);
}

/// What the blocks of a team read of each other's gradients in a step.
std::int64_t exchanged_bytes(const LinearModel& model, const LaunchPlan& plan) {
  if (plan.blocks == 1) return 0;
  const std::int64_t sum = rows_pitch(model);
  return 4 * plan.blocks * (plan.share == 0 ? plan.blocks * sum : std::int64_t{plan.blocks} * plan.share + sum);
}

TEST(RowsPlan, BlocksReadLittleOfEachOther) {
  for (const std::int64_t d : {1, 8, 33, 90, 512, 1000}) {
    for (const std::int64_t outputs : {1, 3, 10}) {
      const LinearModel model = model_of(d, outputs);
      if (rows_shape(model).outputs == 0) continue;
      for (const std::int64_t batch : {1, 100, 256, 4096, 100000, 10000000}) {
        const LaunchPlan plan = rows_for(d, outputs, batch);
        EXPECT_LE(exchanged_bytes(model, plan), batch * model.pieces()) << d << " x " << outputs << ", " << batch;
      }
    }
  }
}

TEST(RowsPlan, AddsSharesWhereTheGradientsOfAllBlocksAreTooMuchToRead) {
  EXPECT_EQ(rows_for(8, 1, 1000000).share, 0);
  EXPECT_GT(rows_for(512, 1, 4096).share, 0);
  EXPECT_GT(rows_for(512, 1, 4096).blocks, 32);
  const LinearModel model = model_of(5, 1);
  for (const int exchanges : {1, 2}) {
    const DeviceLimits limits{.multiprocessors = 3, .exchange_ns = 0, .exchanges = exchanges};
    EXPECT_EQ(rows_plan(model, rows_shape(model), 40, limits).share > 0, exchanges == 2);
    EXPECT_EQ(rows_plan(model, rows_shape(model), 40, limits).blocks, 3);
  }
}

TEST(RowsPlan, SharesCoverTheGradient) {
  for (const std::int64_t d : {1, 7, 100, 513}) {
    const LinearModel model = model_of(d, 1);
    for (const int blocks : {1, 2, 3, 16, 132}) {
      EXPECT_GE(blocks * rows_share(model, blocks), rows_slots(model)) << d << " over " << blocks;
      EXPECT_EQ(rows_share(model, blocks) % kSectorFloats, 0);
    }
  }
}

TEST(RowsPlan, FitsEveryDeviceAndOptimizer) {
  for (const DeviceLimits& limits : {kLarge, kOlder, kSmall}) {
    for (const std::int64_t d : {1, 2, 3, 8, 31, 100, 257, 1000, 1024}) {
      for (const std::int64_t outputs : {1, 2, 4, 7, 16}) {
        const LinearModel model = model_of(d, outputs);
        const RowsShape shape = rows_shape(model);
        if (!rows_fit(model, shape, limits)) continue;
        for (const std::int64_t batch : {1, 2, 17, 64, 1000, 1 << 20}) {
          const LaunchPlan plan = rows_plan(model, shape, batch, limits);
          EXPECT_GE(plan.warps, 1);
          EXPECT_LE(plan.warps, rows_most_warps(shape.outputs, shape.vectors));
          EXPECT_GE(plan.blocks, 1);
          EXPECT_LE(plan.blocks, limits.multiprocessors);
          EXPECT_LE(rows_layout(model, shape, plan.warps, core::kMaxSlots).bytes, limits.shared_bytes);
        }
      }
    }
  }
}

TEST(RowsFit, WhatFitsRegistersFitsTheSharedMemoryOfTheseDevices) {
  for (const DeviceLimits& limits : {kLarge, kOlder, kSmall}) {
    for (const auto& [d, outputs] : {std::pair{8, 1}, {1024, 1}, {512, 4}, {128, 16}}) {
      const LinearModel model = model_of(d, outputs);
      EXPECT_TRUE(rows_fit(model, rows_shape(model), limits)) << d << " x " << outputs;
    }
    const LinearModel wide = model_of(1025, 1);
    EXPECT_FALSE(rows_fit(wide, rows_shape(wide), limits));
  }
  const LinearModel model = model_of(8, 1);
  EXPECT_FALSE(rows_fit(model, rows_shape(model), {.shared_bytes = 4096}));
  EXPECT_FALSE(rows_fit(model, rows_shape(model), {.shared_bytes = 232448, .rows_in_registers = false}));
}

TEST(TilesPlan, FitsEveryDeviceAndCoversEveryColumn) {
  for (const DeviceLimits& limits :
       {kLarge, kOlder, kSmall, DeviceLimits{.multiprocessors = 1, .shared_bytes = 24576}}) {
    for (const std::int64_t d : {1, 2, 5, 100, 784, 4096, 50000, 2000000}) {
      for (const std::int64_t outputs : {1, 3, 17, 200, 5000}) {
        if (d * outputs > 100000000) continue;
        const LinearModel model = model_of(d, outputs);
        for (const std::int64_t batch : {1, 3, 64, 5000, 1 << 20}) {
          const LaunchPlan plan = tiles_plan(model, batch, limits);
          ASSERT_GE(plan.blocks, 1) << d << " x " << outputs << " batch " << batch;
          EXPECT_LE(plan.blocks, limits.multiprocessors);
          EXPECT_EQ(plan.blocks % plan.columns, 0);
          EXPECT_GE(plan.tile_rows, 1);
          EXPECT_TRUE(plan.slice % 2 == 0 || model.pieces() == 1) << "sectors are shared";
          EXPECT_GE((model.pieces() + plan.slice - 1) / plan.slice, plan.columns) << "columns without a slice";
          EXPECT_LE(tiles_layout(model, plan).bytes, limits.shared_bytes);
        }
      }
    }
  }
}

TEST(TilesPlan, HundredsOfThousandsOfFeaturesAreReadOnce) {
  for (const std::int64_t d : {2000, 10000, 50000, 130000, 300000}) {
    for (const std::int64_t batch : {1, 64, 4096}) {
      for (const std::int64_t outputs : {1, 20}) {
        const LinearModel model = model_of(d, outputs);
        const LaunchPlan plan = tiles_plan(model, batch, kLarge);
        EXPECT_EQ((model.pieces() + plan.slice - 1) / plan.slice, plan.columns) << d << " batch " << batch;
      }
    }
  }
}

TEST(TilesPlan, MoreWorkTakesMoreBlocks) {
  const LinearModel digits = model_of(784, 10);
  EXPECT_LT(tiles_plan(digits, 16, kLarge).blocks, 64);
  EXPECT_GT(tiles_plan(digits, 60000, kLarge).blocks, 64);
  EXPECT_GT(tiles_plan(model_of(2000, 500), 512, kLarge).blocks, 64);
}

}  // namespace
}  // namespace slalom::cuda
